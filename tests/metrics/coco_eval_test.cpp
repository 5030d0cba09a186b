#include "amdefect/metrics/coco_eval.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "amdefect/metrics/coco_text.hpp"
#include "amdefect/metrics/confusion.hpp"
#include "amdefect/metrics/f1_score.hpp"
#include "amdefect/metrics/pooled_ap.hpp"
#include "boxes/random_scene.hpp"
#include "metrics/coco_reference.hpp"

using namespace amdefect;

namespace {

/// Detections that equal the ground truths.
std::vector<CocoResult> perfect_results(const CocoDataset& dataset) {
  std::vector<CocoResult> results;
  for (const CocoAnnotation& truth : dataset.annotations)
    results.push_back({truth.image_id, truth.category_id, truth.box, 0.9});
  return results;
}

/// Ground truths of a scene that can be found: with extent, no crowds, no id 0, no two in one place, area that of the
/// box.
CocoDataset findable(CocoDataset dataset) {
  double column = 0;
  for (CocoAnnotation& truth : dataset.annotations) {
    truth.box.x += 200 * column++;
    truth.box.width += 1;
    truth.area = truth.box.width * truth.box.height;
    truth.crowd = false;
    truth.id += 1;
  }
  return dataset;
}

void check_same(const CocoEvaluation& a, const CocoEvaluation& b) {
  CHECK(a.stats == b.stats);
  CHECK(a.precision.values() == b.precision.values());
  CHECK(a.recall.values() == b.recall.values());
  CHECK(a.counts_iou50 == b.counts_iou50);
}

}  // namespace

TEST_CASE("coco_eval equals the plain reference in every entry") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const RandomScene scene = random_scene(seed);
    CocoEvalOptions options;
    options.use_categories = seed % 3 != 0;
    options.fix_known_bugs = seed % 5 == 0;
    if (seed % 2) options.max_dets = {1, 2, 4, 7};
    const CocoEvaluation evaluation = evaluate_coco(scene.dataset, scene.results, options);
    const CocoReference reference(scene.dataset, scene.results, options);
    const auto& dims = evaluation.precision.dims();
    Index different = 0;
    for (Index t = 0; t < dims[0]; ++t)
      for (Index k = 0; k < dims[2]; ++k)
        for (Index a = 0; a < dims[3]; ++a)
          for (Index m = 0; m < dims[4]; ++m) {
            const auto [precision, recall] = reference.curve(
                options.iou_thresholds[static_cast<std::size_t>(t)], static_cast<std::size_t>(k),
                options.area_ranges[static_cast<std::size_t>(a)], options.max_dets[static_cast<std::size_t>(m)]);
            different += evaluation.recall(t, 0, k, a, m) != (precision.empty() ? -1 : recall);
            for (Index r = 0; r < coco_recall_count; ++r)
              different += evaluation.precision(t, r, k, a, m) !=
                           (precision.empty() ? -1 : precision[static_cast<std::size_t>(r)]);
          }
    CHECK_MESSAGE(different == 0, "seed ", seed);
  }
}

TEST_CASE("coco_eval: the result does not depend on the number of threads") {
  RandomScene all;  // many scenes side by side, enough detections for several threads
  for (std::int64_t k = 0; k < 3; ++k) all.dataset.categories.push_back({9 - 4 * k, "", ""});
  for (std::int64_t seed = 0; seed < 200; ++seed) {
    const RandomScene scene = random_scene(static_cast<std::uint64_t>(seed));
    for (CocoImage image : scene.dataset.images) {
      image.id += 100 * seed;
      all.dataset.images.push_back(image);
    }
    for (CocoAnnotation truth : scene.dataset.annotations) {
      truth.id += 100 * seed;
      truth.image_id += 100 * seed;
      all.dataset.annotations.push_back(truth);
    }
    for (CocoResult result : scene.results) {
      result.image_id += 100 * seed;
      all.results.push_back(result);
    }
  }
  REQUIRE(all.results.size() > 4000);
  for (const bool use_categories : {true, false}) {
    CocoEvalOptions options;
    options.use_categories = use_categories;
    options.threads = 1;
    const CocoEvaluation serial = evaluate_coco(all.dataset, all.results, options);
    options.threads = 4;
    check_same(serial, evaluate_coco(all.dataset, all.results, options));
  }
  const MatchOptions one{.threads = 1}, four{.threads = 4};
  CHECK(confusion_matrix(all.dataset, all.results, one).counts ==
        confusion_matrix(all.dataset, all.results, four).counts);
  CHECK(per_image_f1(all.dataset, all.results, one).counts == per_image_f1(all.dataset, all.results, four).counts);
  CHECK(pooled_ap(all.dataset, all.results, one).mean == pooled_ap(all.dataset, all.results, four).mean);
}

TEST_CASE("coco_eval: the perfect detector scores 1, the empty one 0, and nothing is undefined but what is absent") {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const CocoDataset dataset = findable(random_scene(seed).dataset);
    if (dataset.annotations.empty()) continue;
    const CocoEvaluation perfect = evaluate_coco(dataset, perfect_results(dataset));
    const CocoEvaluation empty = evaluate_coco(dataset, {});
    // pycocotools adds 2^-52 to the denominator, so that a single hit has a precision just below 1.
    CHECK(perfect.stats[stat_ap] == doctest::Approx(1).epsilon(1e-15));
    CHECK(perfect.stats[stat_ap75] == doctest::Approx(1).epsilon(1e-15));
    CHECK(perfect.stats[stat_ar_max2] == 1);
    CHECK(perfect.counts_iou50.fp == 0);
    CHECK(perfect.counts_iou50.gt_matched == static_cast<Index>(dataset.annotations.size()));
    CHECK(empty.stats[stat_ap] == 0);
    CHECK(empty.stats[stat_ar_max2] == 0);
    CHECK(empty.counts_iou50.n_gt == static_cast<Index>(dataset.annotations.size()));
    CHECK((empty.stats[stat_ap_large] == 0 || empty.stats[stat_ap_large] == -1));
  }
  CHECK(evaluate_coco({}, {}).stats[stat_ap] == -1);
}

TEST_CASE("coco_eval: the order of images, categories and of detections of different images does not matter") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    RandomScene scene = random_scene(seed);
    const CocoEvaluation before = evaluate_coco(scene.dataset, scene.results);
    Random random(seed);
    random.shuffle(scene.dataset.images);
    random.shuffle(scene.dataset.categories);
    const auto by_image = [](const auto& a, const auto& b) { return a.image_id > b.image_id; };
    std::stable_sort(scene.results.begin(), scene.results.end(), by_image);
    std::stable_sort(scene.dataset.annotations.begin(), scene.dataset.annotations.end(), by_image);
    check_same(before, evaluate_coco(scene.dataset, scene.results));
  }
}

TEST_CASE(
    "coco_eval: of equal scores in an image the first in the file goes first, of equal IoU the last ground truth") {
  CocoDataset dataset;
  dataset.images = {{1, "", 0, 0}};
  dataset.categories = {{1, "", ""}};
  dataset.annotations = {{1, 1, 1, {0, 0, 10, 10}, 100, false, false}};
  std::vector<CocoResult> results = {{1, 1, {0, 0, 10, 10}, 0.5}, {1, 1, {50, 0, 10, 10}, 0.5}};
  CHECK(evaluate_coco(dataset, results).stats[stat_ap] == doctest::Approx(1));
  std::swap(results[0], results[1]);
  CHECK(evaluate_coco(dataset, results).stats[stat_ap] == doctest::Approx(0.5));
  // Both ground truths overlap the first detection equally; the last one is taken, which the second would have needed.
  dataset.annotations = {{1, 1, 1, {0, 0, 10, 10}, 100, false, false}, {2, 1, 1, {4, 0, 10, 10}, 100, false, false}};
  results = {{1, 1, {2, 0, 10, 10}, 0.9}, {1, 1, {6, 0, 10, 10}, 0.8}};
  CHECK(evaluate_coco(dataset, results).counts_iou50.tp == 1);
  std::swap(dataset.annotations[0], dataset.annotations[1]);
  CHECK(evaluate_coco(dataset, results).counts_iou50.tp == 2);
}

TEST_CASE("coco_eval: scaling boxes, areas and area ranges changes nothing") {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    RandomScene scene = random_scene(seed);
    const CocoEvaluation before = evaluate_coco(scene.dataset, scene.results);
    const double factor = 8;  // a power of two, so that no rounding changes
    const auto scale = [&](CocoBox& box) {
      box = {box.x * factor, box.y * factor, box.width * factor, box.height * factor};
    };
    for (CocoAnnotation& truth : scene.dataset.annotations) {
      scale(truth.box);
      truth.area *= factor * factor;
    }
    for (CocoResult& result : scene.results) scale(result.box);
    CocoEvalOptions options;
    for (AreaRange& range : options.area_ranges)
      range = {range.name, range.low * factor * factor, range.high * factor * factor};
    check_same(before, evaluate_coco(scene.dataset, scene.results, options));
  }
}

TEST_CASE("coco_eval: a further false positive never raises an AP") {
  Index lowered = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    RandomScene scene = random_scene(seed);
    const CocoEvaluation before = evaluate_coco(scene.dataset, scene.results);
    Random random(seed, 1);
    const CocoImage& image =
        scene.dataset.images[static_cast<std::size_t>(random.integer(static_cast<Index>(scene.dataset.images.size())))];
    scene.results.push_back({image.id, scene.dataset.categories[0].id, {5000, 5000, 20, 20}, random.uniform()});
    const CocoEvaluation after = evaluate_coco(scene.dataset, scene.results);
    // All areas only: where its area is out of range it is ignored, but can push a false positive out of max_dets.
    const auto& dims = before.precision.dims();
    Index raised = 0;
    for (Index t = 0; t < dims[0]; ++t)
      for (Index r = 0; r < dims[1]; ++r)
        for (Index k = 0; k < dims[2]; ++k)
          for (Index m = 0; m < dims[4]; ++m) {
            raised += after.precision(t, r, k, 0, m) > before.precision(t, r, k, 0, m);
            lowered += after.precision(t, r, k, 0, m) < before.precision(t, r, k, 0, m);
          }
    CHECK(raised == 0);
  }
  CHECK(lowered > 0);
}

TEST_CASE("coco_eval: a category without ground truths changes no mean") {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    RandomScene scene = random_scene(seed);
    const CocoEvaluation before = evaluate_coco(scene.dataset, scene.results);
    scene.dataset.categories.push_back({5000, "new", ""});
    scene.results.push_back({scene.dataset.images[0].id, 5000, {0, 0, 20, 20}, 0.9});
    const CocoEvaluation after = evaluate_coco(scene.dataset, scene.results);
    CHECK(before.stats == after.stats);
    CHECK(after.per_category.back().ap == -1);
    CHECK(after.per_category.back().counts_iou50.fp == 1);
  }
}

TEST_CASE("coco_eval: fix_known_bugs matches id 0 and gives AP whatever max_dets is") {
  CocoDataset dataset;
  dataset.images = {{0, "", 0, 0}};
  dataset.categories = {{0, "", ""}};
  dataset.annotations = {{0, 0, 0, {0, 0, 10, 10}, 100, false, false}};
  const std::vector<CocoResult> results = {{0, 0, {0, 0, 10, 10}, 0.5}};
  CocoEvalOptions options;
  options.max_dets = {10, 300, 1};
  const CocoEvaluation original = evaluate_coco(dataset, results, options);
  CHECK(original.options.max_dets == std::vector<Index>{1, 10, 300});
  CHECK(original.stats[stat_ap] == -1);
  CHECK(original.stats[stat_ap50] == 0);
  CHECK(original.map_last_max_dets == 0);
  CHECK(original.counts_iou50 == CocoCounts{1, 0, 1, 1, 0, 1, 0, 0, 1});
  options.fix_known_bugs = true;
  const CocoEvaluation fixed = evaluate_coco(dataset, results, options);
  CHECK(fixed.stats[stat_ap] == doctest::Approx(1));
  CHECK(fixed.counts_iou50 == CocoCounts{1, 0, 1, 1, 1, 0, 0, 1, 0});
}

TEST_CASE("coco_eval: without IoU 0.5 or 0.75 their figures are undefined") {
  const CocoDataset dataset = findable(random_scene(3).dataset);
  CocoEvalOptions options;
  options.iou_thresholds = {0.6};
  const CocoEvaluation evaluation = evaluate_coco(dataset, perfect_results(dataset), options);
  CHECK(evaluation.stats[stat_ap] == doctest::Approx(1));
  CHECK(evaluation.stats[stat_ap50] == -1);
  CHECK(evaluation.per_category[0].precision_iou50.empty());
}

TEST_CASE("coco_eval: what is left out is counted") {
  RandomScene scene = random_scene(2);
  const CocoEvaluation before = evaluate_coco(scene.dataset, scene.results);
  const std::int64_t image = scene.dataset.images[0].id, category = scene.dataset.categories[0].id;
  scene.dataset.annotations.push_back({900, image, 777, {}, 0, false, false});
  scene.dataset.annotations.push_back({901, 777, category, {}, 0, false, false});
  scene.results.push_back({image, 777, {}, 0.5});
  const CocoEvaluation after = evaluate_coco(scene.dataset, scene.results);
  check_same(before, after);
  CHECK(after.dropped_annotations == 2);
  CHECK(after.dropped_results == 1);
}

TEST_CASE("coco_eval: unusable input gives one error that names the entry") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CocoDataset dataset;
  dataset.images = {{1, "", 0, 0}};
  dataset.categories = {{1, "", ""}};
  const auto error = [](const CocoDataset& data, const std::vector<CocoResult>& results,
                        const CocoEvalOptions& options) {
    try {
      evaluate_coco(data, results, options);
    } catch (const Error& failure) {
      return std::string(failure.what());
    }
    return std::string("no error");
  };
  CHECK(error(dataset, {{1, 1, {}, 0.5}, {2, 1, {}, 0.5}}, {}) ==
        "evaluation: results[1]: there is no image with id 2");
  CHECK(error(dataset, {{1, 1, {}, nan}}, {}) == "evaluation: results[0] has the score nan");
  CHECK(error(dataset, {{1, 1, {0, nan, 1, 1}, 0.5}}, {}) ==
        "evaluation: results[0] has a box that is not finite: [0, nan, 1, 1]");
  CHECK(error(dataset, {{1, 1, {0, 0, 1, -1}, 0.5}}, {}) ==
        "evaluation: results[0] has a box of negative width or height: [0, 0, 1, -1]");
  CocoDataset twins = dataset;
  twins.annotations = {{4, 1, 1, {}, 0, false, false}, {5, 1, 1, {}, 0, false, false}, {4, 1, 1, {}, 0, false, false}};
  CHECK(error(twins, {}, {}) == "evaluation: annotations[2] has the id 4 of annotations[0]");
  twins.annotations[2] = {6, 1, 1, {}, std::numeric_limits<double>::infinity(), false, false};
  CHECK(error(twins, {}, {}) == "evaluation: annotations[2] has the area inf");
  CocoEvalOptions options;
  options.max_dets = {1, 10};
  CHECK(error(dataset, {}, options).find("max_dets needs at least 3 values") != std::string::npos);
  options.max_dets = {1, 10, 0};
  CHECK(error(dataset, {}, options).find("max_dets must be positive, got 0") != std::string::npos);
  options = {};
  options.iou_thresholds = {0.5, 1.5};
  CHECK(error(dataset, {}, options).find("must be in (0, 1], got 1.5") != std::string::npos);
  options.iou_thresholds = {};
  CHECK(error(dataset, {}, options) == "evaluation: there are no IoU thresholds");
  options = {};
  options.area_ranges = {};
  CHECK(error(dataset, {}, options) == "evaluation: there are no area ranges");
}

TEST_CASE("coco_summary_text prints pycocotools' lines to the letter") {
  const CocoDataset dataset = findable(random_scene(3).dataset);
  CocoEvalOptions options;
  options.max_dets = {1, 10, 300};
  CocoEvaluation evaluation = evaluate_coco(dataset, {}, options);
  evaluation.stats = {-1, 0.0625, 0.123456, 0, 1, 1, 0.25, 0.5, 0.75, 1, 0, -1};
  CHECK(coco_summary_text(evaluation) ==
        " Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = -1.000\n"
        " Average Precision  (AP) @[ IoU=0.50      | area=   all | maxDets=300 ] = 0.062\n"
        " Average Precision  (AP) @[ IoU=0.75      | area=   all | maxDets=300 ] = 0.123\n"
        " Average Precision  (AP) @[ IoU=0.50:0.95 | area= small | maxDets=300 ] = 0.000\n"
        " Average Precision  (AP) @[ IoU=0.50:0.95 | area=medium | maxDets=300 ] = 1.000\n"
        " Average Precision  (AP) @[ IoU=0.50:0.95 | area= large | maxDets=300 ] = 1.000\n"
        " Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=  1 ] = 0.250\n"
        " Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets= 10 ] = 0.500\n"
        " Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=300 ] = 0.750\n"
        " Average Recall     (AR) @[ IoU=0.50:0.95 | area= small | maxDets=300 ] = 1.000\n"
        " Average Recall     (AR) @[ IoU=0.50:0.95 | area=medium | maxDets=300 ] = 0.000\n"
        " Average Recall     (AR) @[ IoU=0.50:0.95 | area= large | maxDets=300 ] = -1.000\n");
}
