#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/elementwise.hpp"
#include "amdefect/nn/attributes.hpp"
#include "amdefect/nn/operation.hpp"

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
  MemoryTraits traits() const override { return {.needs_input = false}; }
  void forward(Context<T>& context, Inputs x, TensorView<T> y) const override {
    const int threads = context.execution.threads;
    if (x.size() == 1) return copy_elements(threads, x[0], y);
    sum_elements(threads, x[0], x[1], y);
    for (std::size_t i = 2; i < x.size(); ++i) add_elements(threads, x[i], y);
  }
  void backward(Context<T>& context, Inputs, TensorView<const T>, TensorView<const T> dy,
                InputGradients dx) const override {
    for (const TensorView<T>& gradient : dx)
      if (!gradient.empty()) copy_elements(context.execution.threads, dy, gradient);
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
    const std::size_t axis = resolve(inputs[0]);
    Shape output = inputs[0];
    for (const Shape& input : inputs.subspan(1)) {
      Shape expected = input;
      if (axis < input.rank()) expected[axis] = inputs[0][axis];
      require_shape("concatenate (dimensions other than the axis)", inputs[0], expected);
      output[axis] += input[axis];
    }
    return output;
  }
  MemoryTraits traits() const override { return {.needs_input = false}; }
  void forward(Context<T>&, Inputs x, TensorView<T> y) const override {
    for_each_run(x, y.shape(), [&](std::size_t input, Index outer, Index run, Index offset) {
      std::copy_n(x[input].data() + outer * run, run, y.data() + offset);
    });
  }
  void backward(Context<T>&, Inputs x, TensorView<const T>, TensorView<const T> dy, InputGradients dx) const override {
    for_each_run(x, dy.shape(), [&](std::size_t input, Index outer, Index run, Index offset) {
      if (!dx[input].empty()) std::copy_n(dy.data() + offset, run, dx[input].data() + outer * run);
    });
  }

 private:
  std::size_t resolve(const Shape& shape) const {
    const auto rank = static_cast<Index>(shape.rank());
    const Index axis = axis_ < 0 ? rank + axis_ : axis_;
    require<ShapeError>(0 < axis && axis < rank, "concatenate: axis ", axis_, " is not one of the dimensions 1 to ",
                        rank - 1, " of ", shape);
    return static_cast<std::size_t>(axis);
  }

  /// Calls `body(input, outer, run, offset)` for each contiguous piece: piece number `outer` of an input, of `run`
  /// elements, at `offset` in the output.
  template <class Body>
  void for_each_run(Inputs x, const Shape& output, const Body& body) const {
    const std::size_t axis = resolve(output);
    Index pieces = 1, inner = 1;
    for (std::size_t i = 0; i < axis; ++i) pieces *= output[i];
    for (std::size_t i = axis + 1; i < output.rank(); ++i) inner *= output[i];
    Index offset = 0;
    for (Index outer = 0; outer < pieces; ++outer)
      for (std::size_t input = 0; input < x.size(); ++input) {
        const Index run = x[input].dim(axis) * inner;
        body(input, outer, run, offset);
        offset += run;
      }
  }

  Index axis_;
};

AMDEFECT_COMPILED_CLASS(Add)
AMDEFECT_COMPILED_CLASS(Concatenate)

}  // namespace amdefect
