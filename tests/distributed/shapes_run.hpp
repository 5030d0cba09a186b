#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "amdefect/losses/cross_entropy.hpp"
#include "amdefect/nn/layers.hpp"
#include "amdefect/optim/adam.hpp"
#include "amdefect/optim/sgd.hpp"
#include "amdefect/train/trainer.hpp"

// A small training that the tests of groups share, of threads here and of MPI's processes.
namespace amdefect::shapes {

/// Small noisy pictures of two classes, with noise drawn anew at every load.
template <class T>
class Pictures : public Dataset<T> {
 public:
  explicit Pictures(Index size) : size_(size) {}
  Index size() const override { return size_; }
  Shape sample_shape() const override { return {6, 6, 2}; }
  std::vector<Shape> target_shapes() const override { return {{1}}; }
  void load(Index sample, Random& random, TensorView<T> x, std::span<const TensorView<T>> targets) const override {
    const bool second = sample % 2 == 1;
    for (Index i = 0; i < x.size(); ++i) x[i] = static_cast<T>(random.normal((i % 3 == 0) == second ? 1 : 0.2, 0.5));
    targets[0][0] = second ? T{1} : T{0};
  }

 private:
  Index size_;
};

/// Convolutions with two forms of batch norm and a branch.
template <class T>
Network<T> network(bool with_norm = true) {
  Network<T> net;
  const Value in = net.input({6, 6, 2});
  Value x = net.add(Conv2d<T>(8, {.kernel = 3}), in);
  if (with_norm) x = net.add(BatchNorm<T>({.momentum = 0.9}), x);
  const Value left = net.add(Relu<T>(), x);
  Value right = net.add(Conv2d<T>(8, {.kernel = 3}), left);
  if (with_norm) right = net.add(BatchNorm<T>({.momentum = 0.9, .unbiased = true}), right);
  x = net.add(Add<T>(), {left, right});
  net.output(net.add(Dense<T>(2), net.add(GlobalAveragePool<T>(), x)));
  net.initialize(1);
  return net;
}

/// What a training gives.
template <class T>
struct Result {
  std::vector<T> weights;
  std::vector<EpochLog> history;
};

template <class T>
Result<T> result_of(const Network<T>& net, const Trainer<T>& trainer) {
  const TensorView<const T> values = net.parameters().values();
  return {{values.begin(), values.end()}, trainer.history()};
}

/// Trains the network by momentum SGD, which shows errors in the size of a gradient; Adam would hide them.
template <class T>
Result<T> train(TrainerOptions options, Index samples, bool with_norm = true) {
  Network<T> net = network<T>(with_norm);
  options.seed = 3;
  options.execution.threads = 1;
  Trainer<T> trainer(net, Sgd<T>(0.05, {.momentum = 0.9}), softmax_cross_entropy(), options);
  const Pictures<T> training(samples), validation(23);
  trainer.fit(training, validation);
  return result_of(net, trainer);
}

/// The largest difference of weights and statistics.
template <class T>
double difference(const Result<T>& a, const Result<T>& b) {
  double largest = a.weights.size() == b.weights.size() ? 0 : 1e300;
  for (std::size_t i = 0; i < a.weights.size() && i < b.weights.size(); ++i)
    largest = std::max(largest, std::abs(static_cast<double>(a.weights[i]) - static_cast<double>(b.weights[i])));
  return largest;
}

}  // namespace amdefect::shapes
