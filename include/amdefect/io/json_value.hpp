#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/io/json_text.hpp"

namespace amdefect {

/// Any JSON value in memory: for descriptions of models and the like (lists of a million images are read otherwise).
///
///     JsonValue layer{{"kind", "conv2d"}, {"filters", 16}, {"padding", JsonValue::array({1, 1})}};
///     layer.to_text();                                      // {"kind":"conv2d","filters":16,"padding":[1,1]}
///     JsonValue same = parse_json(layer.to_text(), "model.json");  // json_reader.hpp
///
/// 64-bit integers are exact; the members of an object keep their order. `JsonReader` takes values apart with messages
/// that name the file and the key.
class JsonValue {
 public:
  using Member = std::pair<std::string, JsonValue>;
  using Array = std::vector<JsonValue>;
  using Object = std::vector<Member>;

  JsonValue() = default;  ///< null
  JsonValue(std::same_as<bool> auto value) : value_(value) {}
  template <std::integral I>
  requires(!std::same_as<I, bool>) JsonValue(I value) {
    if (std::in_range<std::int64_t>(value))
      value_ = static_cast<std::int64_t>(value);
    else
      value_ = static_cast<std::uint64_t>(value);
  }
  JsonValue(std::floating_point auto value) : value_(static_cast<double>(value)) {}
  template <std::convertible_to<std::string_view> S>
  JsonValue(const S& text) : value_(std::string(std::string_view(text))) {}
  /// An object of these members.
  JsonValue(std::initializer_list<Member> members) : value_(Object(members)) {}
  JsonValue(Object members) : value_(std::move(members)) {}
  JsonValue(Array items) : value_(std::move(items)) {}

  /// An array of the elements of any range, e.g. a vector of names or a `Shape`.
  template <class Range>
  static JsonValue array(const Range& range) {
    Array items;
    for (const auto& item : range) items.emplace_back(item);
    return items;
  }
  template <class V>
  static JsonValue array(std::initializer_list<V> range) {
    return array<std::initializer_list<V>>(range);
  }
  static JsonValue object() { return Object{}; }

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  /// The content if it is of that type, else null; numbers: `std::int64_t`, `std::uint64_t` (above the largest
  /// `std::int64_t`) or `double` (written with a fraction or an exponent).
  template <class V>
  const V* get_if() const {
    return std::get_if<V>(&value_);
  }

  /// The member of that name, or null if there is none or this is no object.
  const JsonValue* find(std::string_view key) const {
    if (const Object* members = get_if<Object>())
      for (const Member& member : *members)
        if (member.first == key) return &member.second;
    return nullptr;
  }
  /// Adds a member to an object (or to null, which becomes one), or replaces the one of that name.
  /// @throws Error for any other value.
  JsonValue& set(std::string key, JsonValue value) {
    if (is_null()) value_ = Object{};
    Object* members = std::get_if<Object>(&value_);
    require(members != nullptr, "json: cannot set the member '", key, "' of ", kind());
    for (Member& member : *members)
      if (member.first == key) return member.second = std::move(value), *this;
    members->emplace_back(std::move(key), std::move(value));
    return *this;
  }

  /// The type as messages call it, e.g. "an array".
  const char* kind() const {
    constexpr const char* names[] = {"null",     "a boolean", "an integer", "an integer",
                                     "a number", "a string",  "an array",   "an object"};
    return names[value_.index()];
  }

  /// The value as JSON text on one line. @throws Error for a number that is not finite, which JSON has no word for.
  std::string to_text() const {
    std::string text;
    append(text);
    return text;
  }

  /// Numbers are equal by their value, objects whatever the order of their members.
  friend bool operator==(const JsonValue& a, const JsonValue& b) {
    const Object* object = a.get_if<Object>();
    if (!object) return a.equals(b);
    const Object* other = b.get_if<Object>();
    if (!other || other->size() != object->size()) return false;
    for (const auto& [key, value] : *object) {
      const JsonValue* twin = b.find(key);
      if (!twin || !(*twin == value)) return false;
    }
    return true;
  }

 private:
  bool equals(const JsonValue& other) const {
    const auto *integer = get_if<std::int64_t>(), *other_integer = other.get_if<std::int64_t>();
    const auto *number = get_if<double>(), *other_number = other.get_if<double>();
    if (integer && other_number) return static_cast<double>(*integer) == *other_number;
    if (number && other_integer) return *number == static_cast<double>(*other_integer);
    return value_ == other.value_;
  }

  void append(std::string& text) const {
    const auto list = [&](const auto& items, const auto& write) {
      for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0) text += ',';
        write(items[i]);
      }
    };
    if (const bool* boolean = get_if<bool>()) {
      text += *boolean ? "true" : "false";
    } else if (const auto* integer = get_if<std::int64_t>()) {
      text += std::to_string(*integer);
    } else if (const auto* large = get_if<std::uint64_t>()) {
      text += std::to_string(*large);
    } else if (const double* number = get_if<double>()) {
      append_number(text, *number);
    } else if (const auto* string = get_if<std::string>()) {
      text += detail::json_quote(*string);
    } else if (const Array* items = get_if<Array>()) {
      text += '[';
      list(*items, [&](const JsonValue& item) { item.append(text); });
      text += ']';
    } else if (const Object* members = get_if<Object>()) {
      text += '{';
      list(*members, [&](const Member& member) {
        text += detail::json_quote(member.first) + ':';
        member.second.append(text);
      });
      text += '}';
    } else {
      text += "null";
    }
  }
  /// The shortest digits that give the same double again, with a point or an exponent, so that it stays a double.
  static void append_number(std::string& text, double number) {
    require(std::isfinite(number), "json: ", number, " cannot be written as a number");
    char digits[32];
    const std::string_view written(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
    text += written;
    if (written.find_first_of(".e") == std::string_view::npos) text += ".0";
  }

  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, Array, Object> value_;
};

}  // namespace amdefect
