#include "amdefect/data/mosaic.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <string>

using namespace amdefect;

namespace {

/// A dark image with one bright pixel-aligned rectangle of its own value for each object.
Sample sample_with(Index height, Index width, const std::vector<Box>& boxes, Index channels = 3) {
  Sample sample{Image(height, width, channels), {}, {}};
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const Box& box = boxes[i];
    const Image patch(static_cast<Index>(box.height()), static_cast<Index>(box.width()), channels,
                      static_cast<std::uint8_t>(100 + i));
    paste(patch, sample.image, static_cast<Index>(box.y1), static_cast<Index>(box.x1));
    sample.objects.push_back({box, static_cast<Index>(i)});
  }
  return sample;
}

/// Where the pixels of object `label` really are.
Box seen(const Image& image, Index label) {
  Box box{1e9, 1e9, -1e9, -1e9};
  for (Index y = 0; y < image.height(); ++y)
    for (Index x = 0; x < image.width(); ++x)
      if (image(y, x, 0) == 100 + label) {
        box.x1 = std::min(box.x1, static_cast<double>(x));
        box.y1 = std::min(box.y1, static_cast<double>(y));
        box.x2 = std::max(box.x2, static_cast<double>(x + 1));
        box.y2 = std::max(box.y2, static_cast<double>(y + 1));
      }
  return box;
}

void check_boxes(const Sample& sample) {
  for (const LabelledBox& object : sample.objects) CHECK(object.box == seen(sample.image, object.label));
}

}  // namespace

TEST_CASE("flips twice are the identity, four rotations too, boxes included") {
  const Sample sample = sample_with(7, 11, {{0, 0, 3, 2}, {8, 5, 11, 7}, {4, 3, 5, 4}});
  for (const auto& [orientation, times] :
       std::vector<std::pair<Orientation, int>>{{{false, true, false}, 2},
                                                {{false, false, true}, 2},
                                                {{true, false, false}, 2},
                                                {{true, true, true}, 2},
                                                {Orientation::rotated_clockwise(), 4},
                                                {Orientation::rotated_counterclockwise(), 4}}) {
    Sample turned = orient(sample, orientation);
    CHECK(!(turned.image == sample.image));
    for (int i = 1; i < times; ++i) {
      check_boxes(turned);
      turned = orient(turned, orientation);
    }
    CHECK(turned.image == sample.image);
    CHECK(turned.objects == sample.objects);
  }
}

TEST_CASE("a crop cuts boxes and drops those of which too little is left") {
  const Sample sample = sample_with(20, 30, {{2, 2, 12, 6}, {20, 10, 30, 20}});
  const Sample part = crop(sample, {.top = 4, .left = 5, .height = 10, .width = 18}, 0);
  REQUIRE(part.image.shape() == Shape{10, 18, 3});
  CHECK(part.objects == std::vector<LabelledBox>{{Box{0, 0, 7, 2}, 0}, {Box{15, 6, 18, 10}, 1}});
  check_boxes(part);
  CHECK(crop(sample, {4, 5, 10, 18}, 0.36).objects.size() == 0);  // 14 of 40 and 12 of 100 remain
  CHECK(crop(sample, {4, 5, 10, 18}, 0.35).objects.size() == 1);
  CHECK(crop(sample, {0, 12, 3, 3}, 0).objects.empty());  // touching at the edge is nothing
  const Sample around = crop(sample, {-3, -2, 30, 40}, 1, 7);
  CHECK(around.objects[1].box == Box{22, 13, 32, 23});
  CHECK(around.image(0, 0, 0) == 7);
  check_boxes(around);
}

TEST_CASE("random crops have the size asked for and lie in the image where it is large enough") {
  const Sample sample = sample_with(60, 90, {{30, 20, 40, 30}, {70, 50, 90, 60}});
  Random random(3);
  std::set<double> places;
  for (int run = 0; run < 300; ++run) {
    const Sample part = random_crop(sample, {.height = 32, .width = 40, .min_visible = 0, .fill = 255}, random);
    REQUIRE(part.image.shape() == Shape{32, 40, 3});
    check_boxes(part);
    for (const std::uint8_t byte : part.image.bytes()) REQUIRE(byte != 255);
    if (!part.objects.empty()) places.insert(part.objects[0].box.x1);
    // Twice as large a window as the image: all of it is shown.
    const Sample whole = random_crop(sample, {.height = 120, .width = 180, .min_visible = 1}, random);
    CHECK(whole.objects.size() == 2);
    check_boxes(whole);
    const Sample centred = random_crop(sample, {.height = 32, .width = 40, .on_object = 1, .min_visible = 0}, random);
    CHECK(!centred.objects.empty());
  }
  CHECK(places.size() > 10);
}

TEST_CASE("zoom scales boxes with the pixels") {
  const Sample sample = sample_with(64, 64, {{16, 16, 32, 32}});
  Random random(3);
  const Sample twice = random_crop(
      sample, {.height = 64, .width = 64, .smallest_zoom = 2, .largest_zoom = 2, .on_object = 1, .min_visible = 1},
      random);
  REQUIRE(twice.image.shape() == Shape{64, 64, 3});
  for (const LabelledBox& object : twice.objects) {
    CHECK(object.box.width() == 32);
    CHECK(object.box.height() == 32);
  }
  const Sample half =
      random_crop(sample, {.height = 64, .width = 64, .smallest_zoom = 0.5, .largest_zoom = 0.5}, random);
  REQUIRE(half.objects.size() == 1);
  CHECK(half.objects[0].box.width() == 8);
}

TEST_CASE("a random zoom is uniform in its logarithm, between its limits") {
  const Sample sample = sample_with(64, 64, {{31, 31, 33, 33}});  // so small that it is seldom cut
  Random random(5);
  int larger = 0;
  double least = 1e9, most = 0;
  for (int run = 0; run < 400; ++run) {
    const Sample part = random_crop(
        sample, {.height = 48, .width = 48, .smallest_zoom = 0.5, .largest_zoom = 2, .on_object = 1, .min_visible = 0},
        random);
    REQUIRE(part.objects.size() == 1);
    const Box& box = part.objects[0].box;
    if (box.y1 <= 0 || box.y2 >= 48) continue;
    larger += box.height() > 2 ? 1 : -1;
    least = std::min(least, box.height());
    most = std::max(most, box.height());
  }
  CHECK(std::abs(larger) < 70);  // of 400; 20 would be one standard deviation
  CHECK(least == doctest::Approx(1).epsilon(0.03));
  CHECK(most == doctest::Approx(4).epsilon(0.05));
}

TEST_CASE("brightness and contrast change either way, as far as they are told") {
  Sample sample{Image(1, 2, 1), {}, {}};
  sample.image(0, 0, 0) = 120;
  sample.image(0, 1, 0) = 136;
  const auto range = [&](const AugmentOptions& options, auto measure) {
    double least = 1e9, most = -1e9, sum = 0;
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
      Random random(seed);
      const Image image = augment(sample, options, random).image;
      const double value = measure(image(0, 0, 0), image(0, 1, 0));
      least = std::min(least, value), most = std::max(most, value), sum += value;
    }
    return std::array{least, most, sum / 500};
  };
  const auto contrast = range({.contrast = 0.5}, [](double a, double b) { return (b - a) / 16; });
  CHECK(contrast[0] == doctest::Approx(0.5).epsilon(0.15));
  CHECK(contrast[1] == doctest::Approx(1.5).epsilon(0.05));
  CHECK(contrast[2] == doctest::Approx(1).epsilon(0.05));
  const auto brightness = range({.brightness = 0.2}, [](double a, double) { return (a - 120) / 255; });
  CHECK(brightness[0] == doctest::Approx(-0.2).epsilon(0.05));
  CHECK(brightness[1] == doctest::Approx(0.2).epsilon(0.05));
  CHECK(std::abs(brightness[2]) < 0.02);
}

TEST_CASE("a mosaic shows a window of each of its four samples, boxes included") {
  std::array<std::shared_ptr<const Sample>, 4> parts;
  for (std::size_t i = 0; i < 4; ++i) {
    Sample part = sample_with(50, 60, {{20, 10, 45, 38}});
    for (std::uint8_t& byte : part.image.bytes())
      if (byte == 100) byte = static_cast<std::uint8_t>(100 + i);
    part.objects[0].label = static_cast<Index>(i);
    parts[i] = std::make_shared<Sample>(std::move(part));
  }
  std::set<Index> seen_labels;
  std::set<std::size_t> counts;
  Random random(4);
  for (int run = 0; run < 100; ++run) {
    const Sample whole = mosaic(parts, {.height = 40, .width = 36, .min_visible = 0, .fill = 7}, random);
    REQUIRE(whole.image.shape() == Shape{40, 36, 3});
    for (const std::uint8_t byte : whole.image.bytes()) REQUIRE(byte != 7);  // no gap between the parts
    check_boxes(whole);
    counts.insert(whole.objects.size());
    for (const LabelledBox& object : whole.objects) {
      seen_labels.insert(object.label);
      if (object.label == 0) CHECK(object.box.y2 <= 28);  // the first in the upper left corner, at most 70 % of a side
      if (object.label == 3) CHECK(object.box.x1 >= 10);  // 30 % of 36, in whole pixels
    }
  }
  CHECK(seen_labels.size() == 4);
  CHECK(counts.contains(4));
  const Sample least = mosaic(parts, {.height = 2, .width = 2}, random);
  CHECK(least.image.shape() == Shape{2, 2, 3});
}

TEST_CASE("augmentation is off by default, repeatable, and keeps boxes on their objects") {
  const Sample sample = sample_with(40, 40, {{3, 5, 13, 11}, {20, 25, 38, 39}});
  Random none(1);
  CHECK(augment(sample, {}, none).image == sample.image);
  const AugmentOptions geometric{.flip_x = 0.5, .flip_y = 0.5, .rotate = 0.5};
  std::set<std::string> results;
  for (int seed = 0; seed < 100; ++seed) {
    Random a(static_cast<std::uint64_t>(seed)), b(static_cast<std::uint64_t>(seed));
    const Sample first = augment(sample, geometric, a), second = augment(sample, geometric, b);
    CHECK(first.image == second.image);
    CHECK(first.objects == second.objects);
    check_boxes(first);
    results.insert(std::string(first.image.bytes().begin(), first.image.bytes().end()));
  }
  CHECK(results.size() == 8);
}

TEST_CASE("the paper's augmentation: 22 % grey, hue within 75 degrees") {
  Sample sample{Image(1, 1, 3), {}, {}};
  sample.image(0, 0, 0) = 255;
  int grey = 0;
  double least = 0, most = 0;
  for (int seed = 0; seed < 4000; ++seed) {
    Random random(static_cast<std::uint64_t>(seed));
    const Image image = augment(sample, AugmentOptions{.greyscale = 0.22, .hue_degrees = 75}, random).image;
    const int r = image(0, 0, 0), g = image(0, 0, 1), b = image(0, 0, 2);
    if (r == g && g == b) {
      ++grey;
    } else {
      const double degrees = r == 255 ? (g - b) / 255.0 * 60 : g > b ? 120 - r / 255.0 * 60 : r / 255.0 * 60 - 120;
      least = std::min(least, degrees);
      most = std::max(most, degrees);
    }
  }
  CHECK(std::abs(grey / 4000.0 - 0.22) < 0.03);  // 4.6 standard deviations
  CHECK(least < -74);
  CHECK(least > -75.2);  // half a level of rounding is 0.12 degrees
  CHECK(most > 74);
  CHECK(most < 75.2);
}

TEST_CASE("options out of range are named") {
  CHECK_THROWS_WITH_AS(check(AugmentOptions{.flip_x = 1.5}), "augmentation: flip_x is 1.5, expected 0 to 1", Error);
  CHECK_THROWS_AS(check(AugmentOptions{.crop_zoom = 0.5}), Error);
  CHECK_THROWS_AS(check(AugmentOptions{.hue_degrees = std::nan("")}), Error);
}

TEST_CASE("further channels move by themselves, and colours and boxes stay") {
  Sample sample = sample_with(20, 24, {{4, 6, 12, 14}}, 5);
  const AugmentOptions moving{.extra_shift = 3};
  std::set<Index> rows, columns;
  bool apart = false;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    const Sample moved = augment(sample, moving, random);
    CHECK(moved.objects == sample.objects);
    CHECK(seen(moved.image, 0) == sample.objects[0].box);
    Index shifts[2][2];
    for (Index channel = 3; channel < 5; ++channel) {
      Image alone(20, 24, 3);
      for (Index y = 0; y < 20; ++y)
        for (Index x = 0; x < 24; ++x) alone(y, x, 0) = moved.image(y, x, channel);
      const Box box = seen(alone, 0);
      CHECK((box.width() == 8 && box.height() == 8));
      shifts[channel - 3][0] = static_cast<Index>(box.y1) - 6;
      shifts[channel - 3][1] = static_cast<Index>(box.x1) - 4;
    }
    rows.insert(shifts[0][0]);
    columns.insert(shifts[0][1]);
    apart |= shifts[0][0] != shifts[1][0];
  }
  CHECK(rows == std::set<Index>{-3, -2, -1, 0, 1, 2, 3});
  CHECK(columns == rows);
  CHECK(apart);

  // What comes in is as the border.
  Image image(3, 4, 4, 0);
  for (Index y = 0; y < 3; ++y)
    for (Index x = 0; x < 4; ++x) image(y, x, 3) = static_cast<std::uint8_t>(10 * y + x);
  shift_channel(image, 3, 1, -2);
  const std::uint8_t expected[3][4] = {{2, 3, 3, 3}, {2, 3, 3, 3}, {12, 13, 13, 13}};
  for (Index y = 0; y < 3; ++y)
    for (Index x = 0; x < 4; ++x) CHECK(image(y, x, 3) == expected[y][x]);

  // Pictures without further channels are changed as before there was the option.
  const Sample plain = sample_with(16, 16, {{2, 2, 9, 9}});
  Random first(5), second(5);
  AugmentOptions still = detector_augmentation();
  still.extra_shift = 0;
  CHECK(augment(plain, detector_augmentation(), first).image == augment(plain, still, second).image);
  CHECK(first.uniform() == second.uniform());
  CHECK_THROWS_WITH_AS(check(AugmentOptions{.extra_shift = 65}),
                       doctest::Contains("extra_shift is 65, expected 0 to 64 pixels"), Error);
}
