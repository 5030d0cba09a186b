// A layer of one's own, without touching the library: a soft sign with a learned scale
// per channel. The checker compares its gradients with finite differences.
#include <amdefect/amdefect.hpp>
#include <iostream>

using namespace amdefect;

/// y = s x / (1 + |s x|) with one trainable s per channel (the last dimension).
template <class T>
class ScaledSoftSign : public Layer<T> {
 public:
  std::string kind() const override { return "scaled_soft_sign"; }
  Shape output_shape(const Shape& input) const override { return input; }
  std::vector<ParameterSpec> parameters(const Shape& input) const override {
    return {{.name = "scale", .shape = {input.back()}, .initializer = Initializer::ones}};
  }
  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    const TensorView<const T> scale = context.parameter(0);
    for (Index i = 0; i < x.size(); ++i) {
      const T z = scale[i % scale.size()] * x[i];
      y[i] = z / (1 + std::abs(z));
    }
  }
  void backward(Context<T>& context, TensorView<const T> x, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    const TensorView<const T> scale = context.parameter(0);
    const TensorView<T> dscale = context.gradient(0);
    for (Index i = 0; i < x.size(); ++i) {
      const Index channel = i % scale.size();
      const T slope = dy[i] / std::pow(1 + std::abs(scale[channel] * x[i]), T{2});  // dL/dz
      if (!dscale.empty()) dscale[channel] += slope * x[i];                         // add to parameter gradients
      if (!dx.empty()) dx[i] = slope * scale[channel];                              // overwrite input gradients
    }
  }
};

int main() {
  const LayerCheckReport report = check_layer(ScaledSoftSign<double>(), {{3, 5, 7, 4}});
  for (const std::string& failure : report.failures) std::cout << failure << '\n';
  std::cout << "largest relative gradient error: " << report.largest_error << '\n';

  Sequential<float> net({5, 7, 4});
  net.add(Conv2d<float>(8, {.kernel = 3})).add(ScaledSoftSign<float>(), "sign").add(GlobalAveragePool<float>());
  std::cout << summary(net);
  return report.passed() ? 0 : 1;
}
