#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "amdefect/boxes/box.hpp"
#include "amdefect/core/error.hpp"
#include "amdefect/io/json_reader.hpp"
#include "amdefect/io/json_value.hpp"
#include "amdefect/metrics/coco_validate.hpp"

namespace amdefect {

/// What may be wrong with the annotations of an image.
enum class Mistake : std::size_t {
  missing,      ///< an object without an annotation
  spurious,     ///< an annotation without an object
  wrong_class,  ///< an object under the name of another class
  loose_box,    ///< a box that does not fit its object
  duplicate     ///< a second annotation of the same object
};
inline constexpr std::array<const char*, 5> mistake_names{"missing", "spurious", "class", "box", "duplicate"};
inline const char* mistake_name(Mistake mistake) { return mistake_names[static_cast<std::size_t>(mistake)]; }

/// An annotation as it is in the file that was reviewed.
struct AnnotationState {
  std::int64_t id = 0, category_id = 0;
  CocoBox box{};

  friend bool operator==(const AnnotationState&, const AnnotationState&) = default;
};

/// A change of the annotations of an image: an annotation is added (`missing`), removed (`spurious`, `duplicate`), or
/// gets another category (`wrong_class`) or box (`loose_box`).
struct Suggestion {
  Mistake mistake = Mistake::missing;
  std::int64_t image_id = 0;
  std::optional<AnnotationState> was{};  ///< the annotation in question; none that is missing
  std::int64_t category_id = 0;          ///< as it should be; of what is removed as it is
  CocoBox box{};                         ///< likewise
  double confidence = 0;                 ///< about the probability that there is a mistake
  std::string reason{};                  ///< one line for people

  bool removes() const { return mistake == Mistake::spurious || mistake == Mistake::duplicate; }
  friend bool operator==(const Suggestion&, const Suggestion&) = default;
};

namespace detail {

inline JsonValue box_json(const CocoBox& box) { return JsonValue::array({box.x, box.y, box.width, box.height}); }

/// @throws FileError for anything but [x, y, width, height] with an extent.
inline CocoBox read_box(const JsonReader& reader) {
  const auto numbers = reader.as<std::vector<double>>();
  if (numbers.size() != 4 || !(numbers[2] > 0) || !(numbers[3] > 0))
    reader.fail("expected [x, y, width, height] with a width and height above 0, found " + reader.value().to_text());
  return {numbers[0], numbers[1], numbers[2], numbers[3]};
}

}  // namespace detail

inline JsonValue to_json(const Suggestion& suggestion) {
  JsonValue json{{"kind", mistake_name(suggestion.mistake)}, {"image_id", suggestion.image_id}};
  if (suggestion.was)
    json.set("annotation", JsonValue{{"id", suggestion.was->id},
                                     {"category_id", suggestion.was->category_id},
                                     {"bbox", detail::box_json(suggestion.was->box)}});
  json.set("category_id", suggestion.category_id);
  json.set("bbox", detail::box_json(suggestion.box));
  json.set("confidence", suggestion.confidence);
  json.set("reason", suggestion.reason);
  return json;
}

/// The suggestion in a JSON object that may also have the key "accepted". @throws FileError that names the key.
inline Suggestion read_suggestion(const JsonReader& reader) {
  reader.allow_only({"accepted", "kind", "image_id", "annotation", "category_id", "bbox", "confidence", "reason",
                     "file_name"});  // as suggestions.json has it
  Suggestion suggestion;
  const auto kind = reader.get<std::string>("kind");
  std::string known;
  std::size_t mistake = 0;
  while (mistake < mistake_names.size() && kind != mistake_names[mistake])
    known += concat(known.empty() ? "" : ", ", mistake_names[mistake++]);
  if (mistake == mistake_names.size())
    reader.at("kind").fail(concat("expected one of ", known, ", found '", kind, "'"));
  suggestion.mistake = static_cast<Mistake>(mistake);
  suggestion.image_id = reader.get<std::int64_t>("image_id");
  const bool missing = suggestion.mistake == Mistake::missing;
  if (missing && reader.contains("annotation")) reader.at("annotation").fail("a missing box has none");
  if (!missing) {
    const JsonReader was = reader.at("annotation");
    was.allow_only({"id", "category_id", "bbox"});
    // A wrong box may have no extent.
    const auto box = was.get<std::vector<double>>("bbox");
    if (box.size() != 4) was.at("bbox").fail("expected [x, y, width, height]");
    suggestion.was = {
        was.get<std::int64_t>("id"), was.get<std::int64_t>("category_id"), {box[0], box[1], box[2], box[3]}};
  }
  suggestion.category_id = reader.get<std::int64_t>("category_id");
  suggestion.box = suggestion.removes() || suggestion.mistake == Mistake::wrong_class
                       ? suggestion.was->box
                       : detail::read_box(reader.at("bbox"));
  suggestion.confidence = reader.get<double>("confidence", 0);
  suggestion.reason = reader.get<std::string>("reason", "");
  return suggestion;
}

}  // namespace amdefect
