#pragma once

#include <utility>
#include <vector>

#include "amdefect/train/dataset.hpp"

namespace amdefect {

/// A list of tensors, which move into it: `tensor_list(std::move(left), std::move(right))`.
template <class T, class... Others>
std::vector<Tensor<T>> tensor_list(Tensor<T> first, Others... others) {
  std::vector<Tensor<T>> list;
  list.reserve(1 + sizeof...(others));
  list.push_back(std::move(first));
  (list.push_back(std::move(others)), ...);
  return list;
}

/// Inputs and targets of some samples, side by side along the first dimension. A batch owns memory for up to `capacity`
/// samples; its views show the first `size()` of them.
template <class T>
class Batch {
 public:
  Batch() = default;
  /// Room for `capacity` samples of a dataset.
  Batch(const MultiInputDataset<T>& dataset, Index capacity) {
    for (const Shape& shape : dataset.input_shapes()) inputs_.emplace_back(shape.batched(capacity));
    for (const Shape& shape : dataset.target_shapes()) targets_.emplace_back(shape.batched(capacity));
    resize(capacity);
  }
  /// One's own samples, e.g. for `Trainer::step`. @throws ShapeError unless all have the same first dimension.
  Batch(std::vector<Tensor<T>> inputs, std::vector<Tensor<T>> targets)
      : inputs_(std::move(inputs)), targets_(std::move(targets)) {
    require<ShapeError>(!inputs_.empty() && inputs_[0].rank() > 0,
                        "batch: an input with a first dimension that counts the samples is needed");
    for (const std::vector<Tensor<T>>* tensors : {&inputs_, &targets_})
      for (const Tensor<T>& tensor : *tensors)
        require<ShapeError>(tensor.rank() > 0 && tensor.dim(0) == inputs_[0].dim(0), "batch: the first input has ",
                            inputs_[0].dim(0), " samples, another tensor has shape ", tensor.shape());
    resize(inputs_[0].dim(0));
  }
  Batch(Tensor<T> x, Tensor<T> target) : Batch(tensor_list(std::move(x)), tensor_list(std::move(target))) {}

  /// Shows the first `size` samples. Allocates nothing after the first time. @throws ShapeError beyond the capacity.
  void resize(Index size) {
    show(inputs_, size, input_views_);
    show(targets_, size, target_views_);
    size_ = size;
  }

  Index size() const { return size_; }
  /// Inputs, one view [size, sample shape...] for each.
  std::span<const TensorView<const T>> inputs() const { return input_views_; }
  /// @throws Error if there is none of that number.
  TensorView<const T> input(std::size_t index) const { return view(input_views_, index, "inputs"); }
  /// The first input, which is the only one of most networks.
  TensorView<const T> x() const { return input(0); }
  /// Targets, one view [size, target shape...] for each.
  std::span<const TensorView<const T>> targets() const { return target_views_; }
  /// @throws Error if there is none of that number.
  TensorView<const T> target(std::size_t index) const { return view(target_views_, index, "targets"); }

  /// Views of one sample that a thread fills; reused between calls.
  struct Scratch {
    std::vector<TensorView<T>> inputs, targets;
  };
  /// Loads sample `index` of the dataset into slot `slot` of this batch.
  void load(const MultiInputDataset<T>& dataset, Index index, Random& random, Index slot, Scratch& scratch) {
    elements(inputs_, slot, scratch.inputs);
    elements(targets_, slot, scratch.targets);
    dataset.load_sample(index, random, scratch.inputs, scratch.targets);
  }

 private:
  static TensorView<const T> view(const std::vector<TensorView<const T>>& views, std::size_t index, const char* what) {
    require(index < views.size(), "batch: there is no number ", index, " of ", views.size(), ' ', what);
    return views[index];
  }
  static void show(const std::vector<Tensor<T>>& tensors, Index size, std::vector<TensorView<const T>>& views) {
    views.resize(tensors.size());
    for (std::size_t i = 0; i < tensors.size(); ++i) views[i] = tensors[i].slice(0, size);
  }
  static void elements(std::vector<Tensor<T>>& tensors, Index slot, std::vector<TensorView<T>>& views) {
    views.resize(tensors.size());
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const TensorView<T> one = tensors[i].slice(slot, slot + 1);
      views[i] = one.reshape(one.shape().sample());
    }
  }

  std::vector<Tensor<T>> inputs_, targets_;
  std::vector<TensorView<const T>> input_views_, target_views_;
  Index size_ = 0;
};

}  // namespace amdefect
