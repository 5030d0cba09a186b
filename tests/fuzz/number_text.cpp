#include "amdefect/core/number_text.hpp"

#include "fuzz_target.hpp"

namespace {

using namespace amdefect;

/// A number is the same when it is written and read again.
void fuzz_number_text(std::span<const std::uint8_t> input) {
  const std::string_view text = text_of(input);
  if (const auto number = parse_number<double>(text)) {
    const bool is_nan = *number != *number;
    promise(is_nan || parse_number<double>(shortest_number(*number)) == number);
    promise(is_nan || parse_number<double>(hexadecimal_number(*number)) == number);
  }
  if (const auto number = parse_number<std::int64_t>(text))
    promise(parse_number<std::int64_t>(concat(*number)) == number);
  static_cast<void>(parse_number<std::uint8_t>(text));
  static_cast<void>(read_number<float>(text, -1, 1));
}

const RegisterFuzzTarget number_text_target("number_text", fuzz_number_text);

}  // namespace
