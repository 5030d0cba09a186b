#include "layers/layer_data.hpp"

#include <algorithm>
#include <iostream>

#include "amdefect/inspect/annotation_text.hpp"
#include "amdefect/io/list_folder.hpp"
#include "json_options.hpp"
#include "layers/layers_command.hpp"

namespace amdefect {

namespace {

/// Whether there is JSON in a folder that is not ours: annotations.
bool holds_annotations(const std::filesystem::path& folder) {
  bool found = false;
  detail::for_each_entry(folder, [&](const std::filesystem::directory_entry& entry) {
    found |= entry.path().extension() == ".json" && !entry.path().string().ends_with(".boxes.json");
  });
  return found;
}

/// The files of layers that a path names; none where it names something else, such as a COCO data set with such a file
/// in its folder.
std::vector<std::filesystem::path> layer_files_of(const std::string& path) {
  std::vector<std::filesystem::path> files;
  if (!path.empty() && path.find(',') == std::string::npos && is_folder(path)) {
    bool annotated = holds_annotations(path);
    const auto look = [&](const std::filesystem::directory_entry& entry) {
      if (is_layer_file(entry.path())) files.push_back(entry.path());
      const std::string name = entry.path().filename().string();
      for (const char* split : {"train", "valid", "val", "test", "annotations"})
        annotated |= name == split && holds_annotations(entry.path());
    };
    const std::error_code problem = detail::for_each_entry(path, look);
    require<FileError>(!problem, path, ": cannot be read: ", problem.message());
    if (annotated) return {};
    std::sort(files.begin(), files.end());
    return files;
  }
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find(',', begin), path.size());
    files.emplace_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  if (std::none_of(files.begin(), files.end(), is_layer_file)) return {};
  for (const std::filesystem::path& file : files)
    require<FileError>(is_layer_file(file), file.string(), ": is no file of layers (.h5), but the others are");
  return files;
}

}  // namespace

LayeredData layered_data_of(const std::string& path, const LayerConfig& config, const SensorConfig& sensors,
                            const SensorTraits& trained) {
  const std::vector<std::filesystem::path> files = layer_files_of(path);
  if (files.empty()) return {};
  const PeregrineOptions options = options_for(trained, {.channels = config.channels,
                                                         .need_masks = true,
                                                         .numbers = sensors.measure_scale,
                                                         .registrations = registrations_of(sensors.file)});
  std::vector<Build> builds;
  for (const std::filesystem::path& file : files) {
    builds.push_back(open_layer_file(file, options));
    const std::vector<std::string> missing = builds.back().missing_channels();
    if (!missing.empty()) std::cerr << "note: " << file.string() << ": " << missing_channels_text(missing) << '\n';
  }
  bool shown = false;
  const auto progress = [&](double share) {
    if (!std::exchange(shown, true)) std::cerr << "looking for boxes in the masks, once for this file\n";
    std::cerr << '\r' << static_cast<int>(100 * share) << " %" << (share >= 1 ? "\n" : "") << std::flush;
  };
  return layered_data(std::move(builds),
                      {.classes = config.classes,
                       .boxes = {.least_area = config.least_area, .join = config.join},
                       .tile = config.tile,
                       .by_build = config.split_by == "builds"},
                      progress, [](const std::string& line) { std::cerr << line << '\n'; });
}

void add_layer_options(CLI::App& command, LayerConfig& config) {
  const auto add = option_adder(command);
  const std::string group = "Files of layers";
  add("--channels", config.channels, "Cameras, e.g. visible/0,visible/1; default: all")->delimiter(',')->group(group);
  add("--layer_classes", config.classes, "Names of classes; default: all but Powder and Printed")
      ->delimiter(',')
      ->group(group);
  add_mask_box_options(command, config.least_area, config.join, group);
  add("--split_by", config.split_by, "layers: parts of each build; builds: the last is the test split")
      ->check(CLI::IsMember({"layers", "builds"}))
      ->group(group);
}

void print_layer_inspection(const LayeredData& data) {
  for (const auto* split : {&data.splits.train, &data.splits.valid, &data.splits.test})
    if (*split)
      std::cout << (*split)->name << ": " << quantity((*split)->size(), "picture") << '\n'
                << to_text(check_annotations(**split), **split);
}

}  // namespace amdefect
