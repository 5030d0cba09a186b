#pragma once

#include <utility>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/train/batch.hpp"

namespace amdefect {

/// Samples that are already in memory: sample i is row i of every input and of every target.
template <class T>
class TensorDataset final : public MultiInputDataset<T> {
 public:
  /// @throws ShapeError unless all tensors have the same first dimension.
  TensorDataset(std::vector<Tensor<T>> inputs, std::vector<Tensor<T>> targets)
      : rows_(std::move(inputs), std::move(targets)) {}
  TensorDataset(Tensor<T> x, std::vector<Tensor<T>> targets)
      : TensorDataset(tensor_list(std::move(x)), std::move(targets)) {}
  TensorDataset(Tensor<T> x, Tensor<T> target)
      : TensorDataset(tensor_list(std::move(x)), tensor_list(std::move(target))) {}

  Index size() const override { return rows_.size(); }
  std::vector<Shape> input_shapes() const override { return sample_shapes(rows_.inputs()); }
  std::vector<Shape> target_shapes() const override { return sample_shapes(rows_.targets()); }
  void load_sample(Index sample, Random&, std::span<const TensorView<T>> inputs,
                   std::span<const TensorView<T>> targets) const override {
    copy_rows(rows_.inputs(), sample, inputs);
    copy_rows(rows_.targets(), sample, targets);
  }

 private:
  static std::vector<Shape> sample_shapes(std::span<const TensorView<const T>> tensors) {
    std::vector<Shape> shapes;
    for (const TensorView<const T>& tensor : tensors) shapes.push_back(tensor.shape().sample());
    return shapes;
  }
  static void copy_rows(std::span<const TensorView<const T>> from, Index row, std::span<const TensorView<T>> to) {
    for (std::size_t i = 0; i < from.size(); ++i) {
      const TensorView<const T> source = from[i].slice(row, row + 1);
      copy(source.reshape(source.shape().sample()), to[i]);
    }
  }

  Batch<T> rows_;
};

AMDEFECT_COMPILED_CLASS(TensorDataset)

}  // namespace amdefect
