#pragma once

#include <string>

#include "amdefect/core/error.hpp"
#include "amdefect/nn/layers.hpp"
#include "amdefect/nn/network.hpp"

namespace amdefect {

struct FeatureEncoderOptions {
  Index layers = 1;
  Index heads = 8;   ///< divide the channels
  Index mlp = 1024;  ///< channels within the perceptrons
};

/// Adds a transformer encoder over features [batch, height, width, channels], whose places are the tokens: every place
/// sees all others. As the intra-scale encoder of RT-DETR (AIFI, Zhao et al. 2023, arXiv:2304.08069), without dropout:
/// in each layer `x = norm(x + attention(x + positions))`, `x = norm(x + W2 gelu(W1 x + b1) + b2)`, with sines and
/// cosines as positions (`SinePositions`). There the values of the attention are made from x, here from x + positions,
/// as its queries and keys. The layers' names begin with `name`.
/// @throws Error unless the channels divide by 4 and into the heads.
template <class T>
Value feature_encoder(Network<T>& network, Value x, const FeatureEncoderOptions& options, const std::string& name) {
  const Index channels = network.shape(x).back();
  for (Index layer = 1; layer <= options.layers; ++layer) {
    const std::string at = concat(name, layer);
    const auto add_and_norm = [&](Value change, const std::string& part) {
      return network.add(LayerNorm<T>(1e-5), network.add(Add<T>(), {x, change}, at + part + "_sum"),
                         at + part + "_norm");
    };
    Value y = network.add(SinePositions<T>(), x, at + "_positions");
    x = add_and_norm(network.add(MultiHeadAttention<T>(options.heads), y, at + "_attention"), "_attention");
    y = network.add(Gelu<T>(), network.add(Dense<T>(options.mlp), x, at + "_mlp_1"), at + "_mlp_gelu");
    x = add_and_norm(network.add(Dense<T>(channels), y, at + "_mlp_2"), "_mlp");
  }
  return x;
}

}  // namespace amdefect
