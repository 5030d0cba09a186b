// coco_check DIR: evaluates every reference case below DIR (or DIR itself) and compares the result with all numbers of
// its expected.json: integers and strings exactly, other numbers to 1e-9.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "amdefect/coco/coco_eval_json.hpp"
#include "amdefect/coco/coco_json.hpp"
#include "amdefect/core/error.hpp"
#include "amdefect/metrics/coco_eval.hpp"

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr double tolerance = 1e-9;
constexpr int skipped = 77;  // ctest's SKIP_RETURN_CODE

struct Comparison {
  int values = 0, differences = 0;
  double largest = 0;
  std::string first_difference;

  void differ(const std::string& path, const std::string& what) {
    if (differences++ == 0) first_difference = path + ": " + what;
  }

  /// Everything in `expected` must be in `actual`.
  void compare(const Json& expected, const Json& actual, const std::string& path) {
    if (expected.is_object() && actual.is_object()) {
      for (const auto& item : expected.items()) {
        const std::string inner = path.empty() ? item.key() : path + "." + item.key();
        if (actual.contains(item.key()))
          compare(item.value(), actual[item.key()], inner);
        else
          differ(inner, "is not computed");
      }
    } else if (expected.is_array() && actual.is_array()) {
      if (expected.size() != actual.size())
        return differ(path, amdefect::concat("expected ", expected.size(), " entries, got ", actual.size()));
      for (std::size_t i = 0; i < expected.size(); ++i)
        compare(expected[i], actual[i], amdefect::concat(path, '[', i, ']'));
    } else {
      ++values;
      if (expected.is_number_float() && actual.is_number())
        compare_doubles(expected.get<double>(), actual.get<double>(), path);
      else if (expected != actual)
        differ(path, "expected " + expected.dump() + ", got " + actual.dump());
    }
  }

  void compare_doubles(double expected, double actual, const std::string& path) {
    const double difference = std::abs(expected - actual);
    largest = std::max(largest, difference);
    if (!(difference <= tolerance)) differ(path, "expected " + Json(expected).dump() + ", got " + Json(actual).dump());
  }
};

amdefect::CocoEvalOptions options_of(const Json& params) {
  amdefect::CocoEvalOptions options;
  for (const auto& item : params.items()) {
    if (item.key() == "maxDets")
      options.max_dets = item.value().get<std::vector<amdefect::Index>>();
    else if (item.key() == "useCats")
      options.use_categories = item.value().get<int>() != 0;
    else
      amdefect::require(item.key() == "iouType" && item.value() == "bbox", "unknown parameter ", item.key(), ": ",
                        item.value().dump());
  }
  return options;
}

Comparison check(const fs::path& folder) {
  Json expected = Json::parse(std::ifstream(folder / "expected.json"));
  expected.erase("case");
  expected.erase("description");
  const amdefect::CocoDataset dataset =
      amdefect::read_coco_annotations(folder / "gt.json", amdefect::CocoStrictness::evaluation);
  const std::vector<amdefect::CocoResult> results = amdefect::read_coco_results(folder / "dt.json");
  std::vector<amdefect::CocoEvaluation> runs;
  for (const Json& run : expected.at("runs"))
    runs.push_back(amdefect::evaluate_coco(dataset, results, options_of(run.at("params"))));
  Json actual = amdefect::evaluation_report_json(dataset, results, runs);
  for (std::size_t i = 0; i < runs.size(); ++i)  // pycocotools sorts its maxDets, the file may show them as given
    actual["runs"][i]["params"]["maxDets"] = expected["runs"][i]["params"]["maxDets"];
  Comparison comparison;
  comparison.compare(expected, actual, "");
  return comparison;
}

bool passes(const fs::path& folder) {
  const std::string name = folder.filename().string();
  try {
    const Comparison result = check(folder);
    std::cout << (result.differences ? "FAIL " : "pass ") << name << ": " << result.values
              << " values, largest difference " << result.largest;
    if (result.differences) std::cout << "; " << result.differences << " differ, first " << result.first_difference;
    std::cout << '\n';
    return result.differences == 0;
  } catch (const std::exception& error) {
    std::cout << "FAIL " << name << ": " << error.what() << '\n';
    return false;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool optional = argc == 3 && std::string(argv[1]) == "--skip-if-absent";
  if (argc != 2 && !optional) {
    std::cerr << "usage: coco_check [--skip-if-absent] DIR\n";
    return 2;
  }
  const fs::path root = fs::path(argv[argc - 1]).lexically_normal();
  if (!fs::is_directory(root)) {
    std::cout << (optional ? "SKIPPED: " : "") << root.string() << " is not a folder\n";
    return optional ? skipped : EXIT_FAILURE;
  }
  std::vector<fs::path> cases;
  if (fs::exists(root / "expected.json")) cases.push_back(root.has_filename() ? root : root.parent_path());
  for (const fs::directory_entry& entry : fs::directory_iterator(root))
    if (entry.is_directory()) cases.push_back(entry.path());
  std::sort(cases.begin(), cases.end());
  const auto passed = std::count_if(cases.begin(), cases.end(), passes);
  const auto failed = static_cast<std::ptrdiff_t>(cases.size()) - passed;
  std::cout << passed << " passed, " << failed << " failed\n";
  return failed == 0 && passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
