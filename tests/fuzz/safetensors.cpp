#include "amdefect/io/safetensors.hpp"

#include "fuzz_target.hpp"

namespace {

using namespace amdefect;

/// Any bytes as a file; every tensor of it is read.
void fuzz_safetensors(std::span<const std::uint8_t> input) {
  const auto bytes = std::as_bytes(input);
  const SafetensorsFile file("input", {bytes.begin(), bytes.end()});
  std::size_t total = 0;
  for (const TensorEntry& entry : file.entries()) {
    total += entry.bytes.size();
    promise(file.entry(entry.name).bytes.data() == entry.bytes.data());
    try {
      promise(file.tensor<float>(entry.name).size() == entry.shape.elements());
    } catch (const Error&) {  // of a type that is not converted
    }
  }
  promise(total <= input.size());
}

const RegisterFuzzTarget safetensors_target("safetensors", fuzz_safetensors);

}  // namespace
