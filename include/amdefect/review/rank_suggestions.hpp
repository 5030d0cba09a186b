#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/boxes/box.hpp"
#include "amdefect/core/error.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/review/edge_errors.hpp"
#include "amdefect/review/evidence.hpp"
#include "amdefect/review/reviewed_image.hpp"
#include "amdefect/review/suggestion.hpp"

namespace amdefect {

namespace detail {

/// Ranks what is probably wrong; see `rank_suggestions`.
class SuggestionRanker {
 public:
  SuggestionRanker(const CocoDataset& dataset, const std::vector<CocoResult>& results)
      : images_(reviewed_images(dataset, results)) {
    for (const CocoCategory& category : dataset.categories) names_.emplace(category.id, category.name);
    correct_detections(images_);
    edges_ = measured_edges(images_);
    for (std::size_t i = 0; i < images_.size(); ++i) learn(i);
    for (Evidence* evidence : {&presence_, &name_, &fit_, &discovery_, &company_, &company_of_name_}) evidence->fit();
  }

  std::vector<Suggestion> rank() {
    for (const ReviewedImage& image : images_) {
      const std::vector<bool> repeats = suggest_duplicates(image);
      for (std::size_t i = 0; i < image.annotations.size(); ++i)
        if (!repeats[i]) suggest_change(image, image.annotations[i]);
      for (const ReviewedDetection* detection : image.unmet()) suggest_missing(image, *detection);
    }
    std::stable_sort(suggestions_.begin(), suggestions_.end(),
                     [](const Suggestion& a, const Suggestion& b) { return a.confidence > b.confidence; });
    return std::move(suggestions_);
  }

 private:
  static constexpr double share = 0.02;  // of the annotations that have a mistake of a kind, before one has looked

  /// Compares the annotations of an image as they are with what they would be if they were wrong: in other images,
  /// under another name, with edges moved; and the detections that annotations confirm with others.
  void learn(std::size_t index) {
    const ReviewedImage& image = images_[index];
    for (const ReviewedAnnotation& annotation : image.annotations) {
      const std::int64_t category = annotation.annotation->category_id;
      presence_.add(category, image.support(annotation.box), true);
      company_.add(category, image.company(annotation.box, category), true);
      learn_absence(index, annotation);
      learn_name(image, annotation.box, category);
      const ReviewedDetection* found = image.best(annotation.box, category);
      if (!found) continue;
      fit_.add(category, closeness(annotation.box, *found), true);
      for (const Box& loose : loosened(annotation.box)) fit_.add(category, closeness(loose, *found), false);
    }
    for (const ReviewedDetection& detection : image.detections)
      if (std::any_of(image.annotations.begin(), image.annotations.end(), [&](const ReviewedAnnotation& annotation) {
            return same_class(detection, annotation) && iou(detection.box, annotation.box) >= ReviewedImage::match;
          }))
        discovery_.add(detection.result->category_id, detection.result->score, true);
    for (const ReviewedDetection* detection : image.unmet())
      discovery_.add(detection->result->category_id, detection->result->score, false);
  }

  void learn_name(const ReviewedImage& image, const Box& box, std::int64_t category) {
    const auto learn_as = [&](std::int64_t name, bool right) {
      name_.add(category, image.agreement(box, name), right);
      company_of_name_.add(category, image.company(box, name), right);
    };
    learn_as(category, true);
    if (names_.size() > 1) learn_as(next_category(category), false);
  }
  std::int64_t next_category(std::int64_t category) const {
    const auto next = names_.upper_bound(category);
    return next == names_.end() ? names_.begin()->first : next->first;
  }
  /// How well a box fits a detection, up to 0. What scores low is found less exactly, so that its distance says less.
  double closeness(const Box& box, const ReviewedDetection& found) const {
    return -edges_.misfit(found.result->category_id, box, found.box) * found.result->score;
  }
  /// What is found at the place of an annotation in three other images, the next ones that have nothing annotated
  /// there.
  void learn_absence(std::size_t index, const ReviewedAnnotation& annotation) {
    const std::int64_t category = annotation.annotation->category_id;
    constexpr std::size_t most = 40;  // images that are looked through for a free place
    std::size_t places = 0;
    for (std::size_t step = 1; step < std::min(most, images_.size()) && places < 3; ++step) {
      const ReviewedImage& other = images_[(index + step) % images_.size()];
      if (std::any_of(other.annotations.begin(), other.annotations.end(),
                      [&](const ReviewedAnnotation& there) { return iou(there.box, annotation.box) > 0.1; }))
        continue;
      presence_.add(category, other.support(annotation.box), false);
      company_.add(category, other.company(annotation.box, category), false);
      ++places;
    }
  }
  /// The box with its edges a quarter of the side further out, further in, or as they are, where that changes it
  /// noticeably (IoU below 0.7) and leaves it about its object (above 0.4).
  static std::vector<Box> loosened(const Box& box) {
    std::vector<Box> boxes;
    const double across = box.width() / 4, down = box.height() / 4;
    for (const double left : {-across, 0.0, across})
      for (const double top : {-down, 0.0, down})
        for (const double right : {-across, 0.0, across})
          for (const double bottom : {-down, 0.0, down}) {
            const Box loose{box.x1 + left, box.y1 + top, box.x2 + right, box.y2 + bottom};
            const double overlap = iou(loose, box);
            if (overlap > 0.4 && overlap < 0.7) boxes.push_back(loose);
          }
    return boxes;
  }

  /// The probability of a mistake, from how much more usual what is seen is where there is one.
  static double confidence(double ratio) { return share * ratio / (share * ratio + 1 - share); }

  /// Of two annotations of a class at the same place the one that the detections fit worse.
  std::vector<bool> suggest_duplicates(const ReviewedImage& image) {
    const auto& all = image.annotations;
    std::vector<bool> repeats(all.size());
    const auto fit = [&](const ReviewedAnnotation& annotation) {
      const ReviewedDetection* found = image.best(annotation.box, annotation.annotation->category_id);
      return found ? iou(found->box, annotation.box) : 0;
    };
    for (std::size_t i = 0; i < all.size(); ++i)
      for (std::size_t j = i + 1; j < all.size(); ++j) {
        const double overlap = iou(all[i].box, all[j].box);
        if (overlap < ReviewedImage::match || repeats[i] || repeats[j] ||
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
    const ReviewedDetection* same = image.best(annotation.box, category);
    const double loose = same ? discovery_(category, same->result->score) *
                                    confidence(fit_.of_wrong(category, closeness(annotation.box, *same)))
                              : 0;
    const double company = image.company(annotation.box, category);
    const double spurious =
        confidence(presence_.of_wrong(category, image.support(annotation.box)) * company_.of_wrong(category, company));
    const double other = confidence(name_.of_wrong(category, image.agreement(annotation.box, category)) *
                                    company_of_name_.of_wrong(category, company));
    const auto found = image.scores(annotation.box);
    const auto name =
        std::max_element(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    if (other > std::max(spurious, loose) && name != found.end() && name->first != category) {
      add(annotation, Mistake::wrong_class, name->first, annotation.annotation->box, other,
          concat("looks like ", names_.at(name->first), " (", decimal_number(name->second, 2), ')'));
    } else if (loose > spurious) {
      add(annotation, Mistake::loose_box, category, rounded(same->box), loose,
          concat("the box that is found overlaps it by ", decimal_number(iou(same->box, annotation.box), 2)));
    } else {
      suggest_removal(Mistake::spurious, annotation, spurious, "hardly anything is found here");
    }
  }

  static double odds(double probability) { return probability / (1 - probability); }
  void suggest_missing(const ReviewedImage& image, const ReviewedDetection& detection) {
    const CocoResult& found = *detection.result;
    suggestions_.push_back({Mistake::missing, image.id, std::nullopt, found.category_id, rounded(detection.box),
                            confidence(odds(discovery_(found.category_id, found.score))),
                            concat(names_.at(found.category_id), " is found here (", decimal_number(found.score, 2),
                                   "), without an annotation")});
  }

  /// To hundredths of a pixel.
  static CocoBox rounded(const Box& corners) {
    const auto round = [](double value) { return std::round(100 * value) / 100; };
    const CocoBox box = to_coco(corners);
    return {round(box.x), round(box.y), round(box.width), round(box.height)};
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
  EdgeErrors edges_;
  Evidence presence_, name_, fit_, discovery_;  // of objects, of classes, of boxes, of detections
  Evidence company_, company_of_name_;          // of classes in images, for objects and for their names
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
