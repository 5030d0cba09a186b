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
#include "amdefect/review/evidence.hpp"
#include "amdefect/review/suggestion.hpp"

namespace amdefect {

namespace detail {

struct ReviewedAnnotation {
  const CocoAnnotation* annotation = nullptr;
  Box box{};
};

struct ReviewedDetection {
  const CocoResult* result = nullptr;
  Box box{};
};

struct ReviewedImage {
  std::int64_t id = 0;
  std::vector<ReviewedAnnotation> annotations{};
  std::vector<ReviewedDetection> detections{};
  std::vector<Box> crowds{};
};

/// Ranks what is probably wrong; see `rank_suggestions`.
class SuggestionRanker {
 public:
  SuggestionRanker(const CocoDataset& dataset, const std::vector<CocoResult>& results) {
    for (const CocoCategory& category : dataset.categories) names_.emplace(category.id, category.name);
    group(dataset, results);
    for (std::size_t i = 0; i < images_.size(); ++i) learn(i);
    for (Evidence* evidence : {&presence_, &name_, &fit_, &discovery_}) evidence->fit();
  }

  std::vector<Suggestion> rank() {
    for (const ReviewedImage& image : images_) {
      const std::vector<bool> repeats = suggest_duplicates(image);
      for (std::size_t i = 0; i < image.annotations.size(); ++i)
        if (!repeats[i]) suggest_change(image, image.annotations[i]);
      for (const ReviewedDetection* detection : unmet(image)) suggest_missing(image, *detection);
    }
    std::stable_sort(suggestions_.begin(), suggestions_.end(),
                     [](const Suggestion& a, const Suggestion& b) { return a.confidence > b.confidence; });
    return std::move(suggestions_);
  }

 private:
  static constexpr double near = 0.2;    // IoU from which a detection may mean an annotation
  static constexpr double match = 0.5;   // IoU from which it does
  static constexpr double share = 0.02;  // of the annotations that have a mistake of a kind, before one has looked

  void group(const CocoDataset& dataset, const std::vector<CocoResult>& results) {
    std::unordered_map<std::int64_t, std::size_t> positions;
    for (const CocoImage& image : dataset.images) {
      positions.emplace(image.id, images_.size());
      images_.push_back({image.id});
    }
    for (const CocoAnnotation& annotation : dataset.annotations) {
      ReviewedImage& image = images_[positions.at(annotation.image_id)];
      if (annotation.crowd)
        image.crowds.push_back(to_corners(annotation.box));
      else
        image.annotations.push_back({&annotation, to_corners(annotation.box)});
    }
    for (const CocoResult& result : results) {
      const auto image = positions.find(result.image_id);
      require(image != positions.end(), "review: a detection is of image ", result.image_id,
              ", which the data set does not have");
      require(names_.contains(result.category_id), "review: a detection is of category ", result.category_id,
              ", which the data set does not have");
      images_[image->second].detections.push_back({&result, to_corners(result.box)});
    }
  }

  /// Compares the annotations of an image as they are with what they would be if they were wrong: in other images,
  /// under another name, moved by a sixth of their size; and the detections that annotations confirm with others.
  void learn(std::size_t index) {
    const ReviewedImage& image = images_[index];
    for (const ReviewedAnnotation& annotation : image.annotations) {
      const std::int64_t category = annotation.annotation->category_id;
      presence_.add(category, support(image, annotation.box), true);
      for (std::size_t step = 1; step <= 3 && step < images_.size(); ++step)
        presence_.add(category, support(images_[(index + step) % images_.size()], annotation.box), false);
      name_.add(category, agreement(image, annotation.box, category), true);
      if (names_.size() > 1) name_.add(category, agreement(image, annotation.box, next_category(category)), false);
      const ReviewedDetection* found = best(image, annotation.box, category);
      if (!found) continue;
      fit_.add(category, iou(found->box, annotation.box), true);
      for (const double x : {-1.0, 1.0})
        for (const double y : {-1.0, 1.0})
          fit_.add(category, iou(found->box, moved(annotation.box, x / 6, y / 6)), false);
    }
    for (const ReviewedDetection& detection : image.detections)
      if (std::any_of(image.annotations.begin(), image.annotations.end(), [&](const ReviewedAnnotation& annotation) {
            return same_class(detection, annotation) && iou(detection.box, annotation.box) >= match;
          }))
        discovery_.add(detection.result->category_id, detection.result->score, true);
    for (const ReviewedDetection* detection : unmet(image))
      discovery_.add(detection->result->category_id, detection->result->score, false);
  }

  static bool same_class(const ReviewedDetection& detection, const ReviewedAnnotation& annotation) {
    return detection.result->category_id == annotation.annotation->category_id;
  }
  std::int64_t next_category(std::int64_t category) const {
    const auto next = names_.upper_bound(category);
    return next == names_.end() ? names_.begin()->first : next->first;
  }
  static Box moved(const Box& box, double across, double down) {
    return amdefect::moved(box, across * box.width(), down * box.height());
  }

  /// How much the detections of all classes speak for an object in this box, 0 to 1.
  static double support(const ReviewedImage& image, const Box& box) {
    double most = 0;
    for (const ReviewedDetection& detection : image.detections)
      most = std::max(most, detection.result->score * std::min(1.0, iou(detection.box, box) / match));
    return most;
  }
  /// The highest score of each class in this box.
  static std::map<std::int64_t, double> scores(const ReviewedImage& image, const Box& box) {
    std::map<std::int64_t, double> highest;
    for (const ReviewedDetection& detection : image.detections)
      if (iou(detection.box, box) >= match) {
        double& score = highest[detection.result->category_id];
        score = std::max(score, detection.result->score);
      }
    return highest;
  }
  /// The share of the category in its score and that of the best other one, 0 to 1.
  static double agreement(const ReviewedImage& image, const Box& box, std::int64_t category) {
    double own = 0.1, other = 0.1;  // below that a score says little
    for (const auto& [id, score] : scores(image, box))
      (id == category ? own : other) = std::max(id == category ? own : other, score);
    return own / (own + other);
  }
  /// The likeliest detection of the class that may mean the box; null if there is none.
  static const ReviewedDetection* best(const ReviewedImage& image, const Box& box, std::int64_t category) {
    const ReviewedDetection* best = nullptr;
    for (const ReviewedDetection& detection : image.detections)
      if (detection.result->category_id == category && iou(detection.box, box) >= near &&
          (!best || detection.result->score > best->result->score))
        best = &detection;
    return best;
  }

  /// The detections that no annotation explains, the best one of each place. One is explained by an annotation that it
  /// overlaps well, or by one of its class that has no better detection.
  static std::vector<const ReviewedDetection*> unmet(const ReviewedImage& image) {
    std::vector<const ReviewedDetection*> order, result;
    for (const ReviewedDetection& detection : image.detections) {
      const auto explains = [&](const ReviewedAnnotation& annotation) {
        return iou(detection.box, annotation.box) >= match ||
               (same_class(detection, annotation) &&
                best(image, annotation.box, detection.result->category_id) == &detection);
      };
      const auto holds = [&](const Box& crowd) {
        return intersection(crowd, detection.box).area() > 0.5 * detection.box.area();
      };
      if (std::none_of(image.annotations.begin(), image.annotations.end(), explains) &&
          std::none_of(image.crowds.begin(), image.crowds.end(), holds))
        order.push_back(&detection);
    }
    std::stable_sort(order.begin(), order.end(), [](const ReviewedDetection* a, const ReviewedDetection* b) {
      return a->result->score > b->result->score;
    });
    for (const ReviewedDetection* detection : order)
      if (std::none_of(result.begin(), result.end(),
                       [&](const ReviewedDetection* better) { return iou(better->box, detection->box) >= 0.3; }))
        result.push_back(detection);
    return result;
  }

  /// The probability of a mistake, from how much more usual what is seen is where there is one.
  static double confidence(double ratio) { return share * ratio / (share * ratio + 1 - share); }

  /// Of two annotations of a class at the same place the one that the detections fit worse.
  std::vector<bool> suggest_duplicates(const ReviewedImage& image) {
    const auto& all = image.annotations;
    std::vector<bool> repeats(all.size());
    const auto fit = [&](const ReviewedAnnotation& annotation) {
      const ReviewedDetection* found = best(image, annotation.box, annotation.annotation->category_id);
      return found ? iou(found->box, annotation.box) : 0;
    };
    for (std::size_t i = 0; i < all.size(); ++i)
      for (std::size_t j = i + 1; j < all.size(); ++j) {
        const double overlap = iou(all[i].box, all[j].box);
        if (overlap < match || repeats[i] || repeats[j] ||
            all[i].annotation->category_id != all[j].annotation->category_id)
          continue;
        const std::size_t worse = fit(all[i]) < fit(all[j]) ? i : j, better = worse == i ? j : i;
        repeats[worse] = true;
        suggest_removal(Mistake::duplicate, all[worse], std::min(1.0, overlap / 0.7),
                        concat("covers the same object as annotation ", all[better].annotation->id, " (IoU ",
                               decimal_number(overlap, 2), ')'));
      }
    return repeats;
  }

  /// The likeliest of what may be wrong with an annotation.
  void suggest_change(const ReviewedImage& image, const ReviewedAnnotation& annotation) {
    const std::int64_t category = annotation.annotation->category_id;
    const ReviewedDetection* same = best(image, annotation.box, category);
    const double overlap = same ? iou(same->box, annotation.box) : 0;
    const double loose =
        same ? discovery_(category, same->result->score) * confidence(fit_.of_wrong(category, overlap)) : 0;
    const double spurious = confidence(presence_.of_wrong(category, support(image, annotation.box)));
    const double other = confidence(name_.of_wrong(category, agreement(image, annotation.box, category)));
    const auto found = scores(image, annotation.box);
    const auto name =
        std::max_element(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    if (other > std::max(spurious, loose) && name != found.end() && name->first != category) {
      add(annotation, Mistake::wrong_class, name->first, annotation.annotation->box, other,
          concat("looks like ", names_.at(name->first), " (", decimal_number(name->second, 2), ')'));
    } else if (loose > spurious) {
      add(annotation, Mistake::loose_box, category, rounded(*same->result), loose,
          concat("the box that is found overlaps it by ", decimal_number(overlap, 2)));
    } else {
      suggest_removal(Mistake::spurious, annotation, spurious, "hardly anything is found here");
    }
  }

  static double odds(double probability) { return probability / (1 - probability); }
  void suggest_missing(const ReviewedImage& image, const ReviewedDetection& detection) {
    const CocoResult& found = *detection.result;
    suggestions_.push_back({Mistake::missing, image.id, std::nullopt, found.category_id, rounded(found),
                            confidence(odds(discovery_(found.category_id, found.score))),
                            concat(names_.at(found.category_id), " is found here (", decimal_number(found.score, 2),
                                   "), without an annotation")});
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

  std::map<std::int64_t, std::string> names_;
  std::vector<ReviewedImage> images_;
  Evidence presence_, name_, fit_, discovery_;  // of objects, of classes, of boxes, of detections
  std::vector<Suggestion> suggestions_;
};

}  // namespace detail

/// What is probably wrong with annotations, the likeliest first, judged by detections of models that have not seen the
/// images: at most one suggestion for each annotation, and one for each place where something is found that has no
/// annotation. The kinds are comparable because all rest on the probability that an annotation confirms a detection of
/// such a score, which is measured on the same detections (`MonotoneProbability`). Crowds are left alone, and so is
/// what is found in them. `results` should go down to low scores (0.01): they, too, speak for an annotation.
/// @throws Error for a detection of an image or category that the data set does not have.
inline std::vector<Suggestion> rank_suggestions(const CocoDataset& dataset, const std::vector<CocoResult>& results) {
  return detail::SuggestionRanker(dataset, results).rank();
}

}  // namespace amdefect
