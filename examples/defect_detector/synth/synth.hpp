#pragma once

#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/coco/coco_json.hpp"
#include "amdefect/core/parallel.hpp"
#include "amdefect/image/image_io.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/io/file_type.hpp"
#include "synth/synth_pores.hpp"
#include "synth/synth_printer.hpp"
#include "synth/synth_scene.hpp"

namespace amdefect {

/// What generated pictures show.
enum class Scene {
  workpieces,  ///< a build plate with workpieces and nozzles anywhere
  pores,       ///< micrographs of metal with pores
  printer      ///< recordings of printers: one nozzle, one workpiece that grows
};

/// A generated data set.
struct SynthOptions {
  Index width = 416, height = 416;           ///< of the pictures
  Index train = 140, valid = 40, test = 20;  ///< numbers of pictures
  Scene scene = Scene::workpieces;
  std::uint64_t seed = 0;
  int threads = 0;         ///< 0: all cores; the files do not depend on it
  bool overwrite = false;  ///< replaces an older generated data set in the same folder
};

/// The categories of generated data: nozzle (1) and workpiece (3), while 0, the supercategory, and 2 have no objects;
/// or pore.
inline std::vector<CocoCategory> synth_categories(const SynthOptions& options = {}) {
  if (options.scene == Scene::pores) return {{0, "pore", "none"}};
  return {{0, "printing", "none"}, {1, "nozzle", "printing"}, {2, "wire", "printing"}, {3, "workpiece", "printing"}};
}

/// Picture `index` of a split (0 train, 1 valid, 2 test), with class indices that equal the category ids.
inline Sample synth_sample(const SynthOptions& options, Index split, Index index) {
  Random random(options.seed, split, index);
  if (options.scene == Scene::pores) return synth::render_pores(options.height, options.width, random);
  if (options.scene == Scene::printer)
    return synth::render_printer(options.height, options.width, options.seed, random);
  return synth::render_scene(options.height, options.width, random);
}

namespace detail {

inline std::string synth_file_name(Index index) {
  char name[40];
  std::snprintf(name, sizeof name, "synth_%05lld.jpg", static_cast<long long>(index));
  return name;
}

/// What an earlier run wrote; other files stay. @throws FileError if there are other images: it is somebody's data set.
inline std::vector<std::filesystem::path> find_synth_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> old;
  if (!is_there(folder)) return old;
  const auto look = [&](const std::filesystem::directory_entry& entry) {
    const std::string name = entry.path().filename().string();
    const bool ours = name == "_annotations.coco.json" || (name.starts_with("synth_") && name.ends_with(".jpg"));
    const bool image = name.ends_with(".jpg") || name.ends_with(".jpeg") || name.ends_with(".png");
    require<FileError>(ours || !image, entry.path().string(),
                       ": is not from generated data; only such data are overwritten");
    if (ours) old.push_back(entry.path());
  };
  const std::error_code problem = for_each_entry(folder, look);
  require<FileError>(!problem, folder.string(), ": cannot be read: ", problem.message());
  return old;
}

inline void write_synth_split(const std::filesystem::path& folder, const SynthOptions& options, Index split,
                              Index count) {
  make_folder(folder);
  std::vector<std::vector<LabelledBox>> objects(static_cast<std::size_t>(count));
  std::vector<std::exception_ptr> errors(objects.size());
  parallel_for(options.threads, count, [&](Index begin, Index end, int) {
    for (Index i = begin; i < end; ++i) try {
        Sample sample = synth_sample(options, split, i);
        save_image(folder / synth_file_name(i), sample.image);
        objects[static_cast<std::size_t>(i)] = std::move(sample.objects);
      } catch (...) {
        errors[static_cast<std::size_t>(i)] = std::current_exception();
        return;
      }
  });
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);

  CocoDataset coco;
  coco.categories = synth_categories(options);
  for (Index i = 0; i < count; ++i) {
    coco.images.push_back({i, synth_file_name(i), options.width, options.height});
    for (const LabelledBox& object : objects[static_cast<std::size_t>(i)])
      coco.annotations.push_back({static_cast<std::int64_t>(coco.annotations.size()) + 1, i, object.label,
                                  to_coco(object.box), object.box.area(), false, false});
  }
  write_coco_annotations(folder / "_annotations.coco.json", coco);
}

}  // namespace detail

/// Writes a COCO data set of generated pictures in Roboflow's layout: `train/`, `valid/` and `test/`, each with JPEG
/// files and `_annotations.coco.json`. The same options give the same bytes.
/// @throws Error for sizes or numbers without meaning, FileError if `root` is not empty (unless `overwrite`) or cannot
/// be written.
inline void write_synth(const std::filesystem::path& root, const SynthOptions& options) {
  require(options.width >= 32 && options.height >= 32 && options.width <= 8192 && options.height <= 8192,
          "synth: pictures of ", options.width, 'x', options.height, " pixels, expected 32 to 8192 on each side");
  require(options.train >= 0 && options.valid >= 0 && options.test >= 0, "synth: the numbers of pictures are ",
          options.train, ", ", options.valid, " and ", options.test, ", expected at least 0");
  const bool there = is_there(root);
  require<FileError>(!there || is_folder(root), root.string(), ": is a file, expected a folder");
  std::error_code failure;
  const bool empty = !there || std::filesystem::is_empty(root, failure);
  require<FileError>(empty || options.overwrite, root.string(),
                     ": is not empty; choose another folder, or allow to overwrite");
  const std::pair<const char*, Index> splits[] = {
      {"train", options.train}, {"valid", options.valid}, {"test", options.test}};
  std::vector<std::filesystem::path> old;
  for (const auto& [name, count] : splits)
    for (const std::filesystem::path& file : detail::find_synth_files(root / name)) old.push_back(file);
  for (const std::filesystem::path& file : old) std::filesystem::remove(file, failure);
  for (Index split = 0; split < 3; ++split) {
    const auto& [name, count] = splits[split];
    if (count > 0) detail::write_synth_split(root / name, options, split, count);
  }
}

}  // namespace amdefect
