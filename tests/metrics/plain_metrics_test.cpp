#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "amdefect/metrics/coco_iou.hpp"
#include "amdefect/metrics/confusion.hpp"
#include "amdefect/metrics/f1_score.hpp"
#include "amdefect/metrics/pooled_ap.hpp"
#include "boxes/random_scene.hpp"

using namespace amdefect;

namespace {

constexpr double any_score = std::numeric_limits<double>::lowest();

/// The rules of the plain protocols without any trick: for each detection (in file order) the ground truth it took.
/// `together(image, category, other image, other category)` says which ones can match.
template <class Together>
std::vector<const CocoAnnotation*> plain_reference(const RandomScene& scene, double score_threshold,
                                                   Together together) {
  std::vector<std::size_t> order(scene.results.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return scene.results[a].score > scene.results[b].score; });
  std::vector<const CocoAnnotation*> taken(scene.results.size(), nullptr);
  for (const std::size_t i : order) {
    const CocoResult& detection = scene.results[i];
    if (detection.score < score_threshold) continue;
    double best = 0;
    for (const CocoAnnotation& truth : scene.dataset.annotations) {
      if (truth.crowd || std::find(taken.begin(), taken.end(), &truth) != taken.end() || !together(detection, truth))
        continue;
      const double iou = coco_iou(detection.box, truth.box);
      if (iou >= 0.5 && iou > best) {
        best = iou;
        taken[i] = &truth;
      }
    }
  }
  return taken;
}

bool same_image(const CocoResult& a, const CocoAnnotation& b) { return a.image_id == b.image_id; }
bool same_class(const CocoResult& a, const CocoAnnotation& b) { return a.category_id == b.category_id; }

DetectionCounts count(const RandomScene& scene, const std::vector<const CocoAnnotation*>& taken, double threshold,
                      std::int64_t category) {
  DetectionCounts counts;
  for (const CocoAnnotation& truth : scene.dataset.annotations)
    counts.fn += !truth.crowd && (category < 0 || truth.category_id == category);
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (scene.results[i].score < threshold || (category >= 0 && scene.results[i].category_id != category)) continue;
    ++(taken[i] ? counts.tp : counts.fp);
  }
  counts.fn -= counts.tp;
  return counts;
}

/// A scene whose categories are 0, 1, 2.
RandomScene numbered_scene(std::uint64_t seed) {
  RandomScene scene = random_scene(seed);
  for (auto& category : scene.dataset.categories) category.id = (9 - category.id) / 4;
  for (auto& truth : scene.dataset.annotations) truth.category_id = (9 - truth.category_id) / 4;
  for (auto& result : scene.results) result.category_id = (9 - result.category_id) / 4;
  return scene;
}

}  // namespace

TEST_CASE("per_image_f1 equals a plain count, for every class and threshold") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const RandomScene scene = numbered_scene(seed);
    const auto taken =
        plain_reference(scene, any_score, [](auto& a, auto& b) { return same_image(a, b) && same_class(a, b); });
    for (const double threshold : {-1.0, 0.0, 0.3, 0.5, 0.875, 2.0}) {
      const F1Score score = per_image_f1(scene.dataset, scene.results, {.score_threshold = threshold});
      CHECK(score.counts == count(scene, taken, threshold, -1));
      for (const F1Score::Class& entry : score.per_class)
        CHECK(entry.counts == count(scene, taken, threshold, entry.category_id));
    }
  }
}

TEST_CASE("the best F1 is the best of all thresholds, and the highest of equally good ones") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const RandomScene scene = numbered_scene(seed);
    const ScoreCurves curves = score_curves(scene.dataset, scene.results);
    CHECK(curves.all.category_id == -1);
    const ScorePoint best = curves.all.best_f1();
    CHECK(curves.all.at(best.threshold) == best.counts);
    const std::optional<double> threshold = curves.all.best_threshold();
    CHECK(threshold.has_value() == (best.counts.tp > 0));
    if (threshold) {
      CHECK((*threshold < best.threshold || best.threshold == 0));
      CHECK(curves.all.at(*threshold) == best.counts);
    }
    for (int eighths = 0; eighths <= 8; ++eighths) {
      const double f1 = curves.all.at(eighths / 8.0).f1();
      CHECK(f1 <= best.counts.f1());
      if (eighths / 8.0 > best.threshold) CHECK((f1 < best.counts.f1() || f1 == 0));
    }
    for (std::size_t i = 1; i < curves.all.points.size(); ++i)
      CHECK(curves.all.points[i].threshold < curves.all.points[i - 1].threshold);
  }
}

TEST_CASE("confusion_matrix equals a plain count without regard to classes") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const RandomScene scene = numbered_scene(seed);
    const auto taken = plain_reference(scene, 0.5, [](auto& a, auto& b) { return same_image(a, b); });
    const ConfusionMatrix matrix = confusion_matrix(scene.dataset, scene.results);
    const std::size_t classes = scene.dataset.categories.size();
    std::vector<std::vector<Index>> expected(classes + 1, std::vector<Index>(classes + 1, 0));
    for (const CocoAnnotation& truth : scene.dataset.annotations)
      if (!truth.crowd && std::find(taken.begin(), taken.end(), &truth) == taken.end())
        ++expected[static_cast<std::size_t>(truth.category_id)][classes];
    for (std::size_t i = 0; i < taken.size(); ++i)
      if (scene.results[i].score >= 0.5)
        ++expected[taken[i] ? static_cast<std::size_t>(taken[i]->category_id) : classes]
                  [static_cast<std::size_t>(scene.results[i].category_id)];
    CHECK(matrix.counts == expected);
  }
}

TEST_CASE("pooled_ap matches over all images as the plain rules do") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const RandomScene scene = numbered_scene(seed);
    const auto taken = plain_reference(scene, any_score, same_class);
    const PooledAp pooled = pooled_ap(scene.dataset, scene.results);
    for (const PooledAp::Class& entry : pooled.per_class) {
      const DetectionCounts counts = count(scene, taken, any_score, entry.category_id);
      CHECK(entry.tp == counts.tp);
      CHECK(entry.n_gt == counts.tp + counts.fn);
      CHECK(entry.n_dt == counts.tp + counts.fp);
      CHECK((entry.ap == -1) == (entry.n_gt + entry.n_dt == 0));
      CHECK(entry.ap <= counts.recall());
    }
  }
}

TEST_CASE("of equal IoU the plain protocols take the first ground truth in the file") {
  CocoDataset dataset;
  dataset.images = {{1, "", 0, 0}};
  dataset.categories = {{1, "", ""}};
  const CocoAnnotation left{1, 1, 1, {0, 0, 10, 10}, 100, false, false};
  const CocoAnnotation right{2, 1, 1, {4, 0, 10, 10}, 100, false, false};
  // The first detection overlaps both equally, the second needs the right one.
  const std::vector<CocoResult> results = {{1, 1, {2, 0, 10, 10}, 0.9}, {1, 1, {6, 0, 10, 10}, 0.8}};
  dataset.annotations = {left, right};
  CHECK(per_image_f1(dataset, results).counts == DetectionCounts{2, 0, 0});
  dataset.annotations = {right, left};
  CHECK(per_image_f1(dataset, results).counts == DetectionCounts{1, 1, 1});
}

TEST_CASE("all-point average precision of a known ranking") {
  // Precision at the hits 1, 1/2, 3/5; its envelope from the right 1, 3/5, 3/5; one of four ground truths is missed.
  CHECK(detail::average_precision_all_points({true, false, false, true, true, false}, 4) ==
        doctest::Approx((1 + 0.6 + 0.6) / 4).epsilon(1e-15));
  CHECK(detail::average_precision_all_points({}, 4) == 0);
  CHECK(detail::average_precision_all_points({false}, 0) == 0);
}

TEST_CASE("pooling rewards a box in the wrong image, which COCO does not") {
  CocoDataset dataset;
  dataset.images = {{1, "", 0, 0}, {2, "", 0, 0}};
  dataset.categories = {{1, "", ""}};
  dataset.annotations = {{1, 1, 1, {0, 0, 10, 10}, 100, false, false}};
  const std::vector<CocoResult> results = {{2, 1, {0, 0, 10, 10}, 0.9}};
  CHECK(pooled_ap(dataset, results).mean == 1);
  CHECK(per_image_f1(dataset, results).counts == DetectionCounts{0, 1, 1});
  CHECK(confusion_matrix(dataset, results).counts == std::vector<std::vector<Index>>{{0, 1}, {1, 0}});
}

TEST_CASE("without detections or ground truths the plain metrics are 0 or undefined") {
  CocoDataset dataset;
  CHECK(pooled_ap(dataset, {}).mean == -1);
  CHECK(per_image_f1(dataset, {}).counts.f1() == 0);
  CHECK(score_curves(dataset, {}).all.best_f1().threshold == 1);
  CHECK_FALSE(score_curves(dataset, {}).all.best_threshold());
  CHECK(confusion_matrix(dataset, {}).counts == std::vector<std::vector<Index>>{{0}});
  CHECK_THROWS_WITH_AS(pooled_ap(dataset, {}, {.iou_threshold = 0}),
                       "evaluation: the IoU threshold must be in (0, 1], got 0", Error);
}
