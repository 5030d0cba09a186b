#pragma once

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "amdefect/coco/coco_eval_json.hpp"
#include "amdefect/coco/coco_json.hpp"
#include "amdefect/core/error.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/io/file_type.hpp"
#include "amdefect/metrics/coco_eval.hpp"
#include "amdefect/metrics/coco_text.hpp"

namespace amdefect {

/// What `amdefect coco-eval` is asked to do.
struct CocoEvalRequest {
  std::filesystem::path annotations, detections;
  std::filesystem::path output;  ///< JSON file, none if empty
  bool strict = false;           ///< refuse what pycocotools leaves out silently
  CocoEvalOptions options;
};

namespace detail {

/// The message of the FileError that `check` throws.
template <class Check>
std::string complaint(const Check& check) {
  try {
    check();
  } catch (const FileError& error) {
    return error.what();
  }
  return {};
}

/// Says what was left out, and where pycocotools' figures are not what they seem.
inline void warn_about_quirks(const CocoEvalRequest& request, const CocoDataset& dataset,
                              const std::vector<CocoResult>& results, const CocoEvaluation& evaluation,
                              std::ostream& warnings) {
  const CocoEvalOptions& options = evaluation.options;
  if (evaluation.dropped_annotations > 0)
    warnings << "warning: " << evaluation.dropped_annotations
             << " annotations of unknown images or categories are left out (--strict refuses them); the first: "
             << complaint([&] { require_known_references(request.annotations.string(), dataset); }) << '\n';
  if (evaluation.dropped_results > 0)
    warnings << "warning: " << evaluation.dropped_results
             << " detections of unknown categories are left out (--strict refuses them); the first: " << complaint([&] {
                  amdefect::require_known_references(request.detections, dataset, results, CocoStrictness::training);
                })
             << '\n';
  if (options.fix_known_bugs) return;
  if (has_annotation_0(dataset))
    warnings << "warning: the annotation with id 0 counts as not found, as in pycocotools (--fix_known_bugs)\n";
  if (std::find(options.max_dets.begin(), options.max_dets.end(), 100) == options.max_dets.end())
    warnings << "warning: the first AP is undefined without 100 in --max_dets, as in pycocotools (--fix_known_bugs)\n";
}

}  // namespace detail

/// Evaluates a results file, prints pycocotools' twelve lines to `out` and remarks to `warnings`, and writes the JSON
/// file if one is asked for. @throws Error for anything that cannot be evaluated.
inline void run_coco_eval(const CocoEvalRequest& request, std::ostream& out, std::ostream& warnings) {
  const CocoStrictness strictness = request.strict ? CocoStrictness::training : CocoStrictness::evaluation;
  const CocoDataset dataset = read_coco_annotations(request.annotations, strictness);
  require<FileError>(!dataset.annotations.empty(), request.annotations.string(),
                     ": has no annotations, there is nothing to evaluate against");
  const std::vector<CocoResult> results = read_coco_results(request.detections);
  require_known_references(request.detections, dataset, results, strictness);
  std::vector<CocoEvaluation> runs;
  runs.push_back(evaluate_coco(dataset, results, request.options));
  detail::warn_about_quirks(request, dataset, results, runs[0], warnings);
  out << coco_summary_text(runs[0]);
  if (request.output.empty()) return;
  nlohmann::ordered_json json = {
      {"case", absolute_path(request.annotations).parent_path().filename().string()},
      {"description", concat(request.detections.string(), " against ", request.annotations.string())}};
  json.update(evaluation_report_json(dataset, results, runs));
  write_text_file(request.output, json.dump(1) + '\n');
}

}  // namespace amdefect
