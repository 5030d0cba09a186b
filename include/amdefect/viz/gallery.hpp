#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "amdefect/boxes/nms.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/data/sample.hpp"
#include "amdefect/image/draw.hpp"
#include "amdefect/image/image.hpp"
#include "amdefect/image/image_io.hpp"
#include "amdefect/image/resize.hpp"
#include "amdefect/metrics/coco_dataset.hpp"
#include "amdefect/metrics/coco_validate.hpp"
#include "amdefect/metrics/plain_matching.hpp"

namespace amdefect {

/// What became of a detection; `unknown` where there is no ground truth.
enum class Verdict { unknown, correct, wrong_class, false_positive };

/// A predicted object of a gallery image.
struct GalleryDetection {
  Detection detection;
  Verdict verdict = Verdict::unknown;
};

/// A ground-truth object of a gallery image.
struct GalleryTruth {
  LabelledBox object;
  /// The score of the detection that matches it: at a higher threshold the object is missed. -infinity: at any.
  double found_score = -std::numeric_limits<double>::infinity();

  friend bool operator==(const GalleryTruth&, const GalleryTruth&) = default;
};

/// A picture as it goes into a page: a JPEG file, and the size of the original, whose pixels the boxes refer to.
struct GalleryPicture {
  Bytes jpeg;
  Index width = 0, height = 0;
};

/// An image with its boxes. Images of the same `group` stand together under it as a heading.
struct GalleryItem {
  std::string group{}, name{};
  GalleryPicture picture{};
  std::vector<GalleryTruth> truths{};
  std::vector<GalleryDetection> detections{};
};

/// Shrinks an image of any number of channels so that its longer side is at most `longest` pixels.
/// @throws ShapeError for an image without pixels
inline GalleryPicture make_gallery_picture(const Image& image, Index longest = 640, int quality = 82) {
  require<ShapeError>(!image.empty() && longest > 0, "gallery: an image of shape ", image.shape(), " cannot be shown");
  const double scale =
      std::min(1.0, static_cast<double>(longest) / static_cast<double>(std::max(image.height(), image.width())));
  const auto shrunk = [&](Index size) {
    return std::max<Index>(1, static_cast<Index>(std::llround(scale * static_cast<double>(size))));
  };
  const bool grey_or_rgb = image.channels() == 1 || image.channels() == 3;
  const Image converted = grey_or_rgb ? Image() : to_rgb(image);
  const Image& source = grey_or_rgb ? image : converted;
  if (scale == 1) return {encode_jpeg(source, quality), image.width(), image.height()};
  return {encode_jpeg(resize(source, shrunk(image.height()), shrunk(image.width())), quality), image.width(),
          image.height()};
}

/// The names of the categories in ascending order of their ids: of the labels of gallery boxes.
inline std::vector<std::string> class_names(const CocoDataset& dataset) {
  std::vector<std::pair<std::int64_t, std::string>> sorted;
  for (const CocoCategory& category : dataset.categories) sorted.emplace_back(category.id, category.name);
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::string> names;
  names.reserve(sorted.size());
  for (const auto& category : sorted) names.push_back(category.second);
  return names;
}

/// Which images `select_gallery` takes.
struct GalleryOptions {
  Index best = 6, worst = 6, confused = 6;
  MatchOptions match{};
  /// Detections of the highest score that an image shows.
  Index max_detections = 300;
};

namespace detail {

/// An image with its outcomes at the score threshold and its boxes at all scores.
struct JudgedImage {
  const CocoImage* image = nullptr;  ///< null once it is taken
  std::int64_t id = 0;
  DetectionCounts counts;
  Index wrong_class = 0;
  GalleryItem item;

  Index errors() const { return counts.fp + counts.fn; }
};

inline std::vector<JudgedImage> judge_images(const CocoDataset& dataset, std::span<const CocoResult> results,
                                             const GalleryOptions& options) {
  MatchOptions all_scores = options.match;
  all_scores.score_threshold = std::numeric_limits<double>::lowest();
  const PlainMatches matches = match_plainly(dataset, results, all_scores,
                                             [](const EvalItem& item) { return std::pair(item.image, item.category); });
  const PlainMatches any_class =
      match_plainly(dataset, results, all_scores, [](const EvalItem& item) { return std::pair(item.image, Index{0}); });
  std::vector<bool> meets_other_class(results.size());
  for (std::size_t i = 0; i < any_class.detections.size(); ++i)
    meets_other_class[static_cast<std::size_t>(any_class.detections[i].source)] =
        any_class.taken[i] != nullptr && any_class.taken[i]->category != any_class.detections[i].category;

  std::vector<JudgedImage> images(dataset.images.size());
  for (std::size_t i = 0; i < images.size(); ++i) {
    images[i].image = &dataset.images[i];
    images[i].id = dataset.images[i].id;
  }
  std::sort(images.begin(), images.end(), [](const JudgedImage& a, const JudgedImage& b) { return a.id < b.id; });
  std::vector<std::size_t> position(dataset.annotations.size());
  for (const EvalItem& truth : matches.truths) {
    const auto source = static_cast<std::size_t>(truth.source);
    JudgedImage& judged = images[static_cast<std::size_t>(truth.image)];
    position[source] = judged.item.truths.size();
    judged.item.truths.push_back({{to_corners(dataset.annotations[source].box), truth.category}});
    ++judged.counts.fn;
  }
  for (std::size_t i = 0; i < matches.detections.size(); ++i) {
    const EvalItem& item = matches.detections[i];
    const auto source = static_cast<std::size_t>(item.source);
    const CocoResult& result = results[source];
    JudgedImage& judged = images[static_cast<std::size_t>(item.image)];
    Verdict verdict = meets_other_class[source] ? Verdict::wrong_class : Verdict::false_positive;
    if (const EvalItem* truth = matches.taken[i]) {
      verdict = Verdict::correct;
      judged.item.truths[position[static_cast<std::size_t>(truth->source)]].found_score = result.score;
    }
    judged.item.detections.push_back({{to_corners(result.box), result.score, item.category}, verdict});
    if (result.score < options.match.score_threshold) continue;
    const bool hit = verdict == Verdict::correct;
    judged.counts.tp += hit;
    judged.counts.fn -= hit;
    judged.counts.fp += !hit;
    judged.wrong_class += verdict == Verdict::wrong_class;
  }
  return images;
}

inline void keep_best_detections(std::vector<GalleryDetection>& detections, Index limit) {
  std::stable_sort(detections.begin(), detections.end(), [](const GalleryDetection& a, const GalleryDetection& b) {
    return a.detection.score > b.detection.score;
  });
  if (static_cast<Index>(detections.size()) > limit) detections.resize(static_cast<std::size_t>(limit));
}

}  // namespace detail

/// The images with the highest F1 (at the thresholds of `options.match`), those with the lowest, and of the others
/// those with the most detections of a wrong class, then the most errors. No image comes twice; equal ones go by their
/// ids. Crowds are left out, as in `per_image_f1`. `load(const CocoImage&)` gives an Image in the pixels of the boxes.
/// @throws Error as `evaluate_coco`, and what `load` throws.
template <class Load>
std::vector<GalleryItem> select_gallery(const CocoDataset& dataset, std::span<const CocoResult> results, Load&& load,
                                        const GalleryOptions& options = {}) {
  std::vector<detail::JudgedImage> images = detail::judge_images(dataset, results, options);
  using Judged = detail::JudgedImage;
  std::vector<GalleryItem> gallery;
  const auto take = [&](const char* group, Index count, auto&& rank, auto&& eligible) {
    std::sort(images.begin(), images.end(),
              [&](const Judged& a, const Judged& b) { return std::tuple(rank(a), a.id) < std::tuple(rank(b), b.id); });
    for (Judged& judged : images) {
      if (count <= 0) break;
      if (judged.image == nullptr || !eligible(judged)) continue;
      judged.item.group = group;
      judged.item.name = judged.image->file_name.empty() ? concat("image ", judged.image->id) : judged.image->file_name;
      judged.item.picture = make_gallery_picture(load(*judged.image));
      detail::keep_best_detections(judged.item.detections, options.max_detections);
      gallery.push_back(std::move(judged.item));
      judged.image = nullptr;
      --count;
    }
  };
  const auto has_errors = [](const Judged& judged) { return judged.errors() > 0; };
  take(
      "Best", options.best, [](const Judged& j) { return std::tuple(-j.counts.f1(), -j.counts.tp); },
      [](const Judged& judged) { return judged.counts.tp > 0; });
  take(
      "Worst", options.worst, [](const Judged& j) { return std::tuple(j.counts.f1(), -j.errors()); }, has_errors);
  take(
      "Most confused", options.confused, [](const Judged& j) { return std::tuple(-j.wrong_class, -j.errors()); },
      has_errors);
  return gallery;
}

}  // namespace amdefect
