#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/activation.hpp"
#include "amdefect/kernels/relu.hpp"
#include "amdefect/nn/attributes.hpp"
#include "amdefect/nn/layer.hpp"

namespace amdefect {

/// Base of the layers y = f(x) that work element by element on any shape.
template <class T, Activation activation>
class ActivationLayer : public Layer<T> {
 public:
  std::string kind() const override { return name_of(activation); }
  Shape output_shape(const Shape& input) const override { return input; }
  MemoryTraits traits() const override {
    return {.forward_in_place = derivative_from_output(activation),
            .backward_in_place = true,
            .needs_input = !derivative_from_output(activation),
            .needs_output = derivative_from_output(activation),
            .recompute = true};
  }
  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    activation_forward(context.execution.threads, activation, x.size(), x.data(), y.data());
  }
  void backward(Context<T>& context, TensorView<const T> x, TensorView<const T> y, TensorView<const T> dy,
                TensorView<T> dx) const override {
    if (dx.empty()) return;
    activation_backward(context.execution.threads, activation, dy.size(),
                        derivative_from_output(activation) ? y.data() : x.data(), dy.data(), dx.data());
  }
};

/// Base of the layers that are x for x > 0 and slope x otherwise.
template <class T>
class Rectifier : public Layer<T> {
 public:
  explicit Rectifier(double slope) : slope_(slope) {}

  Shape output_shape(const Shape& input) const override { return input; }
  /// With the slope 0 the sign of the output is enough for the gradient.
  MemoryTraits traits() const override {
    return {.forward_in_place = slope_ == 0,
            .backward_in_place = true,
            .needs_input = slope_ != 0,
            .needs_output = slope_ == 0,
            .recompute = true};
  }
  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    relu_forward(context.execution.threads, x.size(), static_cast<T>(slope_), x.data(), y.data());
  }
  void backward(Context<T>& context, TensorView<const T> x, TensorView<const T> y, TensorView<const T> dy,
                TensorView<T> dx) const override {
    if (dx.empty()) return;
    relu_backward(context.execution.threads, dy.size(), static_cast<T>(slope_), slope_ == 0 ? y.data() : x.data(),
                  dy.data(), dx.data());
  }

 protected:
  double slope_;
};

/// max(x, 0); the derivative at 0 is 0.
template <class T = float>
class Relu : public Rectifier<T> {
 public:
  Relu() : Rectifier<T>(0) {}
  std::string kind() const override { return "relu"; }
};

/// x for x > 0, slope x otherwise. The slope 0.3 is Keras' default; PyTorch's is 0.01.
template <class T = float>
class LeakyRelu : public Rectifier<T> {
 public:
  explicit LeakyRelu(double slope = 0.3) : Rectifier<T>(slope) {}
  explicit LeakyRelu(const JsonReader& attributes) : LeakyRelu(attributes.get<double>("slope")) {}
  std::string kind() const override { return "leaky_relu"; }
  JsonValue attributes() const override { return {{"slope", this->slope_}}; }
};

/// min(max(x, 0), 6); the derivative at 0 and 6 is 0.
template <class T = float>
class Relu6 : public ActivationLayer<T, Activation::relu6> {};

/// 1 / (1 + exp(-x)).
template <class T = float>
class Sigmoid : public ActivationLayer<T, Activation::sigmoid> {};

/// x sigmoid(x), also called swish: Elfwing et al. (2017).
template <class T = float>
class Silu : public ActivationLayer<T, Activation::silu> {};

/// x min(max(x + 3, 0), 6) / 6: Howard et al. (2019).
template <class T = float>
class HardSwish : public ActivationLayer<T, Activation::hard_swish> {};

/// x times the normal distribution function of x, without approximation: Hendrycks and Gimpel (2016).
template <class T = float>
class Gelu : public ActivationLayer<T, Activation::gelu> {};

/// The hyperbolic tangent.
template <class T = float>
class Tanh : public ActivationLayer<T, Activation::tanh> {};

AMDEFECT_COMPILED_CLASS(Relu)
AMDEFECT_COMPILED_CLASS(Relu6)
AMDEFECT_COMPILED_CLASS(Sigmoid)
AMDEFECT_COMPILED_CLASS(Silu)
AMDEFECT_COMPILED_CLASS(HardSwish)
AMDEFECT_COMPILED_CLASS(Gelu)
AMDEFECT_COMPILED_CLASS(Tanh)
AMDEFECT_COMPILED_CLASS(LeakyRelu)

}  // namespace amdefect
