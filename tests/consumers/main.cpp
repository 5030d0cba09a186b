#include <amdefect/amdefect.hpp>
#include <iostream>

using namespace amdefect;

/// Trains a network of two layers to tell points inside of a circle from those outside, and checks that the loss falls.
int main() {
  Random random(1);
  Tensor<float> points({512, 2}), classes({512, 2});
  for (Index i = 0; i < 512; ++i) {
    const double x = random.uniform(-1, 1), y = random.uniform(-1, 1);
    points(i, 0) = static_cast<float>(x);
    points(i, 1) = static_cast<float>(y);
    classes(i, x * x + y * y < 0.5 ? 1 : 0) = 1;
  }
  const TensorDataset dataset(std::move(points), std::move(classes));

  Sequential<float> network({2});
  network.add(Dense<float>(16)).add(Relu<float>()).add(Dense<float>(2));
  network.initialize(1);
  Trainer trainer(network, Adam{0.01}, softmax_cross_entropy(), {.epochs = 20, .batch_size = 32});
  trainer.fit(dataset);

  const double first = trainer.history().front().at("loss"), last = trainer.history().back().at("loss");
  std::cout << "loss " << first << " -> " << last << '\n';
  return last < 0.5 * first ? 0 : 1;
}
