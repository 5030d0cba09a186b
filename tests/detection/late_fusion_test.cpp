#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>

#include "amdefect/detection/anchor_free/anchor_free_description.hpp"
#include "amdefect/detection/anchor_free/anchor_free_detector.hpp"
#include "amdefect/detection/anchor_free/anchor_free_network.hpp"
#include "amdefect/detection/open_detector.hpp"
#include "amdefect/detection/training/pretrained.hpp"
#include "contains.hpp"
#include "error_of.hpp"
#include "nn/gaussian_tensor.hpp"
#include "temporary_folder.hpp"

// Extra channels with a first stage of their own.
namespace late_fusion_test {

using namespace amdefect;

const AnchorFreeModel early{.channels = 5, .stem = 4, .widths = {4, 8}, .blocks = {1, 1}, .pyramid = 8, .levels = 2};

AnchorFreeModel late() {
  AnchorFreeModel model = early;
  model.late_fusion = true;
  return model;
}

Network<float> fused_network(std::uint64_t seed) {
  Network<float> network = anchor_free_network<float>(late());
  initialize_anchor_free(network, late(), seed);
  return network;
}

TEST_CASE("late fusion: each group of channels has a stem and a first stage, then there is one network") {
  const Network<float> network = fused_network(1);
  const auto shape = [&](const char* name) { return network.parameters().value(name).shape(); };
  CHECK(shape("stem.kernel") == Shape{3, 3, 3, 4});
  CHECK(shape("extra_stem.kernel") == Shape{3, 3, 2, 4});
  CHECK(shape("extra_stage1_block1_2.kernel") == Shape{3, 3, 4, 4});
  CHECK(shape("fusion.kernel") == Shape{1, 1, 8, 4});
  CHECK(network.parameters().find("extra_stage2_down.kernel") == nullptr);
  CHECK(anchor_free_network<float>(early).parameters().find("fusion.kernel") == nullptr);
}

TEST_CASE("late fusion: both groups of channels reach the outputs") {
  const Network<float> network = fused_network(2);
  Workspace<float> workspace(network);
  const Tensor<float> x = gaussian_tensor<float>({1, 32, 32, 5}, 3);
  workspace.forward(x);
  const Tensor<float> before(workspace.output(0).shape(), workspace.output(0).span());
  for (const Index channel : {0, 2, 3, 4}) {
    Tensor<float> changed = x.clone();
    for (Index y = 8; y < 24; ++y)
      for (Index column = 8; column < 24; ++column) changed(0, y, column, channel) += 2;
    workspace.forward(changed);
    CAPTURE(channel);
    CHECK((workspace.output(0).array() - before.array()).abs().maxCoeff() > 1e-4f);
  }
}

TEST_CASE("late fusion travels with the model file, and needs extra channels of the detector's own stages") {
  CHECK(anchor_free_model_of(to_json(late()).to_text()).late_fusion);
  CHECK_FALSE(contains(to_json(early).to_text(), "fusion"));
  const TemporaryFolder folder;
  const AnchorFreeDescription description{.model = late(), .labels = {{"pore"}, {1}, 0}};
  const AnchorFreeDetector detector(std::make_shared<Network<float>>(fused_network(4)), description);
  detector.save(folder / "late.safetensors");
  const Tensor<std::uint8_t> image({40, 50, 5});
  CHECK(open_detector(folder / "late.safetensors")->detect(image, {.min_score = 0.001}) ==
        detector.detect(image, {.min_score = 0.001}));
  AnchorFreeModel grey = late();
  grey.channels = 3;
  CHECK(contains(error_of([&] { anchor_free_network<float>(grey); }),
                 "late_fusion is for channels beyond the first 3, here are 3"));
  CHECK(contains(error_of([] {
                   anchor_free_model_of(
                       R"({"late_fusion": true, "backbone": "resnet18", "first_stride": 8, "levels": 3})");
                 }),
                 "late_fusion is for the detector's own stages, not for the backbone 'resnet18'"));
}

TEST_CASE("late fusion: the first channels start from a detector without others") {
  AnchorFreeModel plain = early;
  plain.channels = 3;
  const TemporaryFolder folder;
  Network<float> start = anchor_free_network<float>(plain);
  initialize_anchor_free(start, plain, 5);
  const Tensor<float> stem(start.parameters().value("stem.kernel").shape(),
                           start.parameters().value("stem.kernel").span());
  AnchorFreeDetector(std::make_shared<Network<float>>(std::move(start)), {.model = plain, .labels = {{"pore"}, {1}, 0}})
      .save(folder / "plain.safetensors");
  Network<float> network = fused_network(6);
  const std::string said = load_pretrained(folder / "plain.safetensors", late(), network);
  CHECK(contains(said, "it has 3 channels, this model has 5"));
  CHECK((network.parameters().value("stem.kernel").array() == stem.array()).all());
}

}  // namespace late_fusion_test
