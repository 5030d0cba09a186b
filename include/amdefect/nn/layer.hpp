#pragma once

#include "amdefect/nn/operation.hpp"

namespace amdefect {

template <class T>
class Layer;

// A layer with one input overloads the functions of `Operation` and hides the ones with lists of inputs on purpose:
// they are reached through `Operation` only. Their implementation is a class of its own so that no layer derived from
// `Layer` is warned about that again.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverloaded-virtual"

namespace detail {

/// The functions of `Operation` by those of `Layer`.
template <class T>
class SingleInput : public Operation<T> {
 public:
  using typename Operation<T>::Inputs;
  using typename Operation<T>::InputGradients;
  using typename Operation<T>::Shapes;

  Shape output_shape(Shapes inputs) const final {
    require<ShapeError>(inputs.size() == 1, this->kind(), ": expected one input, got ", inputs.size());
    return layer().output_shape(inputs[0]);
  }
  std::vector<ParameterSpec> parameters(Shapes inputs) const final { return layer().parameters(inputs[0]); }
  MemoryRequest memory(Shapes inputs, const Execution& execution, bool training) const final {
    return layer().memory(inputs[0], execution, training);
  }
  PreparedRequest prepared(Shapes inputs, const Execution& execution) const final {
    return layer().prepared(inputs[0], execution);
  }
  void prepare(Context<T>& context, Shapes inputs, std::byte* to) const final {
    layer().prepare(context, inputs[0], to);
  }
  Index macs(Shapes inputs) const final { return layer().macs(inputs[0]); }
  void forward(Context<T>& context, Inputs x, TensorView<T> y) const final { layer().forward(context, x[0], y); }
  void backward(Context<T>& context, Inputs x, TensorView<const T> y, TensorView<const T> dy,
                InputGradients dx) const final {
    layer().backward(context, x[0], y, dy, dx[0]);
  }
  void recompute(Context<T>& context, Inputs x, TensorView<T> y) const final { layer().recompute(context, x[0], y); }

 private:
  friend class Layer<T>;
  SingleInput() = default;
  const Layer<T>& layer() const { return static_cast<const Layer<T>&>(*this); }
};

}  // namespace detail

/// An operation on one input, the base of nearly all layers; docs/custom_layer.md shows how to write one. The functions
/// are those of `Operation`, with one input instead of a list of them.
///
/// The contract of `Operation` holds: `forward` and `backward` are const and allocate nothing; `backward` OVERWRITES dx
/// unless it is empty and ADDS to the parameter gradients (`context.gradient(slot)`) unless they are empty.
template <class T>
class Layer : public detail::SingleInput<T> {
 public:
  virtual Shape output_shape(const Shape& input) const = 0;
  virtual std::vector<ParameterSpec> parameters(const Shape& /*input*/) const { return {}; }
  virtual MemoryRequest memory(const Shape& /*input*/, const Execution&, bool /*training*/) const { return {}; }
  virtual PreparedRequest prepared(const Shape& /*input*/, const Execution&) const { return {}; }
  virtual void prepare(Context<T>&, const Shape& /*input*/, std::byte* /*to*/) const {}
  virtual Index macs(const Shape& /*input*/) const { return 0; }
  virtual void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const = 0;
  virtual void backward(Context<T>& context, TensorView<const T> x, TensorView<const T> y, TensorView<const T> dy,
                        TensorView<T> dx) const = 0;
  virtual void recompute(Context<T>& context, TensorView<const T> x, TensorView<T> y) const { forward(context, x, y); }
};

#pragma GCC diagnostic pop

/// The axis that a layer means which counts from the end where it says -1, -2, ... Throws a ShapeError naming the layer
/// if there is none, and for the batch, axis 0, which no layer takes apart.
inline std::size_t resolve_axis(const char* layer, Index axis, const Shape& shape) {
  const auto rank = static_cast<Index>(shape.rank());
  const Index resolved = axis < 0 ? rank + axis : axis;
  require<ShapeError>(0 < resolved && resolved < rank, layer, ": axis ", axis, " is not one of the dimensions 1 to ",
                      rank - 1, " of ", shape);
  return static_cast<std::size_t>(resolved);
}

/// Throws a ShapeError naming the layer unless the shape has `rank` dimensions.
inline void require_rank(const char* layer, const char* layout, std::size_t rank, const Shape& actual) {
  require<ShapeError>(actual.rank() == rank, layer, ": expected an input of ", rank, " dimensions ", layout, ", got ",
                      actual);
}

}  // namespace amdefect
