#pragma once

#include <algorithm>
#include <string>

#include "amdefect/core/error.hpp"
#include "amdefect/nn/layers.hpp"
#include "amdefect/nn/network.hpp"

namespace amdefect {

/// Squeeze-and-excitation of features [batch, height, width, channels] (Hu et al. 2018, arXiv:1709.01507): every
/// channel times a number from 0 to 1 that the means of all channels decide, `sigmoid(W2 relu(W1 mean + b1) + b2)` with
/// channels / reduction numbers between W1 and W2. The layers' names begin with `name`, that of the last one is `name`.
/// @throws Error unless reduction > 0.
template <class T>
Value squeeze_excitation(Network<T>& network, Value x, const std::string& name, Index reduction = 4) {
  require(reduction > 0, "squeeze_excitation: the reduction must be positive, got ", reduction);
  const Index channels = network.shape(x).back();
  Value factor = network.add(GlobalAveragePool<T>(), x, name + "_mean");
  factor = network.add(Dense<T>(std::max<Index>(1, channels / reduction)), factor, name + "_1");
  factor = network.add(Relu<T>(), factor, name + "_1_relu");
  factor = network.add(Dense<T>(channels), factor, name + "_2");
  factor = network.add(Sigmoid<T>(), factor, name + "_2_sigmoid");
  return network.add(Multiply<T>(), {x, factor}, name);
}

}  // namespace amdefect
