#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "amdefect/coco/coco_json.hpp"
#include "amdefect/coco/image_finder.hpp"
#include "amdefect/coco/split_files.hpp"
#include "amdefect/core/printable.hpp"
#include "amdefect/core/random.hpp"
#include "amdefect/io/file_type.hpp"
#include "amdefect/io/lies_in.hpp"
#include "amdefect/metrics/coco_dataset.hpp"

namespace amdefect {

/// A part of a data set: annotations, and where the image files are.
struct CocoSplit {
  std::string name;                                ///< "train", "valid" or "test"
  std::filesystem::path annotation_file;           ///< the JSON file it was read from
  CocoDataset coco;                                ///< categories in ascending order of their ids
  std::vector<std::filesystem::path> image_files;  ///< one for each of `coco.images`; see `allow_missing_images`
  std::filesystem::path folder{};                  ///< all files lie in it; empty: they may lie anywhere
  std::unordered_set<std::int64_t> outside{};      ///< ids of images whose only file lies elsewhere, and was refused
  /// Where images are no files (layers of a build), `image_files` are empty, and these are what each is known by again.
  std::vector<std::uint64_t> image_checksums{};

  Index size() const { return static_cast<Index>(coco.images.size()); }
};

/// The splits of a data set; all of them have the same categories. Missing ones are empty.
struct CocoSplits {
  std::filesystem::path root;
  std::optional<CocoSplit> train, valid, test;
  /// JSON files of the data set that were not used, because others fit their split better or their name none.
  std::vector<std::filesystem::path> left_aside{};

  /// The names of `left_aside` after a few words; empty if there are none.
  std::string left_aside_text() const {
    std::string names;
    for (const std::filesystem::path& file : left_aside) names += (names.empty() ? "" : ", ") + file.string();
    return names.empty() ? "" : "JSON files that are not used: " + names;
  }
  /// The split of that name. @throws FileError if the data set has none.
  const CocoSplit& at(const std::string& name) const {
    for (const std::optional<CocoSplit>* split : {&train, &valid, &test})
      if (*split && (*split)->name == name) return **split;
    throw FileError(concat(root.empty() ? "the data set" : root.string(), ": has no ", name, " split",
                           left_aside.empty() ? "" : "; ", left_aside_text()));
  }
  /// The split to measure a trained model on: the test split, or the validation split where there is no test image.
  /// @throws FileError if the data set has neither.
  const CocoSplit& evaluation_split() const { return test && test->size() > 0 ? *test : at("valid"); }
};

/// The splits to measure a trained model on, the first choice first; see `SplitOptions::first_of`.
inline const std::vector<std::string> evaluation_splits{"test", "valid"};

/// How to split the images of a data set that comes as one annotation file.
struct SplitOptions {
  /// Annotation file: a name within the folder of each split, or the path of one file for everything, absolute or
  /// relative to the data set; empty: looked for.
  std::filesystem::path annotation_file{};
  std::uint64_t seed = 0;
  double valid_fraction = 0.1, test_fraction = 0.1;
  /// Accept entries whose image file is not there; their path in `image_files` is empty.
  bool allow_missing_images = false;
  /// Accept image files outside of the data set's folder, where file names in annotations (`../a.jpg`, `/a.jpg`) or
  /// links may lead. That folder is `root`, or, of an annotation file that is not in it, the one around that file.
  bool allow_outside_files = false;
  /// Read only the first of these splits that has images, and ask for no other files than its own; empty: all splits.
  /// (Of one file for everything all splits are read, but only the images of that one must be there.)
  std::vector<std::string> first_of{};
};

namespace detail {

/// What is wrong with a file that does not lie in `folder`.
inline std::string outside_text(const std::filesystem::path& folder) {
  return concat(" lies outside of the data set's folder, ", folder.string(),
                ", which is refused unless it is asked for (allow_outside_files)");
}

/// @throws FileError that names the entry if there is no file for it.
inline void require_image_file(const CocoSplit& split, std::size_t index) {
  if (!split.image_files[index].empty()) return;
  const CocoImage& image = split.coco.images[index];
  const std::string where = concat(split.annotation_file.string(), ": images[", index, "] (id ", image.id, "): ");
  require<FileError>(!split.outside.contains(image.id), where, "the file \"", image.file_name, '"',
                     outside_text(split.folder));
  throw FileError(concat(where, "there is no file \"", image.file_name, "\" beside it, in images/ or in data/"));
}

inline void require_image_files(const CocoSplit& split) {
  for (std::size_t i = 0; i < split.image_files.size(); ++i) require_image_file(split, i);
}

inline CocoSplit read_split(const std::string& name, const std::filesystem::path& annotation_file,
                            const std::filesystem::path& folder, bool allow_missing_images) {
  CocoSplit split{name, annotation_file, read_coco_annotations(annotation_file, CocoStrictness::training), {}, folder};
  std::sort(split.coco.categories.begin(), split.coco.categories.end(),
            [](const CocoCategory& a, const CocoCategory& b) { return a.id < b.id; });
  const ImageFinder finder(annotation_file, split.coco.images);
  for (const CocoImage& image : split.coco.images) {
    split.image_files.push_back(finder.find(image, folder));
    if (split.image_files.back().empty() && !finder.find(image).empty()) split.outside.insert(image.id);
  }
  if (!allow_missing_images) require_image_files(split);
  return split;
}

/// The folder that the images of an annotation file must lie in; see `SplitOptions::allow_outside_files`.
inline std::filesystem::path folder_of_images(const std::filesystem::path& annotation_file, const CocoSplits& splits,
                                              const SplitOptions& options) {
  if (options.allow_outside_files) return {};
  const bool in_root = is_folder(splits.root) && lies_in(annotation_file.parent_path(), splits.root);
  if (!in_root) return data_set_of(annotation_file);
  const std::filesystem::path root = (absolute_path(splits.root) / "").lexically_normal().parent_path();
  return is_annotation_folder(root) ? root.parent_path() : splits.root;  // whose images lie beside it
}

/// The images with the given positions, in this order, and their annotations.
inline CocoSplit select_images(const CocoSplit& all, const std::string& name, std::vector<std::size_t> positions) {
  CocoSplit split{name, all.annotation_file, {}, {}, all.folder, all.outside, {}};
  split.coco.categories = all.coco.categories;
  std::unordered_set<std::int64_t> chosen;
  std::sort(positions.begin(), positions.end());
  for (const std::size_t i : positions) {
    split.coco.images.push_back(all.coco.images[i]);
    split.image_files.push_back(all.image_files[i]);
    if (!all.image_checksums.empty()) split.image_checksums.push_back(all.image_checksums[i]);
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

inline void require_same_categories(const CocoSplit& a, const CocoSplit& b) {
  const auto same = [](const CocoCategory& x, const CocoCategory& y) { return x.id == y.id && x.name == y.name; };
  const auto& expected = a.coco.categories;
  const auto& found = b.coco.categories;
  const auto [x, y] = std::mismatch(expected.begin(), expected.end(), found.begin(), found.end(), same);
  const auto text = [](const auto& categories, auto category) {
    return category == categories.end() ? std::string("none")
                                        : concat(category->id, " '", printable(category->name), "'");
  };
  require<FileError>(x == expected.end() && y == found.end(), b.annotation_file.string(),
                     ": its categories differ from those of ", a.annotation_file.string(), ": category ",
                     x - expected.begin() + 1, " is ", text(found, y), ", expected ", text(expected, x));
}

inline std::optional<CocoSplit>& member(CocoSplits& splits, std::string_view name) {
  return name == "train" ? splits.train : name == "valid" ? splits.valid : splits.test;
}

/// Reads the splits that are wanted from a file each.
inline void read_split_files(const std::map<std::string, std::filesystem::path>& files, const SplitOptions& options,
                             CocoSplits& splits) {
  const bool all = options.first_of.empty();
  const CocoSplit* first = nullptr;
  for (const std::string& name : all ? std::vector<std::string>{"train", "valid", "test"} : options.first_of) {
    const auto file = files.find(name);
    if (file == files.end()) continue;
    std::optional<CocoSplit>& split = member(splits, name);
    split =
        read_split(name, file->second, folder_of_images(file->second, splits, options), options.allow_missing_images);
    if (!all && split->size() > 0) return;
    if (first) require_same_categories(*first, *split);
    first = &*split;
  }
}

/// Splits one file for everything by the seed. All splits stay, since they cost nothing more; the images of those that
/// are wanted have to be there.
inline void read_single_file(const std::filesystem::path& file, const SplitOptions& options, CocoSplits& splits) {
  split_by_seed(read_split("all", file, folder_of_images(file, splits, options), true), options, splits);
  if (options.allow_missing_images) return;
  if (options.first_of.empty())
    for (const std::string_view name : {"train", "valid", "test"}) require_image_files(*member(splits, name));
  for (const std::string& name : options.first_of) {
    require_image_files(*member(splits, name));
    if (member(splits, name)->size() > 0) return;
  }
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

/// Reads a COCO data set as Roboflow, CVAT, Label Studio, FiftyOne or COCO itself lay it out (see docs/data.md): a
/// folder for each of `train`, `valid` and `test`; or `annotations/instances_train.json` and so on; or one annotation
/// file for everything, which is then split by a seed. The names of splits count in any case, with other words and in
/// other spellings. `root` may also be that file itself, or empty beside an `annotation_file`.
/// @throws FileError that names what is missing, several candidates, or the faulty entry.
inline CocoSplits read_coco_splits(const std::filesystem::path& root, const SplitOptions& options = {}) {
  const std::filesystem::path& wanted = options.annotation_file;
  const bool named_file = wanted.empty() && is_file(root);
  const bool one_file = named_file || root.empty() || wanted.is_absolute();
  const std::filesystem::path file = named_file ? root : wanted;
  require(!root.empty() || !wanted.empty(), "data set: neither its folder nor an annotation file is given");
  require<FileError>(one_file || is_folder(root), root.string(), ": there is no such folder");
  const detail::SplitFiles files(named_file || root.empty() ? detail::data_set_of(file) : root);
  CocoSplits splits{root.empty() ? wanted : root, {}, {}, {}};
  if (!one_file)
    if (const auto found = files.splits(file); !found.empty()) {
      detail::read_split_files(found, options, splits);
      splits.left_aside = files.left_aside(found, !file.empty());
      return splits;
    }
  const std::filesystem::path single = one_file ? file : file.empty() ? files.single() : root / file;
  require<FileError>(!single.empty(), root.string(), ": has no COCO annotations: expected train/, valid/ and test/ ",
                     "with _annotations.coco.json in each, or one JSON file");
  detail::read_single_file(single, options, splits);
  splits.left_aside = files.left_aside({{"all", single}}, false);
  return splits;
}

/// A line that warns of JSON files that were not used; empty if there are none.
inline std::string left_aside_warning(const CocoSplits& splits) {
  return splits.left_aside.empty() ? "" : concat("warning: ", printable(splits.left_aside_text()), '\n');
}

}  // namespace amdefect
