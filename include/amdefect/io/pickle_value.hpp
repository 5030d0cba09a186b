#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

/// Python's pickle. Nothing is executed: a name of Python is only a name, which is never looked up, and a call,
/// whatever it is of, is kept as what was to be called with what.
namespace amdefect {

struct PickleValue;

/// A list or set, tuple, dictionary (keys and values in turn), call (what was to be called and a tuple), or persistent
/// object (what identifies it); an index for `Pickle::items`.
struct PickleItems {
  enum class Kind { list, tuple, dictionary, call, persistent } kind;
  std::size_t index;
};
/// A class or function of Python, such as `torch FloatStorage`.
struct PickleName {
  std::string_view module, name;
};
struct PickleMark {};

struct PickleValue {
  std::variant<std::monostate, bool, std::int64_t, double, std::string_view, PickleName, PickleItems, PickleMark> value;

  template <class T>
  const T* get_if() const {
    return std::get_if<T>(&value);
  }
  /// The index of these items if they are of this kind.
  std::optional<std::size_t> items(PickleItems::Kind kind) const {
    const auto* found = get_if<PickleItems>();
    return found && found->kind == kind ? std::optional(found->index) : std::nullopt;
  }
};

}  // namespace amdefect
