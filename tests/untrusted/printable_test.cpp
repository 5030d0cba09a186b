// Names out of files, where they are shown.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "amdefect/detection/blob_detector.hpp"
#include "amdefect/inspect/inspection.hpp"
#include "amdefect/viz/predict_images.hpp"
#include "contains.hpp"
#include "data/data_set_files.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;
namespace fs = std::filesystem;

namespace {

/// Whether a terminal would do something else than show it.
bool acts(const std::string& text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n') return true;
  return false;
}

}  // namespace

TEST_CASE("names of classes and files are shown, not acted on") {
  const TemporaryFolder folder;
  std::string text = coco_text({"a\\u001b[2J.png", "gone\\u001b.png"});
  text.replace(text.find("seven"), 5, "=se\\u001bven\\n");
  folder.write("set/train/_annotations.coco.json", text);
  save(folder / "set/train/a\x1B[2J.png");
  const CocoSplits splits = read_coco_splits(folder / "set", {.allow_missing_images = true});
  const std::string inspected = to_text(inspect_data(splits));
  CHECK(contains(inspected, "=se\\x1bven\\x0a 2;"));
  CHECK_FALSE(acts(inspected));

  // Predictions: the log, the list, and names of pictures, none of them outside of the folder.
  const BlobDetector detector(BlobModel{}, {{"=se\x1Bven\n"}, {7}}, 0, 3);
  Image image(32, 32, 3, 200);
  for (Index i = 0; i < 3 * 5; ++i) image.pixel(10, 10)[i] = image.pixel(11, 10)[i] = 20;
  fs::create_directories(folder / "in");
  for (const char* name : {"a\x1B[2J.png", "..png", "...png", "=b.png", "c\n.png", "\xC3\xA4.png"})
    save_image(folder / "in" / name, image);
  std::vector<std::string> lines;
  PredictImagesOptions options;
  options.log = [&](const std::string& line) { lines.push_back(line); };
  const std::vector<fs::path> inputs{folder / "in/a\x1B[2J.png", folder / "in/..png",   folder / "in/...png",
                                     folder / "in/=b.png",       folder / "in/c\n.png", folder / "in/../in/=b.png",
                                     folder / "in/\xC3\xA4.png"};
  const PredictedImages done = predict_images(detector, inputs, folder / "out", options);
  CHECK(done.images == 7);
  CHECK(done.objects == 7);
  CHECK(lines.size() == 7);
  for (const std::string& line : lines) {
    CHECK_FALSE(acts(line));
    CHECK_FALSE(contains(line, "\n"));
  }
  CHECK(contains(lines.at(6), "\xC3\xA4.png: 1 object -> "));  // what only shows something stays
  const std::string csv = folder.read("out/detections.csv");
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 8);
  CHECK(contains(csv, ",0,'=se\\x1bven\\x0a,"));
  CHECK_FALSE(acts(csv));
  std::size_t outside = 0;
  for (const auto& entry : fs::directory_iterator(folder.path()))
    outside += entry.path().filename() != "in" && entry.path().filename() != "out" && entry.path().filename() != "set";
  CHECK(outside == 0);
}
