#include "amdefect/detection/split_membership.hpp"

#include <doctest/doctest.h>

#include "amdefect/detection/blob_detector.hpp"
#include "amdefect/detection/evaluate.hpp"
#include "amdefect/detection/open_detector.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

namespace {

bool holds(const std::string& text, const std::string& part) {
  CAPTURE(text);
  return text.find(part) != std::string::npos;
}

/// A data set of one annotation file with so many different pictures, each with one box.
class OneFile {
 public:
  explicit OneFile(int images) {
    CocoDataset coco;
    coco.categories = {{-3, "crack", ""}, {7, "pore", ""}};
    for (int i = 0; i < images; ++i) {
      const std::string name = concat("picture", i, ".png");
      Image image(16, 16, 3, static_cast<std::uint8_t>(100 + i));
      save_image(folder_ / name, image);
      coco.images.push_back({i, name, 16, 16});
      coco.annotations.push_back({i + 1, i, i % 2 ? -3 : 7, {2, 2, 5, 5}, 25, false, false});
    }
    write_coco_annotations(file(), coco);
  }
  std::filesystem::path file() const { return folder_ / "all.json"; }
  CocoSplits splits(std::uint64_t seed) const { return read_coco_splits(file(), {.seed = seed}); }
  const TemporaryFolder& folder() const { return folder_; }

 private:
  TemporaryFolder folder_;
};

BlobDetector detector_of(const CocoSplits& splits) {
  BlobDetector detector(BlobModel{}, {{"crack", "pore"}, {-3, 7}}, 0, 3);
  detector.set_images(std::make_shared<const ImageMembership>(membership_of(splits)));
  return detector;
}

std::vector<std::string> names(const CocoSplit& split) {
  std::vector<std::string> names;
  for (const CocoImage& image : split.coco.images) names.push_back(image.file_name);
  return names;
}

}  // namespace

TEST_CASE("the images of a training travel with the weights, and decide how one annotation file is split") {
  const OneFile data(20);
  const CocoSplits trained = data.splits(5);
  const std::filesystem::path weights = data.folder() / "weights.safetensors";
  detector_of(trained).save(weights);
  const auto detector = open_detector(weights);
  CHECK(detector->images().train.size() == 16);
  CHECK(detector->images().valid.size() == 2);
  CHECK(detector->images().test.size() == 2);
  for (const std::uint64_t seed : {0u, 5u, 6u}) {
    const CocoSplits other = data.splits(seed);
    const auto as_trained = split_as_trained(other, detector->images());
    REQUIRE(as_trained.has_value());
    std::vector<std::string> found = names(*as_trained->test), expected = names(*trained.test);
    std::sort(found.begin(), found.end());
    std::sort(expected.begin(), expected.end());
    CHECK(found == expected);
    CHECK(as_trained->test->coco.annotations.size() == 2);
    CHECK(as_trained->valid->size() == 2);
    CHECK(evaluate(*detector, *as_trained->test).warning().empty());
  }
  // Whoever splits by another seed all the same is warned.
  const DetectorEvaluation wrong = evaluate(*detector, *data.splits(6).test);
  REQUIRE(!wrong.trained_on.empty());
  CHECK(holds(wrong.warning(), concat("trained on ", wrong.trained_on.size(), " of the 2 images of the test split")));
  CHECK(holds(to_text(wrong), "\nwarning: the detector was trained on"));
  CHECK(evaluate(*detector, *trained.train).trained_on.size() == 16);
}

TEST_CASE("an image is known again by its content, whatever its name; a new one is a test image") {
  const OneFile data(10);
  const CocoSplits trained = data.splits(1);
  CocoSplits renamed = trained;
  const std::filesystem::path& first = trained.train->image_files[0];
  std::filesystem::copy_file(first, data.folder() / "other.png");
  renamed.test->image_files[0] = data.folder() / "other.png";  // the copy of an image that was trained on
  save_image(data.folder() / "new.png", Image(16, 16, 3, 7));
  renamed.train->image_files[1] = data.folder() / "new.png";
  const ImageMembership images = membership_of(trained);
  CHECK(trained_images(*renamed.test, images) == std::vector<std::string>{renamed.test->coco.images[0].file_name});
  const CocoSplits split = split_as_trained(renamed, images).value();
  CHECK(split.train->size() == trained.train->size());
  CHECK(split.test->size() == 1);
  CHECK(split.test->image_files[0].filename() == "new.png");
  CHECK_FALSE(split_as_trained(trained, {.train = {1, 2, 3}}).has_value());  // no image is known
}

TEST_CASE("files of before say nothing of images, and a wrong list is refused") {
  const TemporaryFolder folder;
  const BlobDetector detector(BlobModel{}, {{"crack"}, {1}}, 0, 3);
  const auto open_with = [&](const std::string& text) {
    detector.save(folder / "w.safetensors", {{images_key, text}});
    return error_of([&] { open_detector(folder / "w.safetensors"); });
  };
  detector.save(folder / "old.safetensors");
  CHECK(open_detector(folder / "old.safetensors")->images().empty());
  CHECK(open_with(R"({"train":"00000000000000ff","valid":"","test":""})") == "no error");
  CHECK(holds(open_with(R"({"train":"00000000000000f","valid":"","test":""})"), "16 hexadecimal digits"));
  CHECK(holds(open_with(R"({"train":"00000000000000fg","valid":"","test":""})"), "train: expected 16 hexadecimal"));
  CHECK(holds(open_with(R"({"train":"0","valid":""})"), "16 hexadecimal digits"));
  CHECK(holds(open_with(R"({"train":7,"valid":"","test":""})"), "expected a string"));
  CHECK(holds(open_with("[]"), "expected an object"));
}
