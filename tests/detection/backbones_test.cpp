#include "amdefect/detection/anchor_free/backbones.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "amdefect/detection/anchor_free/anchor_free_detector.hpp"
#include "amdefect/detection/open_detector.hpp"
#include "amdefect/detection/training/pretrained.hpp"
#include "contains.hpp"
#include "detection/tiny_training.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

namespace {

/// Features of strides 4 to 32 by a convolution each.
const RegisterBackbone small_backbone("small", [](auto& network, Value image) -> ModelOutput {
  using T = typename std::remove_reference_t<decltype(network)>::Scalar;
  ModelOutput output;
  Value x = network.add(Conv2d<T>(4, {.kernel = 3, .stride = 2}), image, "backbone.stem");
  for (const Index stride : {4, 8, 16, 32}) {
    x = network.add(Conv2d<T>(6, {.kernel = 3, .stride = 2}), x, concat("backbone.stride", stride));
    x = network.add(BatchNorm<T>(), x, concat("backbone.norm", stride));
    x = network.add(Relu<T>(), x, concat("backbone.relu", stride));
    output.levels.push_back({stride, x});
  }
  return output;
});

AnchorFreeModel small_model() {
  AnchorFreeModel small = anchor_free_on("small");
  small.pyramid = 8;
  return small;
}

}  // namespace

TEST_CASE("detectors on published backbones have levels at strides 8, 16 and 32, or from 4 on") {
  for (const char* name : {"mobilenet_v2", "efficientnet_b0", "resnet18"})
    for (const Index first : {4, 8}) {
      CAPTURE(name);
      const AnchorFreeModel built = anchor_free_on(name, first);
      CHECK(built.levels == (first == 4 ? 4 : 3));
      const Network<float> network = anchor_free_network<float>(built);
      REQUIRE(network.outputs().size() == static_cast<std::size_t>(2 * built.levels));
      for (Index level = 0; level < built.levels; ++level) {
        const Shape& shape = network.shape(network.outputs()[static_cast<std::size_t>(2 * level)].value);
        CHECK(shape == Shape{1, 64 / built.stride(level), 64 / built.stride(level), 1});
      }
    }
  CHECK(contains(error_of([] { anchor_free_network<float>(anchor_free_on("vgg")); }),
                 "backbones: there is no 'vgg', expected one of: efficientnet_b0, mobilenet_v2, resnet18"));
  CHECK(contains(error_of([] { check(AnchorFreeModel{.first_stride = 8}); }), "expected 4 without a backbone"));
  CHECK(contains(error_of([] { check(AnchorFreeModel{.backbone = "small", .first_stride = 12}); }),
                 "first_stride is 12"));
}

TEST_CASE("a detector on a backbone of one's own is saved and opened again") {
  const TemporaryFolder folder;
  AnchorFreeDescription description{.model = small_model(), .labels = {{"pore"}, {1}, 0}};
  description.pixel_scaling = imagenet_scaling();
  auto network = std::make_shared<Network<float>>(anchor_free_network<float>(description.model));
  initialize_anchor_free(*network, description.model, 3);
  const AnchorFreeDetector detector(network, description);
  detector.save(folder / "model.safetensors");
  const std::unique_ptr<Detector> opened = open_detector(folder / "model.safetensors");
  CHECK(opened->traits() == detector.traits());
  Random random(1);
  Tensor<std::uint8_t> image({70, 50, 3});
  for (std::uint8_t& byte : image.span()) byte = static_cast<std::uint8_t>(random.integer(256));
  const DetectOptions options{.min_score = 0.001};
  const std::vector<Detection> a = detector.detect(image, options);
  REQUIRE(!a.empty());
  const std::vector<Detection> b = opened->detect(image, options);
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i].score == b[i].score);
}

TEST_CASE("frozen stages and norms of a backbone stay, and a slower backbone learns less") {
  const TemporaryFolder folder;
  const CocoSplits splits = write_data(folder);
  DetectorTrainerOptions options = tiny_options();
  options.epochs = 1;
  options.model = small_model();
  Network<float> fresh = anchor_free_network<float>(options.model), trained = anchor_free_network<float>(options.model);
  initialize_anchor_free(fresh, options.model, options.seed);
  trained.parameters().allocate();
  const auto train = [&] {
    DetectorTrainer(splits, options).fit()->save(folder / "d.safetensors");
    load_weights(folder / "d.safetensors", trained.parameters());
  };
  const auto moved = [&](const std::string& name) {
    return (fresh.parameters().value(name).array() - trained.parameters().value(name).array()).abs().maxCoeff();
  };
  options.frozen_stages = 1;
  options.frozen_norms = true;
  train();
  for (const char* name : {"stem.kernel", "stride4.bias", "norm4.gamma", "norm4.moving_mean", "norm8.gamma",
                           "norm8.moving_variance", "norm32.beta"}) {
    CAPTURE(name);
    CHECK(moved(concat("backbone.", name)) == 0);
  }
  CHECK(moved("backbone.stride8.kernel") > 0);
  CHECK(moved("lateral8_norm.moving_mean") > 0);
  options.frozen_stages = 0;
  options.frozen_norms = false;
  train();
  const float fast = moved("backbone.stem.kernel");
  CHECK(moved("backbone.norm8.moving_mean") > 0);
  options.backbone_rate = 0.01;
  train();
  CHECK(moved("backbone.stem.kernel") < 0.1F * fast);
  options.model = AnchorFreeModel{};
  CHECK_THROWS_AS(DetectorTrainer(splits, options), Error);
}

TEST_CASE("stages of a backbone are counted from stride 4 on") {
  CHECK(stage_parameters("small", 0).empty());
  CHECK(stage_parameters("small", 1) ==
        std::vector<std::string>{"backbone.stem.kernel", "backbone.stem.bias", "backbone.stride4.kernel",
                                 "backbone.stride4.bias", "backbone.norm4.gamma", "backbone.norm4.beta",
                                 "backbone.norm4.moving_mean", "backbone.norm4.moving_variance"});
  CHECK(stage_parameters("small", 4).size() == 26);
  CHECK(contains(error_of([] { stage_parameters("small", 5); }), "'small' has 4 stages, cannot freeze 5"));
}

TEST_CASE("a backbone starts from weights by PyTorch's names and layouts, adapted to the channels") {
  const TemporaryFolder folder;
  Tensor<float> stem({4, 3, 3, 3}), bias({4}), other({9, 9});
  for (Index i = 0; i < stem.size(); ++i) stem[i] = static_cast<float>(i);
  bias.fill(2);
  const TensorEntry entries[] = {safetensors_entry("stem.weight", stem.view()),
                                 safetensors_entry("stem.bias", bias.view()),
                                 safetensors_entry("fc.weight", other.view())};
  write_safetensors(folder / "weights.safetensors", entries);
  for (const Index channels : {1, 3, 4}) {
    CAPTURE(channels);
    AnchorFreeModel small = small_model();
    small.channels = channels;
    Network<float> network = anchor_free_network<float>(small);
    initialize_anchor_free(network, small, 1);
    const std::string line = load_pretrained(folder / "weights.safetensors", small, network);
    CHECK(contains(line, "took 2 of 3 tensors"));
    CHECK(contains(line, "'fc.weight' (no parameter)"));
    CHECK(contains(line, "'backbone.stride4.kernel'"));
    CHECK(contains(line, "adapted to the channels") == (channels != 3));
    CHECK_FALSE(contains(line, "score8"));
    const TensorView<const float> kernel = network.parameters().value("backbone.stem.kernel");  // [3, 3, channels, 4]
    const auto stored = [&](Index channel) { return stem[(1 * 3 + channel) * 9 + 5]; };         // of filter 1, pixel 5
    const auto loaded = [&](Index channel) { return kernel[(5 * channels + channel) * 4 + 1]; };
    if (channels == 1) CHECK(loaded(0) == stored(0) + stored(1) + stored(2));
    if (channels == 3) CHECK(loaded(2) == stored(2));
    if (channels == 4) CHECK(loaded(3) == doctest::Approx(stored(0) * 0.75));
    CHECK(network.parameters().value("backbone.stem.bias")[3] == 2);
  }
}

TEST_CASE("a published backbone starts from weights by timm's names, too") {
  const TemporaryFolder folder;
  Tensor<float> stem({32, 3, 3, 3}), scale({32}), depthwise({32, 1, 3, 3});
  for (Index i = 0; i < stem.size(); ++i) stem[i] = static_cast<float>(i);
  scale.fill(3);
  depthwise.fill(5);
  const TensorEntry entries[] = {safetensors_entry("conv_stem.weight", stem.view()),
                                 safetensors_entry("bn1.weight", scale.view()),
                                 safetensors_entry("blocks.0.0.conv_dw.weight", depthwise.view())};
  write_safetensors(folder / "model.safetensors", entries);
  AnchorFreeModel model = anchor_free_on("mobilenet_v2");
  model.pyramid = 8;
  Network<float> network = anchor_free_network<float>(model);
  initialize_anchor_free(network, model, 1);
  CHECK(contains(load_pretrained(folder / "model.safetensors", model, network), "took 3 of 3 tensors"));
  CHECK(network.parameters().value("backbone.features.0.0.kernel")(1, 2, 0, 4) == stem(4, 0, 1, 2));
  CHECK(network.parameters().value("backbone.features.0.1.gamma")[31] == 3);
  CHECK(network.parameters().value("backbone.features.1.conv.0.0.kernel")[0] == 5);
}
