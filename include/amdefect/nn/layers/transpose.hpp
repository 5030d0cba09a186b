#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/permute.hpp"
#include "amdefect/nn/attributes.hpp"
#include "amdefect/nn/layer.hpp"

namespace amdefect {

/// The axes of each sample in another order (Keras' Permute): axis i of the output is axis axes[i - 1] of the input,
/// counted from 1, as the batch stays in front. PyTorch's layout of images, [batch, channels, height, width], is
/// Transpose({3, 1, 2}).
template <class T = float>
class Transpose : public Layer<T> {
 public:
  /// @throws Error unless the axes are 1, 2, ... in some order, at most five.
  explicit Transpose(std::vector<Index> axes) : axes_(std::move(axes)) {
    require(axes_.size() < Shape::max_rank, "transpose: expected at most ", Shape::max_rank - 1, " axes, got ",
            axes_.size());
    std::vector<Index> sorted = axes_;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < sorted.size(); ++i)
      require(sorted[i] == static_cast<Index>(i) + 1, "transpose: expected the axes 1 to ", sorted.size(),
              " in some order, got ", JsonValue::array(axes_).to_text());
  }
  explicit Transpose(const JsonReader& attributes) : Transpose(attributes.get<std::vector<Index>>("axes")) {}

  std::string kind() const override { return "transpose"; }
  JsonValue attributes() const override { return {{"axes", JsonValue::array(axes_)}}; }
  Shape output_shape(const Shape& input) const override {
    require<ShapeError>(input.rank() == axes_.size() + 1, "transpose: expected a batch and ", axes_.size(),
                        " dimensions more, got ", input);
    return permuted(input, order());
  }
  MemoryTraits traits() const override { return {.needs_input = false}; }
  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    permute(context.execution.threads, x.shape(), order(), x.data(), y.data());
  }
  void backward(Context<T>& context, TensorView<const T>, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    if (dx.empty()) return;
    permute(context.execution.threads, dy.shape(), inverse(order(), dy.rank()), dy.data(), dx.data());
  }

 private:
  /// With the batch.
  AxisOrder order() const {
    AxisOrder order{};
    std::copy(axes_.begin(), axes_.end(), order.begin() + 1);
    return order;
  }

  std::vector<Index> axes_;
};

AMDEFECT_COMPILED_CLASS(Transpose)

}  // namespace amdefect
