#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "amdefect/image/image_io.hpp"
#include "amdefect/layers/layer_export.hpp"
#include "amdefect/layers/layered_data.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

namespace amdefect::layer_sensors_test {

/// A volume of numbers, or of bytes, in memory: 100 layer + 10 y + x, and `more`.
class Numbers final : public ChunkReader {
 public:
  Numbers(const Shape& shape, float more, bool bytes = false) : shape_(shape), more_(more), bytes_(bytes) {}
  Shape shape() const override { return shape_; }
  Shape chunk_shape() const override { return {2, 3, 4}; }
  std::string name() const override { return "memory"; }
  bool holds_numbers() const override { return !bytes_; }
  float fill_number() const override { return -2.5F; }
  std::uint8_t fill_value() const override { return 3; }
  std::uint8_t grey_level(float number) const override { return to_byte(static_cast<double>(number) / 10); }
  Chunk read_chunk(Index layer, Index top, Index left) const override {
    Chunk chunk;
    if (layer == 4) return chunk;
    for (Index k = layer; k < layer + 2; ++k)
      for (Index y = top; y < top + 3; ++y)
        for (Index x = left; x < left + 4; ++x) {
          const float number = static_cast<float>(100 * k + 10 * y + x) + more_;
          std::uint8_t raw[sizeof number];
          std::memcpy(raw, &number, sizeof number);
          if (bytes_) raw[0] = static_cast<std::uint8_t>(number);
          chunk.insert(chunk.end(), raw, raw + (bytes_ ? 1 : sizeof number));
        }
    return chunk;
  }

 private:
  Shape shape_;
  float more_;
  bool bytes_;
};

Build make_build(const std::filesystem::path& file) {
  Build build{file, "build"};
  build.cache = std::make_shared<ChunkCache>(1 << 20);
  const auto volume = [&](const Shape& shape, float more, bool bytes) {
    return std::make_shared<const Volume>(std::make_shared<const Numbers>(shape, more, bytes), build.cache);
  };
  build.channels = {{"float", volume({6, 8, 8}, 0.25F, false)},
                    {"bytes", volume({6, 8, 8}, 0, true)},
                    {"gone", nullptr},
                    {"small", volume({6, 4, 4}, 0, false), Registration{0.5, 0, 0, 0, 0.5, 1}}};
  return build;
}

TEST_CASE("volumes of numbers are read as they are, and as grey levels") {
  const auto cache = std::make_shared<ChunkCache>(1 << 20);
  const Volume numbers(std::make_shared<const Numbers>(Shape{6, 8, 8}, 0.25F), cache);
  CHECK(numbers.slab_bytes() == 4 * 2 * 9 * 8);  // floats of 3 x 2 chunks
  std::vector<float> values(6);
  numbers.read({1, 2, 3, 2, 3}, values);
  CHECK(values == std::vector<float>{123.25F, 124.25F, 125.25F, 133.25F, 134.25F, 135.25F});
  std::vector<std::uint8_t> levels(3);
  numbers.read({1, 2, 3, 1, 3}, levels);
  CHECK(levels == std::vector<std::uint8_t>{12, 12, 13});
  numbers.read({5, 2, 3, 1, 3}, std::span(values).first(3));  // a chunk that the file does not hold
  CHECK(values[2] == -2.5F);
  const Volume bytes(std::make_shared<const Numbers>(Shape{6, 8, 8}, 0.0F, true), cache);
  bytes.read({1, 2, 3, 1, 3}, std::span(values).first(3));
  CHECK(values[0] == 123);
  bytes.read({5, 2, 3, 1, 3}, std::span(values).first(3));
  CHECK(values[0] == 3);
}

TEST_CASE("exported pictures are those of the build, of sensors of other sizes, too") {
  const TemporaryFolder folder;
  Build build = make_build("build.h5");
  CHECK(error_of([&] {
          export_layers(build, {1, 3}, {}, {}, folder.path() / "all");
        }) == "build.h5: the channel 'gone' is missing");
  build.channels.erase(build.channels.begin() + 2);
  export_layers(build, {1, 3}, {}, {}, folder.path() / "all");
  const Image expected = build.read(build.whole_layer(2));
  const Image bytes = load_image(folder.path() / "all" / "bytes" / "layer_00002.png");
  const Image small = load_image(folder.path() / "all" / "small" / "layer_00002.png");
  for (Index y = 0; y < 8; ++y)
    for (Index x = 0; x < 8; ++x) {
      CHECK(bytes(y, x, 0) == expected(y, x, 1));
      CHECK(small(y, x, 0) == expected(y, x, 2));
    }
}

TEST_CASE("a build brings sensors of other sizes to its pixels, and says what is missing") {
  const Build build = make_build("build.h5");
  CHECK(build.shape() == Shape{6, 8, 8});
  CHECK(build.missing_channels() == std::vector<std::string>{"gone"});
  CHECK_NOTHROW(build.allow_whole_layers());
  const BasicImage<float> whole = build.read<float>({1, 0, 0, 8, 8});
  CHECK(whole(2, 3, 0) == 123.25F);
  CHECK(whole(2, 3, 1) == 123);
  CHECK(std::isnan(whole(2, 3, 2)));
  // Row 2, column 3: its middle (3.5, 2.5) lies at (1.75, 2.25) of the small picture, whose pixels are 10 y + x.
  CHECK(whole(2, 3, 3) == doctest::Approx(100 + 10 * 1.75 + 1.25));
  CHECK(std::isnan(whole(7, 3, 3)));  // below it
  const BasicImage<float> part = build.read<float>({1, 2, 3, 3, 4});
  for (Index y = 0; y < 3; ++y)
    for (Index x = 0; x < 4; ++x) CHECK(part(y, x, 3) == doctest::Approx(whole(y + 2, x + 3, 3)));
  const Image levels = build.read({1, 2, 3, 3, 4});
  CHECK(levels(0, 0, 0) == 12);
  CHECK(levels(0, 0, 2) == padding_grey);
}

TEST_CASE("a build whose pixels nothing tells says what it has") {
  Build build = make_build("build.h5");
  build.channels.erase(build.channels.begin(), build.channels.begin() + 2);
  CHECK(
      error_of([&] { build.shape(); }) ==
      "build.h5: nothing tells the pixels of the build: it has no masks, and each of its pictures is missing or has a "
      "registration");
  build.channels.clear();
  CHECK(error_of([&] { build.shape(); }) ==
        "build.h5: nothing tells the pixels of the build: it has no masks, and no pictures");
}

TEST_CASE("a window beside all that a sensor sees is unknown there") {
  Build build = make_build("build.h5");
  build.channels[3].registration = Registration{0.5, 0, 0, 0, 0.5, 3};
  const BasicImage<float> below = build.read<float>({1, 4, 0, 4, 8});
  CHECK(std::isnan(below(0, 0, 3)));
  CHECK(below(0, 0, 1) == 140);

  const BasicImage<float> close = build.read<float>({1, 3, 0, 2, 8});  // less than a pixel below what it sees
  CHECK(std::isnan(close(0, 0, 3)));
  CHECK(close(0, 0, 0) == 130.25F);
}

TEST_CASE("keys of pieces of layers differ wherever the pieces do") {
  const TemporaryFolder folder;
  const Build build = make_build(folder.write("b.h5", "b"));
  const auto key = [](const Build& of, const LayerPicture& picture) {
    return LayerSource(std::make_shared<const std::vector<Build>>(1, of), {picture}).key(0);
  };
  const LayerPicture picture{0, {1, 0, 0, 4, 4}, {{{0, 0, 2, 2}, 0}}};
  const std::string whole = key(build, picture);
  CHECK(key(build, picture) == whole);
  Build other = build;
  other.channels[3].registration->x0 = 1e-9;
  CHECK(key(other, picture) != whole);
  other = build;
  std::swap(other.channels[0], other.channels[1]);
  CHECK(key(other, picture) != whole);
  other = build;
  other.channels[1].pixels = nullptr;
  CHECK(key(other, picture) != whole);
  CHECK(key(build, {0, {1, 0, 0, 4, 5}, picture.objects}) != whole);
  CHECK(key(build, {0, picture.window, {}}) != whole);
  folder.write("b.h5", "another");
  CHECK(key(build, picture) != whole);
}

TEST_CASE("layered data of numbers, with the names of their channels") {
  const TemporaryFolder folder;
  Build build{folder.write("b.h5", "b"), "b"};
  build.cache = std::make_shared<ChunkCache>(1 << 20);
  const auto volume = [&](float more, bool bytes) {
    return std::make_shared<const Volume>(std::make_shared<const Numbers>(Shape{100, 8, 8}, more, bytes), build.cache);
  };
  build.channels = {{"float", volume(0.5F, false)}};
  build.masks = {{"Debris", volume(0, true), std::uint8_t{44}}};
  const LayeredDataOptions options{.boxes = {.least_area = 1}};
  CHECK(!layered_data({build}, options).pictures.open_numbers);
  build.own_numbers = true;
  const auto make = [&](const Build& from) { return layered_data({from}, options); };
  const LayeredData data = make(build);
  CHECK(data.pictures.channel_names == std::vector<std::string>{"float"});
  REQUIRE(data.splits.train);
  const auto source = data.pictures.open_numbers(*data.splits.train);
  const float first = source->load(0)->image(0, 0, 0);
  CHECK(first - std::floor(first) == 0.5F);
  CHECK(data.pictures.open(*data.splits.train)->load(0)->image(0, 1, 0) == to_byte((first + 1) / 10));
  CHECK(source->key(0) != data.pictures.open(*data.splits.train)->key(0));

  Build other = build;
  other.channels[0].name = "elsewhere";
  CHECK(error_of([&] {
          layered_data({build, other}, options);
        }) == build.file.string() + ": channel 0 is 'elsewhere', but that of " + build.file.string() +
                  " is 'float'; choose them by name (channels)");
}

}  // namespace amdefect::layer_sensors_test
