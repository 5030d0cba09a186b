#include <nlohmann/json.hpp>
#include <set>

#include "amdefect/detection/detector.hpp"
#include "contains.hpp"
#include "program/world.hpp"

using namespace amdefect;
using namespace amdefect::program_test;

TEST_CASE("the anchor-free detector: the same commands") {
  const World& world = World::get();
  const std::string small = " --model anchor-free-n --crop_size 64 --batch_size 8 --threads 1 --network " + tiny;
  const std::string train = "train --dataset_path data --epochs 2 --eval_interval 1 --output_dir ";
  const Outcome trained = world.run(train + "dense" + small);
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  CHECK(trained.out.find("epoch 2/2  loss") != std::string::npos);
  for (const char* name :
       {"config.json", "training_log.csv", "history.json", "best.safetensors", "last.safetensors", "report.html"})
    CHECK(fs::file_size(world.path("dense") / name) > 0);
  const Outcome evaluated =
      world.run("eval --dataset_path data --weights dense/best.safetensors --output_dir dense/eval");
  INFO(evaluated.err);
  CHECK(evaluated.code == 0);
  CHECK(evaluated.out.find("(up to 300 detections per image), best F1") != std::string::npos);
  const Outcome predicted = world.run(
      "predict data/test --weights dense/best.safetensors --output_dir dense/pictures --score_threshold 0.01");
  INFO(predicted.err);
  CHECK(predicted.code == 0);
  CHECK(fs::exists(world.path("dense/pictures/synth_00000.png")));
  std::set<std::string> different{read(world.path("dense/eval/detections.json"))};
  for (const char* options : {"--soft_nms 0.5", "--flip_test", "--nms_iou 0.2", "--max_detections 2"}) {
    CHECK(world
              .run("eval --dataset_path data --weights dense/best.safetensors --overwrite --output_dir dense/options " +
                   std::string(options))
              .code == 0);
    CHECK(different.insert(read(world.path("dense/options/detections.json"))).second);
  }
  write(world.path("flip.json"), R"({"dataset_path": "data", "flip_test": true, "soft_nms": 0.5})");
  CHECK(world.run("eval --config flip.json --weights dense --output_dir dense/flipped").code == 0);
  CHECK(different.insert(read(world.path("dense/flipped/detections.json"))).second);

  // A file that says so makes detections look at mirror images, unless they are told otherwise.
  const SafetensorsFile file = read_safetensors(world.path("dense/best.safetensors"));
  SafetensorsMetadata metadata = file.metadata();
  std::string& description = metadata.at(description_key);
  if (!contains(description, "flip_test")) description.insert(description.size() - 1, ",\"flip_test\":true");
  write_safetensors(world.path("flips.safetensors"), file.entries(), metadata);
  const auto detections = [&](const std::string& options) {
    const Outcome outcome = world.run("eval data --overwrite --output_dir dense/options --weights " + options);
    INFO(outcome.err);
    REQUIRE(outcome.code == 0);
    return read(world.path("dense/options/detections.json"));
  };
  const std::string flipped = detections("flips.safetensors");
  CHECK(flipped == detections("dense --flip_test"));
  CHECK(detections("flips.safetensors --no_flip_test") == detections("dense --no_flip_test"));
  CHECK(detections("flips.safetensors --no_flip_test") != flipped);

  CHECK(world
            .run("predict data/test --weights dense/best.safetensors --output_dir dense/others --score_threshold "
                 "0.01 --soft_nms 0.5 --flip_test")
            .code == 0);
  CHECK(read(world.path("dense/others/detections.json")) != read(world.path("dense/pictures/detections.json")));

  // A run so short that only its end is measured; with other losses.
  const Outcome minutes = world.run(
      "train --dataset_path data --minutes 0.01 --output_dir brief --mosaic 0 --box_loss ciou "
      "--score_loss focal --class_weights 1,2,1,1 --box_bins 8 --squeeze_excite --encoder_layers 1 "
      "--zoom 0.5 --copy_paste 0.5 --mixup 0.25 --random_erasing 0.5" +
      small);
  INFO(minutes.err);
  CHECK(minutes.code == 0);
  CHECK(minutes.out.find("epoch 1  loss") != std::string::npos);
  CHECK(minutes.out.find("  distribution ") != std::string::npos);
  CHECK(minutes.out.find(" images, zoomed by 0.5; crops of 64 x 64 pixels") != std::string::npos);
  const std::string brief = read(world.path("brief/best.safetensors"));
  for (const char* part : {"stage1_block1_excited_2.kernel", "encoder1_attention.in_kernel", R"(\"zoom\":0.5)"})
    CHECK(brief.find(part) != std::string::npos);
  const Outcome grouped = world.run(
      "eval --dataset_path data --weights brief/best.safetensors --output_dir brief/eval --group_by '([0-9])[.]'");
  CHECK(grouped.code == 0);
  CHECK(grouped.out.find("\n1: ") != std::string::npos);
  CHECK(read(world.path("brief/eval/metrics.json")).find("\"groups\"") != std::string::npos);
  CHECK(read(world.path("brief/eval/report.html")).find("Groups of images") != std::string::npos);
  CHECK(world.run("train --config brief/config.json --epochs 1 --output_dir again").code == 0);
  check_fails("train --config brief/config.json --output_dir brief --resume --mixup 0.5",
              "with another mixup: the run was started with 0.25, now it is 0.5");
  check_fails("train --config brief/config.json --output_dir brief --resume --random_erasing 0",
              "with another random_erasing: the run was started with 0.5, now it is none");
  check_fails("train data --output_dir bad --copy_paste 1.5", "expected a number from 0 to 1, found '1.5'", 2);
  const Outcome unused = world.run("train --dataset_path data --epochs 1 --output_dir unused --img_size 64" + small);
  CHECK(unused.err.find("warning: --img_size has no effect for --model anchor-free-n") != std::string::npos);
  check_fails("train --dataset_path data --output_dir bad --epochs 0" + small, "epochs and minutes are 0");
  check_fails("train --dataset_path data --output_dir bad --epochs 1 --monitor val_loss" + small,
              "monitor is val_loss, which anchor-free-n does not have");
  check_fails("train --dataset_path data --output_dir bad --class_weights 1,2" + small,
              "2 class weights for 4 classes");
  check_fails("train --dataset_path data --model dense-n --network '{\"stem\": 0}' --output_dir bad",
              "stem is 0, expected 1 to 4096");
  for (const char* option : {" --backbone resnet18", " --first_stride 4"})
    check_fails("train --dataset_path data --output_dir bad --epochs 1" + small + option,
                "beside network, backbone and first_stride are keys of its JSON, not options", 2);
  check_fails("train data --output_dir bad --first_stride 16", "first_stride is for models with a backbone", 2);
  check_fails("train data --output_dir bad --model anchor-free-s --backbone resnet18",
              "backbone takes the place of the stages of anchor-free-s: give one of the two", 2);
  check_fails("train --dataset_path data --zoom 5 --output_dir bad",
              "expected auto or a number from 0.015625 to 4, found '5'", 2);
  check_fails("train --dataset_path data --box_offset half --output_dir bad",
              "expected auto or a number from -1000 to 1000, found 'half'", 2);
  check_fails("train --dataset_path data --model dense-x --output_dir bad",
              "expected anchor-free-n, anchor-free-s, paper or blob, got 'dense-x'", 2);
}

TEST_CASE("the anchor-free detector on a published backbone: training, continuing, evaluating") {
  const World& world = World::get();
  const std::string train =
      "train data --backbone mobilenet_v2 --frozen_stages 2 --frozen_norms --accumulate 2 "
      "--crop_size 32 --batch_size 16 --threads 1 --eval_interval 0 --monitor loss --output_dir on_backbone ";
  const Outcome trained = world.run(train + "--epochs 1 --backbone_rate 0.1");
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  const std::string identity = read(world.path("on_backbone/config.json"));
  CHECK(identity.find(R"("backbone": "mobilenet_v2")") != std::string::npos);
  CHECK(identity.find(R"("accumulate": 2)") != std::string::npos);
  const Outcome other = world.run(train + "--epochs 1 --resume --backbone_rate 0.2");
  CHECK(other.code == 1);
  CHECK(other.err.find("backbone_rate") != std::string::npos);
  const Outcome evaluated = world.run("eval data --weights on_backbone --output_dir on_backbone/eval");
  INFO(evaluated.err);
  CHECK(evaluated.code == 0);
  const Outcome unknown = world.run("train data --backbone vgg16 --epochs 1 --output_dir nothing");
  CHECK(unknown.code == 1);
  CHECK(unknown.err.find("there is no 'vgg16', expected one of: efficientnet_b0") != std::string::npos);
  const Outcome without = world.run("train data --frozen_norms --epochs 1 --output_dir nothing");
  CHECK(without.code == 1);
  CHECK(without.err.find("are for models with a backbone") != std::string::npos);
}

TEST_CASE(
    "edges are distributions unless the command line, the network or the detector it starts from says otherwise") {
  const World& world = World::get();
  const std::string quick = "--crop_size 32 --batch_size 16 --threads 1 --eval_interval 0 --monitor loss ";
  const auto bins_of = [&](const std::string& folder, const std::string& options) {
    const Outcome trained = world.run("train data " + quick + options +
                                      (contains(options, "--epochs") ? "" : " --epochs 1") + " --output_dir " + folder);
    INFO(trained.err);
    REQUIRE(trained.code == 0);
    const SafetensorsFile file = read_safetensors(world.path(folder) / "last.safetensors");
    return nlohmann::json::parse(file.metadata().at(description_key)).at("network").at("box_bins");
  };
  CHECK(bins_of("edges/default", "--pretrained false") == 16);
  CHECK(bins_of("edges/plain", "--pretrained false --box_bins 1") == 1);
  CHECK(bins_of("edges/kept", "--pretrained edges/plain") == 1);
  CHECK(bins_of("edges/changed", "--pretrained edges/plain --box_bins 8") == 8);
  CHECK(bins_of("edges/network", "--network " + tiny) == 1);
  CHECK(bins_of("edges/kept", "--pretrained edges/plain --epochs 2 --resume") == 1);
  // A run goes on with the edges that it has, said or not, as do those that began when 1 was the default.
  CHECK(bins_of("edges/plain", "--pretrained false --epochs 2 --resume") == 1);
  CHECK(bins_of("edges/default", "--pretrained false --box_bins 16 --epochs 2 --resume") == 16);
  CHECK(bins_of("edges/network", "--box_bins 1 --epochs 2 --resume --network " + tiny) == 1);
  check_fails("train data " + quick + "--pretrained false --box_bins 1 --epochs 2 --resume --output_dir edges/default",
              "with another box_bins: the run was started with 16, now it is 1");
  check_fails("train data --output_dir bad --box_bins 4", "box_bins is 4, expected 1, or 8 to 64");
}
