#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/detection/anchor_free/anchor_free_description.hpp"
#include "amdefect/detection/anchor_free/anchor_free_detector.hpp"
#include "amdefect/detection/anchor_free/anchor_free_network.hpp"
#include "amdefect/detection/open_detector.hpp"
#include "amdefect/detection/training/pretrained.hpp"
#include "contains.hpp"
#include "error_of.hpp"
#include "nn/gaussian_tensor.hpp"
#include "temporary_folder.hpp"

// Squeeze-and-excitation and the transformer encoder of the anchor-free detector.
using namespace amdefect;

namespace {

const AnchorFreeModel plain_model{
    .channels = 1, .stem = 4, .widths = {4, 8}, .blocks = {1, 1}, .pyramid = 8, .levels = 2};

AnchorFreeModel with_attention(bool squeeze_excite, Index encoder_layers, AnchorFreeModel base = plain_model) {
  base.squeeze_excite = squeeze_excite;
  base.encoder_layers = encoder_layers;
  return base;
}

template <class T>
Network<T> initialized(const AnchorFreeModel& architecture) {
  Network<T> network = anchor_free_network<T>(architecture);
  initialize_anchor_free(network, architecture, 3);
  for (const char* name : {"score4.kernel", "score8.kernel"}) network.parameters().value(name).array() *= T(10);
  return network;
}

Index parameters_of(const AnchorFreeModel& architecture) {
  return anchor_free_network<float>(architecture).parameters().total();
}

/// Half the sum of squares of all outputs, and its gradients.
double half_squares(Workspace<double>& workspace, const Tensor<double>& x) {
  workspace.forward(x);
  double sum = 0;
  for (std::size_t i = 0; i < workspace.network().outputs().size(); ++i) {
    sum += workspace.output(i).array().square().sum() / 2;
    copy(workspace.output(i), workspace.output_gradient(i));
  }
  return sum;
}

}  // namespace

TEST_CASE("squeeze-and-excitation is the formula of its paper") {
  Network<double> net;
  const Value input = net.input({3, 2, 4}, "x");
  net.output(squeeze_excitation(net, input, "se", 2));
  net.initialize(1);
  for (double& value : net.parameters().values()) value += 0.1;
  const Tensor<double> x = gaussian_tensor<double>({2, 3, 2, 4}, 1);
  Workspace<double> workspace(net);
  workspace.forward(x);
  const auto weight = [&](const char* name) { return net.parameters().value(name); };
  for (Index image = 0; image < 2; ++image) {
    double hidden[2], factor[4];
    for (Index h = 0; h < 2; ++h) {
      hidden[h] = weight("se_1.bias")[h];
      for (Index place = 0; place < 6; ++place)
        for (Index c = 0; c < 4; ++c) hidden[h] += x[(image * 6 + place) * 4 + c] / 6 * weight("se_1.kernel")(c, h);
    }
    for (Index c = 0; c < 4; ++c) {
      double logit = weight("se_2.bias")[c];
      for (Index h = 0; h < 2; ++h) logit += std::max(0.0, hidden[h]) * weight("se_2.kernel")(h, c);
      factor[c] = 1 / (1 + std::exp(-logit));
    }
    for (Index i = image * 24; i < (image + 1) * 24; ++i)
      CHECK(workspace.output()[i] == doctest::Approx(x[i] * factor[i % 4]).epsilon(1e-12));
  }
  CHECK(contains(error_of([&] { squeeze_excitation(net, input, "none", 0); }), "reduction must be positive, got 0"));
}

TEST_CASE("attention adds the weights that its formulas have, and nothing unless asked for") {
  CHECK(parameters_of(anchor_free_n()) == 579'332);
  Index excitation = 0;
  for (const Index c : {32, 64, 128}) excitation += 2 * c * (c / 4) + c / 4 + c;
  CHECK(parameters_of(with_attention(true, 0, anchor_free_n())) == 579'332 + excitation);
  const Index c = 32, layer = 4 * c * c + 4 * c + 8 * c * c + 5 * c + 4 * c;  // attention, perceptron, norms
  CHECK(parameters_of(with_attention(false, 2, anchor_free_n())) == 579'332 + 2 * layer);
  CHECK(parameters_of(with_attention(true, 1, anchor_free_s())) ==
        parameters_of(with_attention(true, 0, anchor_free_s())) + 28'272);
  CHECK(parameters_of(with_attention(false, 1, anchor_free_on("resnet18"))) ==
        parameters_of(anchor_free_on("resnet18")) + 12 * 64 * 64 + 13 * 64);
}

TEST_CASE("gradients of a detector with attention agree with finite differences") {
  for (const auto& architecture : {with_attention(true, 0), with_attention(false, 1), with_attention(true, 2)}) {
    Network<double> network = initialized<double>(architecture);
    const Tensor<double> x = gaussian_tensor<double>({2, 16, 24, 1}, 5);
    auto workspace = Workspace<double>::for_training(network);
    network.parameters().gradients().fill(0);
    half_squares(workspace, x);
    workspace.backward();
    for (const Parameter& p : network.parameters().list()) {
      if (!p.name.starts_with("encoder") && !contains(p.name, "excited") && !p.name.starts_with("stem")) continue;
      if (contains(p.name, "moving")) continue;
      const TensorView<double> values = network.parameters().value(p);
      CAPTURE(p.name);
      for (Index i = 0; i < values.size(); i += 1 + values.size() / 3) {
        const double kept = values[i], step = 1e-5;
        values[i] = kept + step;
        const double above = half_squares(workspace, x);
        values[i] = kept - step;
        const double below = half_squares(workspace, x);
        values[i] = kept;
        const double gradient = network.parameters().gradient(p)[i];
        CHECK(std::abs((above - below) / (2 * step) - gradient) < 1e-5 * (1 + std::abs(gradient)));
      }
    }
  }
}

TEST_CASE("the encoder lets every place see all others and where it is, on images of any size") {
  const auto scores = [](const AnchorFreeModel& architecture, const Tensor<float>& x, int threads) {
    Network<float> network = initialized<float>(architecture);
    Workspace<float> workspace(network, {.threads = threads});
    workspace.forward(x);
    const auto output = workspace.output("score8");
    return Tensor<float>(output.shape(), output.span());
  };
  for (const auto& [height, width] : {std::pair<Index, Index>{128, 128}, {96, 160}}) {
    Tensor<float> grey({1, height, width, 1});
    grey.fill(0.5f);
    Tensor<float> marked = grey.clone();
    marked(0, 0, 0, 0) = 9;
    const Index rows = height / 8, columns = width / 8;
    for (const Index layers : {0, 1}) {
      const AnchorFreeModel architecture = with_attention(false, layers);
      const Tensor<float> of_grey = scores(architecture, grey, 1), of_marked = scores(architecture, marked, 1);
      CAPTURE(layers);
      CHECK((of_grey(0, rows - 3, columns - 3, 0) != of_marked(0, rows - 3, columns - 3, 0)) == (layers > 0));
      const Index row = rows / 2, column = columns / 2;  // too far from the border to see it without attention
      const auto differ = [&](float a, float b) { return std::abs(a - b) > 1e-5f; };
      CHECK(differ(of_grey(0, row, column, 0), of_grey(0, row, column - 1, 0)) == (layers > 0));
      CHECK(differ(of_grey(0, row, column, 0), of_grey(0, row - 1, column, 0)) == (layers > 0));
    }
    const AnchorFreeModel both = with_attention(true, 2);
    const Tensor<float> one = scores(both, marked, 1), two = scores(both, marked, 2);
    CHECK((one.array() - two.array()).abs().maxCoeff() < 1e-4f);
  }
}

TEST_CASE("attention travels with the model file, and files without it stay as they were") {
  CHECK_FALSE(contains(to_json(plain_model).to_text(), "encoder"));
  CHECK_FALSE(contains(to_json(plain_model).to_text(), "squeeze"));
  CHECK(anchor_free_model_of(R"({"squeeze_excite": true, "encoder_layers": 2})") ==
        with_attention(true, 2, anchor_free_n()));
  const TemporaryFolder folder;
  AnchorFreeDescription description{.model = with_attention(true, 1), .labels = {{"pore"}, {1}, 0}};
  const auto save = [&](const AnchorFreeModel& architecture, const char* name) {
    description.model = architecture;
    const AnchorFreeDetector detector(std::make_shared<Network<float>>(initialized<float>(architecture)), description);
    detector.save(folder / name);
    return detector.detect(Tensor<std::uint8_t>({40, 50, 1}), {.min_score = 0.001});
  };
  const std::vector<Detection> found = save(with_attention(true, 1), "both.safetensors");
  REQUIRE(!found.empty());
  const auto opened = open_detector(folder / "both.safetensors");
  CHECK(opened->detect(Tensor<std::uint8_t>({40, 50, 1}), {.min_score = 0.001}) == found);
  Network<float> network = initialized<float>(plain_model);
  CHECK(contains(error_of([&] { load_pretrained(folder / "both.safetensors", plain_model, network); }),
                 "is of another architecture: squeeze_excite true, expected none, encoder_layers 1, expected none"));
  save(plain_model, "plain.safetensors");
  Network<float> encoder = initialized<float>(with_attention(false, 1));
  CHECK(contains(error_of([&] { load_pretrained(folder / "plain.safetensors", with_attention(false, 1), encoder); }),
                 "is of another architecture: encoder_layers none, expected 1"));
}

TEST_CASE("attention without meaning is refused") {
  const auto refused = [](const std::string& json, const std::string& part) {
    const std::string message = error_of([&] { anchor_free_model_of(json); });
    CAPTURE(message);
    CHECK(contains(message, part));
  };
  refused(R"({"encoder_layers": -1})", "encoder_layers is -1, expected 0 to 12");
  refused(R"({"encoder_layers": 13})", "encoder_layers is 13, expected 0 to 12");
  refused(R"({"encoder_layers": 1.5})", "encoder_layers: expected an integer");
  refused(R"({"encoder_layers": 1, "pyramid": 30})", "pyramid is 30, expected a multiple of 4 for the encoder");
  refused(R"({"squeeze_excite": 1})", "squeeze_excite: expected true or false");
  refused(R"({"squeeze_excite": true, "backbone": "resnet18", "first_stride": 8, "levels": 3})",
          "squeeze_excite is for the detector's own stages, not for the backbone 'resnet18'");
  refused(R"({"squeeze_exite": true})", "squeeze_exite");
}
