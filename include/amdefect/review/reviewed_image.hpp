#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "amdefect/boxes/box.hpp"
#include "amdefect/core/error.hpp"
#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/review/edge_errors.hpp"

namespace amdefect::detail {

struct ReviewedAnnotation {
  const CocoAnnotation* annotation = nullptr;
  Box box{};
};

struct ReviewedDetection {
  const CocoResult* result = nullptr;
  Box box{};
};

inline bool same_class(const ReviewedDetection& detection, const ReviewedAnnotation& annotation) {
  return detection.result->category_id == annotation.annotation->category_id;
}

/// An image with what is annotated and what is found in it.
struct ReviewedImage {
  static constexpr double near = 0.2;   ///< IoU from which a detection may mean an annotation
  static constexpr double match = 0.5;  ///< IoU from which it does

  std::int64_t id = 0;
  Box extent{};  ///< without an area where the data set does not say
  std::vector<ReviewedAnnotation> annotations{};
  std::vector<ReviewedDetection> detections{};
  std::vector<Box> crowds{};

  /// How much the detections of all classes speak for an object in this box, 0 to 1.
  double support(const Box& box) const {
    double most = 0;
    for (const ReviewedDetection& detection : detections)
      most = std::max(most, detection.result->score * std::min(1.0, iou(detection.box, box) / match));
    return most;
  }
  /// The highest score of each class in this box.
  std::map<std::int64_t, double> scores(const Box& box) const {
    std::map<std::int64_t, double> highest;
    for (const ReviewedDetection& detection : detections)
      if (iou(detection.box, box) >= match) {
        double& score = highest[detection.result->category_id];
        score = std::max(score, detection.result->score);
      }
    return highest;
  }
  /// The share of the category in its score and that of the best other one, 0 to 1.
  double agreement(const Box& box, std::int64_t category) const {
    double own = 0.1, other = 0.1;  // below that a score says little
    for (const auto& [name, score] : scores(box))
      (name == category ? own : other) = std::max(name == category ? own : other, score);
    return own / (own + other);
  }
  /// The share of the category in its highest score around the box and that of the best other one, 0 to 1: many images
  /// hold objects of few classes.
  double company(const Box& box, std::int64_t category) const {
    double own = 0.05, other = 0.05;  // below that a score says little
    for (const ReviewedDetection& detection : detections) {
      double& highest = detection.result->category_id == category ? own : other;
      if (iou(detection.box, box) < 0.3) highest = std::max(highest, detection.result->score);
    }
    return own / (own + other);
  }
  /// The likeliest detection of the class that may mean the box; null if there is none.
  const ReviewedDetection* best(const Box& box, std::int64_t category) const {
    const ReviewedDetection* best = nullptr;
    for (const ReviewedDetection& detection : detections)
      if (detection.result->category_id == category && iou(detection.box, box) >= near &&
          (!best || detection.result->score > best->result->score))
        best = &detection;
    return best;
  }

  /// The detections that no annotation explains, the best one of each place. One is explained by an annotation that it
  /// overlaps well, or by one of its class that has no better detection.
  std::vector<const ReviewedDetection*> unmet() const {
    std::vector<const ReviewedDetection*> order, result;
    for (const ReviewedDetection& detection : detections) {
      const auto explains = [&](const ReviewedAnnotation& annotation) {
        return iou(detection.box, annotation.box) >= match ||
               (same_class(detection, annotation) && best(annotation.box, detection.result->category_id) == &detection);
      };
      const auto holds = [&](const Box& crowd) {
        return intersection(crowd, detection.box).area() > 0.5 * detection.box.area();
      };
      if (std::none_of(annotations.begin(), annotations.end(), explains) &&
          std::none_of(crowds.begin(), crowds.end(), holds))
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
};

/// The images of a data set with what is found in them. @throws Error for a detection of an image or category that the
/// data set does not have.
inline std::vector<ReviewedImage> reviewed_images(const CocoDataset& dataset, const std::vector<CocoResult>& results) {
  std::vector<ReviewedImage> images;
  std::unordered_map<std::int64_t, std::size_t> positions;
  for (const CocoImage& image : dataset.images) {
    positions.emplace(image.id, images.size());
    images.push_back({image.id, {0, 0, static_cast<double>(image.width), static_cast<double>(image.height)}});
  }
  for (const CocoAnnotation& annotation : dataset.annotations) {
    ReviewedImage& image = images[positions.at(annotation.image_id)];
    if (annotation.crowd)
      image.crowds.push_back(to_corners(annotation.box));
    else
      image.annotations.push_back({&annotation, to_corners(annotation.box)});
  }
  std::unordered_set<std::int64_t> categories;
  for (const CocoCategory& category : dataset.categories) categories.insert(category.id);
  for (const CocoResult& result : results) {
    const auto image = positions.find(result.image_id);
    require(image != positions.end(), "review: a detection is of image ", result.image_id,
            ", which the data set does not have");
    require(categories.contains(result.category_id), "review: a detection is of category ", result.category_id,
            ", which the data set does not have");
    images[image->second].detections.push_back({&result, to_corners(result.box)});
  }
  return images;
}

/// Where the edges of annotations lie beside those of what is found of them.
inline EdgeErrors measured_edges(const std::vector<ReviewedImage>& images) {
  EdgeErrors edges;
  for (const ReviewedImage& image : images)
    for (const ReviewedAnnotation& annotation : image.annotations) {
      const std::int64_t category = annotation.annotation->category_id;
      if (const ReviewedDetection* found = image.best(annotation.box, category))
        edges.add(category, annotation.box, found->box);
    }
  edges.fit();
  return edges;
}

/// Puts the detections where annotations of the same objects would probably be, and leaves out those of which the image
/// shows nothing.
inline void correct_detections(std::vector<ReviewedImage>& images) {
  const EdgeErrors edges = measured_edges(images);
  for (ReviewedImage& image : images) {
    for (ReviewedDetection& detection : image.detections) {
      const Box box = edges.corrected(detection.result->category_id, detection.box);
      detection.box = image.extent.area() > 0 ? intersection(box, image.extent) : box;
    }
    std::erase_if(image.detections, [](const ReviewedDetection& detection) {
      return !(detection.box.width() > 0 && detection.box.height() > 0);
    });
  }
}

}  // namespace amdefect::detail
