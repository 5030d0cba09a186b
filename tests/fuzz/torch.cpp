#include "amdefect/io/torch_file.hpp"

#include "fuzz_target.hpp"

namespace {

using namespace amdefect;

/// Any bytes as a file of PyTorch; every tensor of it is read.
void fuzz_torch(std::span<const std::uint8_t> input) {
  const TorchFile file("input", {input.begin(), input.end()});
  for (const TensorEntry& entry : file.entries()) {
    promise(entry.bytes.size() <= 4 * input.size());
    promise(file.entry(entry.name).bytes.data() == entry.bytes.data());
    try {
      promise(file.tensor<float>(entry.name).size() == entry.shape.elements());
    } catch (const Error&) {  // of a type that is not converted
    }
  }
}

const RegisterFuzzTarget torch_target("torch", fuzz_torch);

}  // namespace
