#include "amdefect/inspect/inspection.hpp"

#include <doctest/doctest.h>

#include "contains.hpp"
#include "random_image.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;
namespace fs = std::filesystem;

namespace {

/// A picture with details: random blots. Other seeds give unrelated pictures of about the same brightness.
Image blots(int seed, Index side = 200) { return resize(random_image(side / 5, side / 5, 3, seed), side, side); }

/// A plain grey surface with a little noise.
Image plain(int seed) {
  Image image = random_image(200, 200, 3, seed);
  for (std::uint8_t& byte : image.bytes()) byte = static_cast<std::uint8_t>(126 + byte % 5);
  return image;
}

/// A folder with splits whose images are added one by one; each image has one box.
class DataSet {
 public:
  void add(const std::string& split, const std::string& name, const Bytes& file, Index side = 200) {
    if (!file.empty()) {
      fs::create_directories(folder_ / split);
      write_bytes(folder_ / split / name, file);
    }
    CocoDataset& data = splits_[split];
    const auto id = static_cast<std::int64_t>(data.images.size()) + 1;
    data.images.push_back({id, name, side, side});
    data.annotations.push_back({id, id, 1, {5, 5, 20, 20}, 400});
  }
  /// A further channel of an image.
  void add_extra(const fs::path& name, const Image& image) {
    fs::create_directories((folder_ / name).parent_path());
    save_image(folder_ / name, image);
  }
  Inspection inspect(const std::vector<std::string>& extra_image_folders = {}) {
    for (auto& [name, data] : splits_) {
      data.categories = {{1, "pore", ""}};
      fs::create_directories(folder_ / name);
      write_coco_annotations(folder_ / name / "_annotations.coco.json", data);
    }
    return inspect_data(read_coco_splits(folder_.path(), {.allow_missing_images = true}), 2, extra_image_folders);
  }

 private:
  TemporaryFolder folder_;
  std::map<std::string, CocoDataset> splits_;
};

/// The leaks of the only overlap as text, e.g. "0: 3 1;" for kind 0 and the positions.
std::string leaks_of(const Inspection& inspection) {
  std::string text;
  for (const Inspection::Overlap& overlap : inspection.overlaps)
    for (const Leak& leak : overlap.leaks)
      text += concat(static_cast<int>(leak.kind), ": ", leak.first, ' ', leak.second, ';');
  return text;
}

}  // namespace

TEST_CASE("images that are missing, damaged or of another size are named, all of them") {
  DataSet data;
  const Bytes jpeg = encode_jpeg(blots(1));
  data.add("train", "good.jpg", jpeg);
  data.add("train", "gone.jpg", {});
  data.add("train", "cut.jpg", {jpeg.begin(), jpeg.begin() + 700});
  data.add("train", "small.jpg", encode_jpeg(blots(2, 100)));
  data.add("train", "gone, too.jpg", {});
  const Inspection inspection = data.inspect();
  REQUIRE(inspection.splits.size() == 1);
  CHECK(inspection.has_unusable_images());
  const std::vector<std::string> unusable = inspection.splits[0].unusable();
  REQUIRE(unusable.size() == 4);
  CHECK(contains(unusable[0], "images[1] (id 2): there is no file \"gone.jpg\""));
  CHECK(contains(unusable[1], "cut.jpg: truncated JPEG file (700 bytes)"));
  CHECK(contains(unusable[2], "images[3] (id 4): is 200x200 by its entry, but "));
  CHECK(contains(unusable[3], "gone, too.jpg"));
  const std::string text = to_text(inspection, 1);
  CHECK(contains(text, "  images that cannot be used: 4\n    "));
  for (const std::string& fault : unusable) CHECK(contains(text, fault));
}

TEST_CASE("an image in two splits is found as the same file, the same picture or a copy of the same source") {
  DataSet data;
  const Bytes first = encode_jpeg(blots(1)), plain_file = encode_jpeg(plain(21));
  data.add("train", "two.png", encode_png(blots(2)));
  data.add("train", "three.png", encode_png(blots(3)));
  data.add("train", "one.jpg", first);
  data.add("train", "cat_jpg.rf.0123.jpg", encode_jpeg(blots(4)));
  data.add("train", "plain.png", encode_png(plain(20)));
  data.add("train", "gone_jpg.rf.1.jpg", {});
  data.add("train", "black.png", encode_png(Image(200, 200, 3, 0)));                   // as dark as what cannot be read
  data.add("valid", "other name.jpg", first);                                          // the same file
  data.add("valid", "new.jpg", encode_jpeg(blots(5)));                                 // new
  data.add("valid", "again.jpg", encode_jpeg(blots(2), 40));                           // encoded anew
  data.add("valid", "smaller.jpg", encode_jpeg(resize(blots(3), 120, 120), 70), 120);  // scaled
  data.add("valid", "cat_jpg.rf.4567.jpg", encode_jpeg(blots(6)));                     // by its name
  data.add("valid", "plain too.jpg", plain_file);                                      // as plain as another, but new
  data.add("valid", "gone_jpg.rf.2.jpg", {});                                          // by its name
  const Inspection inspection = data.inspect();
  CHECK(leaks_of(inspection) == "0: 2 0;1: 0 2;1: 1 3;2: 3 4;2: 5 6;");

  const std::string text = to_text(inspection, 1);
  CHECK(contains(text,
                 "images in two splits, train and valid:\n  the same file: 1\n"
                 "    train one.jpg and valid other name.jpg\n"));
  CHECK(contains(text, "anew: 2\n    train two.png and valid again.jpg\n    and 1 more\n"));
  CHECK(contains(text, "(before .rf.): 2\n    train cat_jpg.rf.0123.jpg and valid cat_jpg.rf.4567.jpg\n"));
}

TEST_CASE("blank pictures are not taken for each other, names without .rf. not for copies") {
  DataSet data;
  data.add("train", "black.png", encode_png(Image(200, 200, 3, 0)));
  data.add("train", "cat.1.jpg", encode_jpeg(blots(1)));
  data.add("valid", "black.jpg", encode_jpeg(Image(200, 200, 3, 0)));
  data.add("valid", "cat.2.jpg", encode_jpeg(blots(2)));
  data.add("test", "cat.3.jpg", encode_jpeg(blots(3)));
  const Inspection inspection = data.inspect();
  CHECK(inspection.splits.size() == 3);
  CHECK(inspection.overlaps.empty());
  CHECK_FALSE(inspection.has_unusable_images());
  CHECK_FALSE(contains(to_text(inspection), "two splits"));
}

TEST_CASE("details of pictures correlate when they show the same") {
  const Image picture = blots(1);
  CHECK(detail::detail_correlation(picture, picture) == doctest::Approx(1));
  CHECK(detail::detail_correlation(picture, decode_image(encode_jpeg(picture, 30), "q30")) > 0.9);
  CHECK(std::abs(detail::detail_correlation(picture, blots(2))) < 0.2);
  CHECK(detail::detail_correlation(picture, Image(50, 50, 3, 99)) == 0);
  CHECK(detail::detail_correlation(Image(1, 1, 1, 9), picture) == 0);
  CHECK(detail::source_name("images/cat_jpg.rf.12ab.jpg") == "cat_jpg");
  CHECK(detail::source_name("cat.rf.jpg") == "cat");
  CHECK(detail::source_name("cat.jpg") == "");
}

TEST_CASE("grey is the rounded mean of at most three channels") {
  for (Index channels = 1; channels <= 4; ++channels) {
    Image image(2, 2, channels);
    for (Index y = 0; y < 2; ++y)
      for (Index x = 0; x < 2; ++x)
        for (Index c = 0; c < channels; ++c) image(y, x, c) = static_cast<std::uint8_t>(10 + (c == 1) + 90 * (c == 3));
    CHECK(detail::small_grey(image, 2) == Image(2, 2, 1, channels == 2 ? 11 : 10));
  }
}

TEST_CASE("images that an EXIF orientation turns are counted, those stored upright are not") {
  const Bytes jpeg = encode_jpeg(blots(1));
  const auto with_orientation = [&](std::uint8_t orientation) {
    Bytes exif{0xff, 0xe1, 0, 34, 'E', 'x', 'i',  'f', 0, 0, 'I', 'I', 42, 0,
               8,    0,    0, 0,  1,   0,   0x12, 1,   3, 0, 1,   0,   0,  0};
    for (const int byte : {int{orientation}, 0, 0, 0, 0, 0, 0, 0}) exif.push_back(static_cast<std::uint8_t>(byte));
    Bytes turned = jpeg;
    turned.insert(turned.begin() + 2, exif.begin(), exif.end());
    return turned;
  };
  DataSet data;
  data.add("train", "plain.jpg", jpeg);
  data.add("train", "upright.jpg", with_orientation(1));
  data.add("train", "right.jpg", with_orientation(6));
  data.add("train", "wrong size.jpg", with_orientation(8), 150);
  data.add("train", "nonsense.jpg", with_orientation(9));
  const Inspection inspection = data.inspect();
  CHECK(contains(to_text(inspection),
                 "  images with an EXIF orientation, by which they are turned upright: 2\n"
                 "    right.jpg: orientation 6\n    wrong size.jpg: orientation 8\n"));
  CHECK_FALSE(contains(to_text(inspection, 2), " more\n"));
  CHECK(contains(to_text(inspection, 1), "    right.jpg: orientation 6\n    and 1 more\n"));
  DataSet upright;
  upright.add("train", "upright.jpg", with_orientation(1));
  CHECK_FALSE(contains(to_text(upright.inspect()), "EXIF"));
}

TEST_CASE("pictures of further channels are looked at where they are asked for") {
  DataSet data;
  for (const char* name : {"a.jpg", "b.jpg", "c.jpg"}) data.add("train", name, encode_jpeg(blots(1)));
  data.add_extra("train/thermal/a.png", Image(200, 200, 1, 9));
  data.add_extra("train/thermal/b.png", Image(100, 200, 1, 9));
  CHECK_FALSE(data.inspect().has_unusable_images());
  const std::vector<std::string> unusable = data.inspect({"thermal"}).splits[0].unusable();
  REQUIRE(unusable.size() == 2);
  CHECK(contains(unusable[0], "b.png: is 200x100 pixels large, but "));
  CHECK(contains(unusable[1], "c.jpg: there is no picture \"thermal/c.jpg\" for the extra channel"));
}
