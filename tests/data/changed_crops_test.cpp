#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "amdefect/data/crop_dataset.hpp"
#include "amdefect/data/memory_source.hpp"
#include "error_of.hpp"

/// Copy-paste, mixup and random erasing where a CropDataset makes them.
namespace amdefect::changed_crops_test {

/// Six flat pictures, each of a level of its own, with an object 50 levels darker; only the last one is of class 1.
template <PixelType P>
std::shared_ptr<const BasicSampleSource<P>> pictures(Index channels) {
  std::vector<BasicSample<P>> samples;
  for (Index i = 0; i < 6; ++i) {
    const auto ground = static_cast<double>(100 + 10 * i);
    BasicSample<P> sample{BasicImage<P>(48, 48, channels, pixel_of_level<P>(ground)), {{{20, 22, 28, 28}, i / 5}}, {}};
    paste(BasicImage<P>(6, 8, channels, pixel_of_level<P>(ground - 50)), sample.image, 22, 20);
    samples.push_back(std::move(sample));
  }
  return std::make_shared<const BasicMemorySource<P>>(std::move(samples));
}

CropDatasetOptions plain(Index channels) {
  CropDatasetOptions options{.channels = channels, .samples = 100, .slots = 12, .mosaic = 0, .augment = {}};
  options.crop.height = options.crop.width = 48;
  options.crop.smallest_zoom = options.crop.largest_zoom = 1;
  options.pixel_scaling = {.offset = 0, .scale = 1};
  return options;
}

struct Crop {
  Tensor<float> x, objects;
  std::string name;
  double next = 0;  // random number behind it

  Index count() const {
    Index count = 0;
    for (Index i = 0; i < objects.dim(0); ++i) count += objects(i, 4) >= 0 ? 1 : 0;
    return count;
  }
  bool operator==(const Crop& other) const {
    return (x.array() == other.x.array()).all() && (objects.array() == other.objects.array()).all() &&
           name == other.name && next == other.next;
  }
};

template <PixelType P>
Crop crop_of(const CropDatasetOptions& options, std::uint64_t seed) {
  const CropDataset<float, P> crops(pictures<P>(options.channels), BalancedSampler(6, {}), options);
  Crop crop{Tensor<float>(crops.sample_shape()), Tensor<float>(crops.target_shapes()[0]), "", 0};
  Random random(seed);
  crop.name = crops.sample_name(0, random);
  const TensorView<float> targets[] = {crop.objects.view()};
  crops.load(0, random, crop.x.view(), targets);
  crop.next = random.uniform();
  return crop;
}

TEST_CASE_TEMPLATE("changes of crops: off they draw no random number, on they repeat with the seed", P, std::uint8_t,
                   std::uint16_t, float) {
  // As without them: a mosaic, its images, a crop, and what augmentation draws of its own.
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CropDatasetOptions options = plain(4);
    Random random(seed);
    CHECK(!random.chance(0));
    const auto image = static_cast<Index>(random.integer(6));
    BalancedSampler(6, {}).draw(image, random);
    const BasicSample<P> expected =
        augment(random_crop(*pictures<P>(4)->load(image), options.crop, random), options.augment, random);
    const Crop crop = crop_of<P>(options, seed);
    CHECK(crop.next == random.uniform());
    CHECK(crop.name == concat("a crop of image ", image));
    CHECK(crop.count() == static_cast<Index>(expected.objects.size()));
    CHECK(crop.x(0, 0, 3) == static_cast<float>(expected.image(0, 0, 3)) / values_per_level<P>);
    options.copy_paste = options.mixup = options.random_erasing = options.mosaic = 0.5;
    options.augment = detector_augmentation();
    CHECK(crop_of<P>(options, seed) == crop_of<P>(options, seed));
  }
}

TEST_CASE("changes of crops: objects in the box of a pasted one count, too") {
  std::vector<Sample> samples;
  samples.push_back({Image(64, 64, 1), {{{2, 2, 18, 18}, 0}, {{4, 4, 8, 8}, 0}, {{10, 10, 14, 14}, 0}}, {}});
  samples.push_back({Image(64, 64, 1), {}, {}});
  const auto source = std::make_shared<const BasicMemorySource<std::uint8_t>>(std::move(samples));
  CropDatasetOptions options = plain(1);
  options.crop.height = options.crop.width = 64;
  options.copy_paste = 1;
  const CropDataset<float> crops(source, BalancedSampler(2, {}), options);
  std::set<Index> added;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Tensor<float> x(crops.sample_shape()), objects(crops.target_shapes()[0]);
    const TensorView<float> targets[] = {objects.view()};
    const bool empty = crops.sample_name(0, Random(seed)).starts_with("a crop of image 1");
    Random random(seed);
    crops.load(0, random, x.view(), targets);
    Index count = 0;
    for (Index i = 0; i < objects.dim(0); ++i) count += objects(i, 4) >= 0 ? 1 : 0;
    added.insert(count - (empty ? 0 : 3));
  }
  CHECK(*added.begin() >= 0);
  CHECK(*added.rbegin() == most_pasted);
}

TEST_CASE("changes of crops: pasted objects are labelled, and dark on the ground of their picture") {
  CropDatasetOptions options = plain(3);
  options.copy_paste = 1;
  options.crop.largest_zoom = 1.25;
  options.augment = {.flip_x = 0.5, .flip_y = 0.5, .rotate = 0.5};
  std::map<Index, int> counts, labels;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Crop crop = crop_of<std::uint8_t>(options, seed);
    CHECK(crop.name.find(" with objects of image ") != std::string::npos);
    ++counts[crop.count()];
    for (Index i = 0; i < crop.count(); ++i) {
      const auto at = [&](Index corner) { return static_cast<double>(crop.objects(i, corner)); };
      REQUIRE((at(0) >= 0 && at(1) >= 0 && at(2) <= 48 && at(3) <= 48));
      ++labels[static_cast<Index>(at(4))];
      const auto y = static_cast<Index>((at(1) + at(3)) / 2), x = static_cast<Index>((at(0) + at(2)) / 2);
      double brightest = 0;
      for (const float value : crop.x) brightest = std::max(brightest, static_cast<double>(value));
      CHECK(static_cast<double>(crop.x(y, x, 2)) < brightest - 30);
    }
  }
  CHECK(counts.rbegin()->first == 1 + most_pasted);
  CHECK(counts[1] + counts[0] < 40);
  // One picture in six, but every other pasted object, is of class 1.
  CHECK(labels[1] > 0.3 * labels[0]);
}

TEST_CASE("changes of crops: mixup shows two pictures with the objects of both") {
  CropDatasetOptions options = plain(2);
  options.mixup = 1;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Crop crop = crop_of<float>(options, seed);
    CHECK(crop.name.find(", mixed with a crop of image ") != std::string::npos);
    const auto first = crop.name.at(std::string("a crop of image ").size()), second = crop.name.back();
    const double a = 100 + 10 * (first - '0'), b = 100 + 10 * (second - '0');
    CHECK(static_cast<double>(crop.x(0, 0, 1)) >= std::min(a, b) - 1e-3);
    CHECK(static_cast<double>(crop.x(0, 0, 1)) <= std::max(a, b) + 1e-3);
    CHECK((a == b || std::abs(static_cast<double>(crop.x(0, 0, 1)) - (a + b) / 2) < 0.45 * std::abs(a - b)));
    CHECK(crop.count() == 2);
  }
}

TEST_CASE("changes of crops: a part is erased to what lies beyond pictures, and its object with it") {
  CropDatasetOptions options = plain(2);
  options.random_erasing = 1;
  options.crop.fill = 7;
  int grey = 0, gone = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Crop crop = crop_of<std::uint16_t>(options, seed);
    Index filled = 0;
    for (const float value : crop.x) filled += value == 7 ? 1 : 0;
    grey += filled > 70 ? 1 : 0;
    gone += crop.count() == 0 ? 1 : 0;
  }
  CHECK(grey > 15);
  CHECK(grey < 45);
  CHECK(gone > 0);
  CHECK(gone < 20);
}

TEST_CASE("changes of crops: shares that are none are refused by their names") {
  const auto problem = [](double CropDatasetOptions::*member, double value) {
    CropDatasetOptions options = plain(3);
    options.*member = value;
    return error_of([&] { CropDataset<float>(pictures<std::uint8_t>(3), BalancedSampler(6, {}), options); });
  };
  using O = CropDatasetOptions;
  CHECK(problem(&O::copy_paste, 1.5) == "crop data set: copy_paste is 1.5, expected 0 to 1");
  CHECK(problem(&O::mixup, -0.5) == "crop data set: mixup is -0.5, expected 0 to 1");
  CHECK(problem(&O::random_erasing, std::nan("")).starts_with("crop data set: random_erasing is "));
}

}  // namespace amdefect::changed_crops_test
