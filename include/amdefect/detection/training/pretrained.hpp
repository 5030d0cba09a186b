#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "amdefect/core/printable.hpp"
#include "amdefect/detection/anchor_free/anchor_free_description.hpp"
#include "amdefect/detection/anchor_free/backbones.hpp"
#include "amdefect/detection/split_membership.hpp"
#include "amdefect/io/ready_models.hpp"
#include "amdefect/io/torch_file.hpp"
#include "amdefect/io/weights_file.hpp"
#include "amdefect/models/published_weights.hpp"
#include "amdefect/nn/load_table.hpp"
#include "amdefect/nn/network.hpp"
#include "amdefect/nn/weights.hpp"

namespace amdefect {

namespace detail {

/// "5 levels (strides 4 to 64)".
inline std::string levels_text(const AnchorFreeModel& model) {
  return concat(model.levels, " levels (strides ", model.first_stride, " to ", model.largest_stride(), ')');
}

/// "16 bins per edge".
inline std::string bins_text(Index box_bins) {
  return box_bins == 1 ? "plain distances" : concat(box_bins, " bins per edge");
}

/// The numbers of the architecture that differ between the model of a file and one that would start from it; empty for
/// none. Channels, their fusion, classes, levels and bins may differ: they add layers and outputs, or change the first
/// and the last convolutions.
inline std::string backbone_differences(AnchorFreeModel there, const AnchorFreeModel& here) {
  there.levels = here.backbone.empty() ? std::max(here.levels, static_cast<Index>(there.widths.size())) : here.levels;
  there.box_bins = here.box_bins;
  there.late_fusion = here.late_fusion;
  const JsonValue other = to_json(there), wanted = to_json(here);
  std::string differences;
  const auto compare = [&](const std::string& key, const JsonValue* found, const JsonValue* expected) {
    const auto text = [](const JsonValue* value) { return value ? value->to_text() : "none"; };
    if (text(found) == text(expected)) return;
    differences += concat(differences.empty() ? "" : ", ", key, ' ', text(found), ", expected ", text(expected));
  };
  for (const auto& [key, value] : *wanted.get_if<JsonValue::Object>()) compare(key, other.find(key), &value);
  for (const auto& [key, value] : *other.get_if<JsonValue::Object>())
    if (!wanted.find(key)) compare(key, &value, nullptr);
  return differences;
}

/// What of the model in the file is of no use for another one with the same backbone, in a few words each.
inline std::string left_of(const AnchorFreeModel& there, const AnchorFreeModel& here) {
  std::string text;
  const auto add = [&](const auto&... parts) { text += concat(text.empty() ? "" : ", ", parts...); };
  if (there.levels != here.levels)
    add("it has ", levels_text(there), ", this model has ", here.levels, " (strides ", here.first_stride, " to ",
        here.largest_stride(), "), as the objects' size asks for");
  if (there.classes != here.classes) add("it has ", there.classes, " classes, this model has ", here.classes);
  if (there.channels != here.channels) add("it has ", there.channels, " channels, this model has ", here.channels);
  if (there.box_bins != here.box_bins)
    add("it has ", bins_text(there.box_bins), ", this model has ", bins_text(here.box_bins));
  return text;
}

/// The weights of a published backbone by torchvision's or timm's names; kernels for other numbers of channels are
/// adapted.
inline std::string load_backbone(const TensorFile& file, Network<float>& network) {
  LoadOptions options = published_weights(file, backbone_prefix);
  options.strict = false;
  options.adapt_channels = true;
  LoadReport report = load_weights(file, network.parameters(), options);
  std::erase_if(report.missing, [](const std::string& name) { return !name.starts_with(backbone_prefix); });
  return concat("the backbone starts from ", file.path().string(), ": ", report.to_text(), '\n', load_table(report));
}

}  // namespace detail

/// Whether the network is like that of the ready model `lpbf`, but for the scores and the number of levels.
inline bool starts_like_ready_model(const AnchorFreeModel& model) {
  return detail::backbone_differences(anchor_free_n(), model).empty();
}

/// What a training starts from unless it is told otherwise: the ready model `lpbf`, whose first layers suit other
/// pictures, too (docs/transfer.md), where it is installed and the network is like its own; else nothing.
inline std::filesystem::path suggest_pretrained(const AnchorFreeModel& model) {
  return starts_like_ready_model(model) ? find_ready_model("lpbf") : std::filesystem::path();
}

/// Starts a network from the weights of a trained detector, from any file of weights with the same names, or its
/// backbone from weights of torchvision or timm (`.pth` or safetensors); `start` may also be what else `weights_file`
/// takes. What does not fit, such as the scores of other classes or a level more, keeps its values. Returns what is to
/// be said of it: a line, and where anything was left the `load_table`.
/// @throws FileError for a file of another architecture, or of which nothing fits.
inline std::string load_pretrained(const std::filesystem::path& start, const AnchorFreeModel& model,
                                   Network<float>& network) {
  const std::filesystem::path path = weights_file(start);
  if (is_torch_file(path)) {
    require<FileError>(!model.backbone.empty(), "pretrained: ", path.string(),
                       " holds weights of PyTorch, which are for a published backbone (--backbone, or anchor_free_on)");
    return detail::load_backbone(read_torch(path), network);
  }
  const SafetensorsFile file = read_safetensors(path);
  const auto is_ours = [](const TensorEntry& entry) { return entry.name.starts_with(backbone_prefix); };
  if (!model.backbone.empty() && std::none_of(file.entries().begin(), file.entries().end(), is_ours))
    return detail::load_backbone(file, network);
  std::string differences;
  if (file.metadata().contains(description_key)) {
    const AnchorFreeModel there = anchor_free_description(DetectorFile(file)).model;
    const std::string other = detail::backbone_differences(there, model);
    require<FileError>(other.empty(), "pretrained: ", path.string(), " is of another architecture: ", other);
    differences = detail::left_of(there, model);
  }
  const LoadReport report =
      load_weights(file, network.parameters(), {.ignore = is_training_state, .strict = false, .adapt_channels = true});
  const std::string from = concat("starting from ", path.string());
  if (report.missing.empty() && report.left.empty() && report.adapted.empty())
    return concat(from, ", all ", report.taken.size(), " weights");
  if (differences.empty()) return concat(from, ": ", report.to_text(), '\n', load_table(report));
  return concat(from, " with what fits, ", report.taken.size(), " of ", network.parameters().count(),
                " weights: ", differences, '\n', load_table(report));
}

/// How many bins the edges have of the detector whose file a training starts from or continues; 0 where that is no
/// detector's.
inline Index box_bins_of(const std::filesystem::path& start) {
  const std::filesystem::path path = weights_file(start);
  if (is_torch_file(path)) return 0;
  const SafetensorsFile file = read_safetensors(path);
  return file.metadata().contains(description_key) ? anchor_free_description(DetectorFile(file)).model.box_bins : 0;
}

/// The images of the detector that a training starts from; empty where its file does not say.
inline ImageMembership images_of_start(const std::filesystem::path& start) {
  const std::filesystem::path path = weights_file(start);
  return is_torch_file(path) ? ImageMembership{} : read_membership(read_safetensors(path));
}

/// One line if the detector that a training starts from was trained on images of a split, which are read; else empty.
inline std::string seen_warning(const std::filesystem::path& start, const CocoSplit& split) {
  const std::vector<std::string> seen = trained_images(split, images_of_start(start));
  if (seen.empty()) return "";
  return concat(weights_file(start).string(), " was trained on ", seen.size(), " of the ", split.size(),
                " images of the ", split.name, " split (", printable(seen[0]), seen.size() > 1 ? ", ..." : "",
                "): figures on it will be better than for new images");
}

}  // namespace amdefect
