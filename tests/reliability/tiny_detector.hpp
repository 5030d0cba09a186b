#pragma once

#include <cstdint>
#include <memory>

#include "amdefect/detection/anchor_free/anchor_free_detector.hpp"

// The smallest sensible detector, of three channels and two classes.
namespace amdefect {

inline const AnchorFreeDescription tiny_description{
    .model = {.channels = 3, .classes = 2, .stem = 8, .widths = {8, 8}, .blocks = {1, 1}, .pyramid = 8, .levels = 3},
    .labels = {{"pore", "crack"}, {3, 7}, 0},
    .score_threshold = 0.1};

inline std::shared_ptr<Network<float>> tiny_network() {
  auto network = std::make_shared<Network<float>>(anchor_free_network<float>(tiny_description.model));
  network->initialize(3);  // scores about 0.5 everywhere
  return network;
}

inline std::unique_ptr<Detector> tiny_detector(int threads) {
  return std::make_unique<AnchorFreeDetector>(tiny_network(), tiny_description, Execution{.threads = threads});
}

inline Tensor<std::uint8_t> noise_image(const Shape& shape) {
  Tensor<std::uint8_t> image(shape);
  Random random(5);
  for (auto& value : image) value = static_cast<std::uint8_t>(random.integer(256));
  return image;
}

}  // namespace amdefect
