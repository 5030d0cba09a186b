#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <memory>

#include "amdefect/detection/anchor_free/anchor_free_detector.hpp"
#include "amdefect/detection/anchor_free/anchor_free_loss.hpp"
#include "amdefect/optim/adam.hpp"
#include "amdefect/train/trainer.hpp"
#include "contains.hpp"
#include "error_of.hpp"
#include "reliability/tiny_detector.hpp"

// Batches and images at the edge of what has a meaning.
using namespace amdefect;

namespace {

/// A batch of noise with one object of a class in each image, or none (class -1).
Batch<float> batch_of(Index images, Index side, Index label) {
  Tensor<float> x({images, side, side, 3}), target({images, 2, 5});
  Random random(1);
  for (float& value : x) value = static_cast<float>(random.normal(0, 1));
  target.fill(-1);
  for (Index i = 0; label >= 0 && i < images; ++i) {
    const float object[] = {4, 5, 12, 14, static_cast<float>(label)};
    std::copy(std::begin(object), std::end(object), target.data() + 10 * i);
  }
  return {std::move(x), std::move(target)};
}

}  // namespace

TEST_CASE("images without boxes, a class that never occurs, a batch of one: the losses fall and stay finite") {
  struct Case {
    Index images, side, label;
  };
  for (const Case& c : {Case{2, 32, -1}, {2, 32, 0}, {1, 32, 1}, {1, 16, 1}}) {
    CAPTURE(c.images);
    CAPTURE(c.side);
    CAPTURE(c.label);
    const auto network = tiny_network();
    Trainer<float> trainer(*network, Adam<float>(1e-2), anchor_free_loss<float>(tiny_description.model, {}));
    const Batch<float> batch = batch_of(c.images, c.side, c.label);
    const auto total = [&] {
      double sum = 0;
      for (const double part : trainer.step(batch)) sum += part;
      return sum;
    };
    const double first = total();
    for (int i = 0; i < 20; ++i) total();
    CHECK(total() < first);
  }
}

TEST_CASE("an empty batch is refused by a step") {
  const auto network = tiny_network();
  Trainer<float> trainer(*network, Adam<float>(1e-2), anchor_free_loss<float>(tiny_description.model, {}));
  CHECK(contains(error_of([&] { trainer.step(Batch<float>()); }), "a step needs at least one sample"));
  CHECK(contains(error_of([&] { trainer.step(batch_of(0, 32, -1)); }), "a step needs at least one sample"));
}

TEST_CASE("images of one pixel, of one row, and of 20000x10 pixels are searched") {
  const auto detector = tiny_detector(1);
  for (const Shape& shape : {Shape{1, 1, 3}, Shape{1, 300, 3}, Shape{20000, 10, 3}, Shape{10, 20000, 3}})
    for (const Index tile : {0, 1536}) {
      CAPTURE(shape[0]);
      CAPTURE(tile);
      const std::vector<Detection> found = detector->detect(noise_image(shape), {.min_score = 0.0, .tile = tile});
      CHECK(!found.empty());
      for (const Detection& d : found) {
        CHECK(std::isfinite(d.score));
        CHECK((d.box.x1 >= 0 && d.box.y1 >= 0 && d.box.x1 < d.box.x2 && d.box.y1 < d.box.y2));
        CHECK((d.box.x2 <= static_cast<double>(shape[1]) && d.box.y2 <= static_cast<double>(shape[0])));
      }
    }
  CHECK(contains(error_of([&] { detector->detect(Tensor<std::uint8_t>({0, 5, 3}), {}); }), "expected an image"));
}

TEST_CASE("a pixel that is not a number is said, with its place, and not overlooked") {
  const auto detector = tiny_detector(1);
  Tensor<float> image({7, 9, 3});
  CHECK(error_of([&] { detector->detect(image, {}); }) == "no error");
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    image[(4 * 9 + 2) * 3 + 1] = bad;
    CHECK(contains(error_of([&] { detector->detect(image, {}); }), "a NaN or an infinity in row 4, column 2"));
  }
}
