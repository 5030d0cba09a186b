// All of the library in a program without run-time type information (-fno-rtti), and the places that could miss it:
// which layers become one, and model files.
#include <amdefect/amdefect.hpp>
#include <amdefect/coco/coco_split.hpp>
#include <amdefect/detection/open_detector.hpp>
#include <amdefect/inspect/inspection.hpp>
#include <amdefect/nn/fusion.hpp>

using namespace amdefect;

namespace {

/// A layer of the program's own, derived from one of the library's.
class Doubled final : public Relu<float> {
 public:
  std::string kind() const override { return "doubled"; }
  void forward(Context<float>& context, TensorView<const float> x, TensorView<float> y) const override {
    Relu<float>::forward(context, x, y);
    for (Index i = 0; i < y.size(); ++i) y[i] *= 2;
  }
};

template <class Activation>
Sequential<float> network() {
  Sequential<float> net({8, 8, 3});
  net.add(Conv2d<float>(4, {.kernel = 3}), BatchNorm<float>(), Activation());
  net.initialize(1);
  return net;
}

std::size_t nodes_left(const Network<float>& net) {
  std::size_t left = 0;
  for (const auto& node : fuse_for_inference(net)) left += node.operation != nullptr;
  return left;
}

}  // namespace

int main() {
  const Sequential<float> plain = network<Relu<float>>();
  if (nodes_left(plain) != 1 || nodes_left(network<Doubled>()) != 2) return 1;
  Tensor<float> image({8, 8, 3});
  for (Index i = 0; i < image.size(); ++i) image[i] = static_cast<float>(i % 7) - 3;
  save_model(plain, "no_rtti.safetensors");
  const Tensor<float> before = predict(plain, image), after = predict(load_model<float>("no_rtti.safetensors"), image);
  for (Index i = 0; i < before.size(); ++i)
    if (before[i] != after[i]) return 2;
  try {
    static_cast<void>(load_image("no such file.png"));
  } catch (const FileError&) {
    return 0;
  }
  return 3;
}
