#include "amdefect/detection/open_detector.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "amdefect/detection/halve_detector.hpp"
#include "amdefect/detection/training/pretrained.hpp"
#include "contains.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

namespace {

/// A kind of detector that a user could write: it finds the same box in every image.
class FixedDetector final : public Detector {
 public:
  FixedDetector(DetectorTraits traits, Index side) : Detector(std::move(traits)), side_(side) {}
  std::vector<Detection> detect(const PixelView& image, const DetectOptions& options) const override {
    check_input(image, options);
    const auto side = static_cast<double>(side_);
    return select({{{0, 0, side, side}, 0.9, 0}}, options);
  }

 protected:
  std::string architecture() const override { return "fixed"; }
  JsonValue::Object settings() const override { return {{"side", side_}}; }

 private:
  Index side_;
};

const RegisterDetector fixed("fixed", [](const DetectorFile& file) {
  return std::make_unique<FixedDetector>(file.traits(0.5), file.description().get<Index>("side"));
});

const DetectorTraits pore_traits{{{"pore"}, {7}, 0.5}, 2, 0.25, {100, 50}};

/// Neither saved nor registered.
class NamelessDetector final : public Detector {
 public:
  NamelessDetector() : Detector(pore_traits) {}
  std::vector<Detection> detect(const PixelView&, const DetectOptions&) const override { return {}; }
};

}  // namespace

TEST_CASE("a kind of detector of one's own is saved and opened like all others") {
  const TemporaryFolder folder;
  FixedDetector(pore_traits, 12).save(folder / "fixed.safetensors", {{"note", "a"}});
  const auto opened = open_detector(folder / "fixed.safetensors");
  CHECK(opened->traits() == pore_traits);
  CHECK(opened->detect(Tensor<std::uint8_t>({20, 20, 2})) == std::vector<Detection>{{{0, 0, 12, 12}, 0.9, 0}});
  CHECK_THROWS_AS(RegisterDetector("fixed", nullptr), Error);
  CHECK_THROWS_AS(NamelessDetector().save(folder / "nameless.safetensors"), Error);
}

TEST_CASE("blobs are saved and opened, in the form of before as well") {
  const TemporaryFolder folder;
  const BlobModel blob{.window = 15, .threshold = 10, .dark = false};
  const DetectorLabels labels{{"pore", "crack"}, {3, 7}, 0.5};
  BlobDetector(blob, labels, 1, 3, 0.125).save(folder / "blob.safetensors");
  write_safetensors(folder / "old.safetensors", {},
                    {{description_key, R"({"architecture":"blob","channels":3,"class_names":["pore","crack"],)"
                                       R"("category_ids":[3,7],"box_offset":0.5,"score_threshold":0.125,"label":1,)"
                                       R"("window":15,"threshold":10,"least_area":6,"dark":false})"}});
  for (const char* name : {"blob.safetensors", "old.safetensors"}) {
    const auto opened = open_detector(folder / name);
    CHECK(opened->labels() == labels);
    CHECK(opened->score_threshold() == 0.125);
    REQUIRE(dynamic_cast<const BlobDetector*>(opened.get()) != nullptr);
    CHECK(dynamic_cast<const BlobDetector&>(*opened).model() == blob);
  }
}

TEST_CASE("files of unknown kinds and newer formats say what they are") {
  const TemporaryFolder folder;
  const auto path = folder / "model.safetensors";
  const auto with = [&](const std::string& json) {
    write_safetensors(path, {}, {{description_key, json}});
    return error_of([&] { open_detector(path); });
  };
  CHECK(with(R"({"architecture":"yolo"})") == concat("detector: ", path.string(),
                                                     ": unknown architecture 'yolo', expected one of anchor-free, "
                                                     "blob, dense, fixed"));
  CHECK(with(R"({"format":9,"architecture":"anchor-free"})") ==
        concat("detector: ", path.string(),
               ": its description, of the architecture 'anchor-free', has the format 9, but this program reads formats "
               "1 to 2"));
  CHECK(with(R"({"architecture":"fixed","class_names":["a"],"category_ids":[1]})").find("expected the key \"side\"") !=
        std::string::npos);
  CHECK(with(R"({"architecture":"blob","window":4,"threshold":1,"least_area":1,"dark":true,"label":0,)"
             R"("class_names":["a"],"category_ids":[1]})")
            .find("window (odd)") != std::string::npos);
}

TEST_CASE("weights of PyTorch are no detector") {
  const TemporaryFolder folder;
  std::ofstream(folder / "resnet18.pth", std::ios::binary) << "PK\3\4 and more";
  CHECK(
      error_of([&] { open_detector(folder / "resnet18.pth"); }) ==
      concat("detector: ", (folder / "resnet18.pth").string(),
             " holds weights of PyTorch, expected a detector that amdefect trained (--pretrained starts a training on "
             "a backbone from such weights)"));
}

TEST_CASE("a description with numbers without meaning is refused") {
  const TemporaryFolder folder;
  const auto path = folder / "model.safetensors";
  const auto with = [&](const std::string& ids, const std::string& more) {
    write_safetensors(path, {},
                      {{description_key, R"({"architecture":"fixed","side":3,"class_names":["a","b"],"category_ids":)" +
                                             ids + more + "}"}});
    return error_of([&] { open_detector(path); });
  };
  for (const char* ids : {"[-5,0]", "[0,-9223372036854775808]", "[9223372036854775807,1]"})
    CHECK(with(ids, "") == "no error");
  const auto refused = [&](const std::string& ids, const std::string& more, const std::string& part) {
    const std::string message = with(ids, more);
    CAPTURE(message);
    CHECK(message.find(part) != std::string::npos);
  };
  refused("[2,2]", "", "category_ids has a category twice");
  refused("[1,2]", R"(,"box_offset":1e300)", "box_offset is 1e+300, expected at most 1000 pixels");
  refused("[1,2]", R"(,"pixel_scaling":{"offset":1,"scale":1e-308})", "scale 1e-308");
  refused("[1,2]", R"(,"pixel_scaling":{"offset":1e300,"scale":1})", "offset 1e+300");
  refused("[1,2]", R"(,"pixel_scaling":{"offset":1,"scale":-1})", "scale -1");
  refused("[1,2]", R"(,"score_threshold":2)", "score_threshold is 2");
  refused("[1,9223372036854775808]", "", "category_ids[1]: expected an integer");
}

TEST_CASE("blobs have a self-test, too") {
  const TemporaryFolder folder;
  const auto path = folder / "blob.safetensors";
  BlobDetector({.window = 15}, {.class_names = {"pore"}, .category_ids = {1}}, 0, 3).save(path);
  const SafetensorsFile file = read_safetensors(path);
  CHECK(error_of([&] { open_detector(path); }) == "no error");
  SafetensorsMetadata changed = file.metadata();
  std::string& text = changed.at(description_key);
  const std::size_t at = text.find("\"window\":15");
  REQUIRE(at != std::string::npos);
  text.replace(at, 11, "\"window\":31");
  write_safetensors(path, {}, changed);
  CHECK(contains(error_of([&] { open_detector(path); }), "fails its self-test"));
}

TEST_CASE("a detector in half precision is half as large, says the same and starts a training") {
  const TemporaryFolder folder;
  const AnchorFreeDescription description{
      .model = {.stem = 8, .widths = {16, 32}, .blocks = {1, 1}, .pyramid = 16, .levels = 3},
      .labels = {{"pore"}, {1}, 0.5}};
  auto network = std::make_shared<Network<float>>(anchor_free_network<float>(description.model));
  initialize_anchor_free(*network, description.model, 3);
  AnchorFreeDetector detector(network, description);
  ImageMembership images;
  images.train = {5};
  detector.set_images(std::make_shared<const ImageMembership>(images));
  detector.save(folder / "best.safetensors", {{"note", "a"}});
  halve_detector(folder.path(), folder / "half.safetensors");
  CHECK(std::filesystem::file_size(folder / "half.safetensors") <
        6 * std::filesystem::file_size(folder / "best.safetensors") / 10);
  const SafetensorsFile half = read_safetensors(folder / "half.safetensors");
  CHECK(half.metadata().at("note") == "a");
  CHECK(half.entry("stem.kernel").dtype == "F16");
  const auto opened = open_detector(half);  // its self-test is its own
  CHECK(opened->traits() == detector.traits());
  CHECK(opened->images().split_of(5) == "train");
  const SelfTest before = detector.self_test(), after = opened->self_test();
  for (std::size_t i = 0; i < before.size(); ++i)
    CHECK(after[i].numbers[0] == doctest::Approx(before[i].numbers[0]).epsilon(1e-2));
  Network<float> other = anchor_free_network<float>(description.model);
  CHECK(contains(load_pretrained(folder / "half.safetensors", description.model, other), "weights"));
  CHECK(contains(error_of([&] { halve_detector(folder.write("text", "{}"), folder / "none"); }), "text"));
  CHECK_FALSE(std::filesystem::exists(folder / "none"));
}
