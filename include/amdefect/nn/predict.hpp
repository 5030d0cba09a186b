#pragma once

#include <type_traits>
#include <utility>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/nn/workspace.hpp"

namespace amdefect {

/// What a network answers to one batch, or to one sample without the batch dimension: a tensor per output, with a batch
/// dimension if the inputs have one. Every call lays out its memory anew; whoever asks often keeps a Workspace.
/// @throws ShapeError if the inputs do not fit the network.
template <class T>
std::vector<Tensor<T>> predict_all(const Network<T>& network,
                                   const std::vector<std::type_identity_t<TensorView<const T>>>& inputs,
                                   const Execution& execution = {}) {
  const std::vector<Value>& declared = network.inputs();
  require<ShapeError>(!inputs.empty() && inputs.size() == declared.size(), "predict: the network has ", declared.size(),
                      " inputs, got ", inputs.size());
  const bool single = inputs[0].rank() + 1 == network.shape(declared[0]).rank();
  std::vector<TensorView<const T>> batches = inputs;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const Shape sample = network.shape(declared[i]).sample();
    require<ShapeError>(batches[i].rank() == sample.rank() + (single ? 0 : 1), "predict: expected ",
                        i == 0 ? "a sample or a batch"
                               : (single ? "a sample, like the first input," : "a batch, like the first input,"),
                        " of ", sample, ", got shape ", batches[i].shape());
    if (single) batches[i] = batches[i].reshape(batches[i].shape().batched(1));
  }
  Workspace<T> workspace(network, execution);
  workspace.forward(batches);
  std::vector<Tensor<T>> outputs;
  for (std::size_t i = 0; i < network.outputs().size(); ++i) {
    const TensorView<const T> output = workspace.output(i);
    outputs.emplace_back(single ? output.shape().sample() : output.shape(), output.span());
  }
  return outputs;
}

/// The same for a network with one input and one output: `Tensor<float> scores = predict(net, image);`
/// @throws ShapeError if the input does not fit the network, Error if the network has several outputs.
template <class T>
Tensor<T> predict(const Network<T>& network, std::type_identity_t<TensorView<const T>> x,
                  const Execution& execution = {}) {
  require(network.outputs().size() == 1, "predict: the network has ", network.outputs().size(),
          " outputs; predict_all returns them");
  return std::move(predict_all(network, {x}, execution)[0]);
}

AMDEFECT_COMPILED_FUNCTION(predict_all)
AMDEFECT_COMPILED_FUNCTION(predict)

}  // namespace amdefect
