#include <filesystem>
#include <iostream>

#include "amdefect/detection/split_membership.hpp"
#include "amdefect/detection/training/fit_blob.hpp"
#include "processes/processes.hpp"
#include "training_run.hpp"

namespace amdefect {

int train_blob(TrainConfig config) {
  if (is_silent()) return 0;  // one process does it all
  const CocoSplits splits = read_splits(config);
  labels_of(config, *splits.train);
  RunFolder folder(config.output_dir, training_run, earlier_run(config.output_dir, {}, config.overwrite));
  FittedBlobs found =
      fit_blobs(*splits.train, source_options(config), [](const std::string& line) { std::cout << line << std::endl; });
  found.detector.set_images(std::make_shared<const ImageMembership>(membership_of(splits)));
  const std::filesystem::path file = folder.path() / "best.safetensors";
  const InterruptDelay delay;
  folder.begin();
  found.detector.save(file);
  std::cout << "best AP50 on " << found.images << " training images: " << found.ap50 << ", settings in "
            << file.string() << '\n';
  return 0;
}

}  // namespace amdefect
