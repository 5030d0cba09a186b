// Tests on the processes that MPI starts, each of which runs all of them: mpirun -n 2 mpi_tests [--funneled].
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <string_view>

#include "amdefect/distributed/share.hpp"
#include "amdefect/mpi/mpi_group.hpp"
#include "distributed/shapes_run.hpp"

using namespace amdefect;

namespace {

std::shared_ptr<ProcessGroup> processes;
bool one_thread = false;

/// With so many samples that the last batch of an epoch has unequal parts.
template <class T>
shapes::Result<T> train_together(bool synchronized, Index batch) {
  return shapes::train<T>(
      {.epochs = 4, .batch_size = batch, .group = processes, .sync_batch_norm = synchronized, .bucket_bytes = 256},
      100);
}

template <class T>
void check_like_one(double tolerance) {
  const Index batch = 24 / processes->size();
  const auto alone = shapes::train<T>({.epochs = 4, .batch_size = 24}, 100);
  const auto together = train_together<T>(true, batch);
  CHECK(shapes::difference(together, alone) < tolerance);
  CHECK(together.history.back().at("loss") == doctest::Approx(alone.history.back().at("loss")).epsilon(tolerance));
  CHECK(together.history.back().at("val_loss") ==
        doctest::Approx(alone.history.back().at("val_loss")).epsilon(tolerance));
}

}  // namespace

TEST_CASE("what processes tell each other arrives") {
  const auto rank = static_cast<double>(processes->rank()), size = static_cast<double>(processes->size());
  std::vector<double> values{rank, 1};
  processes->all_reduce_sum(values);
  CHECK(values == std::vector<double>{size * (size - 1) / 2, size});
  std::vector<float> narrow(100000, 0.5f);
  const std::unique_ptr<ProcessGroup> channel = processes->channel();
  REQUIRE((channel == nullptr) == one_thread);
  (channel ? channel.get() : processes.get())->all_reduce_sum(narrow);
  CHECK(narrow.front() == static_cast<float>(size / 2));
  CHECK(narrow.back() == narrow.front());
  const auto all = gather(*processes, std::vector<double>(static_cast<std::size_t>(processes->rank()), rank));
  REQUIRE(all.size() == static_cast<std::size_t>(processes->size()));
  CHECK(all.back() == std::vector<double>(all.size() - 1, size - 1));
  processes->barrier();
}

TEST_CASE("processes with synchronised batch norm train as one with their batches together") {
  check_like_one<double>(1e-10);
  check_like_one<float>(1e-5);
}

TEST_CASE("one process trains bit for bit as without MPI; several have the same weights") {
  for (const bool synchronized : {true, false}) {
    const auto together = train_together<float>(synchronized, 8);
    if (processes->size() == 1)
      CHECK(together.weights == shapes::train<float>({.epochs = 4, .batch_size = 8}, 100).weights);
    std::vector<float> first = together.weights;
    processes->broadcast(std::as_writable_bytes(std::span(first)), 0);
    CHECK(together.weights == first);
  }
}

TEST_CASE("processes on a machine share its cores") {
  const std::vector<int> cores{0, 4, 1, 5, 2};
  CHECK(detail::part_of(cores, 0, 1) == cores);
  CHECK(detail::part_of(cores, 0, 2) == std::vector<int>{0, 4});
  CHECK(detail::part_of(cores, 1, 2) == std::vector<int>{1, 5, 2});
  CHECK(detail::part_of({7}, 2, 3) == std::vector<int>{7});
}

int main(int argc, char** argv) {
  one_thread = argc > 1 && std::string_view(argv[1]) == "--funneled";
  const auto run = [&](const std::shared_ptr<ProcessGroup>& group) {
    processes = group;
    doctest::Context context;
    const int code = context.run();
    processes = nullptr;
    return code;
  };
  return mpi_main(argc, argv, run, one_thread ? MPI_THREAD_FUNNELED : MPI_THREAD_MULTIPLE);
}
