#include <filesystem>
#include <iostream>

#include "amdefect/core/interrupt.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/optim/adam.hpp"
#include "amdefect/train/callbacks/checkpoint.hpp"
#include "amdefect/train/callbacks/time_budget.hpp"
#include "paper/paper_dataset.hpp"
#include "paper/paper_detector.hpp"
#include "paper/paper_loss.hpp"
#include "precompiled.hpp"
#include "training_run.hpp"

namespace amdefect {

namespace {

/// A split's images at the network's size, remembered after they were read once.
std::shared_ptr<const CachedSource> make_source(const CocoSplit& split, const TrainConfig& config) {
  auto files = std::make_shared<CocoSource>(split, source_options(config));
  if (const std::string warning = slot_warning(*files, split.name, 100); !warning.empty())
    std::cerr << "warning: " << warning << '\n';
  auto resized = std::make_shared<ResizedSource>(std::move(files), config.img_size, config.img_size, config.fit_mode());
  return std::make_shared<CachedSource>(std::move(resized), cache_options(config));
}

PaperDescription describe(const TrainConfig& config, const DetectorLabels& labels) {
  return {.img_size = config.img_size,
          .channels = image_channels(config),
          .fit = config.fit_mode(),
          .raw_outputs = config.raw_bce,
          .labels = labels};
}

}  // namespace

int train_paper(TrainConfig config) {
  const CocoSplits splits = read_splits(config);
  const CocoSplit& train = splits.at("train");
  const PaperDescription description = describe(config, labels_of(config, train));
  const Shape shape{config.img_size, config.img_size, description.channels};
  const auto classes = static_cast<Index>(description.labels.class_names.size());
  const PaperDataset<float> training(
      make_source(train, config), shape,
      {.classes = classes, .augment = config.augment, .outputs = config.outputs_per_example});
  std::shared_ptr<const CachedSource> validation_source;
  std::unique_ptr<PaperDataset<float>> validation;
  if (splits.valid) {
    validation_source = make_source(*splits.valid, config);
    validation =
        std::make_unique<PaperDataset<float>>(validation_source, shape, PaperDatasetOptions{.classes = classes});
  }

  const std::filesystem::path output = config.output_dir;

  const auto network =
      std::make_shared<Network<float>>(paper_network<float>(classes, config.img_size, description.channels));
  network->initialize(config.seed);
  load_pretrained(*network, config);
  const Execution execution{.threads = config.threads};
  const auto detector = [&] { return std::make_unique<PaperDetector>(network, description, execution); };

  Adam<float> adam;
  ReduceOnPlateau schedule(
      config.learning_rate,
      {.factor = 0.5, .patience = 5, .min_rate = 1e-6, .higher_is_better = config.monitor == "mAP50"});
  Trainer<float> trainer(*network, adam, schedule, paper_loss<float>(config.raw_bce), trainer_options(config));
  TrainingRun run{config, splits, trainer};
  if (config.minutes > 0) trainer.add(TimeBudget{60 * config.minutes});
  if (run.has_validation() && config.eval_interval > 0)
    trainer.add(std::make_unique<MeasureMap>(detector, validation_source, config.eval_interval));
  const auto& stopping = run.add_callbacks(true);
  trainer.add(std::make_unique<Checkpoint<float>>(run.checkpoint(detector()->file_metadata())));
  if (!run.fit(training, validation.get(), "samples")) return interrupted_code;
  run.report(*detector());
  if (stopping.best_epoch() > 0)
    std::cout << "best epoch " << stopping.best_epoch() << ": " << config.monitor << ' ' << stopping.best()
              << ", weights in " << (output / "best.safetensors").string() << '\n';
  return 0;
}

}  // namespace amdefect
