#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "amdefect/core/random.hpp"
#include "amdefect/metrics/coco_dataset.hpp"

/// Ground truths and detections with everything that makes evaluation hard: whole-number boxes and few distinct scores
/// (so that IoUs and scores tie), crowds, areas on the limits, gaps in the ids, an annotation with id 0.
struct RandomScene {
  amdefect::CocoDataset dataset;
  std::vector<amdefect::CocoResult> results;
};

inline amdefect::CocoBox random_whole_box(amdefect::Random& random) {
  const auto number = [&](amdefect::Index low, amdefect::Index high) {
    return static_cast<double>(low + random.integer(high - low + 1));
  };
  if (random.chance(0.2)) return {number(0, 20), number(0, 20), 32, 32};  // area 1024
  return {number(0, 30), number(0, 30), number(0, 60), number(1, 60)};
}

inline RandomScene random_scene(std::uint64_t seed) {
  using namespace amdefect;
  Random random(seed);
  RandomScene scene;
  const Index images = 1 + random.integer(5), categories = 1 + random.integer(3);
  for (Index i = 0; i < images; ++i) scene.dataset.images.push_back({(i * 7) % 5 + 10 * (i % 2), "", 0, 0});
  for (Index k = 0; k < categories; ++k) scene.dataset.categories.push_back({9 - 4 * k, std::to_string(k), ""});
  const auto image = [&] { return scene.dataset.images[static_cast<std::size_t>(random.integer(images))].id; };
  const auto category = [&] {
    return scene.dataset.categories[static_cast<std::size_t>(random.integer(categories))].id;
  };
  const Index truths = random.integer(25), detections = random.integer(60);
  for (Index i = 0; i < truths; ++i) {
    const CocoBox box = random_whole_box(random);
    const double area = random.chance(0.7) ? box.width * box.height : static_cast<double>(random.integer(2500));
    scene.dataset.annotations.push_back({i, image(), category(), box, area, random.chance(0.15), random.chance(0.1)});
  }
  for (Index i = 0; i < detections; ++i) {
    CocoBox box = random_whole_box(random);
    std::int64_t where = image(), what = category();
    if (truths > 0 && random.chance(0.7)) {
      const CocoAnnotation& truth = scene.dataset.annotations[static_cast<std::size_t>(random.integer(truths))];
      box = truth.box;
      box.x += static_cast<double>(random.integer(7) - 3);
      where = truth.image_id;
      if (random.chance(0.9)) what = truth.category_id;
    }
    scene.results.push_back({where, what, box, static_cast<double>(random.integer(8)) / 8});
  }
  return scene;
}
