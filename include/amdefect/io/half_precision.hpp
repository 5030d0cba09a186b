#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/tensor.hpp"
#include "amdefect/io/half_float.hpp"
#include "amdefect/io/tensor_file.hpp"

namespace amdefect {

/// Tensors for a file of half the size: those of two and more dimensions, the kernels, become F16, each number the
/// nearest one. Biases, norms and their statistics, which are few and may be tiny, stay as they are.
class HalfPrecision {
 public:
  /// The elements of tensors that stay are borrowed. @throws Error for a number that F16 does not have: not finite, or
  /// from 65520 on.
  explicit HalfPrecision(std::span<const TensorEntry> entries) {
    for (const TensorEntry& entry : entries) entries_.push_back(entry.shape.rank() < 2 ? entry : halved(entry));
  }

  /// Valid as long as this lives.
  std::span<const TensorEntry> entries() const { return entries_; }

 private:
  TensorEntry halved(const TensorEntry& entry) {
    if (entry.dtype != "F32" && entry.dtype != "F64") return entry;
    Tensor<float> values(entry.shape);
    detail::convert_elements(entry.dtype, entry.bytes, values.view());
    auto half = std::make_unique<std::vector<Float16>>();
    for (const float value : values.span()) {
      half->push_back(Float16::nearest(value));
      require((half->back().bits & 0x7C00) != 0x7C00, "half precision: tensor '", entry.name, "' holds ", value,
              ", expected numbers below 65520");
    }
    owned_.push_back(std::move(half));
    return {entry.name, "F16", entry.shape, std::as_bytes(std::span(*owned_.back()))};
  }

  std::vector<TensorEntry> entries_;
  std::vector<std::unique_ptr<std::vector<Float16>>> owned_;
};

}  // namespace amdefect
