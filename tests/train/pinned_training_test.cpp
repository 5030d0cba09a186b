#include "train/points_run.hpp"

using namespace amdefect;

namespace {

struct PinnedEpoch {
  double loss, val_loss, learning_rate;
};

/// What this training gave before the trainer could own its optimiser (debug build, GCC 12, x86-64).
constexpr PinnedEpoch pinned[] = {{0.647053398, 0.39756077, 0.01},
                                  {0.405760955, 0.27855313, 0.01},
                                  {0.238128818, 0.203496002, 0.01},
                                  {0.217549919, 0.14690151, 0.01}};

void check_pinned(const Run& run) {
  const auto& history = run.trainer->history();
  REQUIRE(history.size() == std::size(pinned));
  for (std::size_t i = 0; i < history.size(); ++i) {
    CAPTURE(i);
    CHECK(history[i].at("loss") == doctest::Approx(pinned[i].loss).epsilon(1e-6));
    // The bias before the batch norm has no gradient but for rounding, which Adam blows up to whole steps: training
    // does not see that, but the moving mean lags behind it, so that validation depends on how a build rounds.
    CHECK(history[i].at("val_loss") == doctest::Approx(pinned[i].val_loss).epsilon(1e-3));
    CHECK(history[i].at("learning_rate") == pinned[i].learning_rate);
  }
}

}  // namespace

TEST_CASE("a small training gives the losses that it always gave") {
  Run run(4);
  run.fit();
  check_pinned(run);
}

TEST_CASE("a checkpoint of an earlier version, written within an epoch, continues to the same losses") {
  Run run(4);
  const SafetensorsFile file = read_safetensors(TRAIN_TEST_DATA "/interrupted_run.safetensors");
  run.trainer->restore(load_checkpoint(file, run.net.parameters()));
  CHECK(run.trainer->history().size() == 2);
  run.fit();
  check_pinned(run);
  CHECK(run.stopping->best_epoch() == 4);
}
