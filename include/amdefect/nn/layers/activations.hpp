#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/elementwise.hpp"
#include "amdefect/kernels/relu.hpp"
#include "amdefect/nn/attributes.hpp"
#include "amdefect/nn/layer.hpp"

namespace amdefect {

/// Base of the layers y = f(x) that work element by element on any shape. `Function` is one of the structs below:
/// forward(x, y), backward(x, y, dy, dx), and whether its derivative is computed from y instead of x.
template <class T, class Function>
class Activation : public Layer<T> {
 public:
  explicit Activation(Function function = {}) : function_(function) {}

  std::string kind() const override { return Function::kind; }
  Shape output_shape(const Shape& input) const override { return input; }
  MemoryTraits traits() const override {
    return {.forward_in_place = Function::from_output,
            .backward_in_place = true,
            .needs_input = !Function::from_output,
            .needs_output = Function::from_output};
  }
  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    map_elements(context.execution.threads, x, y, [&](auto in, auto out) { function_.forward(in, out); });
  }
  void backward(Context<T>& context, TensorView<const T> x, TensorView<const T> y, TensorView<const T> dy,
                TensorView<T> dx) const override {
    if (dx.empty()) return;
    map_gradients(context.execution.threads, x, y, dy, dx,
                  [&](auto in, auto out, auto dout, auto din) { function_.backward(in, out, dout, din); });
  }

 protected:
  Function function_;
};

/// 1 / (1 + exp(-x)).
struct SigmoidFunction {
  static constexpr const char* kind = "sigmoid";
  static constexpr bool from_output = true;
  template <class X, class Y>
  void forward(const X& x, Y&& y) const {
    y = x.logistic();
  }
  template <class X, class D>
  void backward(const X&, const X& y, const X& dy, D&& dx) const {
    dx = dy * y * (typename X::Scalar{1} - y);
  }
};

/// x sigmoid(x), also called swish: Elfwing et al. (2017).
struct SiluFunction {
  static constexpr const char* kind = "silu";
  static constexpr bool from_output = false;
  template <class X, class Y>
  void forward(const X& x, Y&& y) const {
    y = x * x.logistic();
  }
  template <class X, class D>
  void backward(const X& x, const X&, const X& dy, D&& dx) const {
    constexpr typename X::Scalar one = 1;
    dx = dy * x.logistic() * (one + x * (one - x.logistic()));
  }
};

/// x clamp(x + 3, 0, 6) / 6: Howard et al. (2019).
struct HardSwishFunction {
  static constexpr const char* kind = "hard_swish";
  static constexpr bool from_output = false;
  template <class X, class Y>
  void forward(const X& x, Y&& y) const {
    using S = typename X::Scalar;
    y = x * (x + S{3}).max(S{0}).min(S{6}) / S{6};
  }
  template <class X, class D>
  void backward(const X& x, const X&, const X& dy, D&& dx) const {
    using S = typename X::Scalar;
    dx = (x <= S{-3}).select(S{0}, (x >= S{3}).select(dy, dy * (x / S{3} + S{0.5})));
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
            .needs_output = slope_ == 0};
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

template <class T = float>
class Sigmoid : public Activation<T, SigmoidFunction> {};

template <class T = float>
class Silu : public Activation<T, SiluFunction> {};

template <class T = float>
class HardSwish : public Activation<T, HardSwishFunction> {};

AMDEFECT_COMPILED_CLASS(Relu)
AMDEFECT_COMPILED_CLASS(Sigmoid)
AMDEFECT_COMPILED_CLASS(Silu)
AMDEFECT_COMPILED_CLASS(HardSwish)
AMDEFECT_COMPILED_CLASS(LeakyRelu)

}  // namespace amdefect
