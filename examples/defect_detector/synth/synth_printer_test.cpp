#include "synth/synth_printer.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "amdefect/data/coco_source.hpp"
#include "synth/annotation_checks.hpp"
#include "synth/synth.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

TEST_CASE("recordings of printers: the same bytes for the same seed, one nozzle and one workpiece in each picture") {
  const TemporaryFolder folder;
  const SynthOptions options{
      .width = 80, .height = 96, .train = 12, .valid = 2, .test = 0, .scene = Scene::printer, .seed = 5, .threads = 1};
  SynthOptions threads = options, other = options;
  threads.threads = 3;
  other.seed = 6;
  write_synth(folder / "a", options);
  write_synth(folder / "b", threads);
  write_synth(folder / "c", other);
  const auto bytes = [&](const char* file) { return read_bytes(folder / file); };
  for (const char* file : {"train/synth_00000.jpg", "train/synth_00011.jpg", "valid/_annotations.coco.json"}) {
    CHECK(bytes((std::string("a/") + file).c_str()) == bytes((std::string("b/") + file).c_str()));
    CHECK(bytes((std::string("a/") + file).c_str()) != bytes((std::string("c/") + file).c_str()));
  }

  const CocoSplits splits = read_coco_splits(folder / "a");
  const CocoDataset& train = splits.at("train").coco;
  check_annotations(train, 80, 96);
  std::map<std::int64_t, std::map<std::int64_t, int>> seen;  // image, category
  for (const CocoAnnotation& annotation : train.annotations) ++seen[annotation.image_id][annotation.category_id];
  CHECK(seen.size() == 12);
  for (const auto& [image, counts] : seen) CHECK(counts == std::map<std::int64_t, int>{{1, 1}, {3, 1}});
}

TEST_CASE("a nozzle's box is the extent of its pixels: mouth, axis, width and length are those asked for") {
  Random random(3);
  synth::Stage stage(200, 200, random);
  const synth::Machine machine = synth::random_machine(stage);
  synth::draw_print_head(stage, machine, 90, 140, 2);
  const Box box = stage.canvas.extent(2).box;
  CHECK(box.y2 == 140);
  CHECK(std::abs(box.height() - machine.nozzle) <= 1);
  CHECK(std::abs(box.width() - 2 * machine.half_nozzle) <= 2);
  CHECK(std::abs(box.x1 + box.x2 - 2 * 90) <= 2);
}

TEST_CASE("in a recording the workpiece grows, the nozzle stays at its top, and the camera does not move") {
  const auto picture = [](Index machine, double progress) {
    Random random(1);
    return synth::render_moment(208, 208, 0, {machine, 1, progress, 0.3, 1, 1}, random);
  };
  for (Index machine = 0; machine < synth::machines; ++machine) {
    double height = 0;
    for (const double progress : {0.1, 0.5, 0.9}) {
      const Sample sample = picture(machine, progress);
      REQUIRE(sample.objects.size() == 2);
      CHECK(sample.objects[0].label == synth::nozzle_label);
      CHECK(sample.objects[1].label == synth::workpiece_label);
      const Box nozzle = sample.objects[0].box, piece = sample.objects[1].box;
      CHECK(piece.height() > height + 5);
      height = piece.height();
      CHECK(std::abs(nozzle.y2 - piece.y1) < 14);
      CHECK(nozzle.x1 + nozzle.x2 > 2 * piece.x1);
      CHECK(nozzle.x1 + nozzle.x2 < 2 * piece.x2);
    }
    // A strip at the left border, above the plate: wall and frame. Other printers have another one.
    const auto difference = [](const Image& a, const Image& b) {
      double sum = 0;
      for (Index y = 0; y < 40; ++y)
        for (Index x = 0; x < 10; ++x) sum += std::abs(*a.pixel(y, x) - *b.pixel(y, x));
      return sum / 400;
    };
    const Image first = picture(machine, 0.2).image;
    CHECK(difference(first, picture(machine, 0.8).image) < 4);
    CHECK(difference(first, picture((machine + 1) % synth::machines, 0.2).image) > 8);
  }
}
