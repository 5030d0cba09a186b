#pragma once

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "amdefect/io/json_reader.hpp"
#include "amdefect/kernels/geometry.hpp"
#include "amdefect/nn/initializer.hpp"

/// How the attributes of layers are written as JSON and read again. Reading bounds all sizes, so that no model file
/// makes the arithmetic of shapes overflow.
namespace amdefect::detail {

/// A size from `least` to 2^20, e.g. a stride.
inline Index read_size(const JsonReader& value, Index least = 1, Index most = Index{1} << 20) {
  const auto size = value.as<Index>();
  if (size < least || size > most) value.fail(concat("expected a size from ", least, " to ", most, ", found ", size));
  return size;
}
inline Index read_size(const JsonReader& attributes, std::string_view key, Index least = 1) {
  return read_size(attributes.at(key), least);
}

/// Two sizes of at least `least`; `what` describes them, such as "[height, width]".
inline std::pair<Index, Index> read_pair(const JsonReader& pair, const char* what, Index least) {
  if (pair.size() != 2) pair.fail(concat("expected ", what, ", found ", pair.size(), " numbers"));
  return {read_size(pair.item(0), least), read_size(pair.item(1), least)};
}
inline std::pair<Index, Index> read_height_width(const JsonReader& attributes, std::string_view key, Index least = 1) {
  return read_pair(attributes.at(key), "[height, width]", least);
}

inline JsonValue json_of(const Shape& shape) { return JsonValue::array(shape); }
/// The shape of one sample.
inline Shape read_shape(const JsonReader& value) {
  std::vector<Index> dims;
  constexpr Index largest = Index{1} << 31;
  for (std::size_t i = 0; i < value.size(); ++i) dims.push_back(read_size(value.item(i), 0, largest));
  if (dims.size() >= Shape::max_rank) value.fail(concat("expected at most ", Shape::max_rank - 1, " dimensions"));
  return Shape(dims);
}

/// "valid", "same", or [top, bottom, left, right] in pixels.
inline JsonValue json_of(const Padding& padding) {
  if (padding.mode == PaddingMode::valid) return "valid";
  if (padding.mode == PaddingMode::same) return "same";
  return JsonValue::array({padding.top, padding.bottom, padding.left, padding.right});
}
inline Padding read_padding(const JsonReader& value) {
  if (!value.value().get_if<std::string>()) {
    if (value.size() != 4) value.fail("expected \"valid\", \"same\" or [top, bottom, left, right]");
    const auto pixels = [&](std::size_t i) { return read_size(value.item(i), 0); };
    return Padding::pixels(pixels(0), pixels(1), pixels(2), pixels(3));
  }
  const auto name = value.as<std::string>();
  if (name != "valid" && name != "same")
    value.fail(concat("expected \"valid\", \"same\" or [top, bottom, left, right], found ", json_quote(name)));
  return name == "same" ? Padding::same() : Padding::valid();
}

inline constexpr std::array<const char*, 5> initializer_names{"zeros", "ones", "glorot_uniform", "he_normal",
                                                              "small_normal"};

inline JsonValue json_of(Initializer initializer) { return initializer_names[static_cast<std::size_t>(initializer)]; }
inline Initializer read_initializer(const JsonReader& value) {
  const auto name = value.as<std::string>();
  for (std::size_t i = 0; i < initializer_names.size(); ++i)
    if (name == initializer_names[i]) return static_cast<Initializer>(i);
  value.fail(concat("expected an initializer such as \"he_normal\", found ", json_quote(name)));
}

}  // namespace amdefect::detail
