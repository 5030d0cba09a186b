#include "amdefect/detection/open_detector.hpp"
#include "amdefect/detection/training/detector_trainer.hpp"
#include "amdefect/image/image_io.hpp"
#include "error_of.hpp"
#include "program/world.hpp"

using namespace amdefect;
using namespace amdefect::program_test;

namespace {

/// What the program is told in the tests below, for the library.
DetectorTrainerOptions tiny_options(const CocoSplits& splits) {
  DetectorTrainerOptions options = suggest_options(splits);
  options.model = anchor_free_model_of(R"({"stem": 8, "widths": [8, 8], "blocks": [1, 1], "pyramid": 8, "levels": 3})");
  options.epochs = 2;
  options.eval_interval = 1;
  options.crop_side = 64;
  options.crops_per_epoch = 512;
  options.batch_size = 8;
  options.execution.threads = 1;
  return options;
}

bool same_tensors(const fs::path& a, const fs::path& b) {
  const SafetensorsFile first = read_safetensors(a), second = read_safetensors(b);
  return std::equal(first.entries().begin(), first.entries().end(), second.entries().begin(), second.entries().end(),
                    [](const TensorEntry& x, const TensorEntry& y) {
                      return x.name == y.name && x.shape == y.shape &&
                             std::equal(x.bytes.begin(), x.bytes.end(), y.bytes.begin(), y.bytes.end());
                    });
}

const std::string train_tiny =
    "train --dataset_path data --epochs 2 --eval_interval 1 --model dense-n --crop_size 64 "
    "--batch_size 8 --threads 1 --network " +
    tiny + " --output_dir ";

/// A model that the program trained.
const fs::path& trained_by_program() {
  static const fs::path model = [] {
    REQUIRE(World::get().run(train_tiny + "by_program").code == 0);
    return World::get().path("by_program/best.safetensors");
  }();
  return model;
}

}  // namespace

TEST_CASE("the library trains what the program trains, bit by bit") {
  const World& world = World::get();
  const fs::path model = trained_by_program();
  const CocoSplits splits = read_coco_splits(world.path("data"));
  std::vector<std::string> lines;
  DetectorTrainerOptions options = tiny_options(splits);
  options.log = [&](const std::string& line) { lines.push_back(line); };

  DetectorTrainer trainer(splits, options);  // the best weights are kept in memory
  const auto detector = trainer.fit();
  detector->save(world.path("by_library.safetensors"));
  CHECK(same_tensors(world.path("by_library.safetensors"), model));
  const auto opened = open_detector(model);
  CHECK(opened->traits() == detector->traits());  // the threshold, too
  REQUIRE(lines.size() == 4);
  CHECK(lines[2].find("training on 8 images (512 crops per epoch), validating on 3; 4 classes") == 0);
  CHECK(lines[3].find("with mirror images AP50 is ") == 0);
  CHECK(trainer.history().size() == 2);
  CHECK(trainer.best_epoch() > 0);
  REQUIRE(trainer.validation().has_value());
  CHECK(trainer.validation()->metrics.images == 3);
  CHECK_THROWS_AS(trainer.fit(), Error);

  // The text of the evaluation is part of what the program prints.
  const Outcome printed = world.run("eval --dataset_path data --weights by_program/best.safetensors --output_dir e");
  const std::string text = to_text(evaluate(*opened, *splits.test));
  CHECK(printed.out.find(text.substr(0, text.find('\n'))) == 0);
  CHECK(printed.out.find(text.substr(text.find("\n\n") + 2)) != std::string::npos);
  const BlobDetector grey(BlobModel{}, opened->labels(), 0, 1);
  CHECK(error_of([&] { evaluate(grey, *splits.test); }).find(".jpg: detector: expected an image") != std::string::npos);
}

TEST_CASE("the library continues a run exactly, and only that run") {
  const World& world = World::get();
  const CocoSplits splits = read_coco_splits(world.path("data"));
  struct InterruptAfter : Callback<float> {
    explicit InterruptAfter(Index batch) : batch_(batch) {}
    void on_step(Trainer<float>& trainer, const StepLog& log) override {
      if (log.epoch == 2 && log.batch == batch_) trainer.interrupt();
    }
    Index batch_;
  };
  DetectorTrainerOptions options = tiny_options(splits);
  options.crops_per_epoch = 64;
  options.output_folder = world.path("whole_run");
  DetectorTrainer(splits, options).fit();
  options.output_folder = world.path("run_in_pieces");
  DetectorTrainer begun(splits, options);
  begun.add(std::make_unique<InterruptAfter>(3));
  begun.fit();
  CHECK(begun.interrupted());
  CHECK_FALSE(begun.validation().has_value());
  options.resume = options.output_folder / "last.safetensors";
  DetectorTrainer continued(splits, options);
  continued.fit();
  CHECK_FALSE(continued.interrupted());
  CHECK(read(world.path("whole_run/best.safetensors")) == read(world.path("run_in_pieces/best.safetensors")));
  options.mosaic = 0.25;
  CHECK_THROWS_WITH_AS(DetectorTrainer(splits, options).fit(),
                       doctest::Contains("with another mosaic: the run was started with 0.5, now it is 0.25"), Error);
}

TEST_CASE("a model of other classes is a start, one of another architecture is refused") {
  const World& world = World::get();
  const fs::path start = trained_by_program();
  const CocoSplits splits = read_coco_splits(world.path("data"));
  CocoSplits fewer = splits;
  for (std::optional<CocoSplit>* split : {&fewer.train, &fewer.valid, &fewer.test}) {
    (*split)->coco.categories.resize(2);
    std::erase_if((*split)->coco.annotations, [&](const CocoAnnotation& annotation) {
      return std::none_of((*split)->coco.categories.begin(), (*split)->coco.categories.end(),
                          [&](const CocoCategory& category) { return category.id == annotation.category_id; });
    });
  }
  std::vector<std::string> lines;
  DetectorTrainerOptions options = tiny_options(fewer);
  options.crops_per_epoch = 16;
  options.pretrained = start;
  options.freeze = {"stem", "stage1"};
  options.log = [&](const std::string& line) { lines.push_back(line); };
  DetectorTrainer(fewer, options).fit()->save(world.path("fewer.safetensors"));
  CHECK(lines.front().find(
            "by_program/best.safetensors with what fits, 86 of 92 weights: it has 4 classes, this model has 2") !=
        std::string::npos);
  const SafetensorsFile before = read_safetensors(start), after = read_safetensors(world.path("fewer.safetensors"));
  for (const TensorEntry& entry : after.entries()) {
    CAPTURE(entry.name);
    if (!before.contains(entry.name) || before.entry(entry.name).shape != entry.shape) continue;
    const bool frozen = entry.name.starts_with("stem") || entry.name.starts_with("stage1");
    const auto old = before.entry(entry.name).bytes;
    CHECK(std::equal(old.begin(), old.end(), entry.bytes.begin()) == frozen);  // statistics of batch norms, too
  }
  options.model.levels = 4;
  options.freeze.clear();
  lines.clear();
  DetectorTrainer(fewer, options).fit();
  CHECK(lines.front().find("it has 3 levels (strides 4 to 16), this model has 4 (strides 4 to 32)") !=
        std::string::npos);
  options.model.levels = 3;
  options.model.box_bins = 8;
  lines.clear();
  DetectorTrainer(fewer, options).fit();
  CHECK(lines.front().find("it has plain distances, this model has 8 bins per edge") != std::string::npos);
  options.model.stem = 16;
  CHECK_THROWS_WITH_AS(DetectorTrainer(fewer, options).fit(),
                       doctest::Contains("is of another architecture: stem 8, expected 16"), FileError);
  const Outcome frozen = world.run(train_tiny + "frozen --freeze stem,stage --pretrained by_program/best.safetensors");
  CHECK(frozen.code == 0);
  check_fails(train_tiny + "bad --freeze nothing", "no name starts with 'nothing'");
}

TEST_CASE("images of 16 bits are learnt from at their full depth") {
  const World& world = World::get();
  fs::copy(world.path("data"), world.path("deep"), fs::copy_options::recursive);
  for (const auto& entry : fs::recursive_directory_iterator(world.path("deep"))) {
    if (entry.path().extension() != ".jpg") continue;
    Image16 image = load_image_16(entry.path());
    for (std::uint16_t& value : image.values()) value = static_cast<std::uint16_t>(value / 200 + 1000);  // dark, flat
    write_bytes(entry.path(), encode_png(image));  // the content tells the format, not the name
  }
  const CocoSplits splits = read_coco_splits(world.path("deep"));
  DetectorTrainerOptions options = tiny_options(splits);
  CHECK(options.pixel_bits == 16);
  options.crops_per_epoch = 32;
  options.pixel_scaling = {.offset = 4.5, .scale = 0.25};
  const auto train = [&] {
    DetectorTrainer trainer(splits, options);
    const auto detector = trainer.fit();
    const DetectorEvaluation evaluation = evaluate(*detector, *splits.test);
    CHECK(evaluation.metrics.images == 3);
    return trainer.history().back().at("loss");
  };
  const double deep = train();
  options.pixel_bits = 8;
  CHECK(train() != deep);
}
