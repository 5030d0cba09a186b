#include "amdefect/viz/history_json.hpp"

#include "fuzz_target.hpp"
#include "memory_file.hpp"

namespace {

/// history.json beside the weights.
void fuzz_history(std::span<const std::uint8_t> input) {
  const MemoryFile file(input);
  promise(amdefect::read_history(file.path()).size() <= input.size() + 1);
}

const RegisterFuzzTarget history_target("history", fuzz_history);

}  // namespace
