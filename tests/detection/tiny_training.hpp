#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "amdefect/detection/training/detector_trainer.hpp"
#include "amdefect/image/image_io.hpp"
#include "temporary_folder.hpp"

// A training of a detector that takes a moment, on pictures of its own.
namespace amdefect {

inline const AnchorFreeModel tiny{.stem = 4, .widths = {4}, .blocks = {1}, .pyramid = 4, .levels = 1};

/// Six grey pictures of 40 x 40 pixels with a square each, for training and for validation.
inline CocoSplits write_data(const TemporaryFolder& folder, std::uint8_t background = 60, std::uint8_t square = 200) {
  for (const std::string split : {"train", "valid"}) {
    std::string images, annotations;
    for (int i = 0; i < 6; ++i) {
      const std::string id = std::to_string(i), comma = i ? "," : "";
      images += comma + R"({"id":)" + id + R"(,"file_name":")" + id + R"(.png","width":40,"height":40})";
      annotations += comma + R"({"id":)" + std::to_string(i + 1) + R"(,"image_id":)" + id +
                     R"(,"category_id":1,"bbox":[)" + std::to_string(4 * i) + ",10,12,12]}";
      Image image(40, 40, 3, background);
      paste(Image(12, 12, 3, square), image, 10, 4 * i);
      std::filesystem::create_directories(folder / split);
      save_image(folder / split / (id + ".png"), image);
    }
    folder.write(split + "/_annotations.coco.json", R"({"images":[)" + images + R"(],"annotations":[)" + annotations +
                                                        R"(],"categories":[{"id":1,"name":"square"}]})");
  }
  return read_coco_splits(folder.path());
}

inline DetectorTrainerOptions tiny_options() {
  return {.model = tiny,
          .crop_side = 32,
          .crops_per_epoch = 8,
          .slots = 4,
          .mosaic = 0,
          .augment = {},
          .epochs = 3,
          .batch_size = 4,
          .seed = 7,
          .execution = {.threads = 1},
          .workers = 0,
          .monitor = "loss"};
}

/// A callback made of functions.
struct Watch : Callback<float> {
  std::function<void(Trainer<float>&, EpochLog&)> measured = [](auto&, auto&) {};
  std::function<void(Trainer<float>&, Parameters<float>&)> gradients = [](auto&, auto&) {};
  std::function<void(Trainer<float>&)> epoch = [](auto&) {};
  void measure(Trainer<float>& trainer, EpochLog& log) override { measured(trainer, log); }
  void on_gradients(Trainer<float>& trainer, Parameters<float>& p) override { gradients(trainer, p); }
  void on_epoch(Trainer<float>& trainer, const EpochLog&) override { epoch(trainer); }
};

/// The weights of a detector, as its file has them.
inline std::vector<float> weights_of(const Detector& detector, const AnchorFreeModel& architecture = tiny) {
  const TemporaryFolder folder;
  detector.save(folder / "d.safetensors");
  Network<float> network = anchor_free_network<float>(architecture);
  network.parameters().allocate();
  load_weights(folder / "d.safetensors", network.parameters());
  return {network.parameters().values().begin(), network.parameters().values().end()};
}

}  // namespace amdefect
