#include "train_options.hpp"

#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include "amdefect/coco/folds.hpp"
#include "amdefect/detection/anchor_free/edge_distance.hpp"
#include "amdefect/detection/detector.hpp"
#include "amdefect/image/zoom.hpp"
#include "amdefect/io/weights_file.hpp"
#include "json_options.hpp"
#include "model_names.hpp"
#include "paper/paper_dataset.hpp"

namespace amdefect {

namespace {

using Json = nlohmann::ordered_json;
constexpr unsigned networks = anchor_free_model | paper_model, all_models = networks | blob_model;

/// The value of an option as a configuration file has it, where Traits say nothing else.
template <class T>
Json plain_json(const T& value) {
  if constexpr (std::is_constructible_v<Json, const T&>)
    return value;
  else
    throw Error("train: an option has no form in JSON");
}

/// What an option may have besides its name, its member of the configuration and its help.
template <class T>
struct Traits {
  CLI::Validator check{};
  std::optional<T> paper{};  ///< the default that suits the paper's network, where it is another one
  unsigned used_by = networks;
  bool identity = true;
  std::function<T(const std::string&)> parse{};  ///< for values that are no plain T; throws an Error that says why
  std::function<Json(const T&)> write = plain_json<T>;  ///< the value in a configuration file
  bool may_be_bare = false;                             ///< without a value it is `true`
  bool newer = false;                                   ///< see TrainOption
};

std::string text_of(const Json& json) {
  if (json.is_number_float()) return concat(json.get<double>());
  return json.is_string() ? json.get<std::string>() : json.dump();
}

template <class T>
CLI::Option* add_to(CLI::App& command, const std::string& name, const std::string& help, T& value,
                    const Traits<T>& traits) {
  const std::string names = name == "dataset_path" ? "--dataset_path,DATASET" : "--" + name;
  CLI::Option* option = nullptr;
  if (traits.parse) {
    const auto read = [&value, names, parse = traits.parse](const std::string& text) {
      try {
        value = parse(text);
      } catch (const Error& error) {
        throw CLI::ValidationError(names, error.what());
      }
    };
    option = command.add_option_function<std::string>(names, read, help)->default_str(text_of(traits.write(value)));
    if (traits.may_be_bare) option->expected(0, 1)->default_str("true");
  } else if constexpr (std::is_same_v<T, bool>) {
    option = command.add_flag(concat(names, ",!--no_", name), value, help);
  } else if constexpr (std::is_constructible_v<Json, const T&>) {
    option = command.add_option(names, value, help)->capture_default_str();
    // What follows these may be the data set.
    if (!std::is_scalar_v<T> && !std::is_same_v<T, std::string> && name != "extra_image_folders")
      option->delimiter(',')->allow_extra_args(false);
  }
  return option->transform(traits.check);
}

/// A row of the table. `member` is a pointer to a member of TrainConfig, or a function that returns a reference to one.
template <class Member>
TrainOption row(const std::string& name, Member member, const std::string& help,
                Traits<std::remove_cvref_t<std::invoke_result_t<Member, TrainConfig&>>> traits = {}) {
  using T = std::remove_cvref_t<std::invoke_result_t<Member, TrainConfig&>>;
  const std::string shown = traits.paper ? concat(help, " (paper: ", text_of(traits.write(*traits.paper)), ")") : help;
  TrainOption option{name, traits.used_by, traits.identity, traits.newer, {}, {}, {}};
  option.add = [=](CLI::App& command, TrainConfig& config) {
    return add_to<T>(command, name, shown, std::invoke(member, config), traits);
  };
  option.to_json = [=](const TrainConfig& config) { return traits.write(std::invoke(member, config)); };
  if (traits.paper)
    option.use_paper_default = [=](TrainConfig& config) { std::invoke(member, config) = *traits.paper; };
  return option;
}

/// A row for one of the random changes of training images.
TrainOption change(const std::string& name, double AugmentOptions::*member, const std::string& help,
                   const CLI::Validator& check = number_range(0.0, 1.0)) {
  const auto of_config = [=](auto& config) -> auto& { return config.augment.*member; };
  std::optional<double> paper;
  if (paper_augmentation().*member != TrainConfig().augment.*member) paper = paper_augmentation().*member;
  return row(name, of_config, help, {.check = check, .paper = paper});
}

/// A row of what is asked of files of layers.
template <class T>
TrainOption layer(const std::string& name, T LayerConfig::*member, const std::string& help, CLI::Validator check = {}) {
  const auto of_config = [=](auto& config) -> auto& { return config.layers.*member; };
  return row(name, of_config, "Files of layers: " + help,
             {.check = check, .used_by = anchor_free_model, .newer = true});
}

bool is_off(const std::string& text) { return text.empty() || text == "false" || text == "null"; }

std::string model_of(const std::string& text) {
  const std::string name = present_model_name(text);
  require(name == "anchor-free-n" || name == "anchor-free-s" || name == "paper" || name == "blob",
          "expected anchor-free-n, anchor-free-s, paper or blob, got '", text, "'");
  return name;
}

Index patience_of(const std::string& text) {
  if (text == "true") return 10;
  return text == "false" ? 0 : read_number<Index>(text, 0, std::numeric_limits<Index>::max(), "true, false or ");
}

Traits<std::optional<double>> number_or_auto(double least, double most, Traits<std::optional<double>> traits) {
  traits.parse = [=](const std::string& text) {
    return text == "auto" ? std::nullopt : std::optional(read_number(text, least, most, "auto or "));
  };
  traits.write = [](const auto& number) { return number ? Json(*number) : Json("auto"); };
  return traits;
}

std::optional<std::string> pretrained_of(const std::string& text) {
  if (text == "auto") return std::nullopt;
  return is_off(text) ? "" : is_ready_model(text) ? text : weights_file(text).string();
}

std::optional<std::filesystem::path> resume_of(const std::string& text) {
  if (is_off(text)) return std::nullopt;
  return text == "true" ? std::filesystem::path() : std::filesystem::path(text);
}

std::string fold_of(const std::string& text) {
  if (is_off(text)) return "";
  static_cast<void>(read_fold(text));
  return text;
}

bool gpu_of(const std::string& text) {
  require(is_off(text), "gpu must be null: amdefect computes on the CPU, got '", text, "'");
  return false;
}

std::vector<TrainOption> make_table() {
  using C = TrainConfig;
  const auto whole = [](Index least, Index most) { return number_range(least, most); };
  const auto start = [](const auto& file) { return !file ? Json("auto") : file->empty() ? Json(false) : Json(*file); };
  return {
      row("model", &C::model,
          "What to train: the anchor-free detector, small (-n) or larger (-s), the paper's network, or blob "
          "(classical)",
          {.used_by = all_models, .parse = model_of}),
      row("dataset_path", &C::dataset_path, "COCO data set: a folder with splits, or one JSON file",
          {.used_by = all_models, .identity = false}),
      row("annotation_file", &C::annotation_file, "One annotation file, split by the seed",
          {.used_by = all_models, .identity = false}),
      row("output_dir", &C::output_dir, "Folder for all that is written", {.used_by = all_models, .identity = false}),
      row("minutes", &C::minutes, "Time that the training may take, if no --epochs are given; 0: no limit",
          {.check = number_range(0.0), .paper = 0.0}),
      row("epochs", &C::epochs, "Largest number of epochs", {.check = whole(0, 1000000), .identity = false}),
      row("batch_size", &C::batch_size, "Images per step", {.check = whole(1, 65536), .paper = 8}),
      row("accumulate", &C::accumulate, "Steps whose gradients make one update: batches beyond memory",
          {.check = whole(1, 65536), .used_by = anchor_free_model, .newer = true}),
      row("recompute", &C::recompute, recompute_help, {.check = CLI::IsMember(recompute_names), .identity = false}),
      row("learning_rate", &C::learning_rate, "Adam's rate at the start",
          {.check = number_range(1e-12, 1000.0), .paper = 1e-4}),
      row("clip_norm", &C::clip_norm, "Largest norm of the gradient; 0: no limit", {.check = number_range(0.0)}),
      row("on_nonfinite", &C::on_nonfinite, "What is done with a batch whose loss or gradients are not finite",
          {.check = CLI::IsMember({"stop", "skip"}), .identity = false}),
      row("pretrained", &C::pretrained,
          "Weights file, folder of a run or ready model to start from, or false; auto: lpbf where the network fits",
          {.paper = "", .parse = pretrained_of, .write = start}),
      row("freeze", &C::freeze,
          "Beginnings of the names of layers that keep their weights and statistics, e.g. stem,stage", {.newer = true}),
      row("resume", &C::resume,
          "Continue from last.safetensors in the output folder, or from the given file or folder of a run",
          {.identity = false,
           .parse = resume_of,
           .write = [](const auto& run) { return run && !run->empty() ? Json(run->string()) : Json(bool(run)); },
           .may_be_bare = true}),
      row("overwrite", &C::overwrite, "Replace the run that the output folder holds",
          {.used_by = all_models, .identity = false, .write = [](bool) { return Json(false); }}),  // ask every time
      row("eval_interval", &C::eval_interval, "Measure mAP@0.5 on the validation split every so many epochs; 0: never",
          {.check = whole(0, 1000000)}),
      row("monitor", &C::monitor, "Value that picks the best epoch and stops early",
          {.check = CLI::IsMember({"val_loss", "loss", "mAP50"}), .paper = "val_loss"}),
      row("early_stopping", &C::early_stopping,
          "Epochs (for mAP50: measurements) without improvement before stopping; true: 10, false: never",
          {.paper = 10, .parse = patience_of}),
      row("num_classes", &C::num_classes, "Categories, unused ones included; 0: as the data set has",
          {.check = whole(0, 10000), .used_by = all_models}),
      row("box_offset", &C::box_offset, "Added to box coordinates: 0.5 where they are pixel indices; auto: find out",
          number_or_auto(-largest_box_offset, largest_box_offset,
                         {.paper = std::optional(0.0), .used_by = all_models})),
      row("extra_image_folders", &C::extra_image_folders, "Folders with a further channel of each image",
          {.used_by = all_models}),
      row("allow_outside_files", &C::allow_outside_files, allow_outside_files_help,
          {.used_by = all_models, .identity = false}),
      row("seed", &C::seed, "Of weights, order, augmentation and splits", {.check = seed_range, .used_by = all_models}),
      row("fold", &C::fold,
          "Cross-validation: 2/3 divides the training images into three parts and leaves out the second, for "
          "validation",
          {.used_by = all_models, .parse = fold_of, .newer = true}),
      row("gpu", &C::gpu, "Only null: this program uses the CPU",
          {.identity = false, .parse = gpu_of, .write = [](bool) { return Json(); }}),
      row("threads", &C::threads, "Threads of the network; 0: all cores", {.check = thread_range, .identity = false}),
      row("workers", &C::workers, "Threads that load images ahead", {.check = whole(0, 256), .identity = false}),
      row("sync_batch_norm", &C::sync_batch_norm, "Under mpirun: batch norm over the samples of all processes",
          {.newer = true}),
      row("scale_rate", &C::scale_rate, "Under mpirun: the learning rate times the square root of the processes",
          {.newer = true}),
      row("cache_memory_mb", &C::cache_memory_mb, "Memory for resized images",
          {.check = whole(0, 1 << 20), .identity = false}),
      row("cache_dir", &C::cache_dir, "Folder that keeps resized images between runs", {.identity = false}),
      row("network", &C::network,
          "An architecture of your own as JSON, e.g. {\"stem\": 16, \"widths\": [32, 64], \"blocks\": [1, 1]}",
          {.used_by = anchor_free_model,
           .write = [](const std::string& text) { return text.empty() ? Json() : Json::parse(text, nullptr, false); }}),
      row("backbone", &C::backbone, "mobilenet_v2, efficientnet_b0, resnet18 or resnet50, below pyramid and heads",
          {.used_by = anchor_free_model, .newer = true}),
      row("first_stride", &C::first_stride, "Finest features of the backbone that are used",
          {.check = CLI::IsMember({4, 8, 16, 32}), .used_by = anchor_free_model, .newer = true}),
      row("frozen_stages", &C::frozen_stages, "Of the backbone, that stay as they are: 1 is all up to stride 4, ...",
          {.check = whole(0, 8), .used_by = anchor_free_model, .newer = true}),
      row("frozen_norms", &C::frozen_norms, "The backbone's batch norms stay as they are",
          {.used_by = anchor_free_model, .newer = true}),
      row("backbone_rate", &C::backbone_rate, "Factor of the learning rate of the backbone",
          {.check = number_range(0.0, 1000.0), .used_by = anchor_free_model, .newer = true}),
      row("zoom", &C::zoom, "How much larger the network sees the images than they are; auto: by the objects",
          number_or_auto(smallest_zoom, largest_zoom, {.used_by = anchor_free_model, .identity = false})),
      row("crop_size", &C::crop_size, "Side of the training crops in zoomed pixels; 0: by the objects",
          {.check = whole(0, 4096), .used_by = anchor_free_model}),
      row("mosaic", &C::mosaic, "Share of training pictures made of four crops",
          {.check = number_range(0.0, 1.0), .used_by = anchor_free_model}),
      row("copy_paste", &C::copy_paste,
          "Share of training pictures into which objects are pasted, all classes as often",
          {.check = number_range(0.0, 1.0), .used_by = anchor_free_model, .newer = true}),
      row("mixup", &C::mixup, "Share of training pictures that are the mean of two",
          {.check = number_range(0.0, 1.0), .used_by = anchor_free_model, .newer = true}),
      row("random_erasing", &C::random_erasing, "Share of training pictures of which a rectangle is erased",
          {.check = number_range(0.0, 1.0), .used_by = anchor_free_model, .newer = true}),
      row("box_loss", &C::box_loss, "What boxes learn by",
          {.check = CLI::IsMember({"iou", "giou", "diou", "ciou"}), .used_by = anchor_free_model}),
      row("score_loss", &C::score_loss, "What scores learn by",
          {.check = CLI::IsMember({"quality_focal", "focal"}), .used_by = anchor_free_model}),
      row("box_bins", &C::box_bins,
          "Learn every edge of a box as a distribution over so many distances (8 to 64), by the distribution focal "
          "loss; 1: as --network says, or else a plain distance; 0: as --network says, or the detector that "
          "--pretrained names, or else 16",
          {.check = whole(0, EdgeDistance::most_bins), .used_by = anchor_free_model}),
      row("squeeze_excite", &C::squeeze_excite, "Residual blocks weigh their channels by the means of all of them",
          {.used_by = anchor_free_model, .newer = true}),
      row("encoder_layers", &C::encoder_layers, "Layers of attention between all places of the coarsest stage",
          {.check = whole(0, 12), .used_by = anchor_free_model, .newer = true}),
      row("late_fusion", &C::late_fusion, "Extra channels have a stem and a first stage of their own",
          {.used_by = anchor_free_model, .newer = true}),
      row("class_weights", &C::class_weights, "A weight per category, e.g. 1,1,3; default: all the same",
          {.check = number_range(1e-6, 1e6), .used_by = anchor_free_model}),
      row("sensors", [](auto& config) -> auto& { return config.sensors.file; },
          "JSON file of further sensors: folders and where their pictures lie (docs/sensors.md)",
          {.used_by = anchor_free_model, .identity = false}),  // what it says is
      row("measure_scale", [](auto& config) -> auto& { return config.sensors.measure_scale; },
          "Files of layers: cameras as the numbers that they measure, with a mean and a deviation each",
          {.used_by = anchor_free_model, .newer = true}),
      row("channel_dropout", [](auto& config) -> auto& { return config.sensors.channel_dropout; },
          "Share of the training pictures in which a further channel, or a camera, is missing",
          {.check = number_range(0.0, 0.99), .used_by = anchor_free_model, .newer = true}),
      layer("channels", &LayerConfig::channels, "Cameras, e.g. visible/0,visible/1; default: all"),
      layer("layer_classes", &LayerConfig::classes, "Names of classes; default: all but Powder and Printed"),
      layer("tile", &LayerConfig::tile, "Side of the pieces of layers that are trained on", whole(0, 65536)),
      layer("least_area", &LayerConfig::least_area, "Pixels of a mask's region that is an object", whole(1, 1 << 30)),
      layer("join", &LayerConfig::join, "Regions at most so many pixels apart are one object", whole(-1, 10000)),
      layer("split_by", &LayerConfig::split_by, "layers, or builds: the last one is the test split",
            CLI::IsMember({"layers", "builds"})),
      row("img_size", &C::img_size, "Width and height of the network's input",
          {.check = whole(8, 8192), .used_by = paper_model}),
      row("fit", &C::fit, "How images get the input's size",
          {.check = CLI::IsMember({"within", "stretch"}), .used_by = paper_model}),
      row("raw_bce", &C::raw_bce, "Train on raw outputs clipped in the loss, as the published code",
          {.used_by = paper_model}),
      row("outputs_per_example", &C::outputs_per_example, "Differently changed copies of each image per epoch",
          {.check = whole(1, 1000), .used_by = paper_model}),

      change("greyscale", &AugmentOptions::greyscale, "Share of images that lose their colour"),
      change("hue_degrees", &AugmentOptions::hue_degrees, "Largest turn of the hue", number_range(0.0, 180.0)),
      change("flip_x", &AugmentOptions::flip_x, "Share mirrored left to right"),
      change("flip_y", &AugmentOptions::flip_y, "Share mirrored top to bottom"),
      change("rotate", &AugmentOptions::rotate, "Share turned by 90 degrees"),
      change("crop", &AugmentOptions::crop, "Share cropped and magnified"),
      change("brightness", &AugmentOptions::brightness, "Largest change, as a share of the full range"),
      change("contrast", &AugmentOptions::contrast, "Largest relative change"),
      change("extra_shift", &AugmentOptions::extra_shift,
             "Pixels by which further channels move at most along each axis", number_range(0.0, most_extra_shift)),
  };
}

unsigned kind_of(const TrainConfig& config) {
  if (config.is_paper()) return paper_model;
  return config.is_anchor_free() ? anchor_free_model : blob_model;
}

/// The heading in the help above the options of one kind of models.
std::string group_of(const TrainOption& option) {
  if (option.used_by == anchor_free_model) return "The anchor-free detector";
  if (option.used_by == paper_model) return "The paper's network";
  return "Options";
}

}  // namespace

const std::vector<TrainOption>& train_options() {
  static const std::vector<TrainOption> table = make_table();
  return table;
}

void add_train_options(CLI::App& command, TrainConfig& config) {
  for (const TrainOption& option : train_options()) option.add(command, config)->group(group_of(option));
}

void use_model_defaults(const CLI::App& command, TrainConfig& config) {
  const auto given = [&](const std::string& name) { return command.get_option("--" + name)->count() > 0; };
  if (given("epochs")) config.minutes = given("minutes") ? config.minutes : 0;
  if (!config.is_paper()) return;
  for (const TrainOption& option : train_options())
    if (option.use_paper_default && !given(option.name)) option.use_paper_default(config);
}

std::vector<std::string> unused_options(const std::set<std::string>& given, const TrainConfig& config) {
  std::vector<std::string> unused;
  for (const TrainOption& option : train_options())
    if (given.contains(option.name) && (option.used_by & kind_of(config)) == 0) unused.push_back(option.name);
  return unused;
}

nlohmann::ordered_json to_json(const TrainConfig& config, bool identity) {
  Json json;
  for (const TrainOption& option : train_options()) {
    const Json value = option.to_json(config);
    if (!identity || (option.identity && !(option.newer && value == option.to_json(TrainConfig()))))
      json[option.name] = value;
  }
  if (identity) json["model"] = stored_model_name(config.model);
  // As in runs of before, which go on as they began.
  if (identity && !config.pretrained) json["pretrained"] = false;
  if (identity && config.box_bins == 0) json["box_bins"] = 1;
  if (identity && (config.extra_image_folders.empty() || config.augment.extra_shift == 0)) json.erase("extra_shift");
  return json;
}

}  // namespace amdefect
