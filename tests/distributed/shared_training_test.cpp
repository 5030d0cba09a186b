#include <doctest/doctest.h>

#include "amdefect/distributed/thread_group.hpp"
#include "distributed/shapes_run.hpp"

using namespace amdefect;

namespace {

/// The results of the trainings of `count` processes.
template <class T>
std::vector<shapes::Result<T>> train_together(int count, const TrainerOptions& options, Index samples,
                                              bool with_norm = true, bool channels = true) {
  std::vector<shapes::Result<T>> results(static_cast<std::size_t>(count));
  run_as_group(
      count,
      [&](const std::shared_ptr<ProcessGroup>& group) {
        TrainerOptions mine = options;
        mine.group = group;
        results[static_cast<std::size_t>(group->rank())] = shapes::train<T>(mine, samples, with_norm);
      },
      channels);
  return results;
}

template <class T>
void check_like_one(int count, bool channels, double tolerance) {
  CAPTURE(count);
  CAPTURE(channels);
  // 5 updates in an epoch, the last one of a part of a batch: 100 = 4 * 24 + 4.
  const Index batch = 24 / count;
  const auto alone = shapes::train<T>({.epochs = 4, .batch_size = 24}, 100);
  const auto together = train_together<T>(
      count, {.epochs = 4, .batch_size = batch, .sync_batch_norm = true, .bucket_bytes = 256}, 100, true, channels);
  for (const auto& result : together) {
    CHECK(shapes::difference(result, alone) < tolerance);
    CHECK(result.weights == together[0].weights);
    REQUIRE(result.history.size() == 4);
    for (std::size_t epoch = 0; epoch < 4; ++epoch) {
      CHECK(result.history[epoch].at("loss") == doctest::Approx(alone.history[epoch].at("loss")).epsilon(tolerance));
      CHECK(result.history[epoch].at("val_loss") ==
            doctest::Approx(alone.history[epoch].at("val_loss")).epsilon(tolerance));
    }
  }
}

}  // namespace

TEST_CASE("processes with synchronised batch norm train as one with their batches together") {
  for (const int count : {2, 3, 4})
    for (const bool channels : {true, false}) {
      check_like_one<double>(count, channels, 1e-10);
      check_like_one<float>(count, channels, 1e-5);
    }
}

TEST_CASE("a group of one process is no group") {
  const TrainerOptions options{.epochs = 2, .batch_size = 8};
  const auto alone = shapes::train<float>(options, 30), together = train_together<float>(1, options, 30)[0];
  CHECK(alone.weights == together.weights);
  CHECK(alone.history[1].values == together.history[1].values);
}
