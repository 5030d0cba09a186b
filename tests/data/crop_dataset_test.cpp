#include "amdefect/data/crop_dataset.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/train/data_loader.hpp"

using namespace amdefect;

namespace {

/// Images 0 ... n-1 of 60 x 40 pixels: every tenth is smooth, the others noisy; image 0 holds the only object of
/// class 1.
class Mixed : public SampleSource {
 public:
  explicit Mixed(Index images) : images_(images) {}
  Index size() const override { return images_; }
  std::shared_ptr<const Sample> load(Index index) const override {
    auto sample = std::make_shared<Sample>();
    sample->image = Image(40, 60, 1);
    Random random(1, index);
    const Index noise = index % 10 == 0 ? 4 : 60;
    for (auto& byte : sample->image.bytes()) byte = static_cast<std::uint8_t>(100 + random.integer(noise));
    sample->objects = {{Box{20, 10, 30, 16}, index == 0 ? 1 : 0}};
    return sample;
  }
  std::string key(Index) const override { return ""; }

 private:
  Index images_;
};

}  // namespace

TEST_CASE("texture measures noise and nothing else") {
  Image flat(30, 30, 3, 77), slope(30, 30, 1), noisy(30, 30, 1);
  Random random(1);
  for (Index y = 0; y < 30; ++y)
    for (Index x = 0; x < 30; ++x) {
      slope(y, x, 0) = static_cast<std::uint8_t>(4 * x + 2 * y);
      noisy(y, x, 0) = to_byte(random.normal(128, 10));
    }
  CHECK(texture(flat) < 0.1);
  CHECK(texture(slope) < 0.1);
  CHECK(texture(noisy) == doctest::Approx(10).epsilon(0.1));  // the deviation, less what the mean takes with it
  CHECK(texture(Image(3, 50, 1)) == 0);
}

TEST_CASE("texture is that of its definition, by plain loops") {
  Random random(2);
  for (const Index channels : {1, 3, 4})
    for (int run = 0; run < 20; ++run) {
      Image image(9, 11, channels);
      for (auto& byte : image.bytes()) byte = static_cast<std::uint8_t>(random.integer(run < 10 ? 256 : 8));
      const Index colours = std::min<Index>(channels, 3);
      const auto grey = [&](Index y, Index x) {
        double sum = 0;
        for (Index c = 0; c < colours; ++c) sum += image(y, x, c);
        return sum;
      };
      std::vector<int> bins;  // sixteenths of a grey level
      for (Index y = 3; y < 6; ++y)
        for (Index x = 3; x < 8; ++x) {
          double around = 0;
          for (Index i = 0; i < 49; ++i) around += grey(y + i / 7 - 3, x + i % 7 - 3);
          const double unit = 16 / static_cast<double>(colours);
          bins.push_back(static_cast<int>(std::abs(grey(y, x) - around / 49) * unit));
        }
      std::sort(bins.begin(), bins.end());
      CHECK(texture(image) == doctest::Approx(1.4826 * (bins[7] + 0.5) / 16).epsilon(1e-12));
    }
}

TEST_CASE("Otsu's threshold lies between two groups") {
  CHECK(otsu_threshold({1, 1.1, 1.2, 5, 5.1, 5.3, 5.2}) == doctest::Approx(3.1));
  CHECK(otsu_threshold({2, 2, 2}) == 0);
  CHECK(otsu_threshold({}) == 0);
}

TEST_CASE("rare styles and classes come as often as common ones, but no image too often") {
  const Mixed source(100);
  const auto styles = group_by_style(source);
  REQUIRE(styles[0].size() == 10);
  const auto classes = group_by_class(source, 3);
  CHECK(classes[0].size() == 99);
  CHECK(classes[1] == std::vector<Index>{0});
  CHECK(classes[2].empty());
  const auto shares = [](const BalancedSampler& sampler) {
    std::map<Index, int> drawn;
    Random random(7);
    for (Index i = 0; i < 20000; ++i) ++drawn[sampler.draw(i, random)];
    return drawn;
  };
  int smooth = 0;
  for (const auto& [image, count] : shares(BalancedSampler(100, {styles}))) smooth += image % 10 == 0 ? count : 0;
  CHECK(smooth / 20000.0 == doctest::Approx(0.5).epsilon(0.05));
  auto drawn = shares(BalancedSampler(100, {classes}));
  CHECK(drawn[0] / 20000.0 == doctest::Approx(0.08 + 0.92 * 0.5 * 0.01).epsilon(0.15));
  drawn = shares(BalancedSampler(100, {{{1, 2, 3}}, {}}));  // one group only: nothing to balance
  CHECK(drawn.size() == 100);
}

TEST_CASE("crops hold the objects they show, and repeat with the seed") {
  const auto source = std::make_shared<Mixed>(20);
  CropDatasetOptions options{.channels = 1, .samples = 8, .slots = 2, .mosaic = 0};
  options.crop.height = options.crop.width = 32;
  options.crop.on_object = 1;
  const CropDataset<float> data(source, BalancedSampler(20, {}), options);
  CHECK(data.size() == 8);
  CHECK(data.sample_shape() == Shape{32, 32, 1});
  DataLoader<float> loader(data, {.batch_size = 8, .seed = 3, .workers = 0}), again(data, {.batch_size = 8, .seed = 3});
  loader.start_epoch(1);
  again.start_epoch(1);
  const Batch<float>&a = *loader.next(), &b = *again.next();
  CHECK((a.x().array() == b.x().array()).all());
  CHECK((a.target(0).array() == b.target(0).array()).all());
  for (Index i = 0; i < 8; ++i) {
    const TensorView<const float> objects = a.target(0);
    REQUIRE(objects(i, 0, 4) >= 0);
    CHECK(objects(i, 0, 2) > objects(i, 0, 0));
    CHECK(objects(i, 0, 0) >= 0);
    CHECK(objects(i, 0, 3) <= 32);
    CHECK(objects(i, 1, 4) == -1);
  }
  options.mosaic = 1;
  options.slots = 4;
  const CropDataset<float> mosaics(source, BalancedSampler(20, {}), options);
  DataLoader<float> more(mosaics, {.batch_size = 8, .workers = 0});
  more.start_epoch(0);
  const Batch<float>& c = *more.next();
  for (Index i = 0; i < 8; ++i) CHECK(c.target(0)(i, 3, 4) >= 0);  // parts with the object in them, four objects in all
  options.mosaic = 2;
  CHECK_THROWS_AS(CropDataset<float>(source, BalancedSampler(20, {}), options), Error);
  options.mosaic = 0;
  options.crop.width = 64;
  CHECK_THROWS_AS(CropDataset<float>(source, BalancedSampler(20, {}), options), Error);
}

TEST_CASE("pixel-index boxes are told from continuous ones by the border") {
  const auto with_edges = [](double edge, double fraction) {
    CocoDataset dataset;
    dataset.images = {{1, "a.jpg", 100, 80}};
    for (std::int64_t i = 0; i < 60; ++i) dataset.annotations.push_back({i, 1, 1, {10, 20, 5.0 + double(i % 7), 4}});
    for (std::int64_t i = 60; i < 64; ++i) dataset.annotations.push_back({i, 1, 1, {90, 20, edge - 90, 4}});
    dataset.annotations[0].box.x += fraction;
    return dataset;
  };
  CHECK(detect_box_offset(with_edges(99, 0)) == 0.5);
  CHECK(detect_box_offset(with_edges(99, 0.25)) == 0.5);  // a few drawn by hand do not matter
  CHECK(detect_box_offset(with_edges(100, 0)) == 0);
  CHECK(detect_box_offset(with_edges(97, 0)) == 0);
  CHECK(detect_box_offset({}) == 0);
}

namespace {

/// The images of Mixed with 16 bits: the same grey levels, and `more` on top.
class Deep : public BasicSampleSource<std::uint16_t> {
 public:
  Deep(Index images, std::uint16_t more) : images_(images), more_(more) {}
  Index size() const override { return images_.size(); }
  std::shared_ptr<const Sample16> load(Index index) const override {
    const auto eight = images_.load(index);
    auto sample = std::make_shared<Sample16>();
    sample->image = Image16(eight->image.height(), eight->image.width(), eight->image.channels());
    std::transform(eight->image.bytes().begin(), eight->image.bytes().end(), sample->image.values().begin(),
                   [&](std::uint8_t byte) { return static_cast<std::uint16_t>(257 * byte + more_); });
    sample->objects = eight->objects;
    return sample;
  }
  std::string key(Index) const override { return ""; }

 private:
  Mixed images_;
  std::uint16_t more_;
};

template <class Set>
std::vector<float> first_crop(const Set& crops) {
  Tensor<float> x(crops.sample_shape()), objects(crops.target_shapes()[0]);
  const TensorView<float> targets[] = {objects.view()};
  Random random(7);
  crops.load(0, random, x.view(), targets);
  return {x.begin(), x.end()};
}

}  // namespace

TEST_CASE("16-bit images are cropped, mixed, turned and lit as 8-bit ones, at their full depth") {
  CropDatasetOptions options{.channels = 1, .samples = 4, .slots = 4, .mosaic = 1};
  options.crop.height = options.crop.width = 32;
  options.crop.smallest_zoom = options.crop.largest_zoom = 1;
  options.augment = {.flip_x = 0.5, .rotate = 1};
  const auto eight = first_crop(CropDataset<float>(std::make_shared<Mixed>(5), {5, {}}, options));
  const auto deep = [&](std::uint16_t more) {
    return first_crop(CropDataset<float, std::uint16_t>(std::make_shared<Deep>(5, more), {5, {}}, options));
  };
  CHECK(deep(0) == eight);
  CHECK(deep(100) != eight);
  const auto near = [&](const std::vector<float>& a, const std::vector<float>& b, float tolerance) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](float x, float y) { return std::abs(x - y) <= tolerance; });
  };
  options.crop.smallest_zoom = 0.8, options.crop.largest_zoom = 1.25;
  options.augment.brightness = options.augment.contrast = 0.2;
  const auto changed = first_crop(CropDataset<float>(std::make_shared<Mixed>(5), {5, {}}, options));
  CHECK(near(deep(0), changed, 3.0f / 64));  // rounded to grey levels three times there
  CHECK(deep(0) != changed);
}

TEST_CASE("crops are scaled as they are told") {
  CropDatasetOptions options{.channels = 1, .samples = 4, .slots = 4, .mosaic = 0};
  options.crop.height = options.crop.width = 32;
  const auto crop = [&] { return first_crop(CropDataset<float>(std::make_shared<Mixed>(5), {5, {}}, options)); };
  const std::vector<float> usual = crop();
  options.pixel_scaling = {.offset = 100, .scale = 10};
  const std::vector<float> told = crop();
  REQUIRE(told.size() == usual.size());
  for (std::size_t i = 0; i < told.size(); ++i) REQUIRE(told[i] == doctest::Approx((usual[i] * 64 + 28) / 10));
}

TEST_CASE("options of crops without meaning are refused") {
  const auto refused = [](const CropDatasetOptions& options) {
    try {
      const CropDataset<float> crops(std::make_shared<Mixed>(5), {5, {}}, options);
    } catch (const Error&) {
      return true;
    }
    return false;
  };
  const CropDatasetOptions good{.channels = 1};
  CHECK(!refused(good));
  const auto with = [&](auto change) {
    CropDatasetOptions options = good;
    change(options);
    return options;
  };
  CHECK(refused(with([](auto& o) { o.channels = 0; })));
  CHECK(refused(with([](auto& o) { o.samples = 0; })));
  CHECK(refused(with([](auto& o) { o.slots = 0; })));
  CHECK(refused(with([](auto& o) { o.crop.height = 0; })));
  CHECK(refused(with([](auto& o) { o.mosaic = -0.1; })));
  CHECK(refused(with([](auto& o) { o.mosaic = 1.1; })));
  CHECK(refused(with([](auto& o) { o.crop.smallest_zoom = 0; })));
  CHECK(refused(with([](auto& o) { o.crop.smallest_zoom = 2; })));
  CHECK(refused(with([](auto& o) { o.augment.flip_x = 2; })));
  CHECK(refused(with([](auto& o) { o.crop.height = 64; })));  // not square, but rotated
  CHECK(!refused(with([](auto& o) { o.crop.height = 64, o.augment.rotate = 0; })));
  CHECK(refused(with([](auto& o) { o.crop.height = o.crop.width = 1; })));  // no room for a mosaic
  CHECK(!refused(with([](auto& o) { o.crop.height = o.crop.width = 1, o.mosaic = 0; })));
}
