#pragma once

#include <initializer_list>
#include <locale>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

#include "amdefect/core/printable.hpp"

#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
#error "amdefect: -ffast-math (-ffinite-math-only) removes the checks for NaN and infinity; compile without it"
#elif defined(__ASSOCIATIVE_MATH__)
#error "amdefect: -fassociative-math (-funsafe-math-optimizations) changes the order of sums; compile without it"
#endif

namespace amdefect {

/// Every error this library reports: one line that names what was wrong, where, what was expected and what was found.
/// Whatever names out of files are in it, it can be shown on a terminal (see `printable`).
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(printable(message)) {}
};

/// A tensor, image or layer got a shape it cannot work on.
class ShapeError : public Error {
 public:
  using Error::Error;
};

/// A file is missing, unreadable, truncated or not in its format.
class FileError : public Error {
 public:
  using Error::Error;
};

namespace detail {

/// A stream into a string. Its functions are not inline, so that their code is there once and not in each message.
class TextStream {
 public:
  [[gnu::noinline]] TextStream() {
    out_.imbue(std::locale::classic());  // no thousands separators, whatever the program's locale
  }
  [[gnu::noinline]] ~TextStream() {}
  [[gnu::noinline]] std::string text() const { return out_.str(); }
  std::ostream& stream() { return out_; }

 private:
  std::ostringstream out_;
};

}  // namespace detail

/// Writes all parts one after the other into a string.
template <class... Parts>
std::string concat(const Parts&... parts) {
  detail::TextStream text;
  (text.stream() << ... << parts);
  return text.text();
}

/// Throws `Exception` with the concatenated parts as its message unless `condition` holds.
template <class Exception = Error, class... Parts>
void require(bool condition, const Parts&... parts) {
  if (!condition) [[unlikely]]
    throw Exception(concat(parts...));
}

/// Throws an Error that names the first number that is no probability: "WHERENAME is VALUE, expected 0 to 1".
inline void require_probabilities(const char* where, std::initializer_list<std::pair<const char*, double>> numbers) {
  for (const auto& [name, value] : numbers)
    require(value >= 0 && value <= 1, where, name, " is ", value, ", expected 0 to 1");
}

}  // namespace amdefect
