#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/relu.hpp"
#include "amdefect/nn/layers/batch_norm.hpp"
#include "amdefect/nn/layers/merge.hpp"
#include "amdefect/nn/operation.hpp"

/// What layers that follow each other become in training: the same results in fewer passes over memory (fusion.hpp).
namespace amdefect {

namespace detail {

/// A batch norm and the activation behind it.
template <class T>
class BatchNormActivation final : public BatchNorm<T> {
 public:
  BatchNormActivation(const BatchNorm<T>& norm, Activation activation) : BatchNorm<T>(norm.options(), activation) {}
  std::string kind() const override { return "batch_norm_activation"; }
};

/// The sum of two values and the ReLU behind it.
template <class T>
class AddRelu final : public Add<T> {
 public:
  using typename Operation<T>::Inputs;
  using typename Operation<T>::InputGradients;

  std::string kind() const override { return "add_relu"; }
  MemoryTraits traits() const override {
    MemoryTraits traits = Add<T>::traits();
    traits.needs_output = true;
    return traits;
  }
  void forward(Context<T>& context, Inputs x, TensorView<T> y) const override {
    add_relu_forward(context.execution.threads, y.size(), x[0].data(), x[1].data(), y.data());
  }
  void backward(Context<T>& context, Inputs, TensorView<const T> y, TensorView<const T> dy,
                InputGradients dx) const override {
    for (const TensorView<T>& gradient : dx)
      if (!gradient.empty())
        relu_backward(context.execution.threads, dy.size(), T(0), y.data(), dy.data(), gradient.data());
  }
};

/// A batch norm, the sum of its result with a second input, and a ReLU: the end of a residual block.
template <class T>
class BatchNormAddRelu final : public Operation<T> {
 public:
  using typename Operation<T>::Inputs;
  using typename Operation<T>::InputGradients;
  using typename Operation<T>::Shapes;

  explicit BatchNormAddRelu(const BatchNorm<T>& norm) : norm_(norm.options()) {}

  std::string kind() const override { return "batch_norm_add_relu"; }
  Shape output_shape(Shapes inputs) const override {
    require<ShapeError>(inputs.size() == 2, kind(), ": expected two inputs, got ", inputs.size());
    require_shape("batch_norm_add_relu", inputs[0], inputs[1]);
    return norm_.output_shape(inputs[0]);
  }
  std::vector<ParameterSpec> parameters(Shapes inputs) const override { return norm_.parameters(inputs[0]); }
  /// Without a gradient for any input, that of the sum is needed all the same.
  MemoryRequest memory(Shapes inputs, const Execution& execution, bool training) const override {
    MemoryRequest request = norm_.memory(inputs[0], execution, training);
    if (training) request.unwanted_scratch = static_cast<std::size_t>(inputs[0].elements()) * sizeof(T);
    return request;
  }
  MemoryTraits traits() const override {
    return {.backward_in_place = true, .needs_other_inputs = false, .needs_output = true, .recompute = true};
  }
  void forward(Context<T>& context, Inputs x, TensorView<T> y) const override {
    norm_.forward_residual(context, x[0], x[1], y);
  }
  void recompute(Context<T>& context, Inputs x, TensorView<T> y) const override {
    norm_.recompute_residual(context, x[0], x[1], y);
  }
  void backward(Context<T>& context, Inputs x, TensorView<const T> y, TensorView<const T> dy,
                InputGradients dx) const override {
    const MemoryRequest norm = norm_.memory(x[0].shape(), context.execution, true);
    T* sum = reinterpret_cast<T*>(context.template scratch<std::byte>() + norm.backward_scratch);
    for (const TensorView<T>& gradient : dx)  // the second one rather, which is the same
      if (!gradient.empty()) sum = gradient.data();
    relu_backward(context.execution.threads, dy.size(), T(0), y.data(), dy.data(), sum);
    norm_.backward(context, x[0], {}, TensorView<const T>(sum, dy.shape()), dx[0]);
  }

 private:
  BatchNorm<T> norm_;
};

}  // namespace detail

AMDEFECT_COMPILED_CLASS(detail::BatchNormActivation)
AMDEFECT_COMPILED_CLASS(detail::AddRelu)
AMDEFECT_COMPILED_CLASS(detail::BatchNormAddRelu)

}  // namespace amdefect
