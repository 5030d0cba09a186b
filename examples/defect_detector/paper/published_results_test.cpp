#include "paper/published_results.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

namespace {

/// One object of each class; the detections are found on the other image, but for one below the threshold.
const CocoDataset dataset{{{1, "a.png", 64, 48}, {2, "b.png", 64, 48}},
                          {{3, "Nozzle", ""}, {7, "workpiece", ""}},
                          {{1, 1, 3, {4, 4, 10, 10}, 100}, {2, 2, 7, {30, 20, 8, 8}, 64}}};
const std::vector<CocoResult> results{
    {2, 3, {4, 4, 10, 10}, 0.9}, {2, 7, {30, 20, 8, 8}, 0.6}, {1, 3, {4, 4, 10, 10}, 0.2}};

const Comparison::Row& row(const Comparison& comparison, const std::string& figure) {
  for (const Comparison::Row& candidate : comparison.rows)
    if (candidate.figure == figure) return candidate;
  throw Error("no row " + figure);
}

}  // namespace

TEST_CASE("a run stands beside the published figures: pooled AP under its own name, COCO's without a partner") {
  const Comparison comparison = paper_comparison(dataset, results, measure_detections(dataset, results));
  CHECK(comparison.columns == std::vector<std::string>{"this run", "paper"});
  CHECK(row(comparison, "mAP@0.5, pooled").values == std::vector<double>{1, 0.236});
  CHECK(row(comparison, "AP@0.5 nozzle, pooled").values == std::vector<double>{1, 0.004});
  CHECK(row(comparison, "AP@0.5 workpiece, pooled").values == std::vector<double>{1, 0.468});
  CHECK(row(comparison, "mAP@0.5, COCO").values[0] == doctest::Approx(0.75));  // half of one class, all of the other
  CHECK(std::isnan(row(comparison, "mAP@0.5, COCO").values[1]));
  CHECK(row(comparison, "recall").values == std::vector<double>{0.5, 0.128});
  CHECK(row(comparison, "true positives").values == std::vector<double>{1, 5});
  CHECK(row(comparison, "false positives").values == std::vector<double>{1, 41});
  CHECK(row(comparison, "missed objects").values == std::vector<double>{1, 34});
  const ReportTable table = paper_table(comparison);
  CHECK(table.rows[0] == std::vector<std::string>{"figure", "this run", "paper", "note"});
  CHECK(table.text_from == 3);
}

TEST_CASE("data of other classes do not stand beside the paper's: their classes have rows of their own") {
  CocoDataset pores = dataset;
  pores.categories = {{3, "pore", ""}, {7, "crack", ""}};
  Comparison comparison = paper_comparison(pores, results, measure_detections(pores, results));
  CHECK(comparison.columns == std::vector<std::string>{"this run"});
  CHECK(comparison.rows[0].figure == "mAP@0.5, COCO");
  CHECK(row(comparison, "AP@0.5 pore").values[0] == doctest::Approx(0.5).epsilon(0.02));
  CHECK(row(comparison, "AP@0.5 crack").values[0] == doctest::Approx(1));
  CHECK(row(comparison, "missed objects").values == std::vector<double>{1});
  CHECK(paper_table(comparison).note.empty());
}

TEST_CASE("the metrics of another run get a column of their own") {
  const TemporaryFolder folder;
  const auto metrics = folder.write("run 7/metrics.json", R"({"mAP50": 0.25, "pooled_ap50": {"mean": 0.5},
    "per_image_f1": {"precision": 0.1, "recall": 0.2, "F1": 0.3, "TP": 4, "FP": 5, "FN": 6}})");
  Comparison comparison = paper_comparison(dataset, results, measure_detections(dataset, results));
  add_other_run(comparison, metrics);
  CHECK(comparison.columns == std::vector<std::string>{"this run", "run 7", "paper"});
  CHECK(row(comparison, "mAP@0.5, pooled").values == std::vector<double>{1, 0.5, 0.236});
  CHECK(row(comparison, "missed objects").values[1] == 6);
  CHECK(std::isnan(row(comparison, "AP@0.5 nozzle, pooled").values[1]));
  CHECK(error_of([&] { add_other_run(comparison, folder / "none.json"); }).find("none.json") != std::string::npos);
  const auto wrong = folder.write("wrong.json", "{}");
  CHECK(error_of([&] { add_other_run(comparison, wrong); }).find("there is no number /pooled_ap50/mean") !=
        std::string::npos);
}
