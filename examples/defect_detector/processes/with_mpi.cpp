#include <iostream>
#include <streambuf>
#include <string_view>

#include "amdefect/mpi/mpi_group.hpp"
#include "processes/processes.hpp"

namespace amdefect {

namespace {

/// Takes what is written and forgets it.
class Silence : public std::streambuf {
  int overflow(int character) override { return traits_type::not_eof(character); }
};

std::shared_ptr<ProcessGroup>& group() {
  static std::shared_ptr<ProcessGroup> group;
  return group;
}

}  // namespace

int run_processes(int argc, char** argv, const std::function<int(int, char**)>& body) {
  if (!started_by_mpi()) return body(argc, argv);
  static Silence& silence = *new Silence;  // streams write to it until the very end
  return mpi_main(argc, argv, [&](const std::shared_ptr<ProcessGroup>& all) {
    if (all->size() > 1) group() = all;
    if (all->rank() > 0)
      for (std::ostream* stream : {&std::cout, &std::cerr, &std::clog}) stream->rdbuf(&silence);
    const bool trains = argc > 1 && std::string_view(argv[1]) == "train";
    if (all->size() > 1 && argc > 1 && argv[1][0] != '-' && !trains) {
      std::cerr << "amdefect: only train runs on several processes\n";
      return 2;
    }
    return body(argc, argv);
  });
}

std::shared_ptr<ProcessGroup> processes() { return group(); }

int failed(const std::string& message) {
  if (group()) group()->abort("amdefect: " + message);
  std::cerr << "amdefect: error: " << message << '\n';
  return 1;
}

}  // namespace amdefect
