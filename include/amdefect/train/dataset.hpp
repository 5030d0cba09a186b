#pragma once

#include <span>
#include <utility>
#include <vector>

#include "amdefect/core/random.hpp"
#include "amdefect/core/tensor.hpp"

namespace amdefect {

/// A finite collection of training samples, each one input and any number of targets of fixed shapes.
template <class T>
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual Index size() const = 0;
  /// Shape of one input without the batch dimension, e.g. [416, 416, 3].
  virtual Shape sample_shape() const = 0;
  /// Shapes of the targets of one sample, e.g. {[100, 4], [100, 4]}.
  virtual std::vector<Shape> target_shapes() const = 0;
  /// Writes all elements of one sample. Called by several threads at once; all randomness comes from `random`, which is
  /// seeded by run, epoch and sample, so that the result does not depend on who loads what when.
  virtual void load(Index sample, Random& random, TensorView<T> x, std::span<const TensorView<T>> targets) const = 0;
};

/// Memory for up to `capacity` samples; the views show the first `size()` of them.
template <class T>
class Batch {
 public:
  Batch() = default;
  Batch(const Dataset<T>& dataset, Index capacity) : x_(dataset.sample_shape().batched(capacity)) {
    for (const Shape& shape : dataset.target_shapes()) targets_.emplace_back(shape.batched(capacity));
    target_views_.resize(targets_.size());
    resize(capacity);
  }

  /// Shows the first `size` samples. Never allocates. @throws ShapeError beyond the capacity.
  void resize(Index size) {
    view_ = x_.slice(0, size);
    for (std::size_t i = 0; i < targets_.size(); ++i) target_views_[i] = targets_[i].view().slice(0, size);
  }

  Index size() const { return view_.rank() ? view_.dim(0) : 0; }
  /// Inputs, [size, sample shape...].
  TensorView<const T> x() const { return view_; }
  /// Targets, one view [size, target shape...] for each.
  std::span<const TensorView<const T>> targets() const { return target_views_; }
  TensorView<const T> target(std::size_t index) const { return target_views_.at(index); }

  /// Loads sample `index` of the dataset into place `slot` of this batch. `scratch` is reused between calls.
  void load(const Dataset<T>& dataset, Index index, Random& random, Index slot, std::vector<TensorView<T>>& scratch) {
    scratch.resize(targets_.size());
    for (std::size_t i = 0; i < targets_.size(); ++i) scratch[i] = element(targets_[i], slot);
    dataset.load(index, random, element(x_, slot), scratch);
  }

 private:
  static TensorView<T> element(Tensor<T>& tensor, Index slot) {
    const TensorView<T> one = tensor.slice(slot, slot + 1);
    return one.reshape(one.shape().sample());
  }

  Tensor<T> x_;
  std::vector<Tensor<T>> targets_;
  TensorView<const T> view_;
  std::vector<TensorView<const T>> target_views_;
};

/// Samples that are already in memory: sample i is row i of `x` and of every target.
template <class T>
class TensorDataset : public Dataset<T> {
 public:
  /// @throws ShapeError unless all tensors have the same first dimension.
  TensorDataset(Tensor<T> x, std::vector<Tensor<T>> targets) : x_(std::move(x)), targets_(std::move(targets)) {
    require<ShapeError>(x_.rank() > 0, "tensor dataset: the input needs a first dimension that counts the samples");
    for (const Tensor<T>& target : targets_)
      require<ShapeError>(target.rank() > 0 && target.dim(0) == x_.dim(0), "tensor dataset: the input has ", x_.dim(0),
                          " samples, a target has shape ", target.shape());
  }

  Index size() const override { return x_.dim(0); }
  Shape sample_shape() const override { return x_.shape().sample(); }
  std::vector<Shape> target_shapes() const override {
    std::vector<Shape> shapes;
    for (const Tensor<T>& target : targets_) shapes.push_back(target.shape().sample());
    return shapes;
  }
  void load(Index sample, Random&, TensorView<T> x, std::span<const TensorView<T>> targets) const override {
    copy_row(x_, sample, x);
    for (std::size_t i = 0; i < targets_.size(); ++i) copy_row(targets_[i], sample, targets[i]);
  }

 private:
  static void copy_row(const Tensor<T>& from, Index row, TensorView<T> to) {
    const TensorView<const T> source = from.slice(row, row + 1);
    copy(source.reshape(source.shape().sample()), to);
  }

  Tensor<T> x_;
  std::vector<Tensor<T>> targets_;
};

}  // namespace amdefect
