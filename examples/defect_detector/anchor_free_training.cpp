#include <filesystem>
#include <iostream>

#include "amdefect/core/interrupt.hpp"
#include "amdefect/data/balanced_sampler.hpp"
#include "amdefect/data/crop_dataset.hpp"
#include "amdefect/detection/anchor_free/anchor_free_detector.hpp"
#include "amdefect/detection/anchor_free/anchor_free_loss.hpp"
#include "amdefect/inspect/annotation_text.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/optim/adam.hpp"
#include "amdefect/train/callbacks/checkpoint.hpp"
#include "amdefect/train/callbacks/time_budget.hpp"
#include "amdefect/train/callbacks/weight_average.hpp"
#include "precompiled.hpp"
#include "training_run.hpp"

namespace amdefect {

namespace {

/// What the settings of a detector depend on, in pixels.
struct DataScale {
  double common_side = 0;  ///< 95 % of the objects have no side longer than this
  Index largest_image = 0;
  Index most_objects = 0;  ///< in an image
};

DataScale scale_of(const CocoSplit& split, const AnnotationCheck& check) {
  DataScale scale{.common_side = check.side(95), .most_objects = check.most_boxes()};
  for (const CocoImage& image : split.coco.images)
    scale.largest_image = std::max({scale.largest_image, image.height, image.width});
  return scale;
}

/// The preset gets coarser levels until one sees common objects whole: a place sees about 8 strides.
AnchorFreeModel model_of(const TrainConfig& config, const DetectorLabels& labels, const DataScale& scale) {
  AnchorFreeModel model =
      config.network.empty() ? anchor_free_preset(config.model) : anchor_free_model_of(config.network);
  constexpr Index most_levels = 6;
  while (config.network.empty() && model.levels < most_levels &&
         8 * static_cast<double>(model.largest_stride()) < scale.common_side)
    ++model.levels;
  if (config.box_bins > 1) model.box_bins = config.box_bins;
  model.channels = image_channels(config);
  model.classes = static_cast<Index>(labels.class_names.size());
  return model;
}

/// Crops show twice the larger side of nearly all objects, so that few are cut, and at least 256 pixels; never more
/// than the largest image, nor more than 640, which would leave too few of them in an hour.
Index crop_side(const TrainConfig& config, const DataScale& scale, Index multiple) {
  Index side = config.crop_size;
  if (side == 0) {
    side = static_cast<Index>(std::clamp(2 * scale.common_side, 256.0, 640.0));
    if (scale.largest_image > 0) side = std::min(side, scale.largest_image);
  }
  return (side + multiple - 1) / multiple * multiple;
}

CropDataset<float> make_dataset(const TrainConfig& config, std::shared_ptr<const CocoSource> files,
                                const DataScale& scale, const AnchorFreeModel& model) {
  const Index images = files->size();
  CropDatasetOptions options{
      .channels = model.channels, .samples = std::max<Index>(512, images), .mosaic = config.mosaic};
  if (config.minutes > 0) options.samples = std::min<Index>(options.samples, 2048);  // evaluated often enough
  options.slots = std::max<Index>(1, 4 * scale.most_objects);                        // a mosaic may show four images
  options.crop.height = options.crop.width = crop_side(config, scale, model.largest_stride());
  options.augment = config.augment;
  auto source = std::make_shared<CachedSource>(std::move(files), cache_options(config));
  std::cout << "reading " << images << " images; crops of " << options.crop.height << " x " << options.crop.width
            << " pixels, " << model.levels << " levels" << std::endl;
  std::vector<BalancedSampler::Groups> groupings{group_by_style(*source), group_by_class(*source, model.classes)};
  std::cout << "styles: " << groupings[0][0].size() << " smooth images and " << groupings[0][1].size()
            << " rough ones; the fewer are shown more often" << std::endl;
  return {std::move(source), BalancedSampler(images, std::move(groupings)), options};
}

AnchorFreeLossOptions loss_options(const TrainConfig& config) {
  AnchorFreeLossOptions options{.class_weights = config.class_weights, .threads = config.threads};
  for (const BoxLoss kind : {BoxLoss::iou, BoxLoss::giou, BoxLoss::diou, BoxLoss::ciou})
    if (box_loss_name(kind) == config.box_loss + "_loss") options.box_loss = kind;
  if (config.score_loss == "focal") options.score_loss = ScoreLoss::focal;
  return options;
}

/// Warm-up and cosine over the number of epochs or over the time that was asked for.
std::unique_ptr<Schedule> make_schedule(const TrainConfig& config, Index steps_per_epoch) {
  if (config.minutes > 0) return std::make_unique<ProgressCosine>(config.learning_rate);
  const Index steps = std::max<Index>(1, config.epochs * steps_per_epoch);
  return std::make_unique<LinearWarmup>(steps / 20, std::make_unique<CosineDecay>(config.learning_rate, steps));
}

}  // namespace

int train_anchor_free(TrainConfig config) {
  const CocoSplits splits = read_splits(config);
  const CocoSplit& train = splits.at("train");
  const AnnotationCheck check = check_annotations(train);
  std::cout << to_text(check, train);
  AnchorFreeDescription description;
  description.labels = labels_of(config, train);
  const auto files = std::make_shared<const CocoSource>(train, source_options(config));
  const DataScale scale = scale_of(train, check);
  description.model = model_of(config, description.labels, scale);
  const CropDataset<float> training = make_dataset(config, files, scale, description.model);

  const std::filesystem::path output = config.output_dir;

  Network<float> network = anchor_free_network<float>(description.model);
  initialize_anchor_free(network, description.model, config.seed);
  load_pretrained(network, config);
  const auto average = std::make_shared<Network<float>>(anchor_free_network<float>(description.model));
  const Execution execution{.threads = config.threads};
  const auto detector = [&] { return std::make_unique<AnchorFreeDetector>(average, description, execution); };

  Adam<float> adam({.weight_decay = 0.02});
  const std::unique_ptr<Schedule> schedule =
      make_schedule(config, (training.size() + config.batch_size - 1) / config.batch_size);
  Trainer<float> trainer(network, adam, *schedule, anchor_free_loss<float>(description.model, loss_options(config)),
                         trainer_options(config));
  TrainingRun run{config, splits, trainer};
  trainer.add(std::make_unique<WeightAverage<float>>(average));
  if (config.minutes > 0)
    trainer.add(
        std::make_unique<TimeBudget<float>>(dynamic_cast<ProgressCosine*>(schedule.get()), 60 * config.minutes));
  if (run.has_validation() && config.eval_interval > 0)
    trainer.add(std::make_unique<MeasureMap>(
        detector,
        std::make_shared<CachedSource>(std::make_shared<CocoSource>(*splits.valid, source_options(config)),
                                       cache_options(config)),
        description.labels, config.eval_interval));
  const auto& stopping = run.add_callbacks(false);
  trainer.add(std::make_unique<Checkpoint<float>>(run.checkpoint(metadata_of(description)), average));
  if (!run.fit(training, nullptr, "crops")) return interrupted_code;

  const std::filesystem::path best = output / "best.safetensors";
  load_weights(read_safetensors(best), average->parameters());
  if (run.has_validation()) {
    description.score_threshold = run.report(*detector(), description.score_threshold);
    save_weights(best, average->parameters(), run.metadata(metadata_of(description)));
  }
  std::cout << "best epoch " << stopping.best_epoch() << ": " << config.monitor << ' ' << stopping.best()
            << ", score threshold " << description.score_threshold << ", weights in " << best.string() << '\n';
  return 0;
}

}  // namespace amdefect
