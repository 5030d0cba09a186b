#pragma once

#include <string>

#include "amdefect/models/model_builder.hpp"

namespace amdefect {

struct VisionTransformerOptions {
  Index patch = 16;  ///< height and width of the patch that becomes a token
  Index layers = 12, heads = 12, width = 768, mlp = 3072;
  Index classes = 1000;  ///< 0: tokens alone
  double dropout = 0;    ///< of the tokens, behind the attention and in the perceptrons
  double attention_dropout = 0;
  std::string prefix{};  ///< before all names, e.g. "backbone."
};

/// What a vision transformer computes of an image.
struct TransformerOutput {
  Value tokens{};               ///< [batch, 1 + patches, width]: the class token, then the patches row by row
  std::vector<Value> layers;    ///< the tokens behind each layer of the encoder
  std::optional<Value> logits;  ///< [batch, classes], if it was built with classes
};

namespace detail {

/// Attention and a perceptron, each behind a layer norm and with a shortcut around it.
template <class T>
Value encoder_layer(ModelBuilder<T>& model, Value x, const VisionTransformerOptions& options, const std::string& name) {
  constexpr double epsilon = 1e-6;
  const auto dropped = [&](Value value, const char* part) {
    return options.dropout > 0 ? model.add(Dropout<T>(options.dropout), value, concat(name, part)) : value;
  };
  Value y = model.add(LayerNorm<T>(epsilon), x, name + ".ln_1");
  y = model.add(MultiHeadAttention<T>(options.heads, options.attention_dropout), y, name + ".self_attention");
  x = model.add(Add<T>(), {x, dropped(y, ".dropout")}, name + ".sum");
  y = model.add(LayerNorm<T>(epsilon), x, name + ".ln_2");
  y = model.add(Gelu<T>(), model.add(Dense<T>(options.mlp), y, name + ".mlp.0"), name + ".mlp.1");
  y = model.add(Dense<T>(options.width), dropped(y, ".mlp.2"), name + ".mlp.3");
  return model.add(Add<T>(), {x, dropped(y, ".mlp.4")}, name);
}

}  // namespace detail

/// Adds a vision transformer (Dosovitskiy et al. 2021, arXiv:2010.11929) as torchvision builds it, ViT-B/16 unless the
/// options say otherwise. It works on images of the size that the network is built for.
/// @throws Error if the image does not divide into patches.
template <class T>
TransformerOutput vit_b_16(Network<T>& network, Value image, const VisionTransformerOptions& options = {}) {
  detail::ModelBuilder<T> model(network, options.prefix);
  const Shape& size = network.shape(image);
  require<ShapeError>(size.rank() == 4 && size[1] % options.patch == 0 && size[2] % options.patch == 0,
                      "vit_b_16: an image ", size, " does not divide into patches of ", options.patch, 'x',
                      options.patch, " pixels");
  const Index patches = size[1] / options.patch * (size[2] / options.patch);
  Value x = model.add(Conv2d<T>(options.width, {.kernel = options.patch, .stride = options.patch}), image, "conv_proj");
  x = model.add(Reshape<T>({patches, options.width}), x, "tokens");
  x = model.add(ClassToken<T>(), x, "class_token");
  x = model.add(LearnedPositions<T>(), x, "encoder.pos_embedding");
  if (options.dropout > 0) x = model.add(Dropout<T>(options.dropout), x, "encoder.dropout");
  TransformerOutput output;
  for (Index layer = 0; layer < options.layers; ++layer) {
    x = detail::encoder_layer(model, x, options, concat("encoder.layers.encoder_layer_", layer));
    output.layers.push_back(x);
  }
  output.tokens = x = model.add(LayerNorm<T>(1e-6), x, "encoder.ln");
  if (options.classes == 0) return output;
  x = model.add(Flatten<T>(), model.add(Slice<T>(1, 0, 1), x, "heads.slice"), "heads.token");
  output.logits = model.add(Dense<T>(options.classes), x, "heads.head");
  return output;
}

}  // namespace amdefect
