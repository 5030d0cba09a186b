#include <amdefect/mpi/mpi_group.hpp>
#include <vector>

int main(int argc, char** argv) {
  return amdefect::mpi_main(argc, argv, [](const std::shared_ptr<amdefect::ProcessGroup>& group) {
    std::vector<double> ones{1};
    group->all_reduce_sum(ones);
    return ones[0] == 2 ? 0 : 1;
  });
}
