#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/core/parallel.hpp"
#include "amdefect/core/random.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/metrics/coco_accumulate.hpp"
#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/metrics/coco_options.hpp"
#include "amdefect/metrics/coco_ranking.hpp"
#include "amdefect/metrics/coco_validate.hpp"
#include "amdefect/metrics/plain_matching.hpp"

namespace amdefect {

/// How `bootstrap_intervals` samples.
struct BootstrapOptions {
  Index samples = 1000;  ///< data sets of as many images, each drawn from all
  double level = 0.95;   ///< share of the samples whose figure lies in an interval
  std::uint64_t seed = 0;
  int threads = 0;  ///< 0: all cores
};

/// The lower and upper end; -1 where the figure is not defined in any sample.
struct Interval {
  double low = -1, high = -1;
  double width() const { return high - low; }
  friend bool operator==(const Interval&, const Interval&) = default;
};

/// "0.701 to 0.788", with so many decimals.
inline std::string to_text(const Interval& interval, int decimals = 3) {
  if (interval.low < 0) return "undefined";
  return concat(decimal_number(interval.low, decimals), " to ", decimal_number(interval.high, decimals));
}

/// How far the figures of a detector may be from those that other images of the same kind would give.
struct DetectionIntervals {
  struct Class {
    std::int64_t category_id = 0;
    Interval ap50;  ///< as `CocoCategoryResult::ap50`
  };

  double level = 0;
  Index samples = 0, images = 0;
  Interval ap, ap50;            ///< COCO's, with at most 100 detections of an image and category
  Interval ap50_300, ap25_300;  ///< with at most 300, as `average_precision`
  Interval f1, best_f1;         ///< over all categories, at the score threshold and at the best one of each sample
  std::vector<Class> per_class;
};

namespace detail {

/// How often each image is in a sample.
using ImageCounts = std::vector<Index>;

inline Index times_drawn(const ImageCounts& counts, Index image) { return counts[static_cast<std::size_t>(image)]; }
/// The sum of what there is of each image, as often as the image is in the sample.
inline Index sum_over(const ImageCounts& counts, const std::vector<Index>& of_image) {
  return std::inner_product(counts.begin(), counts.end(), of_image.begin(), Index{0});
}

/// AP of samples of a data set, for objects of all sizes.
class SampledAp {
 public:
  SampledAp(const CocoDataset& dataset, std::span<const CocoResult> results, Index max_dets,
            std::vector<double> thresholds, int threads)
      : options_(options(max_dets, std::move(thresholds), threads)), rankings_(dataset, results, options_) {
    for (std::size_t k = 0; k < categories(); ++k) {
      states_.push_back(gather_states(rankings_.ranking(k), 0, options_.iou_thresholds.size()));
      truths_.push_back(rankings_.count_truths_by_image(k, options_.area_ranges.front()));
    }
  }

  std::size_t categories() const { return rankings_.categories(); }
  const EvalProblem& problem() const { return rankings_.problem(); }
  /// The AP of a category at each threshold; none where the sample has no ground truths of it.
  std::vector<double> operator()(std::size_t category, const ImageCounts& counts) const {
    const Index truths = sum_over(counts, truths_[category]);
    if (truths == 0) return {};
    std::vector<double> aps;
    for (const PrecisionRecall& curve :
         accumulate_ranking(rankings_.ranking(category), states_[category], options_.iou_thresholds.size(), truths,
                            options_.max_dets.back(), [&](const auto& d) { return times_drawn(counts, d.image); }))
      aps.push_back(std::accumulate(curve.precision.begin(), curve.precision.end(), 0.0) /
                    static_cast<double>(coco_recall_count));
    return aps;
  }

 private:
  static CocoEvalOptions options(Index max_dets, std::vector<double> thresholds, int threads) {
    CocoEvalOptions options;
    options.max_dets = {1, 10, max_dets};
    options.iou_thresholds = std::move(thresholds);
    options.area_ranges.resize(1);
    options.threads = threads;
    return checked(options);
  }

  CocoEvalOptions options_;
  CocoRankings rankings_;
  std::vector<std::vector<std::uint8_t>> states_;  ///< of each category, as `gather_states` gives them
  std::vector<std::vector<Index>> truths_;         ///< of each category and image
};

/// F1 of samples of a data set, with the matches of `score_curves`.
class SampledF1 {
 public:
  SampledF1(const CocoDataset& dataset, std::span<const CocoResult> results, MatchOptions options, std::size_t images)
      : threshold_(options.score_threshold), truths_(images) {
    options.score_threshold = std::numeric_limits<double>::lowest();
    const PlainMatches matches = match_plainly(
        dataset, results, options, [](const EvalItem& item) { return std::pair(item.category, item.image); });
    for (std::size_t i = 0; i < matches.detections.size(); ++i) {
      const EvalItem& item = matches.detections[i];
      outcomes_.push_back(
          {results[static_cast<std::size_t>(item.source)].score, item.image, matches.taken[i] != nullptr});
    }
    std::sort(outcomes_.begin(), outcomes_.end(), [](auto& a, auto& b) { return a.score > b.score; });
    for (const EvalItem& item : matches.truths) ++truths_[static_cast<std::size_t>(item.image)];
  }

  struct Figures {
    double at_threshold = 0, best = 0;
  };
  Figures operator()(const ImageCounts& counts) const {
    Figures figures;
    DetectionCounts sum{0, 0, sum_over(counts, truths_)};
    for (std::size_t i = 0; i < outcomes_.size(); ++i) {
      const Index times = times_drawn(counts, outcomes_[i].image);
      (outcomes_[i].hit ? sum.tp : sum.fp) += times;
      if (outcomes_[i].hit) sum.fn -= times;
      if (i + 1 < outcomes_.size() && outcomes_[i + 1].score == outcomes_[i].score) continue;
      figures.best = std::max(figures.best, sum.f1());
      if (outcomes_[i].score >= threshold_) figures.at_threshold = sum.f1();
    }
    return figures;
  }

 private:
  struct Outcome {
    double score;
    Index image;
    bool hit;
  };

  double threshold_;
  std::vector<Outcome> outcomes_;  ///< by descending score
  std::vector<Index> truths_;      ///< of each image
};

/// The middle `level` of the values, which are at least 0 where they count, between neighbours as numpy's percentile.
inline Interval middle_of(std::vector<double> values, double level) {
  std::erase_if(values, [](double value) { return value < 0; });
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    const double position = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(position);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return values[below] + (position - static_cast<double>(below)) * (values[above] - values[below]);
  };
  return {at((1 - level) / 2), at((1 + level) / 2)};
}

/// Mean of the values that are not negative; -1 if there is none.
inline double mean_of_defined(const std::vector<double>& values) {
  double sum = 0;
  Index count = 0;
  for (const double value : values)
    if (value >= 0) {
      sum += value;
      ++count;
    }
  return count ? sum / static_cast<double>(count) : -1;
}

/// All figures of all samples.
class BootstrapSamples {
 public:
  BootstrapSamples(const CocoDataset& dataset, std::span<const CocoResult> results, const MatchOptions& match,
                   const BootstrapOptions& options)
      : options_(options),
        coco_(dataset, results, 100, CocoEvalOptions().iou_thresholds, options.threads),
        more_(dataset, results, 300, {0.25, 0.5}, options.threads),
        f1_(dataset, results, match, coco_.problem().image_ids.size()),
        figures_(figure_count + coco_.categories(),
                 std::vector<double>(static_cast<std::size_t>(options.samples), -1)) {
    parallel_pieces(options.threads, static_cast<std::size_t>(options.samples), 8,
                    [&](std::size_t begin, std::size_t end) {
                      for (std::size_t sample = begin; sample < end; ++sample) measure(sample);
                    });
  }

  DetectionIntervals intervals() const {
    const auto of = [&](std::size_t figure) { return middle_of(figures_[figure], options_.level); };
    DetectionIntervals found{options_.level, options_.samples, images(), of(ap),      of(ap50),
                             of(ap50_300),   of(ap25_300),     of(f1),   of(best_f1), {}};
    for (std::size_t k = 0; k < coco_.categories(); ++k)
      found.per_class.push_back({coco_.problem().category_ids[k], of(figure_count + k)});
    return found;
  }

 private:
  enum Figure : std::size_t { ap, ap50, ap50_300, ap25_300, f1, best_f1, figure_count };

  Index images() const { return static_cast<Index>(coco_.problem().image_ids.size()); }

  void measure(std::size_t sample) {
    Random random(options_.seed, sample);
    ImageCounts counts(static_cast<std::size_t>(images()));
    for (Index i = 0; i < images(); ++i) ++counts[static_cast<std::size_t>(random.integer(images()))];
    std::vector<double> means, at_50, more_at_50, more_at_25;
    for (std::size_t k = 0; k < coco_.categories(); ++k) {
      const std::vector<double> aps = coco_(k, counts), more = more_(k, counts);
      if (aps.empty()) continue;
      means.push_back(mean_of_defined(aps));
      at_50.push_back(aps.front());
      more_at_25.push_back(more[0]);
      more_at_50.push_back(more[1]);
      figures_[figure_count + k][sample] = aps.front();
    }
    const SampledF1::Figures f1s = f1_(counts);
    figures_[ap][sample] = mean_of_defined(means);
    figures_[ap50][sample] = mean_of_defined(at_50);
    figures_[ap50_300][sample] = mean_of_defined(more_at_50);
    figures_[ap25_300][sample] = mean_of_defined(more_at_25);
    figures_[f1][sample] = f1s.at_threshold;
    figures_[best_f1][sample] = f1s.best;
  }

  BootstrapOptions options_;
  SampledAp coco_, more_;
  SampledF1 f1_;
  std::vector<std::vector<double>> figures_;  ///< [figure or category, sample]
};

}  // namespace detail

/// Intervals of the figures of a detector by the percentile bootstrap (Efron 1979): the images stand for all images of
/// their kind, so data sets of as many images, drawn from them with replacement, show how much chance there is in a
/// figure. It is that of the choice of images only, not that of the training. The time grows with the number of samples
/// times that of the detections. @throws Error as `evaluate_coco`, and for options that are no such thing.
inline DetectionIntervals bootstrap_intervals(const CocoDataset& dataset, std::span<const CocoResult> results,
                                              const MatchOptions& match = {}, const BootstrapOptions& options = {}) {
  require(options.samples > 0 && options.level > 0 && options.level < 1,
          "bootstrap: expected at least one sample and a level between 0 and 1, got ", options.samples, " and ",
          options.level);
  return detail::BootstrapSamples(dataset, results, match, options).intervals();
}

}  // namespace amdefect
