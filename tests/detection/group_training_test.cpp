#include <doctest/doctest.h>

#include "amdefect/distributed/thread_group.hpp"
#include "detection/tiny_training.hpp"

using namespace amdefect;

namespace {

/// What one process of a training has in the end.
struct GroupRun {
  std::vector<float> weights;
  std::vector<EpochLog> history;
  std::vector<std::string> lines;
  double threshold = 0;
};

GroupRun train_one(const CocoSplits& splits, DetectorTrainerOptions options) {
  GroupRun run;
  options.monitor = "mAP50";
  options.eval_interval = 1;
  options.sync_batch_norm = true;
  options.scale_rate = false;
  options.flip_test = false;
  options.log = [&](const std::string& line) { run.lines.push_back(line); };
  DetectorTrainer trainer(splits, options);
  const std::unique_ptr<Detector> detector = trainer.fit();
  run.weights = weights_of(*detector);
  run.history = trainer.history();
  run.threshold = detector->score_threshold();
  return run;
}

}  // namespace

TEST_CASE("processes train a detector as one does with their batches together, and all have it") {
  const TemporaryFolder folder;
  const CocoSplits splits = write_data(folder);
  const GroupRun alone = train_one(splits, tiny_options());
  std::vector<GroupRun> runs(2);
  run_as_group(2, [&](const std::shared_ptr<ProcessGroup>& group) {
    DetectorTrainerOptions options = tiny_options();
    options.batch_size = 2;
    options.group = group;
    options.output_folder = folder / "run";
    runs[static_cast<std::size_t>(group->rank())] = train_one(splits, options);
  });
  CHECK(runs[0].weights == runs[1].weights);
  CHECK(runs[0].threshold == runs[1].threshold);
  REQUIRE(runs[0].weights.size() == alone.weights.size());
  for (std::size_t i = 0; i < alone.weights.size(); ++i)
    CHECK(runs[0].weights[i] == doctest::Approx(alone.weights[i]).epsilon(1e-3));
  REQUIRE(runs[0].history.size() == alone.history.size());
  for (std::size_t i = 0; i < alone.history.size(); ++i) {
    CHECK(runs[0].history[i].values == runs[1].history[i].values);
    CHECK(runs[0].history[i].at("loss") == doctest::Approx(alone.history[i].at("loss")).epsilon(1e-4));
    CHECK(runs[0].history[i].at("mAP50") == doctest::Approx(alone.history[i].at("mAP50")).epsilon(1e-3));
  }
  CHECK(runs[1].lines.empty());
  CHECK(runs[0].lines.at(0).find("2 processes: an update is of 4 samples, 2 of each process") == 0);
}

TEST_CASE("results of images come to all processes in the order of the images") {
  run_as_group(3, [](const std::shared_ptr<ProcessGroup>& group) {
    const auto image = [](int i) {
      ImageResults results;
      for (int k = 0; k < i; ++k) {
        results.objects.push_back({{1.0 * k, 2, 3, 4}, k});
        results.detections.push_back({{5, 6.0 * k, 7, 8}, 0.25 * k, i});
      }
      return results;
    };
    std::vector<ImageResults> own, all;
    for (int i = group->rank(); i < 5; i += 3) own.push_back(image(i));
    for (int i = 0; i < 5; ++i) all.push_back(image(i));
    CHECK(gather_results(*group, own) == all);
  });
}
