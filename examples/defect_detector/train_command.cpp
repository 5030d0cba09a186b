#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <iostream>

#include "amdefect/data/coco_source.hpp"
#include "amdefect/data/paper_dataset.hpp"
#include "amdefect/data/sample_cache.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/optim/adam.hpp"
#include "amdefect/train/callbacks/checkpoint.hpp"
#include "amdefect/train/callbacks/csv_log.hpp"
#include "amdefect/train/callbacks/early_stopping.hpp"
#include "amdefect/train/callbacks/progress.hpp"
#include "commands.hpp"
#include "evaluation.hpp"
#include "paper_loss.hpp"
#include "precompiled.hpp"
#include "train_config.hpp"

namespace amdefect {

namespace {

constexpr const char* identity_key = "amdefect.config";

std::atomic<Trainer<float>*> running_trainer{nullptr};

/// Lets Ctrl-C and `kill` end the training after the current step; a second one ends the program at once.
class InterruptGuard {
 public:
  explicit InterruptGuard(Trainer<float>& trainer) {
    running_trainer = &trainer;
    std::signal(SIGINT, handle);
    std::signal(SIGTERM, handle);
  }
  ~InterruptGuard() {
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    running_trainer = nullptr;
  }

 private:
  static void handle(int signal) {
    if (Trainer<float>* trainer = running_trainer) trainer->interrupt();
    std::signal(signal, SIG_DFL);
  }
};

CocoSourceOptions source_options(const TrainConfig& config) {
  return {.extra_image_folders = config.extra_image_folders, .box_offset = config.box_offset};
}

/// A split's images at the network's size, remembered after they were read once.
std::shared_ptr<const CachedSource> make_source(const CocoSplit& split, const TrainConfig& config) {
  auto files = std::make_shared<CocoSource>(split, source_options(config));
  if (const std::string warning = slot_warning(*files, split.name, 100); !warning.empty())
    std::cerr << "warning: " << warning << '\n';
  auto resized = std::make_shared<ResizedSource>(std::move(files), config.img_size, config.img_size, config.fit_mode());
  return std::make_shared<CachedSource>(
      std::move(resized), CacheOptions{static_cast<std::size_t>(config.cache_memory_mb) << 20, config.cache_dir});
}

/// Adds mAP@0.5 of the validation split to the log of every `interval`th epoch.
class MeasureMap : public Callback<float> {
 public:
  MeasureMap(const CocoSplit& split, ModelDescription description, std::shared_ptr<const SampleSource> source,
             const TrainConfig& config)
      : description_(std::move(description)), source_(std::move(source)), config_(config) {
    // The detector works on the images as the network sees them, so the ground truth is taken from there, too.
    dataset_.categories = split.coco.categories;
    for (Index i = 0; i < source_->size(); ++i) {
      dataset_.images.push_back({i + 1, "", config.img_size, config.img_size});
      for (const LabelledBox& object : source_->load(i)->objects) {
        const CocoBox box = to_coco(object.box);
        dataset_.annotations.push_back({static_cast<std::int64_t>(dataset_.annotations.size()) + 1, i + 1,
                                        description_.category_ids.at(static_cast<std::size_t>(object.label)), box,
                                        box.width * box.height});
      }
    }
  }
  void measure(Trainer<float>& trainer, EpochLog& log) override {
    if (log.epoch % config_.eval_interval != 0 && log.epoch != log.epochs) return;
    PaperDetector detector(trainer.network(), description_, {.threads = config_.threads});
    std::vector<CocoResult> results;
    for (Index i = 0; i < source_->size(); ++i)
      for (const Detection& detection : detector.detect(source_->load(i)->image, default_min_score))
        results.push_back(to_coco(detection, i + 1, description_.category_ids));
    log.values.emplace_back("mAP50", std::max(0.0, evaluate_coco(dataset_, results).stats[stat_ap50]));
  }

 private:
  ModelDescription description_;
  std::shared_ptr<const SampleSource> source_;
  TrainConfig config_;
  CocoDataset dataset_;
};

void check_config(const TrainConfig& config) {
  require(!config.dataset_path.empty() || !config.annotation_file.empty(),
          "train: no data set; give --dataset_path or the key dataset_path in --config");
  require(TrainConfig::is_off(config.gpu), "train: gpu must be null: amdefect computes on the CPU, got '", config.gpu,
          "'");
  require(config.monitor != "mAP50" || config.eval_interval > 0, "train: monitor mAP50 needs an eval_interval above 0");
  static_cast<void>(config.patience());
}

ModelDescription describe(const TrainConfig& config, const CocoSplit& train) {
  ModelDescription description{.img_size = config.img_size,
                               .channels = 3 + static_cast<Index>(config.extra_image_folders.size()),
                               .fit = config.fit_mode(),
                               .raw_outputs = config.raw_bce};
  for (const CocoCategory& category : train.coco.categories) {
    description.class_names.push_back(category.name);
    description.category_ids.push_back(category.id);
  }
  const auto found = static_cast<Index>(description.class_names.size());
  require(config.num_classes == 0 || config.num_classes == found, "train: num_classes is ", config.num_classes,
          ", but the data set has ", found, " categories (unused ones count)");
  return description;
}

/// Which file to resume from; empty if none is asked for.
std::filesystem::path resume_file(const TrainConfig& config) {
  if (TrainConfig::is_off(config.resume)) return {};
  if (config.resume == "true") return std::filesystem::path(config.output_dir) / "last.safetensors";
  return config.resume;
}

/// Puts weights and state of an interrupted run back. @throws Error if the configuration is another one.
void resume(Trainer<float>& trainer, const std::filesystem::path& path, const TrainConfig& config) {
  const SafetensorsFile file = read_safetensors(path);
  const auto stored = file.metadata().find(identity_key);
  require<FileError>(stored != file.metadata().end(), "train: ", path.string(),
                     " is no checkpoint of 'amdefect train'");
  const auto before = nlohmann::json::parse(stored->second, nullptr, false);
  const nlohmann::json now = to_json(config, true);
  for (const auto& [key, value] : now.items())
    require(before.is_object() && before.contains(key) && before[key] == value, "train: cannot resume from ",
            path.string(), " with another ", key, ": the run was started with ",
            before.is_object() && before.contains(key) ? before[key].dump() : "none", ", now it is ", value.dump());
  trainer.restore(load_checkpoint(file, trainer.network().parameters()));
}

/// Evaluates the network, which has the best weights now, on the validation split and writes report.html.
void write_training_report(const Trainer<float>& trainer, const Network<float>& network, const TrainConfig& config,
                           const ModelDescription& description, const CocoSplit* validation) {
  ReportData report{.title = "Training"};
  if (validation) {
    PaperDetector detector(network, description, {.threads = config.threads});
    const CocoSource files(*validation, source_options(config));
    const CocoSplit split = with_box_offset(*validation, config.box_offset);
    const std::vector<CocoResult> results = detect_split(detector, split, files, default_min_score);
    report = make_report("Training", split, results, evaluate_detections(split.coco, results, 0.5, {1, 10, 100}));
  }
  report.summary = {{"data set", config.dataset_path}, {"epochs", concat(trainer.history().size())}};
  report.configuration = key_values(to_json(config));
  report.history = trainer.history();
  save_report(std::filesystem::path(config.output_dir) / "report.html", report);
}

int train(TrainConfig config) {
  check_config(config);
  const CocoSplits splits = read_coco_splits(
      config.dataset_path.empty() ? config.annotation_file : config.dataset_path,
      {.annotation_file = config.dataset_path.empty() ? "" : config.annotation_file, .seed = config.seed});
  const CocoSplit& training_split = splits.at("train");
  require(training_split.size() > 0, "train: the training split of ", splits.root.string(), " has no images");
  const bool has_validation = splits.valid && splits.valid->size() > 0;
  if (!has_validation) std::cerr << "warning: there is no validation split; watching the training loss\n";
  if (!has_validation && config.monitor != "loss") config.monitor = "loss";

  const ModelDescription description = describe(config, training_split);
  const Shape shape{config.img_size, config.img_size, description.channels};
  const auto classes = static_cast<Index>(description.class_names.size());
  const PaperDataset<float> training(
      make_source(training_split, config), shape,
      {.classes = classes, .augment = config.augment, .outputs = config.outputs_per_example});
  std::shared_ptr<const CachedSource> validation_source;
  std::unique_ptr<PaperDataset<float>> validation;
  if (has_validation) {
    validation_source = make_source(*splits.valid, config);
    validation =
        std::make_unique<PaperDataset<float>>(validation_source, shape, PaperDatasetOptions{.classes = classes});
  }

  const std::filesystem::path output = config.output_dir;
  std::filesystem::create_directories(output);
  write_text_file(output / "config.json", to_json(config).dump(1) + "\n");

  Network<float> network = paper_network<float>(classes, config.img_size, description.channels);
  network.initialize(config.seed);
  if (!TrainConfig::is_off(config.pretrained))
    load_weights(read_safetensors(config.pretrained), network.parameters(), detail::state_prefix);

  const bool higher_is_better = config.monitor == "mAP50";
  Adam<float> adam;
  ReduceOnPlateau schedule(config.learning_rate,
                           {.factor = 0.5, .patience = 5, .min_rate = 1e-6, .higher_is_better = higher_is_better});
  Trainer<float> trainer(network, adam, schedule, paper_loss<float>(config.raw_bce),
                         {.epochs = config.epochs,
                          .batch_size = config.batch_size,
                          .seed = config.seed,
                          .clip_norm = config.clip_norm,
                          .workers = config.workers,
                          .monitor = config.monitor,
                          .execution = {.threads = config.threads}});
  if (has_validation && config.eval_interval > 0)
    trainer.add(std::make_unique<MeasureMap>(*splits.valid, description, validation_source, config));
  trainer.add(std::make_unique<Progress<float>>(std::cout, isatty(STDOUT_FILENO) == 1));
  trainer.add(std::make_unique<CsvLog<float>>(output / "training_log.csv"));
  const Index patience = config.patience();
  const auto& stopping = trainer.add(std::make_unique<EarlyStopping<float>>(
      EarlyStoppingOptions{.monitor = config.monitor,
                           .higher_is_better = higher_is_better,
                           .patience = patience > 0 ? patience : std::numeric_limits<Index>::max()}));
  SafetensorsMetadata metadata = description.metadata();
  metadata[identity_key] = to_json(config, true).dump();
  trainer.add(std::make_unique<Checkpoint<float>>(CheckpointOptions{.best = output / "best.safetensors",
                                                                    .last = output / "last.safetensors",
                                                                    .monitor = config.monitor,
                                                                    .higher_is_better = higher_is_better,
                                                                    .metadata = metadata}));
  if (const std::filesystem::path from = resume_file(config); !from.empty()) resume(trainer, from, config);

  std::cout << "training on " << training_split.size() << " images (" << training.size() << " samples per epoch)";
  if (has_validation) std::cout << ", validating on " << splits.valid->size();
  std::cout << "; " << classes << " classes; results go to " << output.string() << std::endl;
  {
    const InterruptGuard guard(trainer);
    trainer.fit(training, validation.get());
  }
  write_text_file(output / "history.json", history_json(trainer.history()));
  if (trainer.interrupted()) {
    std::cout << "interrupted; continue with the same options and --resume\n";
    return 130;
  }
  write_training_report(trainer, network, config, description, has_validation ? &*splits.valid : nullptr);
  if (stopping.best_epoch() > 0)
    std::cout << "best epoch " << stopping.best_epoch() << ": " << config.monitor << ' ' << stopping.best()
              << ", weights in " << (output / "best.safetensors").string() << '\n';
  return 0;
}

}  // namespace

void add_train_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("train", "Train the paper's network on a COCO data set");
  auto config = std::make_shared<TrainConfig>();
  auto file = std::make_shared<std::string>();
  command->add_option("--config", *file, "JSON file with any of these options as keys; the command line wins");
  add_train_options(*command, *config);
  command->callback([=] {
    if (!file->empty()) apply_json_options(*command, *file);
    if (const int code = train(*config)) throw CLI::RuntimeError(code);
  });
}

}  // namespace amdefect
