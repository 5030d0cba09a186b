#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/box_runs.hpp"
#include "amdefect/kernels/elementwise.hpp"
#include "amdefect/nn/attributes.hpp"
#include "amdefect/nn/layer.hpp"

namespace amdefect {

/// Sum of two or more inputs of the same shape.
template <class T = float>
class Add : public Operation<T> {
 public:
  using typename Operation<T>::Inputs;
  using typename Operation<T>::InputGradients;
  using typename Operation<T>::Shapes;

  std::string kind() const override { return "add"; }
  Shape output_shape(Shapes inputs) const override {
    require<ShapeError>(!inputs.empty(), "add: expected at least one input");
    for (const Shape& input : inputs) require_shape("add", inputs[0], input);
    return inputs[0];
  }
  MemoryTraits traits() const override {
    return {.backward_in_place = true, .equal_gradients = true, .needs_input = false, .recompute = true};
  }
  void forward(Context<T>& context, Inputs x, TensorView<T> y) const override {
    const int threads = context.execution.threads;
    if (x.size() == 1) return copy_elements(threads, x[0], y);
    sum_elements(threads, x[0], x[1], y);
    for (std::size_t i = 2; i < x.size(); ++i) add_elements(threads, x[i], y);
  }
  void backward(Context<T>& context, Inputs, TensorView<const T>, TensorView<const T> dy,
                InputGradients dx) const override {
    for (const TensorView<T>& gradient : dx)
      if (!gradient.empty() && gradient.data() != dy.data()) copy_elements(context.execution.threads, dy, gradient);
  }
};

/// Inputs side by side along one axis; all other dimensions are equal. Axis -1 is the last one (channels).
template <class T = float>
class Concatenate : public Operation<T> {
 public:
  using typename Operation<T>::Inputs;
  using typename Operation<T>::InputGradients;
  using typename Operation<T>::Shapes;

  explicit Concatenate(Index axis = -1) : axis_(axis) {}
  explicit Concatenate(const JsonReader& attributes) : Concatenate(Index{attributes.get<std::int8_t>("axis")}) {}

  std::string kind() const override { return "concatenate"; }
  JsonValue attributes() const override { return {{"axis", axis_}}; }
  Shape output_shape(Shapes inputs) const override {
    require<ShapeError>(!inputs.empty(), "concatenate: expected at least one input");
    const std::size_t axis = resolve_axis("concatenate", axis_, inputs[0]);
    Shape output = inputs[0];
    for (const Shape& input : inputs.subspan(1)) {
      Shape expected = input;
      if (axis < input.rank()) expected[axis] = inputs[0][axis];
      require_shape("concatenate (dimensions other than the axis)", inputs[0], expected);
      output[axis] += input[axis];
    }
    return output;
  }
  MemoryTraits traits() const override { return {.needs_input = false, .recompute = true}; }
  void forward(Context<T>&, Inputs x, TensorView<T> y) const override {
    for_each_run(x, y.shape(), [&](std::size_t input, Index of_y, Index of_x, Index run) {
      std::copy_n(x[input].data() + of_x, run, y.data() + of_y);
    });
  }
  void backward(Context<T>&, Inputs x, TensorView<const T>, TensorView<const T> dy, InputGradients dx) const override {
    for_each_run(x, dy.shape(), [&](std::size_t input, Index of_y, Index of_x, Index run) {
      if (!dx[input].empty()) std::copy_n(dy.data() + of_y, run, dx[input].data() + of_x);
    });
  }

 private:
  /// Calls `body(input, offset in the output, offset in the input, run)` for each contiguous piece.
  template <class Body>
  void for_each_run(Inputs x, const Shape& output, const Body& body) const {
    const std::size_t axis = resolve_axis("concatenate", axis_, output);
    BoxOrigin origin{};
    for (std::size_t input = 0; input < x.size(); ++input) {
      for_each_box_run(output, x[input].shape(), origin,
                       [&](Index of_y, Index of_x, Index run) { body(input, of_y, of_x, run); });
      origin[axis] += x[input].dim(axis);
    }
  }

  Index axis_;
};

AMDEFECT_COMPILED_CLASS(Add)
AMDEFECT_COMPILED_CLASS(Concatenate)

}  // namespace amdefect
