// A layer of one's own, without touching the library: a soft sign with a learned scale
// per channel. The checker compares its gradients with finite differences, and a model
// that holds it is saved and read again.
#include <amdefect/amdefect.hpp>
#include <filesystem>
#include <iostream>

using namespace amdefect;

/// y = limit s x / (1 + |s x|) with one trainable s per channel (the last dimension).
template <class T = float>
class ScaledSoftSign : public Layer<T> {
 public:
  explicit ScaledSoftSign(double limit = 1) : limit_(static_cast<T>(limit)) {}
  explicit ScaledSoftSign(const JsonReader& attributes) : ScaledSoftSign(attributes.get<double>("limit")) {}

  std::string kind() const override { return "scaled_soft_sign"; }
  JsonValue attributes() const override { return {{"limit", limit_}}; }
  Shape output_shape(const Shape& input) const override { return input; }
  std::vector<ParameterSpec> parameters(const Shape& input) const override {
    return {{.name = "scale", .shape = {input.back()}, .initializer = Initializer::ones}};
  }
  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    const TensorView<const T> scale = context.parameter(0);
    for (Index i = 0; i < x.size(); ++i) {
      const T z = scale[i % scale.size()] * x[i];
      y[i] = limit_ * z / (1 + std::abs(z));
    }
  }
  void backward(Context<T>& context, TensorView<const T> x, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    const TensorView<const T> scale = context.parameter(0);
    const TensorView<T> dscale = context.gradient(0);
    for (Index i = 0; i < x.size(); ++i) {
      const Index channel = i % scale.size();
      const T slope = limit_ * dy[i] / std::pow(1 + std::abs(scale[channel] * x[i]), T{2});  // dL/dz
      if (!dscale.empty()) dscale[channel] += slope * x[i];  // add to parameter gradients
      if (!dx.empty()) dx[i] = slope * scale[channel];       // overwrite input gradients
    }
  }

 private:
  T limit_;
};

// Model files may hold this layer from now on.
static const RegisterLayer<ScaledSoftSign> scaled_soft_sign("scaled_soft_sign");

/// Saves a network with the layer and reads it again, without naming a layer. True if both compute the same.
bool survives_a_file(const std::filesystem::path& path) {
  Sequential<float> net({5, 7, 4});
  net.add(Conv2d(8, {.kernel = 3}), ScaledSoftSign(2), GlobalAveragePool());
  net.initialize(1);
  std::cout << summary(net);
  save_model(net, path);

  const Network<float> again = load_model<float>(path);
  Tensor<float> x({1, 5, 7, 4});
  x.fill(0.5f);
  Workspace<float> before(net), after(again);
  before.forward(x);
  after.forward(x);
  return (before.output().array() == after.output().array()).all();
}

int main() {
  const LayerCheckReport report = check_layer(ScaledSoftSign<double>(2), {{3, 5, 7, 4}});
  for (const std::string& failure : report.failures) std::cout << failure << '\n';
  std::cout << "largest relative gradient error: " << report.largest_error << '\n';

  const auto path = std::filesystem::temp_directory_path() / "amdefect_custom_layer.safetensors";
  const bool same = survives_a_file(path);
  std::filesystem::remove(path);
  std::cout << "the model read from a file computes the same: " << (same ? "yes" : "no") << '\n';
  return report.passed() && same ? 0 : 1;
}
