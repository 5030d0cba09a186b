// Prints the defects in an image: find_defects WEIGHTS IMAGE
#include <cstdio>
#include <exception>

#include "amdefect/detection/open_detector.hpp"
#include "amdefect/image/image_io.hpp"

int main(int argc, char** argv) try {
  if (argc != 3) return std::fprintf(stderr, "usage: find_defects WEIGHTS IMAGE\n"), 2;
  const auto detector = amdefect::open_detector(argv[1]);
  const amdefect::Image image = amdefect::load_image(argv[2]);
  for (const amdefect::Detection& d : detector->detect(amdefect::pixels(image)))
    std::printf("%s %.2f: %.1f %.1f %.1f %.1f\n", detector->labels().class_names.at(std::size_t(d.label)).c_str(),
                d.score, d.box.x1, d.box.y1, d.box.x2, d.box.y2);
} catch (const std::exception& error) {
  std::fprintf(stderr, "find_defects: %s\n", error.what());
  return 1;
}
