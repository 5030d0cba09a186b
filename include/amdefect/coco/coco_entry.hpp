#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "amdefect/boxes/box.hpp"
#include "amdefect/core/error.hpp"

namespace amdefect::detail {

/// The fields of COCO entries that are read; all others are skipped.
enum class CocoField {
  id,
  image_id,
  category_id,
  bbox,
  score,
  area,
  iscrowd,
  ignore,
  file_name,
  width,
  height,
  name,
  supercategory,
  other
};

inline constexpr std::array<std::string_view, 13> coco_field_names = {
    "id",     "image_id",  "category_id", "bbox",   "score", "area",         "iscrowd",
    "ignore", "file_name", "width",       "height", "name",  "supercategory"};

inline CocoField coco_field(std::string_view name) {
  std::size_t field = 0;
  while (field < coco_field_names.size() && coco_field_names[field] != name) ++field;
  return static_cast<CocoField>(field);
}

/// A JSON value as it was read. Lists and objects keep nothing but their kind.
struct CocoValue {
  enum class Kind { absent, null, boolean, integer, real, text, list, object };

  Kind kind = Kind::absent;
  std::int64_t integer = 0;  ///< also of a boolean
  double real = 0;           ///< also of an integer
  std::string text;

  bool given() const { return kind != Kind::absent && kind != Kind::null; }
  bool is_number() const { return kind == Kind::integer || kind == Kind::real; }
};

/// The type as messages call it.
inline const char* kind_name(CocoValue::Kind kind) {
  constexpr const char* names[] = {"nothing",  "null",     "a boolean", "a number",
                                   "a number", "a string", "a list",    "an object"};
  return names[static_cast<std::size_t>(kind)];
}

/// The value itself, as far as it fits into a message.
inline std::string describe(const CocoValue& value) {
  switch (value.kind) {
    case CocoValue::Kind::boolean:
      return value.integer ? "true" : "false";
    case CocoValue::Kind::integer:
      return concat(value.integer);
    case CocoValue::Kind::real:
      return concat(value.real);
    case CocoValue::Kind::text:
      return concat('"', value.text.size() > 40 ? value.text.substr(0, 40) + "..." : value.text, '"');
    default:
      return kind_name(value.kind);
  }
}

/// One object of a list in a COCO file (an image, category, annotation or result): its known fields, and where it
/// stands.
class CocoEntry {
 public:
  /// Starts entry number `index` of a list.
  void restart(const std::string& file, const std::string& list, std::size_t index) {
    file_ = file;
    list_ = list;
    index_ = index;
    box_size_ = 0;
    for (CocoValue& value : values_) value.kind = CocoValue::Kind::absent;
  }

  CocoValue& operator[](CocoField field) { return values_[static_cast<std::size_t>(field)]; }
  const CocoValue& operator[](CocoField field) const { return values_[static_cast<std::size_t>(field)]; }

  /// Where it stands, e.g. `gt.json: annotations[17] (id 42)`.
  std::string where() const {
    const CocoValue& own = (*this)[CocoField::id];
    return concat(file_, ": ", list_, '[', index_, ']',
                  own.is_number() || own.kind == CocoValue::Kind::text ? concat(" (id ", describe(own), ")") : "");
  }
  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    throw FileError(concat(where(), ": ", parts...));
  }
  /// Throws a FileError that says what `field` should be and what it is.
  [[noreturn]] void expected(const char* what, CocoField field) const {
    const CocoValue& value = (*this)[field];
    const std::string_view name = coco_field_names[static_cast<std::size_t>(field)];
    if (value.kind == CocoValue::Kind::absent) fail("has no \"", name, "\", expected ", what);
    fail('"', name, "\" is ", describe(value), ", expected ", what);
  }

  /// A 64-bit integer; digits in quotes and 7.0 count as one too.
  std::int64_t integer(CocoField field) const {
    const CocoValue& value = (*this)[field];
    if (value.kind == CocoValue::Kind::integer) return value.integer;
    if (value.kind == CocoValue::Kind::real && std::abs(value.real) <= 0x1p53 && std::trunc(value.real) == value.real)
      return static_cast<std::int64_t>(value.real);
    if (value.kind == CocoValue::Kind::text) {
      const char* const end = value.text.data() + value.text.size();
      std::int64_t parsed = 0;
      const auto [stop, failure] = std::from_chars(value.text.data(), end, parsed);
      if (failure == std::errc() && stop == end) return parsed;
    }
    expected("an integer of at most 64 bits (or its digits in quotes)", field);
  }
  std::int64_t integer_or(CocoField field, std::int64_t fallback) const {
    return (*this)[field].given() ? integer(field) : fallback;
  }
  double number(CocoField field) const {
    if (!(*this)[field].is_number()) expected("a number", field);
    return (*this)[field].real;
  }
  std::optional<double> number_if_given(CocoField field) const {
    return (*this)[field].given() ? std::optional(number(field)) : std::nullopt;
  }
  /// Names are sometimes plain numbers.
  std::string text_or(CocoField field, const std::string& fallback) const {
    const CocoValue& value = (*this)[field];
    if (!value.given()) return fallback;
    if (value.kind == CocoValue::Kind::text) return value.text;
    if (value.is_number()) return describe(value);
    expected("a string", field);
  }
  /// A size in pixels; 0 if it is not given.
  std::int64_t size(CocoField field) const {
    const std::int64_t size = integer_or(field, 0);
    if (size < 0) expected("at least 0", field);
    return size;
  }
  /// True, false, 1 or 0.
  bool flag(CocoField field) const {
    const CocoValue& value = (*this)[field];
    if (!value.given()) return false;
    if (value.kind == CocoValue::Kind::boolean) return value.integer != 0;
    if (value.is_number() && (value.real == 0 || value.real == 1)) return value.real == 1;
    expected("0 or 1", field);
  }

  /// Takes the next number of the "bbox" list.
  void add_box_number(double number) {
    if (box_size_ < box_.size()) box_[box_size_] = number;
    ++box_size_;
  }
  void clear_box() { box_size_ = 0; }
  /// [x, y, width, height] with a width and height of at least 0, all within 1e9.
  CocoBox box() const {
    if ((*this)[CocoField::bbox].kind != CocoValue::Kind::list) expected("[x, y, width, height]", CocoField::bbox);
    if (box_size_ != 4) fail("\"bbox\" has ", box_size_, " numbers, expected [x, y, width, height]");
    const CocoBox box{box_[0], box_[1], box_[2], box_[3]};
    if (box.width < 0 || box.height < 0) fail("\"bbox\" ", box, " has a negative width or height");
    constexpr double most = 1e9;  // pixels; its square is an area that can be summed
    for (const double number : box_)
      if (!(std::abs(number) <= most)) fail("\"bbox\" ", box, " has numbers beyond ", most);
    return box;
  }

 private:
  std::string file_, list_;
  std::size_t index_ = 0;
  std::array<CocoValue, coco_field_names.size()> values_;
  std::array<double, 4> box_{};
  std::size_t box_size_ = 0;
};

}  // namespace amdefect::detail
