// Trains a small classifier on generated pictures of circles, squares and crosses, then asks it about new ones.
#include <amdefect/amdefect.hpp>
#include <iostream>

using namespace amdefect;

/// One bright shape somewhere on noise, of any size; the target is its number.
struct Shapes : Dataset<float> {
  Index size() const override { return 600; }
  Shape sample_shape() const override { return {24, 24, 1}; }
  std::vector<Shape> target_shapes() const override { return {{1}}; }
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
    targets[0][0] = static_cast<float>(kind);
  }
};

int main() {
  Sequential net({24, 24, 1});
  net.add(Conv2d(16, {.kernel = 3}), Relu(), MaxPool2d(), Conv2d(32, {.kernel = 3}), Relu(), GlobalAveragePool(),
          Dense(3));
  net.initialize(/*seed=*/1);
  std::cout << summary(net);

  const Shapes shapes;
  Trainer trainer(net, Adam{1e-2}, softmax_cross_entropy(), {.epochs = 150, .batch_size = 16});
  trainer.add(Progress{std::cout});
  trainer.fit(shapes);

  DataLoader unseen(shapes, {.batch_size = shapes.size(), .seed = 99});
  unseen.start_epoch(0);
  const Batch<float>& pictures = *unseen.next();
  const Tensor<float> scores = predict(net, pictures.x());
  Index right = 0;
  for (Index i = 0, answer = 0; i < shapes.size(); ++i) {
    scores.matrix().row(i).maxCoeff(&answer);
    right += pictures.target(0)[i] == static_cast<float>(answer);
  }
  std::cout << right << " of " << shapes.size() << " new pictures recognised\n";
  return right > 500 ? 0 : 1;
}
