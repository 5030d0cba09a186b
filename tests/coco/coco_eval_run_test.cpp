#include "amdefect/coco/coco_eval_run.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "temporary_folder.hpp"

using namespace amdefect;

namespace {

/// Runs `amdefect coco-eval` on the given contents; returns the error, or an empty string.
struct Run {
  TemporaryFolder folder;
  CocoEvalRequest request;
  std::ostringstream out, warnings;

  Run(const std::string& annotations, const std::string& detections) {
    request.annotations = folder.write("case/gt.json", annotations);
    request.detections = folder.write("case/dt.json", detections);
  }
  std::string error() {
    try {
      run_coco_eval(request, out, warnings);
    } catch (const Error& failure) {
      const std::string message = failure.what(), path = (folder / "case").string() + "/";
      return message.starts_with(path) ? message.substr(path.size()) : message;
    }
    return "";
  }
};

std::string annotations(const std::string& more = "") {
  return R"({"images": [{"id": 1, "file_name": "a.png"}], "categories": [{"id": 2}], "annotations": [)"
         R"({"id": 1, "image_id": 1, "category_id": 2, "bbox": [0, 0, 10, 10], "area": 100})" +
         more + "]}";
}
std::string detections(const std::string& more = "") {
  return R"([{"image_id": 1, "category_id": 2, "bbox": [0, 0, 10, 10], "score": 0.9})" + more + "]";
}

}  // namespace

TEST_CASE("coco-eval prints the twelve lines and writes JSON with the keys of the reference cases") {
  Run run(annotations(), detections());
  run.request.output = run.folder / "out.json";
  CHECK(run.error() == "");
  CHECK(run.out.str().starts_with(" Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 1.000\n"));
  CHECK(run.warnings.str() == "");
  const auto json = nlohmann::json::parse(std::ifstream(run.request.output));
  std::vector<std::string> keys;
  for (const auto& item : json.items()) keys.push_back(item.key());
  CHECK(keys == std::vector<std::string>{"case", "category_ids", "confusion", "description", "n_dt", "n_gt", "n_images",
                                         "per_image_f1", "pooled_ap50", "runs"});
  CHECK(json["case"] == "case");
  CHECK(json["runs"][0]["params"] == nlohmann::json{{"iouType", "bbox"}, {"useCats", 1}, {"maxDets", {1, 10, 100}}});
  CHECK(json["runs"][0]["stats_names"][8] == "AR@100");
  CHECK(json["runs"][0]["per_category"][0]["precision_iou50"].size() == 101);
  CHECK(json["per_image_f1"]["F1"] == 1);
  CHECK(json["confusion"]["matrix"] == nlohmann::json{{1, 0}, {0, 0}});
  CHECK(json["pooled_ap50"]["mean"] == 1);
}

TEST_CASE("coco-eval says what it leaves out and where pycocotools misleads; strict refuses it") {
  const std::string unknown = R"(, {"id": 0, "image_id": 7, "category_id": 2, "bbox": [0, 0, 1, 1]})";
  Run run(annotations(unknown), detections(R"(, {"image_id": 1, "category_id": 9, "bbox": [0, 0, 1, 1], "score": 1})"));
  run.request.options.max_dets = {1, 10, 300};
  CHECK(run.error() == "");
  const std::string said = run.warnings.str();
  CHECK(said.find("1 annotations of unknown images or categories are left out (--strict refuses them); the first: ") !=
        std::string::npos);
  CHECK(said.find("dt.json: results[") != std::string::npos);
  CHECK(said.find("the annotation with id 0 counts as not found") != std::string::npos);
  CHECK(said.find("the first AP is undefined without 100 in --max_dets") != std::string::npos);
  run.request.strict = true;
  CHECK(run.error() == "gt.json: annotations[1] (id 0): there is no image with id 7");
  run.request.annotations = run.folder.write("case/known.json", annotations());
  CHECK(run.error() == "dt.json: results[1]: there is no category with id 9");
}

TEST_CASE("coco-eval refuses what cannot be evaluated and then writes nothing") {
  Run none(R"({"images": [{"id": 1}], "categories": [{"id": 2}], "annotations": []})", detections());
  none.request.output = none.folder / "out.json";
  CHECK(none.error() == "gt.json: has no annotations, there is nothing to evaluate against");
  Run stranger(annotations(), R"([{"image_id": 5, "category_id": 2, "bbox": [0, 0, 1, 1], "score": 1}])");
  stranger.request.output = none.folder / "out.json";
  CHECK(stranger.error() == "dt.json: results[0]: there is no image with id 5");
  Run limits(annotations(), detections());
  limits.request.options.max_dets = {100};
  CHECK(limits.error().find("max_dets needs at least 3 values") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(none.folder / "out.json"));
  CHECK(none.out.str().empty());
}
