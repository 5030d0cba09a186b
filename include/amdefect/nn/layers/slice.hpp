#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/box_runs.hpp"
#include "amdefect/nn/attributes.hpp"
#include "amdefect/nn/layer.hpp"

namespace amdefect {

/// The entries [begin, begin + count) of one axis; the opposite of `Concatenate`. Axis -1 is the last one (channels);
/// the batch, axis 0, cannot be cut.
template <class T = float>
class Slice : public Layer<T> {
 public:
  /// @throws Error unless begin >= 0 and count > 0.
  Slice(Index axis, Index begin, Index count) : axis_(axis), begin_(begin), count_(count) {
    require(begin >= 0 && count > 0, "slice: expected begin >= 0 and count > 0, got ", begin, " and ", count);
  }
  explicit Slice(const JsonReader& attributes)
      : Slice(Index{attributes.get<std::int8_t>("axis")}, detail::read_size(attributes, "begin", 0),
              detail::read_size(attributes, "count")) {}

  std::string kind() const override { return "slice"; }
  JsonValue attributes() const override { return {{"axis", axis_}, {"begin", begin_}, {"count", count_}}; }
  Shape output_shape(const Shape& input) const override {
    const std::size_t axis = resolve_axis("slice", axis_, input);
    require<ShapeError>(begin_ + count_ <= input[axis], "slice: expected at least ", begin_ + count_,
                        " entries along axis ", axis_, ", got ", input);
    Shape output = input;
    output[axis] = count_;
    return output;
  }
  MemoryTraits traits() const override { return {.needs_input = false}; }
  void forward(Context<T>&, TensorView<const T> x, TensorView<T> y) const override {
    for_each_box_run(x.shape(), y.shape(), origin(x.shape()),
                     [&](Index of_x, Index of_y, Index run) { std::copy_n(x.data() + of_x, run, y.data() + of_y); });
  }
  void backward(Context<T>&, TensorView<const T>, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    if (dx.empty()) return;
    dx.fill(T{0});
    for_each_box_run(dx.shape(), dy.shape(), origin(dx.shape()),
                     [&](Index of_x, Index of_y, Index run) { std::copy_n(dy.data() + of_y, run, dx.data() + of_x); });
  }

 private:
  BoxOrigin origin(const Shape& x) const {
    BoxOrigin origin{};
    origin[resolve_axis("slice", axis_, x)] = begin_;
    return origin;
  }

  Index axis_, begin_, count_;
};

AMDEFECT_COMPILED_CLASS(Slice)

}  // namespace amdefect
