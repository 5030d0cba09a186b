#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/coco/coco_entry.hpp"
#include "amdefect/coco/coco_parser.hpp"
#include "amdefect/coco/json_list.hpp"
#include "amdefect/core/error.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/metrics/coco_validate.hpp"

namespace amdefect {

/// What a COCO annotation file must satisfy beyond its format.
/// `evaluation` tolerates what pycocotools does: annotations of unknown images or categories, images without file name.
/// `training` reports these as errors.
enum class CocoStrictness { evaluation, training };

namespace detail {

inline void require_known_references(const std::string& file, const CocoDataset& dataset) {
  const std::vector<std::int64_t> images = sorted_ids(dataset.images), categories = sorted_ids(dataset.categories);
  for (std::size_t i = 0; i < dataset.annotations.size(); ++i) {
    const CocoAnnotation& annotation = dataset.annotations[i];
    require<FileError>(find_id(images, annotation.image_id) >= 0, file, ": annotations[", i, "] (id ", annotation.id,
                       "): there is no image with id ", annotation.image_id);
    require<FileError>(find_id(categories, annotation.category_id) >= 0, file, ": annotations[", i, "] (id ",
                       annotation.id, "): there is no category with id ", annotation.category_id);
  }
}

/// Collects the three lists of an annotation file.
struct CocoDatasetSink {
  CocoStrictness strictness;
  CocoDataset dataset{};

  void start(std::size_t list) {
    if (list == 0) dataset.images.clear();
    if (list == 1) dataset.annotations.clear();
    if (list == 2) dataset.categories.clear();
  }
  void add(std::size_t list, const CocoEntry& entry) {
    if (list == 0) dataset.images.push_back(image(entry));
    if (list == 1) dataset.annotations.push_back(annotation(entry));
    if (list == 2) dataset.categories.push_back(category(entry));
  }

  CocoImage image(const CocoEntry& entry) const {
    CocoImage image{entry.integer(CocoField::id), entry.text_or(CocoField::file_name, ""), entry.size(CocoField::width),
                    entry.size(CocoField::height)};
    if (image.file_name.empty() && strictness == CocoStrictness::training)
      entry.expected("the name of an image file", CocoField::file_name);
    return image;
  }
  static CocoCategory category(const CocoEntry& entry) {
    const std::int64_t id = entry.integer(CocoField::id);
    std::string name = entry.text_or(CocoField::name, "");
    if (name.empty()) name = std::to_string(id);
    return {id, std::move(name), entry.text_or(CocoField::supercategory, "")};
  }
  static CocoAnnotation annotation(const CocoEntry& entry) {
    const CocoBox box = entry.box();
    const double area = entry.number_if_given(CocoField::area).value_or(box.width * box.height);
    if (area < 0) entry.fail("\"area\" is ", area, ", expected at least 0");
    return {entry.integer(CocoField::id),
            entry.integer(CocoField::image_id),
            entry.integer(CocoField::category_id),
            box,
            area,
            entry.flag(CocoField::iscrowd),
            entry.flag(CocoField::ignore)};
  }
};

struct CocoResultSink {
  std::vector<CocoResult> results{};

  void start(std::size_t) {}
  void add(std::size_t, const CocoEntry& entry) {
    results.push_back({entry.integer(CocoField::image_id), entry.integer(CocoField::category_id), entry.box(),
                       entry.number(CocoField::score)});
  }
};

inline nlohmann::ordered_json to_json(const CocoBox& box) { return {box.x, box.y, box.width, box.height}; }

inline nlohmann::ordered_json to_json(const CocoImage& image) {
  return {{"id", image.id}, {"file_name", image.file_name}, {"width", image.width}, {"height", image.height}};
}
inline nlohmann::ordered_json to_json(const CocoCategory& category) {
  return {{"id", category.id}, {"name", category.name}, {"supercategory", category.supercategory}};
}

/// Writes a list as JSON; `entry(i)` gives the i-th entry.
template <class Entry>
void write_json_list(AtomicFile& file, std::size_t count, Entry&& entry) {
  JsonList list(file);
  for (std::size_t i = 0; i < count; ++i) list.add(entry(i));
  list.finish();
}

}  // namespace detail

/// Reads a COCO annotation file. Keys may come in any order and unknown ones hold anything; ids may be digits in
/// quotes; a missing area is that of the box, a missing or empty category name is its id.
/// @throws FileError that names the file and the offending entry: not JSON, a list or field missing or of a wrong type,
/// a negative size, a repeated id, and what `strictness` asks for.
inline CocoDataset read_coco_annotations(const std::filesystem::path& path,
                                         CocoStrictness strictness = CocoStrictness::training) {
  detail::CocoDatasetSink sink{strictness};
  detail::CocoParser(path, {"images", "annotations", "categories"}, sink).parse();
  detail::require_unique_ids<FileError>(path.string() + ": ", sink.dataset);
  if (strictness == CocoStrictness::training) detail::require_known_references(path.string(), sink.dataset);
  return std::move(sink.dataset);
}

/// Reads a COCO results file: a list of objects with image_id, category_id, bbox and score.
/// @throws FileError that names the file and the offending entry.
inline std::vector<CocoResult> read_coco_results(const std::filesystem::path& path) {
  detail::CocoResultSink sink;
  detail::CocoParser(path, {}, sink).parse();
  return std::move(sink.results);
}

/// @throws FileError that names the first result of an image that is not in the data set, and with `training` also the
/// first one of a category that is not; `file` is the name of the results file.
inline void require_known_references(const std::filesystem::path& file, const CocoDataset& dataset,
                                     const std::vector<CocoResult>& results, CocoStrictness strictness) {
  const std::vector<std::int64_t> images = detail::sorted_ids(dataset.images);
  const std::vector<std::int64_t> categories = detail::sorted_ids(dataset.categories);
  for (std::size_t i = 0; i < results.size(); ++i) {
    require<FileError>(detail::find_id(images, results[i].image_id) >= 0, file.string(), ": results[", i,
                       "]: there is no image with id ", results[i].image_id);
    require<FileError>(
        strictness == CocoStrictness::evaluation || detail::find_id(categories, results[i].category_id) >= 0,
        file.string(), ": results[", i, "]: there is no category with id ", results[i].category_id);
  }
}

/// Writes an annotation file, an entry per line. @throws FileError if it cannot be written, Error for a box or number
/// that is negative or not finite; the file is then left as it was.
inline void write_coco_annotations(const std::filesystem::path& path, const CocoDataset& dataset) {
  using Json = nlohmann::ordered_json;
  AtomicFile file(path);
  file.write("{\"images\": ");
  detail::write_json_list(file, dataset.images.size(),
                          [&](std::size_t i) { return detail::to_json(dataset.images[i]); });
  file.write(",\n\"categories\": ");
  detail::write_json_list(file, dataset.categories.size(),
                          [&](std::size_t i) { return detail::to_json(dataset.categories[i]); });
  file.write(",\n\"annotations\": ");
  detail::write_json_list(file, dataset.annotations.size(), [&](std::size_t i) -> Json {
    const CocoAnnotation& annotation = dataset.annotations[i];
    detail::require_sound<Error>("write COCO file: ", "annotations", i, annotation.box, "area", annotation.area);
    Json entry = {{"id", annotation.id},
                  {"image_id", annotation.image_id},
                  {"category_id", annotation.category_id},
                  {"bbox", detail::to_json(annotation.box)},
                  {"area", annotation.area},
                  {"iscrowd", annotation.crowd ? 1 : 0}};
    if (annotation.ignore) entry["ignore"] = 1;
    return entry;
  });
  file.write("}\n");
  file.commit();
}

/// A results file that is written as the detections come, an entry per line; it appears under its name with `commit`.
class CocoResultsFile {
 public:
  /// @throws FileError if a file cannot be created there.
  explicit CocoResultsFile(const std::filesystem::path& path) : file_(path), list_(file_) {}

  /// @throws as `write_coco_annotations`.
  void add(const CocoResult& result) {
    detail::require_sound<Error>("write COCO file: ", "results", list_.size(), result.box, "score", result.score);
    list_.add({{"image_id", result.image_id},
               {"category_id", result.category_id},
               {"bbox", detail::to_json(result.box)},
               {"score", result.score}});
  }
  /// Completes the file. @throws FileError
  void commit() {
    list_.finish();
    file_.write("\n");
    file_.commit();
  }

 private:
  AtomicFile file_;
  detail::JsonList list_;
};

/// Writes a whole results file. @throws as `write_coco_annotations`.
inline void write_coco_results(const std::filesystem::path& path, const std::vector<CocoResult>& results) {
  CocoResultsFile file(path);
  for (const CocoResult& result : results) file.add(result);
  file.commit();
}

}  // namespace amdefect
