#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "amdefect/coco/coco_json.hpp"
#include "amdefect/coco/coco_split.hpp"
#include "amdefect/coco/folds.hpp"
#include "amdefect/core/error.hpp"
#include "amdefect/core/interrupt.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/detection/detector.hpp"
#include "amdefect/detection/open_detector.hpp"
#include "amdefect/io/file_type.hpp"
#include "amdefect/io/run_folder.hpp"
#include "amdefect/io/terminal.hpp"
#include "amdefect/review/decisions.hpp"
#include "amdefect/review/rank_suggestions.hpp"
#include "amdefect/review/suggestion_files.hpp"
#include "amdefect/review/unseen_detections.hpp"
#include "amdefect/viz/review_page.hpp"

namespace amdefect {

/// What `amdefect review` is asked to do.
struct ReviewRequest {
  std::string dataset, split;                    ///< empty split: what `images_to_fold` gives
  std::vector<std::string> weights;              ///< models, see `detect_unseen`
  std::vector<std::string> extra_image_folders;  ///< of the models' further channels
  std::string detections;                        ///< in their place a COCO results file
  std::string output_dir = "output/review";
  std::size_t pictures = 200;  ///< most suggestions on the page
  DetectOptions detect{.min_score = default_min_score};
  int threads = 0;
  bool overwrite = false, allow_outside_files = false;
  std::string apply, output = "corrected.json";  ///< decisions that are to be followed, and where to
};

namespace detail {

inline UnseenDetections detections_of(const ReviewRequest& request, const CocoSplit& split, std::ostream& notes) {
  if (!request.detections.empty()) {
    UnseenDetections given{read_coco_results(request.detections), split};
    require_known_references(request.detections, split.coco, given.results, CocoStrictness::training);
    return given;
  }
  std::vector<std::unique_ptr<Detector>> detectors;
  for (const std::string& weights : request.weights)
    detectors.push_back(open_detector(weights, {.threads = request.threads}));
  return detect_unseen(detectors, split, request.detect, show_count(notes, "detecting: "), request.extra_image_folders);
}

inline void follow_decisions(const ReviewRequest& request, std::ostream& output) {
  require<FileError>(request.overwrite || !is_there(request.output), request.output,
                     ": is there already; --output names another file, --overwrite replaces it");
  const Decisions decisions = read_decisions(request.apply);
  apply_decisions(decisions.annotation_file, decisions.accepted, request.output);
  output << quantity(decisions.accepted.size(), "change") << " of " << decisions.annotation_file.string() << " ("
         << quantity(decisions.rejected, "suggestion") << " rejected); written: " << request.output << '\n';
}

}  // namespace detail

/// Ranks what is probably wrong with the annotations of a split and writes review.html, suggestions.json and
/// detections.json into a folder (see RunFolder); or follows decisions that were taken on that page.
/// @throws Error, FileError: as `read_coco_splits`, `detect_unseen`, `rank_suggestions`, `read_decisions` and
/// `apply_decisions`; also for an output that is there already.
inline void run_review(const ReviewRequest& request, std::ostream& output, std::ostream& notes) {
  if (!request.apply.empty()) return detail::follow_decisions(request, output);
  require(!request.dataset.empty() && request.weights.empty() != request.detections.empty(),
          "review: expected DATASET and either --weights or --detections, or --apply");
  const CocoSplits splits = read_coco_splits(request.dataset, {.allow_outside_files = request.allow_outside_files});
  notes << left_aside_warning(splits);
  const CocoSplit split = request.split.empty() ? images_to_fold(splits) : splits.at(request.split);
  RunFolder folder(request.output_dir, review_run, request.overwrite ? EarlierRun::replace : EarlierRun::refuse);
  const UnseenDetections found = detail::detections_of(request, split, notes);
  if (found.left > 0)
    notes << "note: " << quantity(found.left, "image") << " left out: all models were trained on them\n";
  const std::vector<Suggestion> suggestions = rank_suggestions(found.judged.coco, found.results);
  const InterruptDelay delay;
  folder.begin();
  write_coco_results(folder.path() / "detections.json", found.results);
  write_suggestions(folder.path() / "suggestions.json", found.judged, suggestions);
  write_review_page(folder.path() / "review.html", split.annotation_file.string(), found.judged, suggestions,
                    request.pictures);
  output << to_text(suggestions) << "written: review.html, suggestions.json and detections.json in "
         << request.output_dir << '\n';
}

}  // namespace amdefect
