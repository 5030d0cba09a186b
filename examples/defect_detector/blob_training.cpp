#include <filesystem>
#include <iostream>

#include "amdefect/detection/training/fit_blob.hpp"
#include "training_run.hpp"

namespace amdefect {

int train_blob(TrainConfig config) {
  const CocoSplits splits = read_splits(config);
  labels_of(config, *splits.train);
  const FittedBlobs found =
      fit_blobs(*splits.train, source_options(config), [](const std::string& line) { std::cout << line << std::endl; });
  const std::filesystem::path file = std::filesystem::path(config.output_dir) / "best.safetensors";
  found.detector.save(file);
  std::cout << "best AP50 on " << found.images << " training images: " << found.ap50 << ", settings in "
            << file.string() << '\n';
  return 0;
}

}  // namespace amdefect
