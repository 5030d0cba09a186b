#include "contains.hpp"
#include "world.hpp"

namespace amdefect::program_test {

namespace {

/// Whether the program can read files of layers; where it cannot, it has to say how it could.
bool reads_layers() {
  const Outcome outcome =
      World::get().run("synth --format peregrine --output_dir layers --layers 90 --img_size 96 --overwrite");
  if (outcome.code == 0) return true;
  check_fails("synth --format peregrine --output_dir layers", "cmake -D AMDEFECT_HDF5=ON");
  check_fails("layers info layers/build.h5", "cmake -D AMDEFECT_HDF5=ON");
  check_fails("train layers/build.h5", "cmake -D AMDEFECT_HDF5=ON");
  return false;
}

const std::string chosen = "layers/build.h5 --channels visible/0,visible/1 --layer_classes Debris,Super-Elevation ";

}  // namespace

TEST_CASE("layers: a generated file is looked into, exported, trained on, measured and predicted for") {
  if (!reads_layers()) return;
  const World& world = World::get();
  CHECK(contains(world.run("layers info layers/build.h5").out,
                 "visible/1: uint8 [90, 96, 96], chunks [35, 89, 89], lzf"));
  CHECK(world.run("layers export layers/build.h5 --layers 5:9:2 --coco exported").code == 0);
  CHECK(fs::exists(world.path("exported/layer_00007.png")));
  CHECK(fs::exists(world.path("exported/visible_1/layer_00005.png")));
  CHECK(contains(read(world.path("exported/_annotations.coco.json")), "Super-Elevation"));

  const std::string train =
      "train " + chosen + "--tile 64 --crop_size 32 --epochs 1 --eval_interval 1 --threads 1 --network " + tiny;
  const Outcome first = world.run(train + " --output_dir layers_a");
  CAPTURE(first.err);
  REQUIRE(first.code == 0);
  CHECK(fs::exists(world.path("layers/build.h5.boxes.json")));
  REQUIRE(world.run(train + " --workers 0 --output_dir layers_b").code == 0);
  CHECK(losses(world.path("layers_a/training_log.csv")) == losses(world.path("layers_b/training_log.csv")));

  const Outcome measured = world.run("eval " + chosen + "--weights layers_a --split train --output_dir layers_eval");
  CAPTURE(measured.err);
  CHECK(measured.code == 0);
  CHECK(contains(measured.err, "the detector was trained on"));

  CHECK(
      world.run("predict layers/build.h5 --weights layers_a --layers 2:6 --score_threshold 0 --output_dir layers_found")
          .code == 0);
  const std::string csv = read(world.path("layers_found/detections.csv"));
  CHECK(csv.starts_with("layer,label,class,score,x1,y1,x2,y2,x1_mm,y1_mm,x2_mm,y2_mm,z_mm\n2,"));
  CHECK(contains(read(world.path("layers_found/predictions.html")), "Detections in each layer"));
}

TEST_CASE("layers: the cameras of a training are known where the detector is used, and may be missing") {
  if (!reads_layers()) return;
  const World& world = World::get();
  const Outcome trained = world.run("train " + chosen + "--tile 64 --crop_size 32 --epochs 1 --eval_interval 0 " +
                                    "--monitor loss --measure_scale --channel_dropout 0.3 --threads 1 --network " +
                                    tiny + " --output_dir layers_scaled");
  CAPTURE(trained.err);
  REQUIRE(trained.code == 0);
  const std::string eval =
      "eval layers/build.h5 --layer_classes Debris,Super-Elevation --split train --overwrite "
      "--weights layers_scaled --output_dir layers_scaled_eval ";
  const Outcome measured = world.run(eval);
  CHECK(measured.code == 0);
  CHECK(!contains(measured.err, "missing"));
  CHECK(contains(read(world.path("layers_scaled_eval/report.html")), "channel_dropout"));
  check_fails(eval + "--channels visible/1,visible/0", "trained with 'visible/0', 'visible/1' in this order");
  const std::string missing = "note: layers/build.h5: missing: 'visible/0'; the network sees 0 there";
  CHECK(contains(world.run(eval + "--channels visible/1").err, missing));
  const Outcome predicted = world.run(
      "predict layers/build.h5 --channels visible/1 --layers 0:2 --weights "
      "layers_scaled --output_dir layers_lacking");
  CHECK(predicted.code == 0);
  CHECK(contains(predicted.err, missing));
}

TEST_CASE("layers: cameras with pixels of their own are trained with, measured and predicted for") {
  if (!reads_layers()) return;
  const World& world = World::get();
  write(world.path("cameras.json"), R"({"sensors": [{"name": "visible/1", "matrix": [[1, 0, 2], [0, 1, -3]]}]})");
  const std::string moved = " --sensors cameras.json ", with = " --weights layers_moved --overwrite --output_dir ";
  const std::string run = "train " + chosen + "--tile 64 --crop_size 32 --eval_interval 0 --monitor loss --threads 1" +
                          " --output_dir layers_moved --network " + tiny + moved;
  const Outcome trained = world.run(run + "--epochs 1");
  CAPTURE(trained.err);
  REQUIRE(trained.code == 0);
  const std::string eval = "eval layers/build.h5 --layer_classes Debris,Super-Elevation --split train" + with;
  const Outcome measured = world.run(eval + "layers_moved_eval" + moved);
  CAPTURE(measured.err);
  CHECK(measured.code == 0);
  REQUIRE(world.run(eval + "layers_kept_eval").code == 0);  // the model's file keeps where the camera lies
  const auto detections = [&](const std::string& of) { return read(world.path(of + "_eval/detections.json")); };
  CHECK(detections("layers_moved") == detections("layers_kept"));
  write(world.path("still.json"), R"({"sensors": [{"name": "visible/1", "matrix": [[1, 0, 0], [0, 1, 0]]}]})");
  REQUIRE(world.run(eval + "layers_still_eval --sensors still.json").code == 0);
  CHECK(detections("layers_moved") != detections("layers_still"));
  write(world.path("still.json"), R"({"sensors": [{"name": "visible/1"}]})");
  check_fails(eval + "layers_refused --sensors still.json", "'visible/1' has neither a matrix nor mm_per_pixel");
  CHECK(world.run("predict layers/build.h5 --layers 0:2" + with + "layers_moved_found" + moved).code == 0);
  check_fails("predict layers/build.h5 --layers 0:2 --extra_image_folders a" + with + "layers_refused",
              "extra_image_folders is not for files of layers");
  check_fails(eval + "layers_refused --extra_image_folders a", "extra_image_folders is not for files of layers");
  write(world.path("cameras.json"), R"({"sensors": [{"name": "visible/1", "matrix": [[1, 0, 1], [0, 1, -3]]}]})");
  check_fails(run + "--epochs 2 --resume", "with another sensors: the run was started with {");
}

TEST_CASE("layers: what a file does not have is said in one line") {
  if (!reads_layers()) return;
  write(World::get().path("text.h5"), "not at all");
  check_fails("layers info text.h5", "text.h5: is no HDF5 file");
  check_fails("layers info none.h5", "none.h5: there is no such file");
  check_fails("train layers/build.h5 --channels NIR/0", "has no channel 'NIR/0', but visible/0, visible/1");
  check_fails("train layers/build.h5 --layer_classes Holes",
              "has no masks of the class 'Holes', but of Powder, Printed");
  check_fails("predict layers/build.h5 --layers 90:95 --weights lpbf", "there is no layer in '90:95'");
  check_fails("predict layers/build.h5 --weights lpbf", "the pictures have 2, but the detector was trained with 3");
}

TEST_CASE("layers: a COCO data set with such a file in its folder stays one") {
  const World& world = World::get();
  REQUIRE(world.run("synth --train 2 --valid 1 --test 1 --img_size 64 --output_dir stray").code == 0);
  write(world.path("stray/weights.h5"), "of some other program");
  const Outcome outcome = world.run("inspect stray --output_dir stray_inspected");
  CAPTURE(outcome.err);
  CHECK(outcome.code == 0);
  CHECK(contains(outcome.out, "train: 2 images"));
}

}  // namespace amdefect::program_test
