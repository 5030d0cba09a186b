// Writes a detector in half the size: halve_detector WEIGHTS FILE
#include <cstdio>
#include <exception>

#include "amdefect/detection/halve_detector.hpp"

int main(int argc, char** argv) try {
  if (argc != 3) return std::fprintf(stderr, "usage: halve_detector WEIGHTS FILE\n"), 2;
  amdefect::halve_detector(argv[1], argv[2]);
} catch (const std::exception& error) {
  std::fprintf(stderr, "halve_detector: %s\n", error.what());
  return 1;
}
