#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/io/json_text.hpp"
#include "amdefect/io/json_value.hpp"

namespace amdefect {

namespace detail {

/// Builds the value of a whole JSON text. The nesting is bounded, so that no text exhausts the stack.
class JsonParser {
 public:
  JsonParser(std::string_view text, std::string_view where) : json_(text, where) {}

  JsonValue parse() {
    JsonValue result = value(0);
    json_.expect_end();
    return result;
  }

 private:
  static constexpr int deepest = 64;

  JsonValue value(int depth) {
    if (depth > deepest) json_.fail(concat("at most ", deepest, " levels of nesting"), "more");
    if (json_.accept('{')) return object(depth);
    if (json_.accept('[')) {
      JsonValue::Array items;
      json_.list(']', [&] { items.push_back(value(depth + 1)); });
      return items;
    }
    if (json_.next_is('"')) return json_.string();
    if (json_.accept_word("null")) return {};
    if (json_.accept_word("true")) return true;
    if (json_.accept_word("false")) return false;
    return number();
  }

  JsonValue object(int depth) {
    JsonValue::Object members;
    std::set<std::string> keys;
    json_.list('}', [&] {
      std::string key = json_.string();
      if (!keys.insert(key).second) json_.fail("every key of an object once", concat(json_quote(key), " again"));
      json_.expect(':');
      members.emplace_back(std::move(key), value(depth + 1));
    });
    return members;
  }

  /// Integers of 64 bits stay exact, all other numbers become a double.
  JsonValue number() {
    const std::string_view token = json_.number_token();
    const auto is_whole = [&](auto& integer) {
      const auto [end, problem] = std::from_chars(token.data(), token.data() + token.size(), integer);
      return problem == std::errc{} && end == token.data() + token.size();
    };
    std::int64_t integer = 0;
    if (is_whole(integer)) return integer;
    std::uint64_t large = 0;
    if (is_whole(large)) return large;
    return json_.to_double(token);
  }

  JsonText json_;
};

}  // namespace detail

/// The value of a JSON text; `file` names it in messages. @throws FileError for anything that RFC 8259 does not allow,
/// a key that appears twice in an object, and more than 64 levels of nesting.
inline JsonValue parse_json(std::string_view text, std::string_view file) {
  const std::string where = concat(file, ": ");
  return detail::JsonParser(text, where).parse();
}

/// A JSON value to be taken apart, together with where it is, so that each message names the file and the key:
///
///     JsonReader layer(value, "model.safetensors");
///     layer.get<Index>("filters");          // model.safetensors: filters: expected an integer, found a string
///     layer.get<double>("slope", 0.01);     // 0.01 if there is no such key
///     layer.at("inputs").item(0).as<std::string>();
///
/// The value must outlive its readers. All functions throw a FileError if the value is of another type.
class JsonReader {
 public:
  JsonReader(const JsonValue& value, std::string file) : value_(&value), file_(std::move(file)) {}

  const JsonValue& value() const { return *value_; }

  /// Members of an object.
  const JsonValue::Object& members() const { return expect<JsonValue::Object>("an object"); }
  bool contains(std::string_view key) const { return members(), value_->find(key) != nullptr; }
  JsonReader at(std::string_view key) const {
    members();
    const JsonValue* found = value_->find(key);
    if (!found) fail(concat("expected the key ", detail::json_quote(key), ", found none"));
    return {*found, file_, path_.empty() ? std::string(key) : concat(path_, '.', key)};
  }
  template <class V>
  V get(std::string_view key) const {
    return at(key).template as<V>();
  }
  template <class V>
  V get(std::string_view key, V otherwise) const {
    return contains(key) ? get<V>(key) : std::move(otherwise);
  }
  /// @throws FileError if there is a key that is not among these: of a newer version, or misspelt.
  void allow_only(std::initializer_list<std::string_view> keys) const {
    for (const auto& [key, value] : members()) {
      if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
      std::string known;
      for (const std::string_view name : keys) known += concat(known.empty() ? "" : ", ", name);
      fail(concat("unknown key ", detail::json_quote(key), ", expected ", known.empty() ? "none" : known));
    }
  }

  /// Items of an array.
  std::size_t size() const { return expect<JsonValue::Array>("an array").size(); }
  JsonReader item(std::size_t index) const {
    const auto& items = expect<JsonValue::Array>("an array");
    if (index >= items.size()) fail(concat("expected more than ", index, " items, found ", items.size()));
    return {items[index], file_, concat(path_, '[', index, ']')};
  }

  /// The value as `bool`, any integer type (whole, also written as 8.0, and in its range), `double` or `float` (from
  /// integers, too), `std::string`, or a `std::vector` of these.
  template <class V>
  V as() const {
    if constexpr (std::same_as<V, bool>) {
      return expect<bool>("true or false");
    } else if constexpr (std::integral<V>) {
      return integer<V>();
    } else if constexpr (std::floating_point<V>) {
      if (const auto* whole = value_->get_if<std::int64_t>()) return static_cast<V>(*whole);
      if (const auto* large = value_->get_if<std::uint64_t>()) return static_cast<V>(*large);
      return static_cast<V>(expect<double>("a number"));
    } else if constexpr (std::same_as<V, std::string>) {
      return expect<std::string>("a string");
    } else {
      V result;
      for (std::size_t i = 0; i < size(); ++i) result.push_back(item(i).template as<typename V::value_type>());
      return result;
    }
  }

  /// @throws FileError always: the file, the keys that lead here, and the problem.
  [[noreturn]] void fail(const std::string& problem) const {
    throw FileError(concat(file_, ": ", path_, path_.empty() ? "" : ": ", problem));
  }

 private:
  JsonReader(const JsonValue& value, std::string file, std::string path)
      : value_(&value), file_(std::move(file)), path_(std::move(path)) {}

  template <class Stored>
  const Stored& expect(const char* expected) const {
    const Stored* stored = value_->get_if<Stored>();
    if (!stored) fail(concat("expected ", expected, ", found ", value_->kind()));
    return *stored;
  }
  template <class V>
  V integer() const {
    if (const auto* whole = value_->get_if<std::int64_t>(); whole && std::in_range<V>(*whole))
      return static_cast<V>(*whole);
    if (const auto* large = value_->get_if<std::uint64_t>(); large && std::in_range<V>(*large))
      return static_cast<V>(*large);
    // 8.0 is a whole number, too: up to here a double is every one of them.
    if (const auto* real = value_->get_if<double>(); real && std::abs(*real) <= 0x1p53 && *real == std::trunc(*real))
      if (const auto whole = static_cast<std::int64_t>(*real); std::in_range<V>(whole)) return static_cast<V>(whole);
    const bool any = value_->get_if<std::int64_t>() || value_->get_if<std::uint64_t>();
    fail(concat("expected an integer",
                any ? concat(" from ", +std::numeric_limits<V>::min(), " to ", +std::numeric_limits<V>::max()) : "",
                ", found ", any ? value_->to_text() : value_->kind()));
  }

  const JsonValue* value_;
  std::string file_, path_;
};

}  // namespace amdefect
