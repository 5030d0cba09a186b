#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "amdefect/boxes/box.hpp"
#include "amdefect/core/error.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/review/score_probability.hpp"
#include "amdefect/review/suggestion.hpp"

namespace amdefect {

namespace detail {

/// A detection beside the annotations of its image.
struct ReviewedDetection {
  const CocoResult* result = nullptr;
  Box box{};
  double probability = 0;     ///< that an annotation would confirm it
  std::ptrdiff_t owner = -1;  ///< the annotation of the image that it overlaps most; -1: none
  double overlap = 0;         ///< IoU with that
};

/// An annotation with the detections that belong to it.
struct ReviewedAnnotation {
  const CocoAnnotation* annotation = nullptr;
  Box box{};
  const ReviewedDetection *same = nullptr, *other = nullptr;  ///< the best one of its class, and of another
  double support = 0;                                         ///< how much the detections speak for it, 0 to 1
};

struct ReviewedImage {
  std::vector<ReviewedAnnotation> annotations{};
  std::vector<ReviewedDetection> detections{};
  std::vector<Box> crowds{};
};

/// Ranks what is probably wrong; see `rank_suggestions`.
class SuggestionRanker {
 public:
  SuggestionRanker(const CocoDataset& dataset, const std::vector<CocoResult>& results) : dataset_(dataset) {
    for (const CocoCategory& category : dataset.categories) names_.emplace(category.id, category.name);
    group(results);
    for (auto& [id, image] : images_) find_owners(image);
    weigh_detections();
    for (auto& [id, image] : images_) weigh_annotations(image);
    measure_detector();
  }

  std::vector<Suggestion> rank() {
    for (auto& [id, image] : images_) {
      const std::vector<bool> repeats = suggest_duplicates(image);
      for (std::size_t i = 0; i < image.annotations.size(); ++i)
        if (!repeats[i]) suggest_change(image.annotations[i]);
      suggest_missing(id, image);
    }
    std::stable_sort(suggestions_.begin(), suggestions_.end(),
                     [](const Suggestion& a, const Suggestion& b) { return a.confidence > b.confidence; });
    return std::move(suggestions_);
  }

 private:
  static constexpr double near = 0.2;   // IoU from which a detection may mean an annotation
  static constexpr double match = 0.5;  // IoU from which it does

  void group(const std::vector<CocoResult>& results) {
    for (const CocoImage& image : dataset_.images) images_[image.id];
    for (const CocoAnnotation& annotation : dataset_.annotations) {
      ReviewedImage& image = images_.at(annotation.image_id);
      if (annotation.crowd)
        image.crowds.push_back(to_corners(annotation.box));
      else
        image.annotations.push_back({&annotation, to_corners(annotation.box)});
    }
    for (const CocoResult& result : results) {
      const auto image = images_.find(result.image_id);
      require(image != images_.end(), "review: a detection is of image ", result.image_id,
              ", which the data set does not have");
      require(names_.contains(result.category_id), "review: a detection is of category ", result.category_id,
              ", which the data set does not have");
      image->second.detections.push_back({&result, to_corners(result.box)});
    }
  }

  static bool same_class(const ReviewedDetection& detection, const ReviewedAnnotation& annotation) {
    return detection.result->category_id == annotation.annotation->category_id;
  }

  static void find_owners(ReviewedImage& image) {
    for (ReviewedDetection& detection : image.detections)
      for (std::size_t i = 0; i < image.annotations.size(); ++i) {
        const double overlap = iou(detection.box, image.annotations[i].box);
        if (overlap < near || overlap <= detection.overlap) continue;
        detection.owner = static_cast<std::ptrdiff_t>(i);
        detection.overlap = overlap;
      }
  }

  /// From scores to probabilities, by how often annotations confirm detections of such scores.
  void weigh_detections() {
    std::vector<JudgedScore> judged;
    for (const auto& [id, image] : images_)
      for (const ReviewedDetection& detection : image.detections)
        judged.push_back({detection.result->score, detection.overlap >= match && of_owner(image, detection)});
    const ScoreProbability probability(judged);
    for (auto& [id, image] : images_)
      for (ReviewedDetection& detection : image.detections)
        detection.probability = probability(detection.result->score);
  }
  static bool of_owner(const ReviewedImage& image, const ReviewedDetection& detection) {
    return detection.owner >= 0 && same_class(detection, image.annotations[static_cast<std::size_t>(detection.owner)]);
  }

  static void weigh_annotations(ReviewedImage& image) {
    for (const ReviewedDetection& detection : image.detections) {
      if (detection.owner < 0) continue;
      ReviewedAnnotation& owner = image.annotations[static_cast<std::size_t>(detection.owner)];
      const bool same = same_class(detection, owner);
      const ReviewedDetection*& best = same ? owner.same : owner.other;
      if ((same || detection.overlap >= match) && (!best || detection.probability > best->probability))
        best = &detection;
      owner.support = std::max(owner.support, detection.probability * std::min(1.0, detection.overlap / match));
    }
  }

  /// What can be expected of the detector: how well its boxes fit, and how many objects of each class it finds.
  void measure_detector() {
    std::vector<double> overlaps;
    std::map<std::int64_t, std::pair<double, double>> found;
    for (const auto& [id, image] : images_)
      for (const ReviewedAnnotation& annotation : image.annotations) {
        auto& [finds, all] = found[annotation.annotation->category_id];
        finds += annotation.support > 0.5;
        ++all;
        if (annotation.same && annotation.same->probability > 0.5 && annotation.same->overlap >= match)
          overlaps.push_back(annotation.same->overlap);
      }
    for (const auto& [category, counts] : found) recall_[category] = (counts.first + 1) / (counts.second + 2);
    const auto middle = overlaps.begin() + static_cast<std::ptrdiff_t>(overlaps.size() / 2);
    std::nth_element(overlaps.begin(), middle, overlaps.end());
    usual_overlap_ = overlaps.empty() ? 0.8 : *middle;
  }

  /// Of two annotations of a class at the same place the one that the detections fit worse, unless each has its own.
  std::vector<bool> suggest_duplicates(const ReviewedImage& image) {
    const auto& all = image.annotations;
    std::vector<bool> repeats(all.size());
    for (std::size_t i = 0; i < all.size(); ++i)
      for (std::size_t j = i + 1; j < all.size(); ++j) {
        const double overlap = iou(all[i].box, all[j].box);
        if (overlap < match || repeats[i] || repeats[j] ||
            all[i].annotation->category_id != all[j].annotation->category_id)
          continue;
        const double two = std::min(all[i].support, all[j].support);
        const std::size_t worse = fit(all[i]) < fit(all[j]) ? i : j, better = worse == i ? j : i;
        repeats[worse] = true;
        suggest_removal(Mistake::duplicate, all[worse], std::min(1.0, overlap / 0.7) * (1 - two * (1 - overlap)),
                        concat("covers the same object as annotation ", all[better].annotation->id, " (IoU ",
                               decimal_number(overlap, 2), ')'));
      }
    return repeats;
  }
  static double fit(const ReviewedAnnotation& annotation) { return annotation.same ? annotation.same->overlap : 0; }

  /// The likeliest of what may be wrong with an annotation.
  void suggest_change(const ReviewedAnnotation& annotation) {
    const std::int64_t category = annotation.annotation->category_id;
    const double same = annotation.same ? annotation.same->probability : 0;
    const double other = annotation.other ? annotation.other->probability * (1 - same) : 0;
    const double loose = annotation.same ? same * looseness(annotation.same->overlap) : 0;
    const double spurious = recall_.at(category) * (1 - annotation.support);
    if (spurious >= std::max(other, loose)) {
      suggest_removal(Mistake::spurious, annotation, spurious,
                      concat("nothing is found here; of ", names_.at(category), ' ',
                             decimal_number(100 * recall_.at(category), 0), " % are found"));
    } else if (other >= loose) {
      const CocoResult& found = *annotation.other->result;
      add(annotation, Mistake::wrong_class, found.category_id, annotation.annotation->box, other,
          concat("looks like ", names_.at(found.category_id), " (", decimal_number(found.score, 2), ")"));
    } else {
      add(annotation, Mistake::loose_box, category, rounded(*annotation.same->result), loose,
          concat("the box that is found overlaps it by ", decimal_number(annotation.same->overlap, 2), ", usual are ",
                 decimal_number(usual_overlap_, 2)));
    }
  }
  /// How probable it is that a box is wrong that overlaps that of the detector so little.
  double looseness(double overlap) const {
    return std::clamp((usual_overlap_ - 0.1 - overlap) / (usual_overlap_ - 0.4), 0.0, 1.0);
  }

  /// Each detection that means no annotation, the best of each place.
  void suggest_missing(std::int64_t id, const ReviewedImage& image) {
    std::vector<const ReviewedDetection*> unmet;
    for (const ReviewedDetection& detection : image.detections) {
      const bool in_crowd = std::any_of(image.crowds.begin(), image.crowds.end(), [&](const Box& crowd) {
        return intersection(crowd, detection.box).area() > 0.5 * detection.box.area();
      });
      if (!in_crowd && !means_owner(image, detection)) unmet.push_back(&detection);
    }
    std::stable_sort(unmet.begin(), unmet.end(), [](const ReviewedDetection* a, const ReviewedDetection* b) {
      return a->probability > b->probability;
    });
    std::vector<const ReviewedDetection*> taken;
    for (const ReviewedDetection* detection : unmet) {
      const bool again = std::any_of(taken.begin(), taken.end(), [&](const ReviewedDetection* better) {
        return iou(better->box, detection->box) >= 0.3;
      });
      if (again) continue;
      taken.push_back(detection);
      const CocoResult& found = *detection->result;
      suggestions_.push_back({Mistake::missing, id, std::nullopt, found.category_id, rounded(found),
                              detection->probability * (1 - detection->overlap),
                              concat(names_.at(found.category_id), " is found here (", decimal_number(found.score, 2),
                                     "), without an annotation")});
    }
  }
  /// Whether its annotation explains a detection: it fits, or no better one of the class does.
  static bool means_owner(const ReviewedImage& image, const ReviewedDetection& detection) {
    if (detection.owner < 0) return false;
    const ReviewedAnnotation& owner = image.annotations[static_cast<std::size_t>(detection.owner)];
    return detection.overlap >= match || owner.same == &detection || owner.same == nullptr;
  }

  /// To hundredths of a pixel.
  static CocoBox rounded(const CocoResult& result) {
    const auto round = [](double value) { return std::round(100 * value) / 100; };
    return {round(result.box.x), round(result.box.y), round(result.box.width), round(result.box.height)};
  }
  void suggest_removal(Mistake mistake, const ReviewedAnnotation& of, double confidence, std::string reason) {
    add(of, mistake, of.annotation->category_id, of.annotation->box, confidence, std::move(reason));
  }
  void add(const ReviewedAnnotation& of, Mistake mistake, std::int64_t category, const CocoBox& box, double confidence,
           std::string reason) {
    const CocoAnnotation& annotation = *of.annotation;
    suggestions_.push_back({mistake, annotation.image_id,
                            AnnotationState{annotation.id, annotation.category_id, annotation.box}, category, box,
                            confidence, std::move(reason)});
  }

  const CocoDataset& dataset_;
  std::unordered_map<std::int64_t, std::string> names_;
  std::map<std::int64_t, ReviewedImage> images_;
  std::map<std::int64_t, double> recall_;  // by category
  double usual_overlap_ = 0;
  std::vector<Suggestion> suggestions_;
};

}  // namespace detail

/// What is probably wrong with annotations, the likeliest first, judged by detections of models that have not seen the
/// images: at most one suggestion for each annotation, and one for each place where something is found that has no
/// annotation. The kinds are comparable because all rest on the probability that an annotation confirms a detection of
/// such a score, which is measured on the same detections (`ScoreProbability`). Crowds are left alone, and so is what
/// is found in them. `results` should go down to low scores (0.01): they, too, speak for an annotation.
/// @throws Error for a detection of an image or category that the data set does not have.
inline std::vector<Suggestion> rank_suggestions(const CocoDataset& dataset, const std::vector<CocoResult>& results) {
  return detail::SuggestionRanker(dataset, results).rank();
}

}  // namespace amdefect
