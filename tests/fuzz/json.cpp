#include "amdefect/io/json_reader.hpp"
#include "fuzz_target.hpp"

namespace {

using namespace amdefect;

/// What is read and written again is the same.
void fuzz_json(std::span<const std::uint8_t> input) {
  const JsonValue value = parse_json(text_of(input), "input");
  promise(parse_json(value.to_text(), "again") == value);
}

const RegisterFuzzTarget json_target("json", fuzz_json);

}  // namespace
