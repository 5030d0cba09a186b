// Images that a network sees larger or smaller than they are: from the training to the detector's file and its boxes.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "amdefect/data/zoomed_source.hpp"
#include "amdefect/detection/open_detector.hpp"
#include "contains.hpp"
#include "detection/tiny_training.hpp"
#include "error_of.hpp"
#include "random_image.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

namespace {

AnchorFreeDescription zoomed_by(double zoom) {
  return {.model = {.classes = 2, .stem = 8, .widths = {8, 8}, .blocks = {1, 1}, .pyramid = 8, .levels = 3},
          .labels = {{"pore", "crack"}, {3, 7}},
          .score_threshold = 0.1,
          .zoom = zoom};
}

std::unique_ptr<Detector> detector_with(double zoom) {
  auto network = std::make_shared<Network<float>>(anchor_free_network<float>(zoomed_by(zoom).model));
  network->initialize(3);  // scores about 0.5 everywhere
  return std::make_unique<AnchorFreeDetector>(std::move(network), zoomed_by(zoom), Execution{.threads = 1});
}

/// The data of `write_data`, whose sides are even, with everything half as large.
CocoSplits write_halved(const TemporaryFolder& folder) {
  CocoSplits splits = write_data(folder);
  for (const auto& split : {splits.train, splits.valid}) {
    std::string text(R"({"categories":[{"id":1,"name":"square"}],"images":[)"), annotations;
    for (std::size_t i = 0; i < split->image_files.size(); ++i) {
      save_image(split->image_files[i], resize(load_image(split->image_files[i]), 20, 20));
      const CocoAnnotation& a = split->coco.annotations[i];
      text += concat(i ? "," : "", R"({"id":)", i, R"(,"file_name":")", i, R"(.png","width":20,"height":20})");
      annotations += concat(i ? "," : "", R"({"id":)", a.id, R"(,"image_id":)", i, R"(,"category_id":1,"bbox":[)",
                            a.box.x / 2, ',', a.box.y / 2, ",6,6]}");
    }
    folder.write(split->name + "/_annotations.coco.json", text + R"(],"annotations":[)" + annotations + "]}");
  }
  return read_coco_splits(folder.path());
}

}  // namespace

TEST_CASE("a detector with a zoom finds in an image what one without finds in the zoomed image") {
  const auto plain = detector_with(1);
  const Image image = random_image(61, 94, 3);
  for (const double zoom : {0.5, 0.77, 1.6}) {
    const auto zoomed = detector_with(zoom);
    const Image seen = resize(image, zoomed_side(61, zoom), zoomed_side(94, zoom));
    for (const DetectOptions& options : {DetectOptions{}, {.flip_test = true}, {.tile = 48, .overlap = 32}}) {
      const auto found = zoomed->detect(pixels(image), options), expected = plain->detect(pixels(seen), options);
      REQUIRE(!found.empty());
      REQUIRE(found.size() == expected.size());
      const double x = 94.0 / static_cast<double>(seen.width()), y = 61.0 / static_cast<double>(seen.height());
      for (std::size_t i = 0; i < found.size(); ++i) {
        const Box &box = found[i].box, &there = expected[i].box;
        CHECK(found[i].score == expected[i].score);
        CHECK(found[i].label == expected[i].label);
        CHECK(iou(box, {there.x1 * x, there.y1 * y, there.x2 * x, there.y2 * y}) == doctest::Approx(1));
        CHECK((box.x1 >= 0 && box.y1 >= 0 && box.x2 <= 94 && box.y2 <= 61));
      }
    }
  }
  // Pixels in floating point are not rounded after resizing, those of 16 bits less.
  Tensor<float> real(image.shape());
  std::copy(image.bytes().begin(), image.bytes().end(), real.begin());
  const auto found = detector_with(0.5)->detect(real, {}), expected = detector_with(0.5)->detect(pixels(image), {});
  REQUIRE(!found.empty());
  CHECK(found[0].score == doctest::Approx(expected[0].score).epsilon(0.01));
  CHECK(detector_with(smallest_zoom)->detect(pixels(random_image(3, 5, 3)), {}).size() < 301);
}

TEST_CASE("a detector's zoom is part of its file, and files without one are as they were") {
  const TemporaryFolder folder;
  const Image image = random_image(50, 40, 3);
  detector_with(0.5)->save(folder / "half.safetensors");
  const auto opened = open_detector(folder / "half.safetensors", {.threads = 1});
  CHECK(opened->detect(pixels(image)) == detector_with(0.5)->detect(pixels(image)));
  CHECK(opened->detect(pixels(image)) != detector_with(1)->detect(pixels(image)));
  CHECK(anchor_free_description(DetectorFile(read_safetensors(folder / "half.safetensors"))) == zoomed_by(0.5));
  CHECK(!contains(detector_with(1)->description().to_text(), "zoom"));
  const std::string description = detector_with(0.5)->description().to_text();
  for (const char* zoom : {"0", "-1", "5", "1e300", "\"a\""}) {
    std::string bad = description;
    bad.replace(bad.find("\"zoom\":0.5"), 10, concat("\"zoom\":", zoom));
    write_safetensors(folder / "bad.safetensors", {}, {{description_key, bad}});
    const std::string message = error_of([&] { open_detector(folder / "bad.safetensors"); });
    CAPTURE(message);
    CHECK(contains(message, "bad.safetensors"));
    CHECK(contains(message, "zoom"));
  }
}

TEST_CASE("a training with a zoom is that of the zoomed pictures, and measures in pixels of the images") {
  const TemporaryFolder folder, halved;
  const CocoSplits splits = write_data(folder);
  DetectorTrainerOptions options = tiny_options();
  options.crop_side = 16;
  options.eval_interval = 3;
  const auto expected = DetectorTrainer(write_halved(halved), options).fit();
  options.zoom = 0.5;
  options.output_folder = folder / "run";
  DetectorTrainer trainer(splits, options);
  const auto detector = trainer.fit();
  CHECK(weights_of(*detector) == weights_of(*expected));
  CHECK(trainer.description().zoom == 0.5);
  CHECK(trainer.validation().has_value());
  const auto found = open_detector(folder / "run", {.threads = 1})->detect(pixels(random_image(40, 40, 3)), {});
  CHECK(found == detector->detect(pixels(random_image(40, 40, 3)), {}));

  options.resume = folder / "run/last.safetensors";
  options.zoom = 1;
  CHECK(contains(error_of([&] { DetectorTrainer(splits, options).fit(); }),
                 "another zoom: the run was started with 0.5, now it is none"));
}

TEST_CASE("a zoomed source has boxes and entries of a cache of its own") {
  const TemporaryFolder folder;
  const auto files = std::make_shared<const CocoSource>(*write_data(folder).train);
  const BasicZoomedSource<std::uint8_t> source(files, 0.4);
  const auto sample = source.load(2);
  CHECK(sample->image == resize(files->load(2)->image, 16, 16));
  CHECK(iou(sample->objects[0].box, {3.2, 4, 8, 8.8}) == doctest::Approx(1));
  CHECK(source.key(1) != files->key(1));
  CHECK(source.key(1) != BasicZoomedSource<std::uint8_t>(files, 0.40000001).key(1));
  CHECK(source.name(1) == files->name(1));
  CHECK(contains(error_of([&] { BasicZoomedSource<std::uint8_t>(files, 0); }), "zoom is 0, expected 0.015625 to 4"));
}

TEST_CASE("images are shrunk where large objects need large crops and small ones allow it") {
  CHECK(suggest_zoom(5, 25, 600) == 1);        // pores in micrographs
  CHECK(suggest_zoom(29, 78, 640) == 1);       // faults of a board
  CHECK(suggest_zoom(30, 190, 200) == 1);      // scratches as large as small pictures
  CHECK(suggest_zoom(200, 250, 416) == 1);     // a scene of a printer: it would save too little
  CHECK(suggest_zoom(10, 341, 618) == 0.5);    // holes, cracks and stains of tiles
  CHECK(suggest_zoom(50, 1500, 4000) == 0.1);  // photographs
  CHECK(suggest_zoom(9, 1500, 4000) == 0.55);  // not below 5 pixels
  CHECK(suggest_zoom(8, 1500, 4000) == 1);     // that would not be worth it
  CHECK(suggest_zoom(20, 220, 4000) == 1);
  CHECK(suggest_zoom(20, 221, 4000) == 0.57);
  CHECK(suggest_zoom(20, 221, 0) == 0.57);
  CHECK(suggest_zoom(1e5, 1e9, 0) == smallest_zoom);
  CHECK(suggest_zoom(0, 0, 0) == 1);  // no boxes
}

TEST_CASE("the options of a training suit the zoomed images") {
  const TemporaryFolder folder;
  CocoSplits splits = write_data(folder);
  AnchorFreeModel model;
  AnnotationCheck check = check_annotations(*splits.train);
  for (CocoImage& image : splits.train->coco.images) image.width = 2000;
  for (const auto& [side, asked, zoom, crop, levels] : {std::tuple(300.0, std::optional<double>(), 0.42, 256, 4),
                                                        {300.0, 1.0, 1.0, 600, 5},
                                                        {900.0, 0.25, 0.25, 337, 4}}) {
    check.sides.fill(side);
    const DetectorTrainerOptions options = suggest_options(splits, check, model, asked);
    CHECK(options.zoom == zoom);
    CHECK(options.crop_side == crop);
    CHECK(options.model.levels == levels);
  }
  for (const double bad : {0.0, -1.0, 4.01, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK(contains(error_of([&] { suggest_options(splits, check, model, bad); }), "zoom is "));
    CHECK(contains(error_of([&] { amdefect::check(DetectorTrainerOptions{.zoom = bad}); }),
                   "detector trainer: zoom is "));
  }
}
