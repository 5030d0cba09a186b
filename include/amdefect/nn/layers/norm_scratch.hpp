#pragma once

#include <cstddef>

#include "amdefect/kernels/batch_norm.hpp"
#include "amdefect/nn/context.hpp"

namespace amdefect::detail {

/// The scratch memory of a normalisation: three rows of a double for each channel, the values of `channels`, and the
/// memory of the sums over pixels.
template <class T>
class NormScratch {
 public:
  static std::size_t bytes(const NormGeometry& g) {
    return rows * static_cast<std::size_t>(g.channels) * sizeof(double) + batch_norm_scratch(g);
  }

  NormScratch(const Context<T>& context, const NormGeometry& g)
      : memory_(context.template scratch<double>()), size_(g.channels) {}

  double* row(Index index) const { return memory_ + index * size_; }
  std::byte* sums() const { return reinterpret_cast<std::byte*>(row(static_cast<Index>(rows))); }

  /// What the forward pass computes of each channel, the same whenever it is asked for: normalised with the mean and
  /// `inverse_deviation(channel)`, times gamma, plus beta, then the activation.
  template <class InverseDeviation>
  NormChannels<T> channels(TensorView<const T> gamma, TensorView<const T> beta, const double* mean,
                           InverseDeviation&& inverse_deviation, Activation activation = Activation::none) const {
    auto* centre = reinterpret_cast<T*>(row(3));
    auto* scale = reinterpret_cast<T*>(row(4));
    for (Index c = 0; c < size_; ++c) {
      centre[c] = static_cast<T>(mean[c]);
      scale[c] = static_cast<T>(static_cast<double>(gamma[c]) * inverse_deviation(c));
    }
    return {centre, scale, beta.data(), activation};
  }

 private:
  static constexpr std::size_t rows = 5;

  double* memory_;
  Index size_;
};

}  // namespace amdefect::detail
