#include "amdefect/metrics/bootstrap.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "amdefect/metrics/coco_eval.hpp"
#include "amdefect/metrics/f1_score.hpp"
#include "boxes/random_scene.hpp"

using namespace amdefect;

namespace {

/// The data set of a sample, written out: each copy of an image is an image with annotations and results of its own.
struct Written {
  CocoDataset dataset;
  std::vector<CocoResult> results;
};
Written write_out(const RandomScene& scene, const detail::ImageCounts& counts) {
  Written written;
  written.dataset.categories = scene.dataset.categories;
  const std::vector<std::int64_t> ids = detail::sorted_ids(scene.dataset.images);
  for (std::size_t i = 0; i < ids.size(); ++i)
    for (Index copy = 0; copy < counts[i]; ++copy) {
      const auto image = static_cast<std::int64_t>(written.dataset.images.size());
      written.dataset.images.push_back({image, "", 0, 0});
      for (CocoAnnotation truth : scene.dataset.annotations)
        if (truth.image_id == ids[i]) {
          truth.image_id = image;
          if (truth.id != 0) truth.id = 1 + static_cast<std::int64_t>(written.dataset.annotations.size());
          written.dataset.annotations.push_back(truth);
        }
      for (CocoResult result : scene.results)
        if (result.image_id == ids[i]) {
          result.image_id = image;
          written.results.push_back(result);
        }
    }
  return written;
}

RandomScene scene_without_ties(std::uint64_t seed) {
  RandomScene scene = random_scene(seed);
  for (std::size_t i = 0; i < scene.results.size(); ++i) scene.results[i].score += 1e-7 * static_cast<double>(i);
  std::int64_t id = 1;
  for (CocoAnnotation& truth : scene.dataset.annotations) truth.id = id++;  // 0 may be there only once
  return scene;
}

}  // namespace

TEST_CASE("the figures of a sample are those of the data set written out") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    const RandomScene scene = scene_without_ties(seed);
    const detail::SampledAp sampled(scene.dataset, scene.results, 100, CocoEvalOptions().iou_thresholds, 1);
    const std::size_t images = scene.dataset.images.size();
    const MatchOptions match{.score_threshold = 0.4};
    const detail::SampledF1 f1(scene.dataset, scene.results, match, images);
    Random random(seed);
    detail::ImageCounts counts(images);
    for (std::size_t i = 0; i < images; ++i)
      ++counts[static_cast<std::size_t>(random.integer(static_cast<Index>(images)))];
    const Written written = write_out(scene, counts);
    const CocoEvaluation expected = evaluate_coco(written.dataset, written.results);
    for (std::size_t k = 0; k < sampled.categories(); ++k) {
      const std::vector<double> aps = sampled(k, counts);
      const CocoCategoryResult& category = expected.per_category[k];
      REQUIRE(aps.empty() == (category.ap50 < 0));
      if (aps.empty()) continue;
      CHECK(aps.front() == doctest::Approx(category.ap50).epsilon(1e-12));
      CHECK(detail::mean_of_defined(aps) == doctest::Approx(category.ap).epsilon(1e-12));
    }
    const ScoreCurve curve = score_curves(written.dataset, written.results, match).all;
    CHECK(f1(counts).at_threshold == doctest::Approx(curve.at(0.4).f1()).epsilon(1e-12));
    CHECK(f1(counts).best == doctest::Approx(curve.best_f1().counts.f1()).epsilon(1e-12));
  }
}

TEST_CASE("an interval holds the middle of the samples") {
  CHECK(detail::middle_of({3, 1, 0, 2, 4, 5, 8, 7, 6}, 0.5) == Interval{2, 6});
  CHECK(detail::middle_of({0, 1, 2, 3}, 0.5) == Interval{0.75, 2.25});  // numpy.percentile([0, 1, 2, 3], [25, 75])
  CHECK(detail::middle_of({-1, 0.5, -1}, 0.5) == Interval{0.5, 0.5});
  CHECK(detail::middle_of({-1, -1}, 0.5) == Interval{});
}

TEST_CASE("bootstrap intervals lie around the figures, and are the same for a seed whatever the threads") {
  const RandomScene scene = scene_without_ties(3);
  BootstrapOptions options{.samples = 200, .seed = 5, .threads = 1};
  const DetectionIntervals one = bootstrap_intervals(scene.dataset, scene.results, {}, options);
  options.threads = 3;
  const DetectionIntervals three = bootstrap_intervals(scene.dataset, scene.results, {}, options);
  CHECK(one.ap == three.ap);
  CHECK(one.best_f1 == three.best_f1);
  CHECK(one.images == static_cast<Index>(scene.dataset.images.size()));
  const double ap50 = evaluate_coco(scene.dataset, scene.results).stats[stat_ap50];
  CHECK(one.ap50.low <= ap50);
  CHECK(ap50 <= one.ap50.high);
  CHECK(one.ap50.width() > 0);
  options.level = 0.5;
  CHECK(bootstrap_intervals(scene.dataset, scene.results, {}, options).ap50.width() < one.ap50.width());
  options.level = 1;
  CHECK_THROWS_AS(bootstrap_intervals(scene.dataset, scene.results, {}, options), Error);
}

TEST_CASE("one image has no neighbours to differ from, none has no figures") {
  RandomScene scene = scene_without_ties(1);
  scene.dataset.images.resize(1);
  const std::int64_t image = scene.dataset.images[0].id;
  std::erase_if(scene.dataset.annotations, [&](const auto& truth) { return truth.image_id != image; });
  std::erase_if(scene.results, [&](const auto& result) { return result.image_id != image; });
  const DetectionIntervals one = bootstrap_intervals(scene.dataset, scene.results, {}, {.samples = 20});
  CHECK(one.ap50.low == one.ap50.high);
  const DetectionIntervals none = bootstrap_intervals({}, {}, {}, {.samples = 3});
  CHECK(none.ap50 == Interval{});
  CHECK(none.images == 0);
}
