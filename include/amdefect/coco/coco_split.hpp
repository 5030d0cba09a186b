#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "amdefect/coco/coco_json.hpp"
#include "amdefect/core/random.hpp"
#include "amdefect/metrics/coco_dataset.hpp"

namespace amdefect {

/// A part of a data set: annotations, and where the image files are.
struct CocoSplit {
  std::string name;                                ///< "train", "valid" or "test"
  std::filesystem::path annotation_file;           ///< the JSON file it was read from
  CocoDataset coco;                                ///< categories in ascending order of their ids
  std::vector<std::filesystem::path> image_files;  ///< one for each of `coco.images`; see `allow_missing_images`

  Index size() const { return static_cast<Index>(coco.images.size()); }
};

/// The splits of a data set; all of them have the same categories. Missing ones are empty.
struct CocoSplits {
  std::filesystem::path root;
  std::optional<CocoSplit> train, valid, test;

  /// The split of that name. @throws FileError if the data set has none.
  const CocoSplit& at(const std::string& name) const {
    for (const std::optional<CocoSplit>* split : {&train, &valid, &test})
      if (*split && (*split)->name == name) return **split;
    throw FileError(concat(root.empty() ? "the data set" : root.string(), ": has no ", name, " split"));
  }
  /// The split to measure a trained model on: the test split, or the validation split where there is no test image.
  /// @throws FileError if the data set has neither.
  const CocoSplit& evaluation_split() const { return test && test->size() > 0 ? *test : at("valid"); }
};

/// How to split the images of a data set that comes as one annotation file.
struct SplitOptions {
  /// Annotation file: a name within the folder of each split, or the path of one file for everything, absolute or
  /// relative to the data set; empty: looked for.
  std::filesystem::path annotation_file{};
  std::uint64_t seed = 0;
  double valid_fraction = 0.1, test_fraction = 0.1;
  /// Accept entries whose image file is not there; their path in `image_files` is empty.
  bool allow_missing_images = false;
};

namespace detail {

inline std::vector<std::filesystem::path> json_files(const std::filesystem::path& folder, const std::string& start) {
  std::vector<std::filesystem::path> found;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none))
    if (entry.path().extension() == ".json" && entry.path().filename().string().starts_with(start) &&
        entry.is_regular_file(none))
      found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

/// The annotation file of a folder: that of Roboflow by its name, else the only JSON file, else the only one in
/// `annotations/`. Empty if there is none. @throws FileError if there are several.
inline std::filesystem::path find_annotation_file(const std::filesystem::path& folder) {
  std::filesystem::path roboflow = folder / "_annotations.coco.json";
  if (std::filesystem::is_regular_file(roboflow)) return roboflow;
  for (const std::filesystem::path& place : {folder, folder / "annotations"}) {
    const std::vector<std::filesystem::path> found = json_files(place, "");
    require<FileError>(found.size() <= 1, place.string(), ": has ", found.size(),
                       " JSON files; name the annotation file (annotation_file)");
    if (!found.empty()) return found.front();
  }
  return {};
}

/// Finds the image files of an annotation file: beside it, in `images/` below it, in a folder with the name of the file
/// (without `instances_`) in either, and for a file in `annotations/` the same from the folder above on. Folders in a
/// name that do not exist are ignored, unless entries differ in nothing else.
class ImageFinder {
 public:
  ImageFinder(const std::filesystem::path& annotation_file, const std::vector<CocoImage>& images) {
    for (const CocoImage& image : images) {
      const std::filesystem::path name = with_slashes(image.file_name);
      const auto [other, first] = bare_names_.emplace(name.filename(), name.lexically_normal());
      if (!first && other->second != name.lexically_normal()) other->second.clear();
    }
    const std::filesystem::path folder = annotation_file.parent_path();
    std::string subset = annotation_file.stem().string();
    if (subset.starts_with("instances_")) subset = subset.substr(10);
    add(folder, subset);
    if (folder.filename() == "annotations") add(folder.parent_path(), subset);
  }

  /// Empty if there is no such file.
  std::filesystem::path find(const CocoImage& image) const {
    const std::filesystem::path slashes = with_slashes(image.file_name), bare = slashes.filename();
    const auto owner = bare_names_.find(bare);  // Label Studio may write folders of the machine it ran on
    const bool ambiguous = owner != bare_names_.end() && owner->second.empty();
    for (const std::filesystem::path& name :
         {std::filesystem::path(image.file_name), slashes, ambiguous ? slashes : bare})
      for (const std::filesystem::path& root : roots_) {
        std::error_code none;
        if (std::filesystem::is_regular_file(root / name, none)) return root / name;
      }
    return {};
  }

 private:
  /// Windows tools write backslashes.
  static std::filesystem::path with_slashes(std::string name) {
    std::replace(name.begin(), name.end(), '\\', '/');
    return name;
  }
  void add(const std::filesystem::path& folder, const std::string& subset) {
    for (const std::filesystem::path& root : {folder, folder / "images", folder / subset, folder / "images" / subset})
      roots_.push_back(root);
  }

  std::vector<std::filesystem::path> roots_;
  std::map<std::filesystem::path, std::filesystem::path> bare_names_;  // the entry that has it; empty if several do
};

/// @throws FileError that names the entry if there is no file for it.
inline void require_image_file(const CocoSplit& split, std::size_t index) {
  const CocoImage& image = split.coco.images[index];
  require<FileError>(!split.image_files[index].empty(), split.annotation_file.string(), ": images[", index, "] (id ",
                     image.id, "): there is no file \"", image.file_name, "\" beside it or in images/");
}

inline CocoSplit read_split(const std::string& name, const std::filesystem::path& annotation_file,
                            bool allow_missing_images) {
  CocoSplit split{name, annotation_file, read_coco_annotations(annotation_file, CocoStrictness::training), {}};
  std::sort(split.coco.categories.begin(), split.coco.categories.end(),
            [](const CocoCategory& a, const CocoCategory& b) { return a.id < b.id; });
  const ImageFinder finder(annotation_file, split.coco.images);
  for (std::size_t i = 0; i < split.coco.images.size(); ++i) {
    split.image_files.push_back(finder.find(split.coco.images[i]));
    if (!allow_missing_images) require_image_file(split, i);
  }
  return split;
}

/// The images with the given positions, in this order, and their annotations.
inline CocoSplit select_images(const CocoSplit& all, const std::string& name, std::vector<std::size_t> positions) {
  CocoSplit split{name, all.annotation_file, {}, {}};
  split.coco.categories = all.coco.categories;
  std::unordered_set<std::int64_t> chosen;
  std::sort(positions.begin(), positions.end());
  for (const std::size_t i : positions) {
    split.coco.images.push_back(all.coco.images[i]);
    split.image_files.push_back(all.image_files[i]);
    chosen.insert(all.coco.images[i].id);
  }
  for (const CocoAnnotation& annotation : all.coco.annotations)
    if (chosen.contains(annotation.image_id)) split.coco.annotations.push_back(annotation);
  return split;
}

inline void split_by_seed(const CocoSplit& all, const SplitOptions& options, CocoSplits& splits) {
  const auto in_range = [](double fraction) { return fraction >= 0 && fraction < 1; };
  require(in_range(options.valid_fraction) && in_range(options.test_fraction) &&
              options.valid_fraction + options.test_fraction < 1,
          "split: the fractions for validation and test are ", options.valid_fraction, " and ", options.test_fraction,
          ", expected at least 0 and together less than 1");
  std::vector<std::size_t> order(all.coco.images.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  Random(options.seed).shuffle(order);
  // To the nearest image, but none of the parts that were asked for stays empty where there are enough images.
  const auto share = [&](double fraction) {
    const auto images = static_cast<std::ptrdiff_t>(std::floor(static_cast<double>(order.size()) * fraction + 0.5));
    return std::max<std::ptrdiff_t>(images, fraction > 0 && order.size() >= 3);
  };
  const auto valid_end = order.begin() + share(options.valid_fraction);
  const auto test_end = std::min(valid_end + share(options.test_fraction), order.end());
  splits.valid = select_images(all, "valid", {order.begin(), valid_end});
  splits.test = select_images(all, "test", {valid_end, test_end});
  splits.train = select_images(all, "train", {test_end, order.end()});
}

/// The annotation file of a split: `wanted` in its folder if that is given; else the one in its folder, or NAME.json or
/// instances_NAME*.json in `annotations/` or in `root`. Empty if there is none.
inline std::filesystem::path find_split_file(const std::filesystem::path& root, const std::vector<std::string>& names,
                                             const std::filesystem::path& wanted) {
  for (const std::string& name : names)
    if (!wanted.empty() && std::filesystem::is_regular_file(root / name / wanted)) return root / name / wanted;
  if (!wanted.empty()) return {};
  for (const std::string& name : names) {
    std::filesystem::path file = find_annotation_file(root / name);
    if (!file.empty()) return file;
    for (const std::filesystem::path& place : {root / "annotations", root}) {
      if (std::filesystem::is_regular_file(file = place / (name + ".json"))) return file;
      const std::vector<std::filesystem::path> found = json_files(place, "instances_" + name);
      require<FileError>(found.size() <= 1, place.string(), ": has ", found.size(), " JSON files for the split ", name);
      if (!found.empty()) return found.front();
    }
  }
  return {};
}

inline void require_same_categories(const CocoSplit& a, const CocoSplit& b) {
  const auto same = [](const CocoCategory& x, const CocoCategory& y) { return x.id == y.id && x.name == y.name; };
  require<FileError>(std::equal(a.coco.categories.begin(), a.coco.categories.end(), b.coco.categories.begin(),
                                b.coco.categories.end(), same),
                     b.annotation_file.string(), ": its categories differ from those of ", a.annotation_file.string(),
                     ", expected the same ids and names");
}

}  // namespace detail

/// What to add to the boxes of a data set so that they are in continuous coordinates: 0.5 where its coordinates must be
/// pixel indices, because nearly all are whole numbers and boxes that touch the right or lower border of their image
/// end one pixel before it; else 0.
inline double detect_box_offset(const CocoDataset& dataset) {
  std::unordered_map<std::int64_t, const CocoImage*> images;
  for (const CocoImage& image : dataset.images) images.emplace(image.id, &image);
  Index whole = 0, at_border = 0, before_border = 0;
  for (const CocoAnnotation& annotation : dataset.annotations) {
    const CocoBox& box = annotation.box;
    const auto image = images.find(annotation.image_id);
    const double numbers[] = {box.x, box.y, box.width, box.height};
    const bool is_whole = std::all_of(numbers, numbers + 4, [](double v) { return v == std::floor(v); });
    if (!is_whole || image == images.end() || image->second->width == 0) continue;
    ++whole;
    for (const double gap : {static_cast<double>(image->second->width) - box.x - box.width,
                             static_cast<double>(image->second->height) - box.y - box.height}) {
      at_border += gap <= 0;
      before_border += gap == 1;
    }
  }
  const bool nearly_all = 100 * whole >= 95 * static_cast<Index>(dataset.annotations.size());
  return nearly_all && before_border >= 3 && before_border > 10 * at_border ? 0.5 : 0;
}

/// Reads a COCO data set as Roboflow, CVAT, Label Studio or COCO itself lay it out (see docs/data.md): a folder for
/// each of `train`, `valid` (or `val`) and `test`; or `annotations/instances_train.json` and so on; or one annotation
/// file for everything, which is then split by a seed. `root` may also be that file itself.
/// @throws FileError that names what is missing, several candidates, or the faulty entry.
inline CocoSplits read_coco_splits(const std::filesystem::path& root, const SplitOptions& options = {}) {
  CocoSplits splits{root, {}, {}, {}};
  std::filesystem::path file = options.annotation_file;
  if (file.empty() && std::filesystem::is_regular_file(root)) file = root;
  if (file.is_relative() && file != root) {
    require<FileError>(std::filesystem::is_directory(root), root.string(), ": there is no such folder");
    const std::vector<std::pair<std::optional<CocoSplit>*, std::vector<std::string>>> wanted = {
        {&splits.train, {"train"}}, {&splits.valid, {"valid", "val", "validation"}}, {&splits.test, {"test"}}};
    const CocoSplit* first = nullptr;
    for (const auto& [split, names] : wanted) {
      const std::filesystem::path found = detail::find_split_file(root, names, file);
      if (found.empty()) continue;
      *split = detail::read_split(names.front(), found, options.allow_missing_images);
      if (first) detail::require_same_categories(*first, **split);
      first = &**split;
    }
    if (first) return splits;
    file = file.empty() ? detail::find_annotation_file(root) : root / file;
    require<FileError>(!file.empty(), root.string(), ": has no COCO annotations: expected train/, valid/ and test/ ",
                       "with _annotations.coco.json in each, or one JSON file");
  }
  detail::split_by_seed(detail::read_split("all", file, options.allow_missing_images), options, splits);
  return splits;
}

}  // namespace amdefect
