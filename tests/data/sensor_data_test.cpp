#include <doctest/doctest.h>

#include <cmath>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/data/channel_dropout.hpp"
#include "amdefect/data/crop_dataset.hpp"
#include "amdefect/data/mapped_source.hpp"
#include "amdefect/data/memory_source.hpp"
#include "amdefect/data/sensor_pictures.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

namespace amdefect::sensor_data_test {

/// Two pictures of two channels, and one pixel of which nothing is known.
std::shared_ptr<const BasicMemorySource<float>> two_pictures() {
  std::vector<BasicSample<float>> samples;
  for (int i = 0; i < 2; ++i) {
    BasicImage<float> image(2, 2, 2);
    for (Index p = 0; p < 4; ++p) {
      image.values()[static_cast<std::size_t>(2 * p)] = static_cast<float>(p % 2);                    // 0 or 1
      image.values()[static_cast<std::size_t>(2 * p + 1)] = 5000 + 1000 * static_cast<float>(p % 2);  // 5000 or 6000
    }
    samples.push_back({std::move(image), {{{0, 0, 1, 2}, i}}, {}});
  }
  samples[1].image(1, 0, 1) = unknown_pixel;
  samples[1].image(1, 1, 1) = unknown_pixel;
  return std::make_shared<const BasicMemorySource<float>>(std::move(samples));
}

TEST_CASE("scales of channels are measured, and pictures mapped by them") {
  const auto source = two_pictures();
  const PixelScaling scaling = measure_scaling(*source, {"a", "b"});
  CHECK(scaling.channel_offsets == std::vector<double>{0.5, 5500});
  CHECK(scaling.channel_scales == std::vector<double>{0.5, 500});

  const auto filled = with_means(source, scaling, 2)->load(1), levels = as_levels(source, scaling, 2)->load(1);
  CHECK(filled->image(0, 1, 1) == 6000);
  CHECK(filled->image(1, 0, 1) == 5500);
  CHECK(levels->image(0, 0, 0) == 64);
  CHECK(levels->image(0, 1, 1) == doctest::Approx(192));
  CHECK(levels->image(1, 1, 1) == 128);
  CHECK(levels->objects == source->load(1)->objects);
  // A network of the measured scaling sees of the numbers what one of the default scaling sees of the levels.
  Tensor<double> by_scale({2, 2, 2}), by_level({2, 2, 2});
  scale_pixels(pixels(filled->image), by_scale.view(), 0, 0, scaling);
  scale_pixels(pixels(levels->image), by_level.view());
  for (Index i = 0; i < 8; ++i) CHECK(by_scale[i] == doctest::Approx(by_level[i]).epsilon(1e-6));
  CHECK(with_means(source, scaling, 2)->key(0) != as_levels(source, scaling, 2)->key(0));
}

TEST_CASE("numbers that differ by little from a large mean keep their differences as grey levels") {
  std::vector<BasicSample<float>> samples(1);
  samples[0].image = BasicImage<float>(1, 8, 1);
  for (Index x = 0; x < 8; ++x) samples[0].image(0, x, 0) = 1e6F + 0.25F * static_cast<float>(x - 4);
  const auto source = std::make_shared<const BasicMemorySource<float>>(std::move(samples));
  const PixelScaling scaling{.channel_offsets = {1e6}, .channel_scales = {1.1}};
  const auto levels = as_levels(source, scaling, 1)->load(0);
  for (Index x = 0; x < 8; ++x)
    CHECK(levels->image(0, x, 0) == doctest::Approx(128 + 64 / 1.1 * 0.25 * static_cast<double>(x - 4)));
}

TEST_CASE("keys of mapped pictures differ where only the seventh digit of a scale does") {
  const auto source = two_pictures();
  const auto key = [&](double scale) {
    return as_levels(source, PixelScaling{.channel_offsets = {0, 0}, .channel_scales = {1, scale}}, 2)->key(0);
  };
  CHECK(key(1.000001) == key(1.000001));
  CHECK(key(1.000001) != key(1.000002));
}

TEST_CASE("keys of samples in memory are those of what is in them") {
  const auto key = [](float pixel, double edge) {
    std::vector<BasicSample<float>> samples(1);
    samples[0].image = BasicImage<float>(2, 2, 1, pixel);
    samples[0].objects = {{{0, 0, 1, edge}, 0}};
    return BasicMemorySource<float>(std::move(samples)).key(0);
  };
  CHECK(key(1, 2) == key(1, 2));
  CHECK(key(1, 2) != key(1.5F, 2));
  CHECK(key(1, 2) != key(1, 1.99999999));
  std::vector<BasicSample<float>> wide(1), high(1);
  wide[0].image = BasicImage<float>(1, 4, 1, 1);
  high[0].image = BasicImage<float>(4, 1, 1, 1);
  CHECK(BasicMemorySource<float>(std::move(wide)).key(0) != BasicMemorySource<float>(std::move(high)).key(0));
}

TEST_CASE("a scaling of another number of channels than the pictures have is refused") {
  PixelScaling three;
  three.channel_offsets = {1, 2, 3};
  three.channel_scales = {1, 1, 1};
  const std::string expected = "pixel scaling: there are offsets and scales for 3 channels, got an image of ";
  BasicImage<float> five(1, 1, 5, unknown_pixel);
  CHECK(error_of([&] { fill_unknown(five, three); }) == expected + "5");
  CHECK(error_of([&] { with_means(two_pictures(), three, 2); }) == expected + "2");
  CHECK(error_of([&] { as_levels(two_pictures(), three, 4); }) == expected + "4");
  BasicImage<float> fitting(1, 1, 3, unknown_pixel);
  fill_unknown(fitting, three);
  CHECK(fitting(0, 0, 2) == 3);
  fill_unknown(five, {});
  CHECK(five(0, 0, 4) == 128);
}

TEST_CASE("samples in memory have annotations like others") {
  const CocoSplit split = memory_split("train", {"left", "right"}, *two_pictures());
  REQUIRE(split.coco.annotations.size() == 2);
  CHECK(split.coco.annotations[1].category_id == 2);
  CHECK(split.coco.annotations[1].image_id == split.coco.images[1].id);
  CHECK(split.coco.annotations[0].box == CocoBox{0, 0, 1, 2});
  CHECK(split.image_checksums.size() == 2);
  CHECK(split.image_checksums[0] != split.image_checksums[1]);
}

/// How often each of four channels was 0, and how often all of them.
std::vector<Index> count_missing(const ChannelDropout& dropout, std::uint64_t seed) {
  std::vector<Index> counts(5);
  for (Index i = 0; i < 1000; ++i) {
    Tensor<float> x({2, 3, 4});
    x.view().fill(1);
    Random random(seed, i);
    drop_channels(x.view(), dropout, random);
    Index missing = 0;
    for (Index c = 0; c < 4; ++c) {
      for (Index p = 1; p < 6; ++p) REQUIRE(x[4 * p + c] == x[c]);
      counts[static_cast<std::size_t>(c)] += x[c] == 0;
      missing += x[c] == 0;
    }
    counts[4] += missing == 4;
  }
  return counts;
}

TEST_CASE("channel dropout: sensors are missing as often as told, and never all of them") {
  const std::vector<Index> each = count_missing({.probability = 0.5}, 1);
  for (std::size_t c = 0; c < 4; ++c) {
    CHECK(each[c] > 420);
    CHECK(each[c] < 540);
  }
  CHECK(each[4] == 0);
  CHECK(count_missing({.probability = 0.5}, 1) == each);
  CHECK(count_missing({.probability = 0.5}, 2) != each);

  const std::vector<Index> grouped = count_missing({.probability = 0.3, .sensors = {2, 1, 1}, .never_missing = 1}, 1);
  CHECK(grouped[0] == 0);
  CHECK(grouped[1] == 0);
  CHECK(grouped[2] > 240);
  CHECK(grouped[2] < 360);
  const std::vector<Index> pair = count_missing({.probability = 0.3, .sensors = {1, 2, 1}}, 1);
  CHECK(pair[1] == pair[2]);

  Random untouched(5), random(5);
  Tensor<float> x({1, 1, 4});
  drop_channels(x.view(), {}, random);
  CHECK(random.state() == untouched.state());
}

TEST_CASE("channel dropout without meaning is refused") {
  CHECK(error_of([] { check(ChannelDropout{.probability = 1}, 3); }) ==
        "channel dropout: the probability is 1, expected at least 0 and less than 1");
  CHECK(error_of([] {
          check(ChannelDropout{.probability = 0.1, .sensors = {3, 1}}, 5);
        }) == "channel dropout: the sensors have 4 channels, the pictures 5");
  CHECK(error_of([] { check(ChannelDropout{.probability = 0.1, .sensors = {3}, .never_missing = 1}, 3); }) ==
        "channel dropout: there is no further sensor that could be missing");
  CHECK_NOTHROW(check(ChannelDropout{}, 1));
}

TEST_CASE("crops lack channels where they are told to") {
  std::vector<BasicSample<float>> samples(1);
  samples[0].image = BasicImage<float>(16, 16, 2, 192);
  const auto source = std::make_shared<const BasicMemorySource<float>>(std::move(samples));
  CropDatasetOptions options{.channels = 2, .samples = 40, .slots = 1, .mosaic = 0, .augment = {}};
  options.crop.height = options.crop.width = 8;
  options.dropout.probability = 0.5;
  const CropDataset<float, float> crops(source, BalancedSampler(1, {}), options);
  Tensor<float> x({8, 8, 2}), boxes({1, 5});
  const TensorView<float> targets[] = {boxes.view()};
  Index missing = 0;
  for (Index i = 0; i < 40; ++i) {
    Random random(3, i);
    crops.load(i, random, x.view(), targets);
    missing += (x[0] == 0) + (x[1] == 0);
    CHECK((x[0] == 1 || x[1] == 1));
  }
  CHECK(missing > 10);
}

/// A folder with pictures of 4 x 6 pixels, and of a sensor with 2 x 3 pixels of 16 bits.
struct SensorFolder {
  TemporaryFolder folder;
  CocoSplit split;

  SensorFolder() {
    Image image(4, 6, 3, 50);
    image(0, 0, 0) = 250;
    save_image(folder / "a.png", image);
    std::filesystem::create_directories(folder / "thermal");
    Image16 thermal(2, 3, 1);
    for (Index i = 0; i < 6; ++i) thermal.values()[static_cast<std::size_t>(i)] = static_cast<std::uint16_t>(10000 + i);
    save_image(folder / "thermal/a.png", thermal);
    std::filesystem::create_directories(folder / "side");
    save_image(folder / "side/a.png", Image(4, 6, 1, 7));
    split = {.name = "train", .annotation_file = folder / "a.json", .coco = {}, .image_files = {folder / "a.png"}};
    split.coco.categories = {{1, "c", ""}};
    split.coco.images = {{1, "a.png", 6, 4}};
    split.coco.annotations = {{1, 1, 1, {1, 1, 2, 2}, 4, false, false}};
  }
};
const SensorList halved{{{"thermal", "thermal", Registration{0.5, 0, 0, 0, 0.5, 0}}, {"side", "side"}}};

TEST_CASE("pictures of sensors get the pixels of the image, with all their bits") {
  const SensorFolder data;
  const PictureSource pictures = sensor_pictures(std::make_shared<const SensorReader>(halved), 0.5);
  CHECK(pictures.channels == 5);
  CHECK(pictures.sensors == std::vector<Index>{3, 1, 1});
  CHECK(pictures.channel_names == std::vector<std::string>{"red", "green", "blue", "thermal", "side"});
  const auto source = pictures.open_numbers(data.split);
  const auto sample = source->load(0);
  CHECK(sample->objects.at(0).box == Box{1.5, 1.5, 3.5, 3.5});
  CHECK(sample->image.shape() == Shape{4, 6, 5});
  CHECK(sample->image(0, 0, 0) == 250);
  CHECK(sample->image(3, 5, 2) == 50);
  CHECK(257 * sample->image(0, 0, 3) == doctest::Approx(10000));
  CHECK(257 * sample->image(0, 1, 3) == doctest::Approx(10000.25));  // between the sensor's pixels
  CHECK(257 * sample->image(3, 5, 3) == doctest::Approx(10005));
  CHECK(sample->image(2, 2, 4) == 7);
  SensorList moved = halved;
  moved.sensors[0].registration->xx = 0.5000001;  // of six digits the same
  const PictureSource others = sensor_pictures(std::make_shared<const SensorReader>(moved));
  CHECK(others.open_numbers(data.split)->key(0) != source->key(0));
  CHECK(others.identity != pictures.identity);
  CHECK(pictures.identity.to_text() ==
        R"([{"name":"thermal","folder":"thermal","matrix":[[0.5,0.0,0.0],[0.0,0.5,0.0]]},)"
        R"({"name":"side","folder":"side"}])");
}

TEST_CASE("sensors that are missing are unknown where they may be, and else said in a line") {
  const SensorFolder data;
  std::filesystem::remove(data.folder / "thermal/a.png");
  CHECK(error_of([&] { SensorSource(data.split, std::make_shared<const SensorReader>(halved)); }) ==
        (data.folder / "a.png").string() + ": there is no picture \"thermal/a.png\" for the extra channel");
  const SensorTraits trained{{"red", "green", "blue", "thermal", "side"}, true, 0.1};
  const auto reader = sensor_reader_for(trained, halved);
  CHECK(missing_pictures_text(*reader, data.split) ==
        "missing: 'thermal' in 1 of 1 images; the network sees 0 there, as in training with channel dropout");
  const auto sample = SensorSource(data.split, reader).load(0);
  CHECK(std::isnan(sample->image(1, 1, 3)));
  CHECK(sample->image(1, 1, 4) == 7);

  const auto without = sensor_reader_for(trained, {{{"thermal", "thermal"}}});
  CHECK(without->missing(without->files("", data.split.image_files[0])) == std::vector<std::string>{"thermal", "side"});
  CHECK_THROWS_AS(sensor_reader_for(trained, {{{"side", "side"}, {"thermal", "thermal"}}}), Error);
}

TEST_CASE("pictures of sensors that do not fit are refused by their names") {
  const SensorFolder data;
  const auto problem = [&](const SensorList& list) {
    const auto reader = std::make_shared<const SensorReader>(list);
    return error_of([&] { SensorSource(data.split, reader).load(0); });
  };
  const std::string thermal = (data.folder / "thermal/a.png").string();
  CHECK(problem({{{"thermal", "thermal"}}}) ==
        thermal + ": is 3x2 pixels large, but " + (data.folder / "a.png").string() + " is 6x4");
  CHECK(problem({{{"thermal", "thermal", Registration{1, 0, 50, 0, 1, 0}}}}) ==
        thermal +
            ": resample: by its registration the sensor's picture of 3x2 pixels and the reference of 6x4 have "
            "nothing in common");
}

}  // namespace amdefect::sensor_data_test
