// Trains the network of quickstart.cpp on the processes that MPI starts: mpirun -n 2 distributed
#include <amdefect/amdefect.hpp>
#include <amdefect/mpi/mpi_group.hpp>
#include <iostream>

using namespace amdefect;

/// One bright shape on noise: a circle, a square or a cross. The target is its number.
struct Shapes : Dataset<float> {
  Index size() const override { return 600; }
  Shape sample_shape() const override { return {24, 24, 1}; }
  std::vector<Shape> target_shapes() const override { return {{1}}; }
  void load(Index sample, Random& random, TensorView<float> x,
            std::span<const TensorView<float>> targets) const override {
    const double row = random.uniform(8, 16), column = random.uniform(8, 16), radius = random.uniform(4, 7);
    for (Index i = 0; i < x.size(); ++i) {
      const double u = std::abs(static_cast<double>(i / 24) - row), v = std::abs(static_cast<double>(i % 24) - column);
      const bool inside[] = {std::hypot(u, v) < radius, std::max(u, v) < radius,
                             std::min(u, v) < 1.5 && std::max(u, v) < radius};
      x[i] = static_cast<float>((inside[sample % 3] ? 0.7 : 0.3) + random.normal(0, 0.1));
    }
    targets[0][0] = static_cast<float>(sample % 3);
  }
};

int main(int argc, char** argv) {
  return mpi_main(argc, argv, [](const std::shared_ptr<ProcessGroup>& group) {
    Sequential net({24, 24, 1});
    net.add(Conv2d(16, {.kernel = 3}), Relu(), MaxPool2d(), Conv2d(32, {.kernel = 3}), Relu(), GlobalAveragePool(),
            Dense(3));
    net.initialize(/*seed=*/1);
    Trainer trainer(net, Adam{1e-2}, softmax_cross_entropy(), {.epochs = 60, .batch_size = 8, .group = group});
    trainer.add(Progress{std::cout});  // the first process shows it
    trainer.fit(Shapes());
    return trainer.history().back().at("loss") < 0.9 ? 0 : 1;
  });
}
