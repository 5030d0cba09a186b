// Trains a detector on a COCO data set, saves it, and measures it: train_detector DATASET MODEL [MINUTES [NETWORK]]
#include <exception>
#include <iostream>
#include <string>

#include "amdefect/core/number_text.hpp"
#include "amdefect/detection/open_detector.hpp"
#include "amdefect/detection/training/detector_trainer.hpp"
#include "amdefect/train/callbacks/progress.hpp"

using namespace amdefect;

int main(int argc, char** argv) try {
  if (argc < 3 || argc > 5) return std::cerr << "usage: train_detector DATASET MODEL [MINUTES [NETWORK]]\n", 2;
  const CocoSplits splits = read_coco_splits(argv[1]);
  DetectorTrainerOptions options = suggest_options(splits);  // every field is open to change
  if (argc > 3) options.minutes = parse_number<double>(argv[3]).value_or(0);
  if (argc > 4) options.model = anchor_free_model_of(argv[4]);
  options.log = [](const std::string& line) { std::cout << line << '\n'; };

  DetectorTrainer trainer(splits, options);
  trainer.add(Progress{std::cout});
  trainer.fit()->save(argv[2]);

  const auto detector = open_detector(argv[2]);  // as any other program would
  if (splits.test || splits.valid) std::cout << to_text(evaluate(*detector, splits.evaluation_split()));
} catch (const std::exception& error) {
  std::cerr << "train_detector: " << error.what() << '\n';
  return 1;
}
