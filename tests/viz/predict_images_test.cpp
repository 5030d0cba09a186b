#include "amdefect/viz/predict_images.hpp"

#include <doctest/doctest.h>

#include "amdefect/detection/blob_detector.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

TEST_CASE("images are predicted one by one, whatever becomes of the others") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "in");
  Image image(32, 32, 3, 200);
  for (Index y = 10; y < 15; ++y)
    for (Index x = 10; x < 16; ++x)
      for (Index c = 0; c < 3; ++c) image.bytes()[static_cast<std::size_t>(3 * (32 * y + x) + c)] = 20;
  for (const char* name : {"a.png", "blocked.png", "z.png"}) save_image(folder / "in" / name, image);
  folder.write("in/broken.png", "no image");
  std::filesystem::create_directories(folder / "out" / "blocked.png" / "in the way");
  const BlobDetector detector(BlobModel{}, {{"pore"}, {-4}}, 0, 3);
  const std::vector<std::filesystem::path> inputs{folder / "in"};
  std::vector<std::string> lines, errors;
  PredictImagesOptions options{.page = true};
  options.log = [&](const std::string& line) { lines.push_back(line); };
  options.error = [&](const std::string& line) { errors.push_back(line); };

  const PredictedImages done = predict_images(detector, inputs, folder / "out", options);
  CHECK(done.given == 4);
  CHECK(done.images == 3);
  CHECK(done.objects == 3);
  CHECK(done.failed == 2);
  CHECK(lines.size() == 3);
  REQUIRE(errors.size() == 2);
  CHECK(errors[0].find("blocked.png: Is a directory") != std::string::npos);
  CHECK(errors[1].find("broken.png") != std::string::npos);
  for (const char* name : {"a.png", "z.png", "images.json", "detections.json", "detections.csv", "predictions.html"})
    CHECK(std::filesystem::is_regular_file(folder / "out" / name));

  const BlobDetector other(BlobModel{}, {{"pore"}, {-4}}, 0, 1);
  CHECK(predict_images(other, inputs, folder / "grey", options).failed == 4);
  CHECK(errors[2].starts_with((folder / "in" / "a.png").string() + ": detector: expected an image"));

  CHECK(error_of([&] { predict_images(detector, inputs, folder / "out"); }).find("an earlier run") !=
        std::string::npos);
  options.detect.nms_iou = 2;
  CHECK(error_of([&] { predict_images(detector, inputs, folder / "other", options); }).find("nms_iou is 2") !=
        std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder / "other"));
  InterruptFlag stop;
  stop.interrupt();
  CHECK(predict_images(detector, inputs, folder / "stopped", {.stop = &stop}).interrupted);
  CHECK_FALSE(std::filesystem::exists(folder / "stopped" / "images.json"));
}

TEST_CASE("further channels of images that are predicted come from folders") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "thermal");
  save_image(folder / "a.png", Image(32, 32, 3, 200));
  save_image(folder / "thermal/a.png", Image(32, 32, 1, 90));
  const BlobDetector detector(BlobModel{}, {{"pore"}, {-4}}, 0, 4);
  const std::vector<std::filesystem::path> inputs{folder / "a.png"};
  std::vector<std::string> errors;
  PredictImagesOptions options{.extra_image_folders = {"thermal"}};
  options.error = [&](const std::string& line) { errors.push_back(line); };
  CHECK(predict_images(detector, inputs, folder / "both", options).failed == 0);
  CHECK(std::filesystem::is_regular_file(folder / "both/a.png"));
  options.extra_image_folders = {"depth"};
  CHECK(predict_images(detector, inputs, folder / "none", options).failed == 1);
  CHECK(errors.at(0) == (folder / "a.png").string() + ": there is no picture \"depth/a.png\" for the extra channel");
}

TEST_CASE("images with sensors of another detector are not predicted") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "thermal");
  save_image(folder / "a.png", Image(32, 32, 3, 200));
  save_image(folder / "thermal/a.png", Image(32, 32, 1, 90));
  const std::vector<std::filesystem::path> inputs{folder / "a.png"};
  const auto reader = std::make_shared<const SensorReader>(SensorList{{{"thermal", "thermal"}}});
  const BlobDetector five(BlobModel{}, {{"pore"}, {-4}}, 0, 5), four(BlobModel{}, {{"pore"}, {-4}}, 0, 4);
  CHECK(error_of([&] { predict_images(five, inputs, folder / "five", {.sensors = reader}); }) ==
        "channels: the pictures have 4, but the detector was trained with 5");
  CHECK_FALSE(std::filesystem::exists(folder / "five"));
  CHECK(predict_images(four, inputs, folder / "four", {.sensors = reader}).images == 1);
  CHECK(load_image(folder / "four/a.png")(0, 0, 2) == 200);
}
