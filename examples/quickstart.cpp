// Trains a small classifier on generated pictures of circles, squares and crosses, then asks it about new ones.
#include <amdefect/amdefect.hpp>
#include <iostream>

using namespace amdefect;
/// One bright shape of random place and size on noise; the targets are one-hot.
struct Shapes : Dataset<float> {
  Index size() const override { return 600; }
  Shape sample_shape() const override { return {24, 24, 1}; }
  std::vector<Shape> target_shapes() const override { return {{3}}; }
  void load(Index sample, Random& random, TensorView<float> x,
            std::span<const TensorView<float>> targets) const override {
    const Index kind = sample % 3;
    const double row = random.uniform(8, 16), column = random.uniform(8, 16), radius = random.uniform(4, 7);
    for (Index i = 0; i < 24; ++i)
      for (Index j = 0; j < 24; ++j) {
        const double u = std::abs(static_cast<double>(i) - row), v = std::abs(static_cast<double>(j) - column);
        const bool inside[] = {u * u + v * v < radius * radius, std::max(u, v) < radius,
                               std::min(u, v) < 1.5 && std::max(u, v) < radius};
        x(i, j, 0) = static_cast<float>((inside[kind] ? 0.7 : 0.3) + random.normal(0, 0.1));
      }
    targets[0].fill(0);
    targets[0][kind] = 1;
  }
};

int main() {
  Sequential<float> net({24, 24, 1});
  net.add(Conv2d<float>(16, {.kernel = 3})).add(Relu<float>()).add(MaxPool2d<float>());
  net.add(Conv2d<float>(32, {.kernel = 3})).add(Relu<float>());
  net.add(GlobalAveragePool<float>()).add(Dense<float>(3));
  net.initialize(/*seed=*/1);
  std::cout << summary(net);

  Adam<float> adam;
  ConstantRate rate(1e-2);
  const auto loss = single_loss<float>(
      [](const LossArguments<float>& a) { return softmax_cross_entropy(a.outputs[0], a.targets[0], a.gradients[0]); });
  Trainer<float> trainer(net, adam, rate, loss, {.epochs = 150, .batch_size = 16});
  trainer.add(std::make_unique<Progress<float>>(std::cout, /*live=*/false));
  const Shapes shapes;
  trainer.fit(shapes, nullptr);

  Workspace<float> workspace(net);
  DataLoader<float> unseen(shapes, {.batch_size = 100, .seed = 99});
  Index right = 0;
  unseen.start_epoch(0);
  while (const Batch<float>* batch = unseen.next()) {
    workspace.forward(batch->x());
    for (Index i = 0, answer = 0; i < batch->size(); ++i) {
      workspace.output().matrix().row(i).maxCoeff(&answer);
      right += batch->target(0)(i, answer) == 1;
    }
  }
  std::cout << right << " of 600 new pictures recognised\n";
  return right > 500 ? 0 : 1;
}
