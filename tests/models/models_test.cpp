#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "amdefect/models/published.hpp"
#include "amdefect/models/top_classes.hpp"
#include "amdefect/models/torchvision_names.hpp"
#include "amdefect/nn/predict.hpp"
#include "error_of.hpp"

using namespace amdefect;

namespace {

Index macs_of(const Network<float>& network) {
  Index macs = 0;
  for (const auto& node : network.nodes()) {
    std::vector<Shape> shapes;
    for (const Value input : node.inputs) shapes.push_back(network.shape(input));
    if (node.operation) macs += node.operation->macs(shapes);
  }
  return macs;
}

/// Every level has its stride, and channels as published.
void check_levels(const Network<float>& network, const ModelOutput& output, Index side,
                  const std::vector<Index>& channels) {
  REQUIRE(output.levels.size() == channels.size());
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const FeatureLevel& level = output.levels[i];
    CHECK(level.stride == Index{4} << i);
    CHECK(network.shape(level.value) == Shape{1, side / level.stride, side / level.stride, channels[i]});
  }
}

}  // namespace

TEST_CASE("models have as many parameters and multiply-adds as published") {
  // Parameters: torchvision's documentation of the weights, which counts what an optimiser changes.
  const auto trainable = [](const Network<float>& network) { return network.parameters().trainable(); };
  const auto billions = [](const Network<float>& network) { return static_cast<double>(macs_of(network)) / 1e9; };
  SUBCASE("MobileNetV2") {
    Network net;
    const ModelOutput output = mobilenet_v2(net, net.input({224, 224, 3}));
    check_levels(net, output, 224, {24, 32, 96, 1280});
    CHECK(trainable(net) == 3'504'872);
    CHECK(billions(net) == doctest::Approx(0.301).epsilon(0.01));
  }
  SUBCASE("EfficientNet-B0") {
    Network net;
    const ModelOutput output = efficientnet_b0(net, net.input({224, 224, 3}));
    check_levels(net, output, 224, {24, 40, 112, 1280});
    CHECK(trainable(net) == 5'288'548);
    CHECK(billions(net) == doctest::Approx(0.386).epsilon(0.01));
  }
  SUBCASE("ResNet-18") {
    Network net;
    const ModelOutput output = resnet18(net, net.input({224, 224, 3}));
    check_levels(net, output, 224, {64, 128, 256, 512});
    CHECK(trainable(net) == 11'689'512);
    CHECK(billions(net) == doctest::Approx(1.814).epsilon(0.01));
  }
  SUBCASE("ResNet-50") {
    Network net;
    const ModelOutput output = resnet50(net, net.input({224, 224, 3}));
    check_levels(net, output, 224, {256, 512, 1024, 2048});
    CHECK(trainable(net) == 25'557'032);
    CHECK(billions(net) == doctest::Approx(4.089).epsilon(0.01));
  }
  SUBCASE("ViT-B/16") {
    Network net;
    const TransformerOutput output = vit_b_16(net, net.input({224, 224, 3}));
    CHECK(net.shape(output.tokens) == Shape{1, 197, 768});
    CHECK(trainable(net) == 86'567'656);
    CHECK(billions(net) == doctest::Approx(17.56).epsilon(0.01));
  }
}

TEST_CASE("a model without classes is a backbone under a prefix") {
  Network net;
  const Value image = net.input({64, 96, 3});
  const ModelOutput output = mobilenet_v2(net, image, {.width = 0.25, .classes = 0, .prefix = "backbone."});
  CHECK_FALSE(output.logits.has_value());
  CHECK(net.shape(output.level(16)) == Shape{1, 4, 6, 24});
  CHECK_THROWS_WITH_AS(static_cast<void>(output.level(2)), "model: there are no features of stride 2", Error);
  for (const Parameter& p : net.parameters().list()) CHECK(p.name.starts_with("backbone.features."));
  const LoadOptions options = torchvision_weights("backbone.");
  CHECK(options.name_in_file("backbone.features.0.0.kernel") == "features.0.0.weight");
  CHECK(options.name_in_file("head.kernel") == "head.kernel");
}

TEST_CASE("parameters of attention and embeddings have torchvision's names") {
  CHECK(torchvision_name("encoder.self_attention.in_kernel") == "encoder.self_attention.in_proj_weight");
  CHECK(torchvision_name("encoder.self_attention.in_bias") == "encoder.self_attention.in_proj_bias");
  CHECK(torchvision_name("encoder.self_attention.out_kernel") == "encoder.self_attention.out_proj.weight");
  CHECK(torchvision_name("encoder.self_attention.out_bias") == "encoder.self_attention.out_proj.bias");
  CHECK(torchvision_name("class_token.token") == "class_token");
  CHECK(torchvision_name("encoder.pos_embedding.positions") == "encoder.pos_embedding");
  CHECK(torchvision_name("bn1.moving_variance") == "bn1.running_var");
}

TEST_CASE("a vision transformer refuses images that do not divide into patches") {
  Network net;
  CHECK_THROWS_WITH_AS(static_cast<void>(vit_b_16(net, net.input({224, 230, 3}))),
                       "vit_b_16: an image [1, 224, 230, 3] does not divide into patches of 16x16 pixels", ShapeError);
}

TEST_CASE("published networks by their names") {
  const Network net = published_network("resnet18", 7, 64, 1);
  CHECK(net.shape(net.outputs()[0].value) == Shape{1, 7});
  CHECK(net.shape(net.inputs()[0]) == Shape{1, 64, 64, 1});
  CHECK_THROWS_WITH_AS(
      published_network("vgg16"),
      "models: there is no 'vgg16', expected mobilenet_v2, efficientnet_b0, resnet18, resnet50 or vit_b_16", Error);
}

TEST_CASE("the likeliest classes come first, with the probabilities of a softmax over all") {
  const Tensor<float> logits({4},
                             std::array<float, 4>{std::log(2.0F), 100 + std::log(3.0F), 100, 100 + std::log(3.0F)});
  const std::vector<ClassProbability> best = top_classes<float>(logits, 3);
  REQUIRE(best.size() == 3);
  CHECK((best[0].label == 1 && best[1].label == 3 && best[2].label == 2));
  CHECK(best[0].probability == doctest::Approx(3.0 / 7));
  CHECK(best[2].probability == doctest::Approx(1.0 / 7));
  CHECK(top_classes<float>(logits, 9).size() == 4);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
    CHECK(error_of([&] {
            top_classes<float>(Tensor<float>({2}, std::array<float, 2>{1, bad}), 2);
          }).starts_with("top classes: the logits hold a NaN or an infinity"));
}
