#include "amdefect/coco/split_names.hpp"

#include "fuzz_target.hpp"

namespace {

/// The name of a file or folder.
void fuzz_split_names(std::span<const std::uint8_t> input) {
  const auto named = amdefect::detail::split_of_name(std::string(text_of(input)));
  promise(named.split.empty() || named.split == "train" || named.split == "valid" || named.split == "test");
  static_cast<void>(amdefect::detail::is_annotation_folder(std::string(text_of(input))));
  static_cast<void>(amdefect::is_system_name(std::string(text_of(input))));
}

const RegisterFuzzTarget split_names_target("split_names", fuzz_split_names);

}  // namespace
