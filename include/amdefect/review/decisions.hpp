#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "amdefect/coco/coco_json.hpp"
#include "amdefect/coco/json_list.hpp"
#include "amdefect/core/error.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/io/file_bytes.hpp"
#include "amdefect/io/json_reader.hpp"
#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/review/suggestion.hpp"

namespace amdefect {

/// What was decided on a review's page: the suggestions that are to be followed.
struct Decisions {
  std::filesystem::path annotation_file;  ///< that was reviewed
  std::vector<Suggestion> accepted{};
  std::size_t rejected = 0;
};

/// Reads a decisions.json. @throws FileError that names the entry: not JSON, an unknown, missing or unfit key.
inline Decisions read_decisions(const std::filesystem::path& path) {
  const Bytes bytes = read_bytes(path);
  const JsonValue json = parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string());
  const JsonReader reader(json, path.string());
  reader.allow_only({"annotation_file", "decisions"});
  Decisions decisions{reader.get<std::string>("annotation_file")};
  const JsonReader list = reader.at("decisions");
  for (std::size_t i = 0; i < list.size(); ++i) {
    Suggestion suggestion = read_suggestion(list.item(i));
    if (list.item(i).get<bool>("accepted"))
      decisions.accepted.push_back(std::move(suggestion));
    else
      ++decisions.rejected;
  }
  return decisions;
}

namespace detail {

/// Changes the JSON of an annotation file, whose entries `dataset` has in the same order.
class DecisionWriter {
 public:
  using Json = nlohmann::ordered_json;

  DecisionWriter(const std::filesystem::path& file, const CocoDataset& dataset)
      : file_(file.string()),
        dataset_(dataset),
        images_(sorted_ids(dataset.images)),
        categories_(sorted_ids(dataset.categories)) {
    for (std::size_t i = 0; i < dataset.annotations.size(); ++i) positions_.emplace(dataset.annotations[i].id, i);
  }

  /// @throws FileError that says which decision does not fit.
  void apply(const std::vector<Suggestion>& accepted, Json& annotations) {
    changes_.assign(dataset_.annotations.size(), nullptr);
    for (std::size_t i = 0; i < accepted.size(); ++i) check(i, accepted[i]);
    Json result = Json::array();
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      if (changes_[i] && changes_[i]->removes()) continue;
      if (changes_[i]) change(annotations[i], *changes_[i]);
      result.push_back(std::move(annotations[i]));
    }
    std::int64_t id = 0;
    for (const CocoAnnotation& annotation : dataset_.annotations) id = std::max(id, annotation.id);
    for (const Suggestion& suggestion : accepted)
      if (suggestion.mistake == Mistake::missing) result.push_back(added(++id, suggestion));
    annotations = std::move(result);
  }

 private:
  void check(std::size_t index, const Suggestion& suggestion) {
    const auto ensure = [&]<class... Parts>(bool good, const Parts&... parts) {
      require<FileError>(good, "decisions: accepted[", index, "] (", mistake_name(suggestion.mistake), "): ", parts...);
    };
    ensure(find_id(images_, suggestion.image_id) >= 0, file_, " has no image with id ", suggestion.image_id);
    ensure(find_id(categories_, suggestion.category_id) >= 0, file_, " has no category with id ",
           suggestion.category_id);
    if (!suggestion.was) {
      for (const CocoAnnotation& a : dataset_.annotations)
        ensure(
            a.image_id != suggestion.image_id || a.category_id != suggestion.category_id || !(a.box == suggestion.box),
            file_, " has this box already, annotation ", a.id);
      return;
    }
    const auto found = positions_.find(suggestion.was->id);
    ensure(found != positions_.end(), file_, " has no annotation with id ", suggestion.was->id);
    const CocoAnnotation& now = dataset_.annotations[found->second];
    ensure(now.image_id == suggestion.image_id && now.category_id == suggestion.was->category_id &&
               now.box == suggestion.was->box,
           "annotation ", now.id, " of ", file_, " is no longer the one that was reviewed: it is ", now.box,
           ", category ", now.category_id, ", image ", now.image_id, ", expected ", suggestion.was->box, ", category ",
           suggestion.was->category_id, ", image ", suggestion.image_id);
    ensure(changes_[found->second] == nullptr, "there is another decision about annotation ", now.id);
    changes_[found->second] = &suggestion;
  }

  static void change(Json& entry, const Suggestion& suggestion) {
    entry["category_id"] = suggestion.category_id;
    if (suggestion.mistake != Mistake::loose_box) return;
    entry["bbox"] = to_json(suggestion.box);
    entry["area"] = suggestion.box.width * suggestion.box.height;
    if (entry.contains("segmentation")) entry["segmentation"] = Json::array();  // the outline of the old box
  }
  static Json added(std::int64_t id, const Suggestion& suggestion) {
    return {{"id", id},
            {"image_id", suggestion.image_id},
            {"category_id", suggestion.category_id},
            {"bbox", to_json(suggestion.box)},
            {"area", suggestion.box.width * suggestion.box.height},
            {"iscrowd", 0}};
  }

  std::string file_;
  const CocoDataset& dataset_;
  std::vector<std::int64_t> images_, categories_;
  std::unordered_map<std::int64_t, std::size_t> positions_;
  std::vector<const Suggestion*> changes_;  // of each annotation
};

}  // namespace detail

/// Writes the annotation file as it is after the decisions, as a whole or not at all. What was not decided stays: all
/// fields, also unknown ones, the order, the ids; added boxes come last and get new ids. A changed box loses its
/// outline (`segmentation`), which would be that of the old one.
/// @throws FileError for a file that cannot be read or written, and for a decision about an annotation that is not
/// there, has changed since, or has a second decision, or that adds a box which is there.
inline void apply_decisions(const std::filesystem::path& annotation_file, const std::vector<Suggestion>& accepted,
                            const std::filesystem::path& output) {
  const CocoDataset dataset = read_coco_annotations(annotation_file);
  std::ifstream stream(annotation_file, std::ios::binary);
  nlohmann::ordered_json document = nlohmann::ordered_json::parse(stream);  // sound, as was seen just now
  detail::DecisionWriter(annotation_file, dataset).apply(accepted, document["annotations"]);
  AtomicFile file(output);
  std::string before = "{";
  for (const auto& member : document.items()) {
    const nlohmann::ordered_json& value = member.value();
    file.write(concat(before, nlohmann::json(member.key()).dump(), ": "));
    if (value.is_array())
      detail::write_json_list(file, value.size(), [&](std::size_t i) { return value[i]; });
    else
      file.write(value.dump());
    before = ",\n";
  }
  file.write("}\n");
  file.commit();
}

}  // namespace amdefect
