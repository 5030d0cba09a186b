#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "amdefect/data/sample.hpp"
#include "amdefect/detection/detector.hpp"
#include "amdefect/detection/training/image_results.hpp"
#include "amdefect/metrics/evaluator.hpp"
#include "amdefect/train/trainer.hpp"

namespace amdefect {

/// Adds the AP at IoU 0.5 on the images of a source, as "mAP50", to the log of every `interval`th epoch and the last.
/// Processes that train together share the images.
template <PixelType P>
class BasicMeasureMap : public Callback<float> {
 public:
  /// `detector` gives one with the network's present weights.
  BasicMeasureMap(std::function<std::unique_ptr<Detector>()> detector,
                  std::shared_ptr<const BasicSampleSource<P>> source, Index interval)
      : detector_(std::move(detector)), source_(std::move(source)), interval_(interval) {}

  void measure(Trainer<float>& trainer, EpochLog& log) override {
    if (log.epoch % interval_ != 0 && log.epoch != log.epochs && !trainer.stopped()) return;
    const std::unique_ptr<Detector> detector = detector_();
    ProcessGroup* group = trainer.group();
    std::vector<ImageResults> results;
    for (Index i = group ? group->rank() : 0; i < source_->size(); i += group ? group->size() : 1) {
      const std::shared_ptr<const BasicSample<P>> sample = source_->load(i);
      results.push_back({sample->objects, detector->detect(pixels(sample->image), {.min_score = default_min_score})});
    }
    if (group) results = gather_results(*group, results);
    DetectionEvaluator evaluator(static_cast<Index>(detector->labels().class_names.size()));
    for (const ImageResults& image : results) evaluator.add(image.objects, image.detections);
    log.values.emplace_back("mAP50", evaluator.average_precision(0.5));
  }

 private:
  std::function<std::unique_ptr<Detector>()> detector_;
  std::shared_ptr<const BasicSampleSource<P>> source_;
  Index interval_;
};
using MeasureMap = BasicMeasureMap<std::uint8_t>;

}  // namespace amdefect
