#include <iostream>

#include "processes/processes.hpp"

namespace amdefect {

int run_processes(int argc, char** argv, const std::function<int(int, char**)>& body) { return body(argc, argv); }

std::shared_ptr<ProcessGroup> processes() { return nullptr; }

int failed(const std::string& message) {
  std::cerr << "amdefect: error: " << message << '\n';
  return 1;
}

}  // namespace amdefect
