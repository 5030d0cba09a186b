#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/metrics/coco_options.hpp"
#include "amdefect/metrics/coco_result.hpp"

/// COCO's evaluation once more, slow and plain: one image, category, area range and threshold at a time, in the order
/// of the steps of pycocotools' `evaluateImg` and `accumulate`. Every image and category must be known.
class CocoReference {
 public:
  CocoReference(const amdefect::CocoDataset& dataset, const std::vector<amdefect::CocoResult>& results,
                const amdefect::CocoEvalOptions& options)
      : dataset_(dataset), results_(results), options_(options) {
    for (const auto& image : dataset.images) images_.push_back(image.id);
    for (const auto& category : dataset.categories) categories_.push_back(category.id);
    std::sort(images_.begin(), images_.end());
    std::sort(categories_.begin(), categories_.end());
  }

  /// Precision at the 101 recall values and the final recall; empty where there is no ground truth.
  std::pair<std::vector<double>, double> curve(double threshold, std::size_t category, const amdefect::AreaRange& range,
                                               amdefect::Index max_dets) const {
    std::vector<Outcome> outcomes;
    amdefect::Index truths = 0;
    for (const std::int64_t image : images_) {
      std::vector<Outcome> here = match(image, category, threshold, range, truths);
      here.resize(std::min(here.size(), static_cast<std::size_t>(max_dets)));
      outcomes.insert(outcomes.end(), here.begin(), here.end());
    }
    if (truths == 0) return {};
    std::stable_sort(outcomes.begin(), outcomes.end(), [](auto& a, auto& b) { return a.score > b.score; });
    std::vector<double> recall, precision;
    double tp = 0, fp = 0;
    for (const Outcome& outcome : outcomes) {
      tp += outcome.matched && !outcome.ignored;
      fp += !outcome.matched && !outcome.ignored;
      recall.push_back(tp / static_cast<double>(truths));
      precision.push_back(tp / (fp + tp + std::numeric_limits<double>::epsilon()));
    }
    for (std::size_t i = precision.size(); i-- > 1;) precision[i - 1] = std::max(precision[i - 1], precision[i]);
    std::vector<double> sampled;
    for (amdefect::Index k = 0; k < amdefect::coco_recall_count; ++k) {
      const auto found = std::lower_bound(recall.begin(), recall.end(), static_cast<double>(k) * 0.01);
      sampled.push_back(found == recall.end() ? 0 : precision[static_cast<std::size_t>(found - recall.begin())]);
    }
    return {sampled, recall.empty() ? 0 : recall.back()};
  }

 private:
  struct Outcome {
    double score;
    bool matched, ignored;
  };

  /// The items of an image and category; without categories those of all, one category after the other.
  template <class Items>
  Items select(const Items& items, std::int64_t image, std::size_t category) const {
    Items selected;
    for (std::size_t k = 0; k < categories_.size(); ++k)
      for (const auto& item : items)
        if (item.image_id == image && item.category_id == categories_[k] && (k == category || !options_.use_categories))
          selected.push_back(item);
    return selected;
  }

  static double iou(const amdefect::CocoBox& d, const amdefect::CocoBox& g, bool crowd) {
    const double w = std::min(d.x + d.width, g.x + g.width) - std::max(d.x, g.x);
    const double h = std::min(d.y + d.height, g.y + g.height) - std::max(d.y, g.y);
    if (w <= 0 || h <= 0) return 0;
    const volatile double common = w * h, detection = d.width * d.height, truth = g.width * g.height;
    return common / (crowd ? detection : detection + truth - common);
  }

  std::vector<Outcome> match(std::int64_t image, std::size_t category, double threshold,
                             const amdefect::AreaRange& range, amdefect::Index& truth_count) const {
    auto detections = select(results_, image, category);
    std::stable_sort(detections.begin(), detections.end(), [](auto& a, auto& b) { return a.score > b.score; });
    detections.resize(std::min(detections.size(), static_cast<std::size_t>(options_.max_dets.back())));
    auto truths = select(dataset_.annotations, image, category);
    const auto ignored = [&](const amdefect::CocoAnnotation& truth) {
      return truth.crowd || truth.area < range.low || truth.area > range.high;
    };
    std::stable_sort(truths.begin(), truths.end(), [&](auto& a, auto& b) { return ignored(a) < ignored(b); });
    truth_count += std::count_if(truths.begin(), truths.end(), [&](auto& truth) { return !ignored(truth); });
    std::vector<bool> taken(truths.size(), false);
    std::vector<Outcome> outcomes;
    for (const amdefect::CocoResult& detection : detections) {
      double best = std::min(threshold, 1 - 1e-10);
      std::size_t m = truths.size();
      for (std::size_t g = 0; g < truths.size(); ++g) {
        if (taken[g] && !truths[g].crowd) continue;
        if (m < truths.size() && !ignored(truths[m]) && ignored(truths[g])) break;
        const double overlap = iou(detection.box, truths[g].box, truths[g].crowd);
        if (overlap < best) continue;
        best = overlap;
        m = g;
      }
      const bool found = m < truths.size();
      if (found) taken[m] = true;
      const bool matched = found && (truths[m].id != 0 || options_.fix_known_bugs);
      const double area = detection.box.width * detection.box.height;
      const bool outside = area < range.low || area > range.high;
      outcomes.push_back({detection.score, matched, (found && ignored(truths[m])) || (!matched && outside)});
    }
    return outcomes;
  }

  const amdefect::CocoDataset& dataset_;
  const std::vector<amdefect::CocoResult>& results_;
  const amdefect::CocoEvalOptions& options_;
  std::vector<std::int64_t> images_, categories_;
};
