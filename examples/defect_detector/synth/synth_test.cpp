#include "synth/synth.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <string>

#include "amdefect/data/coco_source.hpp"
#include "synth/annotation_checks.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;
namespace fs = std::filesystem;

namespace {

std::map<std::string, Bytes> all_files(const fs::path& root) {
  std::map<std::string, Bytes> files;
  for (const auto& entry : fs::recursive_directory_iterator(root))
    if (entry.is_regular_file()) files[fs::relative(entry.path(), root).string()] = read_bytes(entry.path());
  return files;
}

}  // namespace

TEST_CASE("generated data: the same bytes for the same seed, whatever the number of threads") {
  const TemporaryFolder folder;
  const SynthOptions options{.width = 96, .height = 64, .train = 5, .valid = 2, .test = 1, .seed = 7, .threads = 1};
  SynthOptions threads = options, seed = options;
  threads.threads = 3;
  seed.seed = 8;
  write_synth(folder / "a", options);
  write_synth(folder / "b", threads);
  write_synth(folder / "c", seed);
  const auto a = all_files(folder / "a");
  CHECK(a.size() == 5 + 2 + 1 + 3);
  CHECK(a == all_files(folder / "b"));
  CHECK(a.at("train/synth_00000.jpg") != all_files(folder / "c").at("train/synth_00000.jpg"));
  CHECK(a.at("train/synth_00000.jpg") != a.at("valid/synth_00000.jpg"));
}

TEST_CASE("generated data can be read back: categories, sizes, boxes") {
  const TemporaryFolder folder;
  write_synth(folder / "a", {.width = 120, .height = 90, .train = 40, .valid = 2, .test = 0});
  const CocoSplits splits = read_coco_splits(folder / "a");
  CHECK(!splits.test);
  const CocoSplit& train = splits.at("train");
  CHECK(train.size() == 40);
  check_annotations(train.coco, 120, 90);
  std::map<std::int64_t, int> counts;
  for (const CocoAnnotation& annotation : train.coco.annotations) ++counts[annotation.category_id];
  CHECK(counts.size() == 2);
  CHECK(counts[1] > 20);
  CHECK(counts[3] > 40);
  CHECK(CocoSource(train).load(3)->image.shape() == Shape{90, 120, 3});
}

TEST_CASE("generated pores are dark spots of a few pixels, apart from each other") {
  Random random(3);
  const Sample sample = synth::render_pores(200, 300, random);
  REQUIRE(sample.objects.size() > 2);
  const auto mean = [&](const Box& box) {
    double sum = 0;
    for (auto y = static_cast<Index>(box.y1); y < static_cast<Index>(box.y2); ++y)
      for (auto x = static_cast<Index>(box.x1); x < static_cast<Index>(box.x2); ++x) sum += *sample.image.pixel(y, x);
    return sum / box.area();
  };
  const double everywhere = mean({0, 0, 300, 200});
  for (const LabelledBox& pore : sample.objects) {
    CHECK(pore.label == 0);
    CHECK(mean(pore.box) < 0.8 * everywhere);
    CHECK(std::max(pore.box.width(), pore.box.height()) < 50);
    for (const LabelledBox& other : sample.objects)
      if (&other != &pore) CHECK(intersection(pore.box, other.box).area() == 0);
  }
}

TEST_CASE("the box of an object surrounds the pixels that belong to it") {
  Random random(11);
  synth::Stage stage(100, 100, random);
  const synth::Workpiece piece{50, 90, 20, 40, 8, synth::Profile::block};
  synth::draw_workpiece(stage, piece, 1);
  const synth::Canvas::Extent seen = stage.canvas.extent(1);
  CHECK(seen.box.y1 == 42);  // foot - height - depth
  CHECK(seen.box.y2 == 90);
  CHECK(std::abs(seen.box.x1 - 30) <= 8);
  CHECK(std::abs(seen.box.x2 - 70) <= 8);
  CHECK(stage.canvas.extent(2).pixels == 0);
}

TEST_CASE("an older data set is only replaced when asked, and foreign files stay") {
  const TemporaryFolder folder;
  SynthOptions options{.width = 64, .height = 64, .train = 3, .valid = 1, .test = 1};
  write_synth(folder / "a", options);
  CHECK_THROWS_WITH_AS(
      write_synth(folder / "a", options),
      ((folder / "a").string() + ": is not empty; choose another folder, or allow to overwrite").c_str(), FileError);
  folder.write("a/train/mine.txt", "keep me");
  options.overwrite = true;
  options.train = 2;
  options.test = 0;
  write_synth(folder / "a", options);
  const auto files = all_files(folder / "a");
  CHECK(files.size() == 2 + 1 + 1 + 1 + 1);
  CHECK(files.count("train/mine.txt") == 1);
  CHECK(files.count("train/synth_00002.jpg") == 0);
  CHECK_THROWS_AS(write_synth(folder.write("file", "x"), options), FileError);
  folder.write("a/valid/mine.jpg", "somebody's picture");
  CHECK_THROWS_WITH_AS(write_synth(folder / "a", options), doctest::Contains("is not from generated data"), FileError);
  CHECK(all_files(folder / "a").size() == files.size() + 1);  // nothing was removed
  options.width = 10;
  CHECK_THROWS_AS(write_synth(folder / "b", options), Error);
}
