#include "amdefect/detection/image_membership.hpp"
#include "fuzz_target.hpp"
#include "metadata_file.hpp"

namespace {

using namespace amdefect;

/// The images that a detector says it was trained with.
void fuzz_membership(std::span<const std::uint8_t> input) {
  const auto file = safetensors_in_memory({}, {{images_key, std::string(text_of(input))}});
  const ImageMembership membership = read_membership(file);
  promise(16 * (membership.train.size() + membership.valid.size() + membership.test.size()) <= input.size());
}

const RegisterFuzzTarget membership_target("membership", fuzz_membership);

}  // namespace
