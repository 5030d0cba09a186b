#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/random.hpp"
#include "amdefect/core/tensor.hpp"

namespace amdefect {

/// A finite collection of training samples, each of any number of inputs and targets of fixed shapes. Networks with one
/// input have a `Dataset`.
template <class T>
class MultiInputDataset {
 public:
  virtual ~MultiInputDataset() = default;
  virtual Index size() const = 0;
  /// Shapes of the inputs of one sample, without the batch dimension.
  virtual std::vector<Shape> input_shapes() const = 0;
  /// Shapes of the targets of one sample, e.g. {[100, 4], [100, 4]}.
  virtual std::vector<Shape> target_shapes() const = 0;
  /// Writes all elements of one sample. Called by several threads at once; all randomness comes from `random`, which is
  /// seeded by run, epoch and sample, so that the result does not depend on who loads what when.
  virtual void load_sample(Index sample, Random& random, std::span<const TensorView<T>> inputs,
                           std::span<const TensorView<T>> targets) const = 0;
  /// Puts the numbers of the samples, 0, 1, 2, ..., into the order of an epoch, where one is wanted: a random one, by
  /// `random`, which is seeded by run and epoch. Data sets whose samples are read together make them neighbours. They
  /// may also put other numbers there, which `load_sample` knows, but none twice.
  virtual void arrange(std::span<Index> order, Random& random) const { random.shuffle(order); }
  /// What messages call a sample, e.g. the file of its image. `random` is as `load_sample` gets it.
  virtual std::string sample_name(Index sample, Random /*random*/) const { return concat("sample ", sample); }
};

/// A finite collection of training samples, each one input and any number of targets of fixed shapes.
template <class T>
class Dataset : public MultiInputDataset<T> {
 public:
  /// Shape of one input without the batch dimension, e.g. [416, 416, 3].
  virtual Shape sample_shape() const = 0;
  /// Writes input and targets of one sample; see `load_sample`.
  virtual void load(Index sample, Random& random, TensorView<T> x, std::span<const TensorView<T>> targets) const = 0;

  std::vector<Shape> input_shapes() const final { return {sample_shape()}; }
  void load_sample(Index sample, Random& random, std::span<const TensorView<T>> inputs,
                   std::span<const TensorView<T>> targets) const final {
    load(sample, random, inputs[0], targets);
  }
};

}  // namespace amdefect
