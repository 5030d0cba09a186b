#include <iostream>

#include "amdefect/detection/blob_detector.hpp"
#include "amdefect/detection/evaluate.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "training_run.hpp"

namespace amdefect {

namespace {

/// Every n-th image of a split, at most `most`.
CocoSplit sample_of(const CocoSplit& split, std::size_t most) {
  const std::size_t step = std::max<std::size_t>(1, (split.coco.images.size() + most - 1) / most);
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < split.coco.images.size(); i += step) positions.push_back(i);
  return detail::select_images(split, split.name, positions);
}

/// The class with the most boxes.
Index commonest_label(const CocoSource& source, std::size_t classes) {
  std::vector<Index> counts(classes);
  for (Index i = 0; i < source.size(); ++i)
    for (const LabelledBox& object : source.objects(i)) ++counts.at(static_cast<std::size_t>(object.label));
  return std::max_element(counts.begin(), counts.end()) - counts.begin();
}

}  // namespace

/// Tries all settings on a sample of the training images and keeps those with the best AP50.
int train_blob(TrainConfig config) {
  const CocoSplits splits = read_splits(config);
  const DetectorLabels labels = labels_of(config, splits.at("train"));
  const CocoSplit split = sample_of(splits.at("train"), 60);
  const CocoSource source(split, source_options(config));
  const Index label = commonest_label(source, labels.class_names.size()), channels = image_channels(config);
  BlobModel best;
  double best_ap = -1, threshold = 0;
  for (const Index window : {15, 31, 61})
    for (const bool dark : {true, false})
      for (const Index contrast : {10, 16, 24, 36, 54}) {
        const BlobModel model{.window = window, .threshold = contrast, .dark = dark};
        const BlobDetector detector(model, labels, label, channels);
        const auto results = detect_split(detector, split, source, {.min_score = 0.0});
        const double ap = average_precision(split.coco, results, 0.5);
        std::cout << "window " << window << (dark ? ", dark" : ", bright") << ", contrast " << contrast << ": AP50 "
                  << ap << std::endl;
        if (ap <= best_ap) continue;
        best_ap = ap;
        best = model;
        threshold = score_curves(split.coco, results).all.best_threshold().value_or(0);
      }
  const std::filesystem::path output = config.output_dir;
  make_folder(output);
  BlobDetector(best, labels, label, channels, threshold).save(output / "best.safetensors");
  std::cout << "best AP50 on " << split.size() << " training images: " << best_ap << ", settings in "
            << (output / "best.safetensors").string() << '\n';
  return 0;
}

}  // namespace amdefect
