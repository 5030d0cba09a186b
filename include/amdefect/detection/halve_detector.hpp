#pragma once

#include <filesystem>

#include "amdefect/core/execution.hpp"
#include "amdefect/detection/open_detector.hpp"
#include "amdefect/io/half_precision.hpp"
#include "amdefect/io/safetensors.hpp"
#include "amdefect/io/weights_file.hpp"

namespace amdefect {

/// Writes a detector again with its kernels in half precision (`HalfPrecision`), about half as large; a checkpoint's
/// state of the training is left out. What it computes changes in the third digit, so that its self-test is made anew.
/// `from` may be the folder of a run. @throws FileError for a file that `open_detector` does not open or that cannot be
/// written, Error for weights that F16 does not have.
inline void halve_detector(const std::filesystem::path& from, const std::filesystem::path& to,
                           const Execution& execution = {}) {
  const SafetensorsFile file = read_safetensors(weights_file(from));
  static_cast<void>(open_detector(file, execution));  // or nothing is written
  std::vector<TensorEntry> weights;
  for (const TensorEntry& entry : file.entries())
    if (!is_training_state(entry.name)) weights.push_back(entry);
  const HalfPrecision half(weights);
  SafetensorsMetadata metadata = file.metadata();
  metadata.erase(self_test_key);
  write_safetensors(to, half.entries(), metadata);
  metadata.merge(open_detector(to, execution)->self_test_metadata());
  write_safetensors(to, half.entries(), metadata);
}

}  // namespace amdefect
