#pragma once

#include <locale>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "amdefect/detection/anchor_free/anchor_free_model.hpp"
#include "amdefect/detection/detector.hpp"
#include "amdefect/io/json_text.hpp"
#include "amdefect/io/safetensors.hpp"

namespace amdefect {

/// Key of a model's description in the metadata of its weights file.
inline constexpr const char* description_key = "amdefect";

/// All that has to be known besides the weights to use an anchor-free detector; stored with them as JSON.
struct AnchorFreeDescription {
  AnchorFreeModel model;
  DetectorLabels labels;
  double score_threshold = 0.35;  ///< where the best F1 commonly is; training measures it on validation images

  friend bool operator==(const AnchorFreeDescription&, const AnchorFreeDescription&) = default;
};

namespace detail {

template <class Item, class Write>
std::string json_list(const std::vector<Item>& items, Write write) {
  std::string text = "[";
  for (const Item& item : items) text += concat(text.size() > 1 ? "," : "", write(item));
  return text + "]";
}
inline std::string json_list(const std::vector<Index>& numbers) {
  return json_list(numbers, [](Index number) { return number; });
}

inline std::vector<Index> read_integers(JsonText& json) {
  std::vector<Index> numbers;
  json.expect('[');
  json.list(']', [&] { numbers.push_back(json.integer()); });
  return numbers;
}

/// Reads the members of an object; `member(key)` reads the value and returns false for a key it does not know.
template <class Member>
void read_object(JsonText& json, Member&& member) {
  json.expect('{');
  json.list('}', [&] {
    const std::string key = json.string();
    json.expect(':');
    if (!member(key)) json.fail("a known key", json_quote(key));
  });
}

inline void read_network(JsonText& json, AnchorFreeModel& model) {
  read_object(json, [&](std::string_view key) {
    const std::pair<std::string_view, Index*> numbers[] = {{"stem", &model.stem},
                                                           {"pyramid", &model.pyramid},
                                                           {"head_convs", &model.head_convs},
                                                           {"levels", &model.levels},
                                                           {"box_bins", &model.box_bins}};
    for (const auto& [name, number] : numbers)
      if (key == name) return *number = json.integer(), true;
    if (key == "widths") return model.widths = read_integers(json), true;
    if (key == "blocks") return model.blocks = read_integers(json), true;
    return false;
  });
}

}  // namespace detail

/// The network's part of a model as JSON: `{"stem":16,"widths":[32,64,128],...}`, without channels and classes, which
/// depend on the data.
inline std::string to_json_text(const AnchorFreeModel& model) {
  return concat("{\"stem\":", model.stem, ",\"widths\":", detail::json_list(model.widths),
                ",\"blocks\":", detail::json_list(model.blocks), ",\"pyramid\":", model.pyramid,
                ",\"head_convs\":", model.head_convs, ",\"levels\":", model.levels, ",\"box_bins\":", model.box_bins,
                '}');
}

/// Reads what `to_json_text` writes; keys that are left out keep the values of dense-n.
/// @throws FileError for anything else, Error for a model without meaning.
inline AnchorFreeModel anchor_free_model_of(std::string_view text) {
  AnchorFreeModel model;
  detail::JsonText json(text, "anchor-free model: ");
  detail::read_network(json, model);
  json.expect_end();
  check(model);
  return model;
}

/// The description as metadata of a weights file.
inline SafetensorsMetadata metadata_of(const AnchorFreeDescription& description) {
  const auto digits = [](double number) {
    std::ostringstream text;
    text.imbue(std::locale::classic());
    text.precision(17);
    text << number;
    return text.str();
  };
  return {{description_key,
           concat("{\"architecture\":\"dense\",\"channels\":", description.model.channels,
                  ",\"class_names\":", detail::json_list(description.labels.class_names, detail::json_quote),
                  ",\"category_ids\":", detail::json_list(description.labels.category_ids), ",\"box_offset\":",
                  digits(description.labels.box_offset), ",\"score_threshold\":", digits(description.score_threshold),
                  ",\"network\":", to_json_text(description.model), '}')}};
}

/// The description of an anchor-free detector in a weights file. @throws FileError if it holds none, or that of another
/// kind.
inline AnchorFreeDescription anchor_free_description(const SafetensorsFile& file) {
  const std::string where = concat("detector: ", file.path().string(), ": ");
  const auto found = file.metadata().find(description_key);
  require<FileError>(found != file.metadata().end(), where, "holds weights but no description of a detector ('",
                     description_key, "' in its metadata); was it written by 'amdefect train'?");
  AnchorFreeDescription description;
  detail::JsonText json(found->second, where);
  std::string architecture;
  detail::read_object(json, [&](std::string_view key) {
    if (key == "architecture") {
      architecture = json.string();
      require<FileError>(architecture == "dense", where, "is a model of the architecture '", architecture,
                         "', expected 'dense'; models of all kinds are opened by the program ('amdefect predict') and "
                         "by open_detector in its source, examples/defect_detector/paper/paper_detector.hpp");
    } else if (key == "channels") {
      description.model.channels = json.integer();
    } else if (key == "class_names") {
      json.expect('[');
      json.list(']', [&] { description.labels.class_names.push_back(json.string()); });
    } else if (key == "category_ids") {
      description.labels.category_ids = detail::read_integers(json);
    } else if (key == "box_offset") {
      description.labels.box_offset = json.number();
    } else if (key == "score_threshold") {
      description.score_threshold = json.number();
    } else if (key == "network") {
      detail::read_network(json, description.model);
    } else {
      return false;
    }
    return true;
  });
  json.expect_end();
  const DetectorLabels& labels = description.labels;
  require<FileError>(
      architecture == "dense" && !labels.class_names.empty() && labels.class_names.size() == labels.category_ids.size(),
      where, "its description is not consistent");
  require<FileError>(description.score_threshold >= 0 && description.score_threshold <= 1, where, "score_threshold is ",
                     description.score_threshold, ", expected 0 to 1");
  description.model.classes = static_cast<Index>(labels.class_names.size());
  try {
    check(description.model);
  } catch (const Error& error) {
    throw FileError(concat(where, error.what()));
  }
  return description;
}

}  // namespace amdefect
