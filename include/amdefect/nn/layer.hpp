#pragma once

#include "amdefect/nn/operation.hpp"

namespace amdefect {

/// An operation on one input, the base of nearly all layers; docs/custom_layer.md shows how to write one.
///
/// The contract of `Operation` holds: `forward` and `backward` are const and allocate nothing; `backward` OVERWRITES dx
/// unless it is empty and ADDS to the parameter gradients (`context.gradient(slot)`) unless they are empty.
template <class T>
class Layer : public Operation<T> {
 public:
  using typename Operation<T>::Inputs;
  using typename Operation<T>::InputGradients;
  using typename Operation<T>::Shapes;

  virtual Shape infer_shape(const Shape& input) const = 0;
  virtual std::vector<ParameterSpec> parameters(const Shape& /*input*/) const { return {}; }
  virtual Booking book(const Shape& /*input*/, const Execution&, bool /*training*/) const { return {}; }
  virtual Index macs(const Shape& /*input*/) const { return 0; }
  virtual void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const = 0;
  virtual void backward(Context<T>& context, TensorView<const T> x, TensorView<const T> y, TensorView<const T> dy,
                        TensorView<T> dx) const = 0;

  Shape output_shape(Shapes inputs) const final {
    require<ShapeError>(inputs.size() == 1, this->kind(), ": expected one input, got ", inputs.size());
    return infer_shape(inputs[0]);
  }
  std::vector<ParameterSpec> declare(Shapes inputs) const final { return parameters(inputs[0]); }
  Booking reserve(Shapes inputs, const Execution& execution, bool training) const final {
    return book(inputs[0], execution, training);
  }
  Index cost(Shapes inputs) const final { return macs(inputs[0]); }
  void evaluate(Context<T>& context, Inputs x, TensorView<T> y) const final { forward(context, x[0], y); }
  void differentiate(Context<T>& context, Inputs x, TensorView<const T> y, TensorView<const T> dy,
                     InputGradients dx) const final {
    backward(context, x[0], y, dy, dx[0]);
  }
};

/// Throws a ShapeError naming the layer unless the shape has `rank` dimensions.
inline void require_rank(const char* layer, const char* layout, std::size_t rank, const Shape& actual) {
  require<ShapeError>(actual.rank() == rank, layer, ": expected an input of ", rank, " dimensions ", layout, ", got ",
                      actual);
}

}  // namespace amdefect
