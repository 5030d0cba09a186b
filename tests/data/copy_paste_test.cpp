#include "amdefect/data/copy_paste.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <vector>

#include "amdefect/data/memory_source.hpp"
#include "amdefect/data/object_sampler.hpp"

namespace amdefect::copy_paste_test {

using Objects = std::vector<LabelledBox>;

/// A picture of one grey level.
template <PixelType P>
BasicSample<P> flat(Index height, Index width, double level, Objects objects = {}, Index channels = 1) {
  return {BasicImage<P>(height, width, channels, pixel_of_level<P>(level)), std::move(objects), {}};
}

/// A dark object of 8 x 6 pixels on a ground of that grey level.
template <PixelType P>
BasicSample<P> with_object(double ground, Index channels = 1) {
  BasicSample<P> sample = flat<P>(40, 50, ground, {{{20, 10, 28, 16}, 2}}, channels);
  paste(BasicImage<P>(6, 8, channels, pixel_of_level<P>(ground - 60)), sample.image, 10, 20);
  return sample;
}

TEST_CASE("copy-paste: an object is cut out with what is around it, and with what lies in its box") {
  BasicSample<float> sample = flat<float>(100, 120, 0);
  for (Index y = 0; y < 100; ++y)
    for (Index x = 0; x < 120; ++x) sample.image(y, x, 0) = static_cast<float>(1000 * y + x);
  sample.objects = {{{40.5, 30, 72, 62}, 1}, {{50, 40, 60, 50}, 0}, {{70, 60, 90, 80}, 3}};
  const auto inner = cut_out(sample, 1, 0.3);
  REQUIRE(inner);
  CHECK(inner->margin == 1);
  CHECK(inner->sample.image.shape() == Shape{12, 12, 1});
  CHECK(inner->sample.objects == Objects{{{1, 1, 11, 11}, 0}});  // the object around it is hardly seen
  CHECK(inner->sample.image(0, 0, 0) == 39049);
  const auto outer = cut_out(sample, 0, 0.3);
  REQUIRE(outer);
  CHECK(outer->margin == 1);  // a sliver of another object lies in the box, and is not to be seen beside it
  CHECK(outer->sample.objects == Objects{{{1.5, 1, 33, 33}, 1}, {{11, 11, 21, 21}, 0}});
  CHECK(cut_out(sample, 0, 0)->sample.objects.size() == 3);
  // Another object is nearer than the margin would be, and the border of the image is.
  sample.objects = {{{0, 0, 40, 40}, 0}, {{43, 44, 60, 60}, 0}, {{130, 0, 140, 9}, 0}, {{110, 90, 200, 200}, 1}};
  const auto corner = cut_out(sample, 0, 0.3);
  REQUIRE(corner);
  CHECK(corner->margin == 5);
  CHECK(corner->sample.image.shape() == Shape{45, 45, 1});
  CHECK(!cut_out(sample, 2, 0.3));
  CHECK(!cut_out(sample, 3, 0.3));  // a sliver of the object is in the image
  CHECK(cut_out(sample, 3, 0.01)->sample.objects.front().box.width() == 10);
}

TEST_CASE_TEMPLATE("copy-paste: full in the box, fading around it, and nothing changes beyond", P, std::uint8_t,
                   std::uint16_t, float) {
  const BasicSample<P> donor = with_object<P>(120, 5);
  const auto cutout = cut_out(donor, 0, 0.3);
  REQUIRE(cutout);
  CHECK(cutout->margin == 2);
  BasicSample<P> picture = flat<P>(30, 30, 120, {{{0, 0, 5, 5}, 1}}, 5);
  blend(*cutout, picture, 3, 4);  // of the cutout, in which the box begins at (2, 2)
  CHECK(picture.objects == Objects{{{0, 0, 5, 5}, 1}, {{5, 6, 13, 12}, 2}});
  const P ground = pixel_of_level<P>(120), object = pixel_of_level<P>(60);
  for (Index y = 0; y < 30; ++y)
    for (Index x = 0; x < 30; ++x)
      for (Index c = 0; c < 5; ++c)
        CHECK(picture.image(y, x, c) == (x >= 5 && x < 13 && y >= 6 && y < 12 ? object : ground));

  // The margin of the cutout gets one bright column, which fades: a weight of 3/4 beside the box, and 1/4 further away.
  Cutout<P> bright{{cutout->sample.image.clone(), cutout->sample.objects, {}}, 2};
  for (Index y = 0; y < 10; ++y) bright.sample.image(y, 1, 0) = pixel_of_level<P>(200);
  BasicSample<P> other = flat<P>(30, 30, 120, {}, 5);
  blend(bright, other, 3, 4);
  const double light = (static_cast<double>(other.image(9, 6, 0)) - static_cast<double>(object)) / values_per_level<P>;
  const auto level = [&](Index y, Index x) { return static_cast<double>(other.image(y, x, 0)) / values_per_level<P>; };
  CHECK(light < 0);  // darker, as its margin is brighter than the ground
  CHECK(level(9, 4) == doctest::Approx(120 + 0.75 * (80 + light)).epsilon(0.005));
  CHECK(level(9, 3) == doctest::Approx(120 + 0.25 * light).epsilon(0.005));
  CHECK(level(9, 2) == 120);
  CHECK(level(9, 15) == 120);
  CHECK(other.image(9, 6, 1) == object);  // each channel by itself
}

TEST_CASE_TEMPLATE("copy-paste: an object gets the light of where it is pasted", P, std::uint8_t, std::uint16_t,
                   float) {
  const auto cutout = cut_out(with_object<P>(200), 0, 0.3);
  BasicSample<P> picture = flat<P>(30, 30, 90);
  blend(*cutout, picture, 0, 0);
  CHECK(picture.image(4, 4, 0) == pixel_of_level<P>(30));
  CHECK(picture.image(0, 4, 0) == pixel_of_level<P>(90));
  // Never beyond what a pixel can be.
  BasicSample<P> dark = flat<P>(30, 30, 20);
  blend(*cutout, dark, 0, 0);
  CHECK(dark.image(4, 4, 0) == pixel_of_level<P>(-40));
  if constexpr (std::integral<P>) CHECK(dark.image(4, 4, 0) == 0);
  // Only the margin may reach beyond the picture.
  BasicSample<P> small = flat<P>(6, 8, 90);
  blend(*cutout, small, -2, -2);
  CHECK(small.objects == Objects{{{0, 0, 8, 6}, 2}});
  BasicSample<P> colours = flat<P>(30, 30, 90, {}, 3);
  CHECK_THROWS_WITH_AS(blend(*cutout, colours, 0, 0), "copy-paste: the object has 1 channels, the picture 3",
                       ShapeError);
}

TEST_CASE("copy-paste: zoom and orientation move the box with its pixels") {
  const auto cutout = cut_out(with_object<std::uint8_t>(120), 0, 0.3);
  const auto turned = transformed(*cutout, 2, Orientation::rotated_clockwise());
  CHECK(turned.margin == 4);
  CHECK(turned.sample.image.shape() == Shape{24, 20, 1});
  CHECK(turned.sample.objects == Objects{{{4, 4, 16, 20}, 2}});
  CHECK(turned.sample.image(12, 10, 0) == 60);
  const auto tiny = transformed(*cutout, 0.01, {});
  CHECK(tiny.sample.image.shape() == Shape{1, 1, 1});
  CHECK(tiny.margin == 1);
}

TEST_CASE("copy-paste: random places are in the picture and hide no object") {
  const auto cutout = cut_out(with_object<std::uint8_t>(120), 0, 0.3);
  const Objects there{{{10, 10, 20, 20}, 0}, {{2, 20, 4, 22}, 1}};
  std::set<double> columns;
  int pasted = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    Sample picture = flat<std::uint8_t>(24, 26, 120, there);
    if (!paste_randomly(*cutout, picture, random)) continue;
    ++pasted;
    REQUIRE(picture.objects.size() == 3);
    const Box& box = picture.objects[2].box;
    CHECK((box.x1 >= 0 && box.y1 >= 0 && box.x2 <= 26 && box.y2 <= 24));
    CHECK((box.width() == 8 && box.height() == 6));
    CHECK(picture.image(static_cast<Index>(box.y1), static_cast<Index>(box.x1), 0) == 60);
    for (const LabelledBox& object : there) {
      CHECK(intersection(box, object.box).area() <= most_covered * object.box.area());
      CHECK(iou(box, object.box) <= most_covered);
    }
    columns.insert(box.x1);
  }
  CHECK(pasted > 250);
  CHECK(columns.size() > 10);
  CHECK(*columns.begin() == 0);
  CHECK(*columns.rbegin() == 18);
  Random random(1);
  Sample narrow = flat<std::uint8_t>(24, 7, 120), full = flat<std::uint8_t>(8, 10, 120, {{{0, 0, 10, 8}, 0}});
  CHECK(!paste_randomly(*cutout, narrow, random));
  CHECK(!paste_randomly(*cutout, full, random));
  CHECK(narrow.image == flat<std::uint8_t>(24, 7, 120).image);
  CHECK(narrow.objects.empty());
}

/// Two blocks of images.
class Blocks : public SampleSource {
 public:
  explicit Blocks(std::vector<Objects> objects, bool blocks) : objects_(std::move(objects)), blocks_(blocks) {}
  Index size() const override { return static_cast<Index>(objects_.size()); }
  std::shared_ptr<const Sample> load(Index) const override { throw Error("objects are known without reading"); }
  std::string key(Index) const override { return ""; }
  Objects objects(Index index) const override { return objects_[static_cast<std::size_t>(index)]; }
  std::vector<std::vector<Index>> blocks() const override {
    return blocks_ ? std::vector<std::vector<Index>>{{0, 2}, {1, 3}} : std::vector<std::vector<Index>>{};
  }

 private:
  std::vector<Objects> objects_;
  bool blocks_;
};

TEST_CASE("copy-paste: objects are drawn by class, none far too often, and of the block that is read") {
  const LabelledBox common{{0, 0, 5, 5}, 0}, rare{{0, 0, 5, 5}, 4}, none{{3, 3, 3, 9}, 1};
  const std::vector<Objects> objects{Objects(24, common), {rare}, {none, rare, rare, rare}, {}};
  std::map<Index, int> classes;
  Random random(3);
  const ObjectSampler sampler(Blocks(objects, false));
  for (int i = 0; i < 4000; ++i) {
    const auto place = sampler.draw(3, random);
    REQUIRE(place);
    ++classes[objects[static_cast<std::size_t>(place->image)][place->object].label];
  }
  CHECK(classes.size() == 2);
  CHECK(classes[4] / 4000.0 == doctest::Approx(0.5).epsilon(0.1));  // 4 objects of 28
  const ObjectSampler blocks(Blocks(objects, true));
  for (int i = 0; i < 50; ++i) {
    CHECK(blocks.draw(3, random)->image == 1);
    CHECK(blocks.draw(0, random)->image % 2 == 0);
  }
  CHECK(!ObjectSampler(Blocks({{}, {none}}, false)).draw(0, random));
  CHECK(!ObjectSampler().draw(0, random));
  std::vector<Objects> outlier{Objects(999, common), {rare}};
  int drawn = 0;
  const ObjectSampler capped(Blocks(outlier, false));
  for (int i = 0; i < 20000; ++i) drawn += capped.draw(0, random)->image == 1 ? 1 : 0;
  CHECK(drawn / 20000.0 < 0.02);  // 8 in a thousand, not a half
}

}  // namespace amdefect::copy_paste_test
