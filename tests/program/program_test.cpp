// Runs the program `amdefect` as a user would: the main job on a few tiny pictures, and every kind of wrong input.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include "amdefect/data/image_io.hpp"
#include "amdefect/io/weights.hpp"
#include "data/temporary_folder.hpp"
#include "defect_detector/paper_network.hpp"

using namespace amdefect;
namespace fs = std::filesystem;

namespace {

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

void write(const fs::path& path, const std::string& content) { std::ofstream(path, std::ios::binary) << content; }

struct Outcome {
  int code = 0;
  std::string out, err;
};

/// A folder with generated data and a model trained for two epochs on it, made once for all tests.
class World {
 public:
  static World& get() {
    static World world;
    return world;
  }
  fs::path path(const std::string& name) const { return folder_ / name; }

  /// Runs `amdefect ARGUMENTS` in the folder; `wrapper` is a program that starts it.
  Outcome run(const std::string& arguments, const std::string& wrapper = "") const {
    const std::string command = "cd '" + folder_.path().string() + "' && " + wrapper + " '" AMDEFECT_PROGRAM "' " +
                                arguments + " >out.txt 2>err.txt </dev/null";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(path("out.txt")), read(path("err.txt"))};
  }
  std::string train(const std::string& output, const std::string& more) const {
    return "train --dataset_path data --img_size 32 --batch_size 4 --outputs_per_example 1 --threads 1 --eval_interval "
           "2 --output_dir " +
           output + " " + more;
  }

 private:
  World() {
    REQUIRE(run("synth --output_dir data --train 8 --valid 3 --test 3 --img_size 64").code == 0);
    const Outcome trained = run(train("model", "--epochs 2"));
    INFO(trained.err);
    REQUIRE(trained.code == 0);
  }
  TemporaryFolder folder_;
};

/// The architecture of a dense detector that is trained in a moment.
const std::string tiny = R"('{"stem": 8, "widths": [8, 8], "blocks": [1, 1], "pyramid": 8, "levels": 3}')";

/// Expects failure with one line on stderr that contains `text`.
void check_fails(const std::string& arguments, const std::string& text, int code = 1) {
  CAPTURE(arguments);
  const Outcome outcome = World::get().run(arguments);
  CAPTURE(outcome.err);
  CHECK(outcome.code == code);
  CHECK(outcome.err.find(text) != std::string::npos);
  const auto lines = std::count(outcome.err.begin(), outcome.err.end(), '\n');
  CHECK(lines == (code == 2 ? 2 : 1));  // wrong use is followed by a hint at --help
}

/// The columns of a training log that do not tell the time.
std::string losses(const fs::path& log) {
  std::istringstream lines(read(log));
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    for (int column = 0; column < 3; ++column) line.erase(line.rfind(','));
    kept += line + '\n';
  }
  return kept;
}

}  // namespace

TEST_CASE("the main job: files, metrics and pictures") {
  const World& world = World::get();
  for (const char* name :
       {"config.json", "training_log.csv", "history.json", "best.safetensors", "last.safetensors", "report.html"})
    CHECK(fs::file_size(world.path("model") / name) > 0);
  const auto history = nlohmann::json::parse(read(world.path("model/history.json")));
  CHECK(history["loss"].size() == 2);
  CHECK(history["mAP50"][0].is_null());
  CHECK(history["mAP50"][1].is_number());

  const Outcome evaluated = world.run("eval --dataset_path data --weights model/best.safetensors --output_dir eval");
  INFO(evaluated.err);
  CHECK(evaluated.code == 0);
  CHECK(evaluated.out.find("Average Precision  (AP) @[ IoU=0.50:0.95") != std::string::npos);
  const auto metrics = nlohmann::json::parse(read(world.path("eval/metrics.json")));
  for (const char* key : {"mAP50", "coco", "per_image_f1", "confusion", "pooled_ap50", "best_f1"})
    CHECK(metrics.contains(key));
  CHECK(read(world.path("eval/report.html")).find("</html>") != std::string::npos);

  const Outcome checked =
      world.run("coco-eval --annotations data/test/_annotations.coco.json --detections eval/detections.json");
  CHECK(checked.code == 0);
  CHECK(evaluated.out.find(checked.out.substr(checked.out.find(" Average"))) != std::string::npos);

  const Outcome predicted = world.run(
      "predict data/test data/train/synth_00000.jpg --weights model/best.safetensors --output_dir pictures --html");
  CHECK(predicted.code == 0);
  CHECK(fs::file_size(world.path("pictures/synth_00002.png")) > 0);
  CHECK(fs::exists(world.path("pictures/synth_00000_2.png")));  // a second picture of the same name
  CHECK(nlohmann::json::parse(read(world.path("pictures/detections.json"))).is_array());
  CHECK(fs::file_size(world.path("pictures/predictions.html")) > 0);
}

TEST_CASE("predict names its images for programs, draws none if told so, and goes on after a broken image") {
  const World& world = World::get();
  const fs::path inputs = world.path("new images"), picture = world.path("data/test/synth_00000.jpg");
  fs::create_directories(inputs);
  fs::copy_file(picture, inputs / "a, b.jpg");
  fs::copy_file(world.path("data/test/synth_00001.jpg"), inputs / "K\xC3\xB6rper.jpg");
  fs::copy_file(picture, inputs / "z.jpg");
  write(inputs / "m.jpg", read(picture).substr(0, 600));
  const std::string arguments =
      "'new images' data/test/synth_00000.jpg --weights model/best.safetensors "
      "--score_threshold 0 --output_dir ";
  const Outcome outcome = world.run("predict --no-pictures " + arguments + "lists");
  CHECK(outcome.code == 1);
  CHECK(outcome.err == "amdefect: error: new images/m.jpg: truncated JPEG file (600 bytes)\n");
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(world.path("lists"))) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  CHECK(names == std::vector<std::string>{"detections.csv", "detections.json", "images.json"});

  const auto images = nlohmann::json::parse(read(world.path("lists/images.json")))["images"];
  REQUIRE(images.size() == 4);
  const std::vector<std::string> files{"new images/K\xC3\xB6rper.jpg", "new images/a, b.jpg", "new images/z.jpg",
                                       "data/test/synth_00000.jpg"};
  for (std::size_t i = 0; i < files.size(); ++i) CHECK(images[i]["file_name"] == files[i]);
  CHECK(images[1]["id"] == 2);
  CHECK(images[2]["id"] == 4);  // the broken one is number 3
  CHECK(images[3]["width"] == 64);
  const auto detections = nlohmann::json::parse(read(world.path("lists/detections.json")));
  REQUIRE(detections.size() > 0);
  for (const auto& detection : detections) CHECK(detection["image_id"] != 3);
  const std::string csv = read(world.path("lists/detections.csv"));
  CHECK(csv.starts_with("file,label,class,score,x1,y1,x2,y2\n"));
  CHECK(static_cast<std::size_t>(std::count(csv.begin(), csv.end(), '\n')) == detections.size() + 1);
  CHECK(csv.find("\n\"new images/a, b.jpg\",") != std::string::npos);

  // A picture in the folder that is read is not overwritten.
  fs::create_directories(world.path("here"));
  save_image(world.path("here/a.png"), Image(64, 64, 3, 90));
  const std::string before = read(world.path("here/a.png"));
  CHECK(world.run("predict here --weights model/best.safetensors --score_threshold 0 --output_dir here").code == 0);
  CHECK(read(world.path("here/a.png")) == before);
  CHECK(fs::exists(world.path("here/a_2.png")));
}

TEST_CASE("the dense detector: the same commands") {
  const World& world = World::get();
  const std::string small = " --model dense-n --crop_size 64 --batch_size 8 --threads 1 --network " + tiny;
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
              .run("eval --dataset_path data --weights dense/best.safetensors --output_dir dense/options " +
                   std::string(options))
              .code == 0);
    CHECK(different.insert(read(world.path("dense/options/detections.json"))).second);
  }
  write(world.path("flip.json"), R"({"dataset_path": "data", "flip_test": true, "soft_nms": 0.5})");
  CHECK(world.run("eval --config flip.json --weights dense/best.safetensors --output_dir dense/options").code == 0);
  CHECK(different.insert(read(world.path("dense/options/detections.json"))).second);
  CHECK(world
            .run("predict data/test --weights dense/best.safetensors --output_dir dense/options --score_threshold "
                 "0.01 --soft_nms 0.5 --flip_test")
            .code == 0);
  CHECK(read(world.path("dense/options/detections.json")) != read(world.path("dense/pictures/detections.json")));

  // A run so short that only its end is measured; with other losses.
  const Outcome minutes = world.run(
      "train --dataset_path data --minutes 0.01 --output_dir brief --mosaic 0 --box_loss ciou "
      "--score_loss focal --class_weights 1,2,1,1" +
      small);
  INFO(minutes.err);
  CHECK(minutes.code == 0);
  CHECK(minutes.out.find("epoch 1  loss") != std::string::npos);
  CHECK(fs::exists(world.path("brief/best.safetensors")));
  CHECK(world.run("train --config brief/config.json --epochs 1 --output_dir again").code == 0);
  const Outcome unused = world.run("train --dataset_path data --epochs 1 --output_dir unused --img_size 64" + small);
  CHECK(unused.err.find("warning: --img_size has no effect for --model dense-n") != std::string::npos);
  check_fails("train --dataset_path data --output_dir bad --epochs 0" + small, "epochs and minutes are 0");
  check_fails("train --dataset_path data --output_dir bad --epochs 1 --monitor val_loss" + small,
              "monitor is val_loss, which dense-n does not have");
  check_fails("train --dataset_path data --output_dir bad --class_weights 1,2" + small,
              "2 class weights for 4 classes");
  check_fails("train --dataset_path data --model dense-n --network '{\"stem\": 0}' --output_dir bad",
              "stem is 0, expected 1 to 4096");
  check_fails("train --dataset_path data --model dense-n --box_offset half --output_dir bad",
              "expected auto or a number");
  check_fails("train --dataset_path data --model dense-x --output_dir bad", "dense-x", 2);
}

TEST_CASE("inspect tells what is in a data set, and writes a page") {
  const World& world = World::get();
  const Outcome inspected = world.run("inspect data");
  CHECK(inspected.code == 0);
  CHECK(inspected.out.find("train: 8 images") != std::string::npos);
  CHECK(inspected.out.find("classes without boxes: printing; wire") != std::string::npos);
  CHECK(inspected.out.find("two splits") == std::string::npos);
  const fs::path copy = world.path("leaky");
  fs::copy(world.path("data"), copy, fs::copy_options::recursive);
  fs::copy_file(copy / "train/synth_00001.jpg", copy / "valid/synth_00000.jpg", fs::copy_options::overwrite_existing);
  fs::remove(copy / "train/synth_00002.jpg");
  fs::remove(copy / "train/synth_00003.jpg");
  const Outcome leaky = world.run("inspect leaky --output_dir inspected");
  CHECK(leaky.code == 1);
  CHECK(leaky.out.find("images that cannot be used: 2") != std::string::npos);
  CHECK(leaky.out.find("there is no file \"synth_00003.jpg\"") != std::string::npos);
  CHECK(leaky.out.find("train synth_00001.jpg and valid synth_00000.jpg") != std::string::npos);
  const std::string page = read(world.path("inspected/inspection.html"));
  CHECK(page.find("there is no file &quot;synth_00003.jpg&quot;") != std::string::npos);
  CHECK(page.find("data:image/jpeg;base64,") != std::string::npos);
  CHECK(page.ends_with("</html>\n"));
  check_fails("inspect nowhere", "nowhere: there is no such folder");
}

TEST_CASE("the blob baseline runs behind the same commands") {
  const World& world = World::get();
  const Outcome trained = world.run("train --dataset_path data --model blob --output_dir blob");
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  const Outcome evaluated =
      world.run("eval --dataset_path data --weights blob/best.safetensors --output_dir blob/eval");
  INFO(evaluated.err);
  CHECK(evaluated.code == 0);
  CHECK(world.run("summary --model dense-n --num_classes 1").out.find("579,") != std::string::npos);
}

TEST_CASE("summary prints the published size") {
  const Outcome outcome = World::get().run("summary");
  CHECK(outcome.code == 0);
  for (const char* number : {"1,632,408", "1,631,512", "896"}) CHECK(outcome.out.find(number) != std::string::npos);
}

TEST_CASE("bench prints one line of JSON") {
  const Outcome outcome = World::get().run("bench --mode train --batch 1 --size 32 --steps 1 --threads 1");
  CHECK(nlohmann::json::parse(outcome.out)["median_ms"].get<double>() > 0);
}

TEST_CASE("a run that is stopped by Ctrl-C continues exactly") {
  const World& world = World::get();
  // Ctrl-C as soon as the log has its heading and a first epoch: most of the run is still to come.
  write(world.path("interrupt.sh"), R"sh("$@" &
while kill -0 $! && [ "$(cat pieces/training_log.csv | wc -l)" -lt 2 ]; do sleep 0.005; done
kill -INT $!
wait $!
)sh");
  for (const auto& model : {std::string("--model paper"), "--model dense-n --crop_size 64 --network " + tiny}) {
    CAPTURE(model);
    fs::remove_all(world.path("pieces"));
    const std::string more = "--epochs 20 " + model;
    REQUIRE(world.run(world.train("whole", more)).code == 0);
    const Outcome stopped = world.run(world.train("pieces", more), "bash -m interrupt.sh");
    CHECK(stopped.code == 130);
    CHECK(stopped.out.find("continue with the same options and --resume") != std::string::npos);
    CHECK(losses(world.path("pieces/training_log.csv")) != losses(world.path("whole/training_log.csv")));
    const Outcome resumed = world.run(world.train("pieces", more + " --resume"));
    CHECK(resumed.code == 0);
    CHECK(resumed.out.find("epoch 20/20") != std::string::npos);
    CHECK(resumed.out.find("epoch 1/20") == std::string::npos);  // it went on, and did not begin again
    CHECK(losses(world.path("pieces/training_log.csv")) == losses(world.path("whole/training_log.csv")));
    CHECK(read(world.path("pieces/best.safetensors")) == read(world.path("whole/best.safetensors")));
  }
}

TEST_CASE("a configuration file has the paper's keys, and the command line wins") {
  const World& world = World::get();
  write(world.path("config.json"), R"({"dataset_path": "data", "img_size": 32, "batch_size": 4, "epochs": 9,
    "learning_rate": 0.001, "output_dir": "configured", "pretrained": "model/best.safetensors", "resume": false,
    "eval_interval": 0, "early_stopping": 3, "num_classes": 4, "gpu": null, "outputs_per_example": 1})");
  const Outcome outcome = world.run("train --config config.json --epochs 1");
  INFO(outcome.err);
  CHECK(outcome.code == 0);
  const auto config = nlohmann::json::parse(read(world.path("configured/config.json")));
  CHECK(config["epochs"] == 1);
  CHECK(config["learning_rate"] == 0.001);
  CHECK(config["pretrained"] == "model/best.safetensors");
  CHECK(config["gpu"].is_null());
}

TEST_CASE("wrong use gives one clear line and exit code 2") {
  check_fails("", "A subcommand is required", 2);
  check_fails("fly", "fly", 2);
  check_fails("train --unknown 3", "--unknown", 2);
  check_fails("train --dataset_path data --epochs many", "epochs", 2);
  check_fails("train --dataset_path data --fit somehow", "within", 2);
  check_fails("bench --batch 0", "batch", 2);
  check_fails("predict", "images", 2);
  check_fails("predict data/test --soft_nms -1", "soft_nms", 2);
  check_fails("eval --max_detections 0", "max_detections", 2);
}

TEST_CASE("wrong configuration files") {
  const World& world = World::get();
  const auto check_config = [&](const std::string& content, const std::string& text) {
    write(world.path("bad.json"), content);
    check_fails("train --config bad.json", text);
  };
  check_fails("train --config missing.json", "configuration: cannot open missing.json");
  check_config("{\"epochs\": ", "parse error");
  check_config("[1]", "expected a JSON object, found array");
  check_config("{\"epoch\": 3}", "unknown key 'epoch'");
  check_config("{\"epochs\": -3}", "'epochs'");
  check_config("{\"epochs\": \"many\"}", "'epochs'");
  check_config("{\"dataset_path\": \"data\", \"gpu\": 0}", "gpu must be null");
  check_config("{\"img_size\": 64}", "no data set");
  check_config("{\"dataset_path\": \"data\", \"num_classes\": 7}", "num_classes is 7, but the data set has 4");
  check_config("{\"dataset_path\": \"data\", \"early_stopping\": \"maybe\"}", "early_stopping");
}

TEST_CASE("wrong data sets") {
  const World& world = World::get();
  check_fails("train --dataset_path nowhere", "nowhere: there is no such folder");
  const auto original = nlohmann::json::parse(read(world.path("data/train/_annotations.coco.json")));
  fs::create_directories(world.path("bad"));
  for (const auto& entry : fs::directory_iterator(world.path("data/train")))
    fs::copy(entry.path(), world.path("bad"), fs::copy_options::overwrite_existing);
  const auto check_annotations = [&](const auto& change, const std::string& text) {
    auto json = original;
    change(json);
    write(world.path("bad/_annotations.coco.json"), json.dump());
    check_fails("train --dataset_path bad --img_size 32 --epochs 1 --output_dir never", text);
    CHECK_FALSE(fs::exists(world.path("never/best.safetensors")));
  };
  check_annotations([](auto& json) { json["annotations"][1]["image_id"] = 999; }, "999");
  check_annotations([](auto& json) { json["annotations"][1]["category_id"] = 77; }, "77");
  check_annotations([](auto& json) { json["annotations"][1]["bbox"][2] = -4; }, "annotations[1]");
  check_annotations([](auto& json) { json["annotations"][1]["bbox"][0] = nullptr; }, "annotations[1]");
  check_annotations([](auto& json) { json["images"][2]["file_name"] = "gone.jpg"; }, "gone.jpg");
  check_annotations([](auto& json) { json["images"][2]["id"] = json["images"][1]["id"]; }, "images[2]");
  check_annotations([](auto& json) { json.erase("images"); }, "images");
  std::string text = original.dump();
  text.replace(text.find("\"bbox\":["), 8, "\"bbox\":[NaN,");
  write(world.path("bad/_annotations.coco.json"), text);
  check_fails("train --dataset_path bad --img_size 32", "_annotations.coco.json");
  write(world.path("bad/_annotations.coco.json"), original.dump().substr(0, 400));
  check_fails("train --dataset_path bad --img_size 32", "_annotations.coco.json");
  write(world.path("bad/_annotations.coco.json"), original.dump());
  const std::string jpeg = read(world.path("bad/synth_00003.jpg"));
  write(world.path("bad/synth_00003.jpg"), jpeg.substr(0, jpeg.size() / 2));
  check_fails("eval --dataset_path bad --split train --weights model/best.safetensors", "synth_00003.jpg");
}

TEST_CASE("poor data sets train, or stop with a clear message") {
  const World& world = World::get();
  const auto original = nlohmann::json::parse(read(world.path("data/train/_annotations.coco.json")));
  const auto make = [&](const char* split, std::size_t images, std::size_t boxes) {
    auto json = original;
    json["images"].erase(json["images"].begin() + static_cast<std::ptrdiff_t>(images), json["images"].end());
    std::erase_if(json["annotations"].get_ref<nlohmann::json::array_t&>(), [&](const auto& annotation) {
      return std::none_of(json["images"].begin(), json["images"].end(),
                          [&](const auto& image) { return image["id"] == annotation["image_id"]; });
    });
    json["annotations"].erase(json["annotations"].begin() + static_cast<std::ptrdiff_t>(boxes),
                              json["annotations"].end());
    fs::create_directories(world.path("poor") / split);
    for (const auto& entry : fs::directory_iterator(world.path("data/train")))
      fs::copy(entry.path(), world.path("poor") / split, fs::copy_options::skip_existing);
    write(world.path("poor") / split / "_annotations.coco.json", json.dump());
  };
  const std::string train =
      "train --dataset_path poor --model dense-n --epochs 1 --batch_size 8 --threads 1 "
      "--output_dir poor_run --crop_size 32 --network " +
      tiny;
  make("train", 1, 1);  // one image with one box, no validation split
  Outcome outcome = world.run(train);
  CHECK(outcome.code == 0);
  CHECK(outcome.err.find("warning: there is no validation split with boxes") != std::string::npos);
  CHECK(
      world.run("predict poor/train/synth_00000.jpg --weights poor_run/best.safetensors --output_dir poor_out").code ==
      0);
  make("valid", 2, 0);  // a validation split without boxes
  outcome = world.run(train);
  CHECK(outcome.code == 0);
  CHECK(outcome.err.find("warning: there is no validation split with boxes") != std::string::npos);
  auto crowds = nlohmann::json::parse(read(world.path("data/train/_annotations.coco.json")));
  for (auto& annotation : crowds["annotations"]) annotation["iscrowd"] = 1;
  write(world.path("poor/train/_annotations.coco.json"), crowds.dump());
  check_fails(train, "there is nothing to learn");
  make("train", 4, 0);
  check_fails(train, "there is nothing to learn");
}

TEST_CASE("wrong weights and images") {
  const World& world = World::get();
  const std::string good = read(world.path("model/best.safetensors"));
  check_fails("predict data/test --weights gone.safetensors", "gone.safetensors: no such file");
  write(world.path("bad.safetensors"), good.substr(0, good.size() / 2));
  check_fails("predict data/test --weights bad.safetensors", "bad.safetensors");
  write(world.path("bad.safetensors"), "hello");
  check_fails("predict data/test --weights bad.safetensors", "expected at least 8 bytes, found 5");
  Network<float> other = paper_network<float>(2, 32);
  other.initialize(1);
  save_weights(world.path("other.safetensors"), other.parameters(),
               read_safetensors(world.path("model/best.safetensors")).metadata());
  check_fails("predict data/test --weights other.safetensors",
              "'cls_conv2.kernel' has shape [1, 1, 256, 30], expected");
  check_fails("predict data/test --weights model/best.safetensors --flip_test", "the paper's network has no flip_test");
  check_fails("eval --dataset_path data --weights model/best.safetensors --flip_test", "no flip_test");
  save_weights(world.path("plain.safetensors"), other.parameters());
  check_fails("predict data/test --weights plain.safetensors", "no description of the model");
  check_fails(world.train("elsewhere", "--pretrained other.safetensors"), "does not fit the network");
  check_fails(world.train("elsewhere", "--resume model/best.safetensors --epochs 2"), "no training state");
  check_fails(world.train("elsewhere", "--resume model/last.safetensors --learning_rate 0.5"), "another learning_rate");
  check_fails("predict nowhere.png --weights model/best.safetensors", "there is no file or folder nowhere.png");
  write(world.path("broken.png"), "\x89PNG\r\n\x1a\nnothing");
  check_fails("predict broken.png --weights model/best.safetensors --output_dir p2", "broken.png");
  fs::create_directories(world.path("empty"));
  check_fails("predict empty --weights model/best.safetensors", "holds no JPEG, PNG or BMP images");
  check_fails("synth --output_dir data", "is not empty");
  fs::copy(world.path("data"), world.path("mine"), fs::copy_options::recursive);
  write(world.path("mine/train/photo.jpg"), "mine");
  check_fails("synth --output_dir mine --overwrite --train 1", "mine/train/photo.jpg: is not from generated data");
  CHECK(read(world.path("mine/train/_annotations.coco.json")) == read(world.path("data/train/_annotations.coco.json")));
  check_fails("synth --output_dir elsewhere --seed -1", "seed", 2);
  write(world.path("a_file"), "");
  check_fails("eval --dataset_path data --weights model/best.safetensors --output_dir a_file",
              "cannot make the folder");
  auto renamed = nlohmann::json::parse(read(world.path("data/test/_annotations.coco.json")));
  renamed["categories"][1]["name"] = "spout";
  write(world.path("data/test/renamed.json"), renamed.dump());
  check_fails(
      "eval --dataset_path data/test --annotation_file renamed.json --weights model/best.safetensors --split train",
      "1 spout");
}
