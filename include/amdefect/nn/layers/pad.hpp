#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/box_runs.hpp"
#include "amdefect/nn/attributes.hpp"
#include "amdefect/nn/layer.hpp"

namespace amdefect {

/// Entries to add at both ends of an axis.
struct PadWidth {
  Index before = 0, after = 0;
};

/// Adds entries of one value around each sample (NumPy's and PyTorch's pad, mode "constant"): [batch, a, b, ...] ->
/// [batch, before + a + after, ...]. A border of one pixel around images: Pad({{1, 1}, {1, 1}}).
template <class T = float>
class Pad : public Layer<T> {
 public:
  /// `widths` are those of the axes behind the batch, in their order (PyTorch's are the other way round); axes that
  /// have none stay as they are. @throws Error for a negative width, more axes than a tensor has, and a value that is
  /// not finite.
  explicit Pad(std::vector<PadWidth> widths, double value = 0) : widths_(std::move(widths)), value_(value) {
    require(widths_.size() < Shape::max_rank, "pad: expected widths of at most ", Shape::max_rank - 1, " axes, got ",
            widths_.size());
    for (const PadWidth& width : widths_)
      require(width.before >= 0 && width.after >= 0, "pad: widths must not be negative, got ", width.before, " and ",
              width.after);
    require(std::isfinite(value), "pad: the value must be finite, got ", value);
  }
  explicit Pad(const JsonReader& attributes)
      : Pad(read_widths(attributes.at("widths")), attributes.get<double>("value")) {}

  std::string kind() const override { return "pad"; }
  JsonValue attributes() const override {
    JsonValue::Array widths;
    for (const PadWidth& width : widths_) widths.push_back(JsonValue::array({width.before, width.after}));
    return {{"widths", std::move(widths)}, {"value", value_}};
  }
  Shape output_shape(const Shape& input) const override {
    require<ShapeError>(input.rank() > widths_.size(), "pad: expected a batch and at least ", widths_.size(),
                        " dimensions more, got ", input);
    std::array<Index, Shape::max_rank> dims{};
    std::copy(input.begin(), input.end(), dims.begin());
    for (std::size_t i = 0; i < widths_.size(); ++i) dims[i + 1] += widths_[i].before + widths_[i].after;
    return Shape(std::span<const Index>(dims.data(), input.rank()));
  }
  MemoryTraits traits() const override { return {.needs_input = false}; }
  void forward(Context<T>&, TensorView<const T> x, TensorView<T> y) const override {
    const auto value = static_cast<T>(value_);
    Index done = 0;  // of y
    for_each_box_run(y.shape(), x.shape(), origin(), [&](Index of_y, Index of_x, Index run) {
      std::fill(y.data() + done, y.data() + of_y, value);
      std::copy_n(x.data() + of_x, run, y.data() + of_y);
      done = of_y + run;
    });
    std::fill(y.data() + done, y.data() + y.size(), value);
  }
  void backward(Context<T>&, TensorView<const T>, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    if (dx.empty()) return;
    for_each_box_run(dy.shape(), dx.shape(), origin(),
                     [&](Index of_y, Index of_x, Index run) { std::copy_n(dy.data() + of_y, run, dx.data() + of_x); });
  }

 private:
  static std::vector<PadWidth> read_widths(const JsonReader& list) {
    std::vector<PadWidth> widths;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto [before, after] = detail::read_pair(list.item(i), "[before, after]", 0);
      widths.push_back({before, after});
    }
    return widths;
  }
  BoxOrigin origin() const {
    BoxOrigin origin{};
    for (std::size_t i = 0; i < widths_.size(); ++i) origin[i + 1] = widths_[i].before;
    return origin;
  }

  std::vector<PadWidth> widths_;
  double value_;
};

AMDEFECT_COMPILED_CLASS(Pad)

}  // namespace amdefect
