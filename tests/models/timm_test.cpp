// timm's names, written down as timm's modules follow each other, without regard to how ours are made into them.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "amdefect/models/published.hpp"
#include "amdefect/models/published_weights.hpp"
#include "amdefect/nn/predict.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

namespace {

using Names = std::vector<std::string>;

void add_conv(Names& names, const std::string& module) { names.push_back(module + ".weight"); }
void add_with_bias(Names& names, const std::string& module) {
  names.insert(names.end(), {module + ".weight", module + ".bias"});
}
void add_norm(Names& names, const std::string& module) {
  for (const char* part : {".weight", ".bias", ".running_mean", ".running_var"}) names.push_back(module + part);
}

/// The parameters of timm's EfficientNet class: DepthwiseSeparableConv in the first stage, InvertedResidual in others.
Names efficientnet_names(const std::vector<int>& blocks, bool excited) {
  Names names;
  add_conv(names, "conv_stem");
  add_norm(names, "bn1");
  for (std::size_t stage = 0; stage < blocks.size(); ++stage)
    for (int block = 0; block < blocks[stage]; ++block) {
      const std::string name = concat("blocks.", stage, '.', block, '.');
      int norms = 0;
      const auto conv_norm = [&](const char* conv) {
        add_conv(names, name + conv);
        add_norm(names, concat(name, "bn", ++norms));
      };
      if (stage > 0) conv_norm("conv_pw");
      conv_norm("conv_dw");
      if (excited) add_with_bias(names, name + "se.conv_reduce");
      if (excited) add_with_bias(names, name + "se.conv_expand");
      conv_norm(stage > 0 ? "conv_pwl" : "conv_pw");
    }
  add_conv(names, "conv_head");
  add_norm(names, "bn2");
  add_with_bias(names, "classifier");
  return names;
}

Names transformer_names(int layers) {
  Names names;
  add_with_bias(names, "patch_embed.proj");
  names.insert(names.end(), {"cls_token", "pos_embed"});
  for (int layer = 0; layer < layers; ++layer)
    for (const char* module : {"norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2"})
      add_with_bias(names, concat("blocks.", layer, '.', module));
  add_with_bias(names, "norm");
  add_with_bias(names, "head");
  return names;
}

/// Every parameter has its name in timm, in the order in which timm's modules compute, and each name is there once.
void check_names(const Network<float>& network, const Names& expected) {
  const Parameters<float>& parameters = network.parameters();
  REQUIRE(parameters.count() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(timm_name(parameters[i].name) == expected[i]);
  CHECK(std::set<std::string>(expected.begin(), expected.end()).size() == expected.size());
}

/// A value in PyTorch's order of dimensions.
Tensor<float> in_pytorch_layout(TensorView<const float> value) {
  const Shape& s = value.shape();
  Tensor<float> result(s.rank() == 4 ? Shape{s[3], s[2], s[0], s[1]} : s.rank() == 2 ? Shape{s[1], s[0]} : s);
  Index at = 0;
  if (s.rank() == 4) {
    for (Index o = 0; o < s[3]; ++o)
      for (Index i = 0; i < s[2]; ++i)
        for (Index u = 0; u < s[0]; ++u)
          for (Index v = 0; v < s[1]; ++v) result[at++] = value(u, v, i, o);
  } else if (s.rank() == 2) {
    for (Index o = 0; o < s[1]; ++o)
      for (Index i = 0; i < s[0]; ++i) result[at++] = value(i, o);
  } else {
    copy(value, result.view());
  }
  return result;
}

/// The entries as DataParallel calls them.
std::vector<TensorEntry> wrapped(std::vector<TensorEntry> entries) {
  for (TensorEntry& entry : entries) entry.name = "module." + entry.name;
  return entries;
}

/// Loads equal weights by both names, and these below `module.`, into a network and compares what it computes; `names`
/// are timm's in order.
void check_both_files(Network<float>& network, const Names& names) {
  network.initialize(3);
  Random random(4);
  for (const Parameter& p : network.parameters().list())
    if (p.shape.rank() < 2)
      for (float& value : network.parameters().value(p)) value = static_cast<float>(random.uniform(0.5, 1.5));
  Tensor<float> x(network.shape(network.inputs()[0]));
  for (float& value : x) value = static_cast<float>(random.normal());
  const Tensor<float> expected = predict(network, x);

  std::vector<Tensor<float>> values;
  std::vector<TensorEntry> by_torchvision, by_timm;
  for (const Parameter& p : network.parameters().list())
    values.push_back(in_pytorch_layout(std::as_const(network).parameters().value(p)));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const TensorView<const float> value = values[i];
    by_torchvision.push_back(safetensors_entry(torchvision_name(network.parameters()[i].name), value));
    by_timm.push_back(safetensors_entry(names[i], value));
  }
  const Tensor<float> steps({1});
  by_timm.push_back(safetensors_entry("bn1.num_batches_tracked", steps.view()));
  const TemporaryFolder folder;
  const std::filesystem::path file = folder / "weights.safetensors";
  for (const auto& entries : {by_torchvision, by_timm, wrapped(by_torchvision), wrapped(by_timm)}) {
    CAPTURE(entries[0].name);
    write_safetensors(file, entries);
    network.parameters().values().fill(0);
    const LoadReport report = load_published_weights(file, network.parameters());
    CHECK(report.taken.size() == values.size());
    CHECK(report.left.empty());
    const Tensor<float> found = predict(network, x);
    CHECK(std::equal(found.begin(), found.end(), expected.begin()));
  }
}

}  // namespace

TEST_CASE("MobileNetV2 by timm's names") {
  const Names names = efficientnet_names({1, 2, 3, 4, 3, 3, 1}, false);
  Network net;
  net.output(*mobilenet_v2(net, net.input({32, 32, 3}), {.width = 0.25, .classes = 5}).logits, "logits");
  check_names(net, names);
  CHECK(timm_name("features.0.0.kernel") == "conv_stem.weight");
  CHECK(timm_name("features.1.conv.0.0.kernel") == "blocks.0.0.conv_dw.weight");
  CHECK(timm_name("features.1.conv.2.moving_variance") == "blocks.0.0.bn2.running_var");
  CHECK(timm_name("features.3.conv.1.0.kernel") == "blocks.1.1.conv_dw.weight");
  CHECK(timm_name("features.4.conv.3.gamma") == "blocks.2.0.bn3.weight");
  CHECK(timm_name("features.17.conv.2.kernel") == "blocks.6.0.conv_pwl.weight");
  CHECK(timm_name("features.18.1.beta") == "bn2.bias");
  CHECK(timm_name("classifier.1.kernel") == "classifier.weight");
  check_both_files(net, names);
}

TEST_CASE("EfficientNet-B0 by timm's names") {
  const Names names = efficientnet_names({1, 2, 2, 3, 3, 4, 1}, true);
  Network net;
  net.output(*efficientnet_b0(net, net.input({32, 32, 3}), {.width = 0.25, .classes = 5}).logits, "logits");
  check_names(net, names);
  CHECK(timm_name("features.1.0.block.1.fc1.kernel") == "blocks.0.0.se.conv_reduce.weight");
  CHECK(timm_name("features.1.0.block.2.0.kernel") == "blocks.0.0.conv_pw.weight");
  CHECK(timm_name("features.6.3.block.1.0.kernel") == "blocks.5.3.conv_dw.weight");
  CHECK(timm_name("features.6.3.block.2.fc2.bias") == "blocks.5.3.se.conv_expand.bias");
  CHECK(timm_name("features.7.0.block.3.1.moving_mean") == "blocks.6.0.bn3.running_mean");
  CHECK(timm_name("features.8.0.kernel") == "conv_head.weight");
  check_both_files(net, names);
}

TEST_CASE("ViT and ResNets by timm's names") {
  const VisionTransformerOptions small{.layers = 2, .heads = 2, .width = 8, .mlp = 12, .classes = 5};
  Network net;
  net.output(*vit_b_16(net, net.input({32, 32, 3}), small).logits, "logits");
  const Names names = transformer_names(2);
  check_names(net, names);
  CHECK(timm_name("encoder.layers.encoder_layer_11.self_attention.in_kernel") == "blocks.11.attn.qkv.weight");
  CHECK(timm_name("encoder.layers.encoder_layer_11.mlp.3.bias") == "blocks.11.mlp.fc2.bias");
  check_both_files(net, names);
  CHECK(timm_name("layer1.0.downsample.1.gamma") == "layer1.0.downsample.1.weight");
  CHECK(timm_name("conv1.kernel") == "conv1.weight");
  CHECK(timm_weights("backbone.").name_in_file("backbone.features.0.1.gamma") == "bn1.weight");
  CHECK(timm_weights("backbone.").name_in_file("head.kernel") == "head.kernel");
}

TEST_CASE("weights of another network of timm are refused by name") {
  Network net;
  net.output(*mobilenet_v2(net, net.input({32, 32, 3}), {.width = 0.25, .classes = 5}).logits, "logits");
  const TemporaryFolder folder;
  const Tensor<float> kernel({8, 3, 3, 3});
  const std::vector<TensorEntry> entries{safetensors_entry("conv_stem.weight", kernel.view()),
                                         safetensors_entry("blocks.0.0.conv_exp.weight", kernel.view())};
  write_safetensors(folder / "other.safetensors", entries);
  const std::string error = error_of([&] { load_published_weights(folder / "other.safetensors", net.parameters()); });
  CHECK(error.find("does not fit the network: missing 'features.0.1.gamma' [8] ('bn1.weight' there)") !=
        std::string::npos);
}
