#pragma once

// COCO files and detection metrics, apart from the rest of the library: annotation and result files are read, checked
// and written; mAP as pycocotools computes it, F1, confusion matrix. Needs nlohmann/json, and no images.
//
//   const CocoDataset dataset = read_coco_annotations("annotations.json");
//   const std::vector<CocoResult> results = read_coco_results("detections.json");
//   std::cout << coco_summary_text(evaluate_coco(dataset, results)) << per_image_f1(dataset, results).counts.f1();
#include "amdefect/coco/coco_eval_json.hpp"
#include "amdefect/coco/coco_eval_run.hpp"
#include "amdefect/coco/coco_json.hpp"
#include "amdefect/coco/coco_split.hpp"
#include "amdefect/coco/folds.hpp"
#include "amdefect/coco/groups_by_name.hpp"
#include "amdefect/metrics/bootstrap.hpp"
#include "amdefect/metrics/calibration.hpp"
#include "amdefect/metrics/coco_eval.hpp"
#include "amdefect/metrics/coco_text.hpp"
#include "amdefect/metrics/confusion.hpp"
#include "amdefect/metrics/evaluator.hpp"
#include "amdefect/metrics/f1_score.hpp"
#include "amdefect/metrics/image_groups.hpp"
#include "amdefect/metrics/plain_matching.hpp"
#include "amdefect/metrics/pooled_ap.hpp"
