#pragma once

#include <algorithm>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/core/tensor.hpp"
#include "amdefect/nn/workspace.hpp"

namespace amdefect {

namespace detail {

/// Reverses the order of blocks of `block` values each.
template <class T>
void reverse_blocks(T* begin, T* end, Index block) {
  for (T *first = begin, *last = end - block; first < last; first += block, last -= block)
    std::swap_ranges(first, first + block, last);
}

/// Mirrors an image or a map of features [1, height, width, channels]: left to right, or top to bottom.
template <class T>
void mirror(TensorView<T> x, bool left_to_right) {
  const Index channels = x.dim(3), row = x.dim(2) * channels;
  if (!left_to_right) return reverse_blocks(x.begin(), x.end(), row);
  for (T* begin = x.begin(); begin < x.end(); begin += row) reverse_blocks(begin, begin + row, channels);
}

}  // namespace detail

/// Runs an anchor-free network over an image [1, height, width, channels] and its mirror images (left to right, top to
/// bottom, both). Returns the mean of the outputs, location by location, the mirrored ones mirrored back. Logits are
/// averaged, not scores, and what distances are made of, so that the means have the meaning of outputs.
///
/// The size of `x` must fit the network's strides: then the locations of a mirrored image lie where those of the image
/// do, which is why it is mirrored with its padding. `x` is as before in the end. `memory` holds the means.
template <class T>
std::vector<TensorView<const T>> flip_averaged_outputs(Workspace<T>& workspace, TensorView<T> x,
                                                       std::vector<Tensor<T>>& memory) {
  memory.resize(workspace.network().outputs().size());
  std::vector<TensorView<T>> means;
  for (int pass = 0; pass < 4; ++pass) {
    workspace.forward(x);
    const bool left_to_right = pass % 2 == 0;  // in turn: both twice lead back to the image
    detail::mirror(x, left_to_right);
    for (std::size_t i = 0; i < memory.size(); ++i) {
      const TensorView<const T> output = workspace.output(i);
      if (pass == 0) means.push_back(ensure_capacity(memory[i], output.shape())), means[i].fill(0);
      means[i].array() += output.array() / T{4};
      detail::mirror(means[i], left_to_right);
      if (i % 2 == 0) continue;  // scores; what follows are distances: left, top, right, bottom
      const Index bins = output.dim(3) / 4, edge = left_to_right ? 0 : 1;
      auto distances = means[i].matrix();
      distances.middleCols(edge * bins, bins).swap(distances.middleCols((edge + 2) * bins, bins));
    }
  }
  return {means.begin(), means.end()};
}

AMDEFECT_COMPILED_FUNCTION(flip_averaged_outputs)

}  // namespace amdefect
