// coco_eval_bench [factor...]: times the COCO evaluation on generated data of the size of COCO's validation set (5,000
// images, 36,000 ground truths, 500,000 detections, 80 categories) times each factor (1 and 10 unless given).
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "amdefect/coco/coco_json.hpp"
#include "amdefect/core/parallel.hpp"
#include "amdefect/core/random.hpp"
#include "amdefect/metrics/coco_eval.hpp"
#include "amdefect/metrics/confusion.hpp"
#include "amdefect/metrics/f1_score.hpp"
#include "amdefect/metrics/pooled_ap.hpp"

namespace {

using namespace amdefect;

struct Problem {
  CocoDataset dataset;
  std::vector<CocoResult> results;
};

CocoBox random_box(Random& random) {
  const double width = random.uniform(8, 160), height = random.uniform(8, 160);
  return {random.uniform(0, 640 - width), random.uniform(0, 480 - height), width, height};
}

CocoBox jittered(const CocoBox& box, Random& random) {
  return {box.x + random.normal(0, 0.08) * box.width, box.y + random.normal(0, 0.08) * box.height,
          box.width * random.uniform(0.85, 1.15), box.height * random.uniform(0.85, 1.15)};
}

/// Two of three ground truths are found, some several times; the other detections are wrong and of lower score.
Problem generate(Index images, Index truths, Index detections, Index categories) {
  Problem problem;
  Random random(1);
  for (Index i = 0; i < images; ++i) problem.dataset.images.push_back({i + 1, "", 640, 480});
  for (Index k = 0; k < categories; ++k) problem.dataset.categories.push_back({k + 1, std::to_string(k + 1), ""});
  for (Index i = 0; i < truths; ++i) {
    const CocoBox box = random_box(random);
    problem.dataset.annotations.push_back({i + 1, 1 + random.integer(images), 1 + random.integer(categories), box,
                                           box.width * box.height * random.uniform(0.5, 1), random.chance(0.01),
                                           false});
  }
  while (static_cast<Index>(problem.results.size()) < detections) {
    const auto i = static_cast<std::size_t>(random.integer(truths));
    const CocoAnnotation& truth = problem.dataset.annotations[i];
    if (i % 3 != 0 && random.chance(0.15))
      problem.results.push_back(
          {truth.image_id, truth.category_id, jittered(truth.box, random), random.uniform(0.2, 1)});
    else
      problem.results.push_back(
          {1 + random.integer(images), 1 + random.integer(categories), random_box(random), random.uniform(0, 0.6)});
  }
  return problem;
}

template <class Work>
double seconds(Work&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The best of a few runs, in seconds.
template <class Work>
double best_seconds(Work&& work) {
  double best = seconds(work);
  for (int run = 0; run < 4; ++run) best = std::min(best, seconds(work));
  return best;
}

/// Processor time of the best of a few runs, which other programs on the machine disturb less.
template <class Work>
double best_cpu_seconds(Work&& work) {
  double best = 1e9;
  for (int run = 0; run < 5; ++run) {
    const std::clock_t start = std::clock();
    work();
    best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  return best;
}

/// Memory in MB from Linux's /proc: VmRSS (now) or VmHWM (the highest since the last reset).
double memory(const std::string& field) {
  std::ifstream status("/proc/self/status");
  std::string name;
  double kilobytes = 0;
  while (status >> name && name != field + ":") {
  }
  status >> kilobytes;
  return kilobytes / 1024;
}
void reset_peak_memory() { std::ofstream("/proc/self/clear_refs") << 5; }

void run(Index factor) {
  const Problem problem = generate(5000 * factor, 36000 * factor, 500000 * factor, 80);
  reset_peak_memory();
  const double before = memory("VmRSS");
  double ap = 0;
  const auto evaluate = [&](int threads, bool use_categories) {
    CocoEvalOptions options;
    options.threads = threads;
    options.use_categories = use_categories;
    ap = evaluate_coco(problem.dataset, problem.results, options).stats[stat_ap];
  };
  const int cores = resolve_threads(0);
  std::printf("%lld images, %zu ground truths, %zu detections, 80 categories\n", static_cast<long long>(5000 * factor),
              problem.dataset.annotations.size(), problem.results.size());
  std::printf("  evaluate_coco            %8.3f s with %d threads", best_seconds([&] { evaluate(0, true); }), cores);
  std::printf(", %.3f s processor time with 1 (AP %.4f; %.0f MB on top of the input)\n",
              best_cpu_seconds([&] { evaluate(1, true); }), ap, memory("VmHWM") - before);
  std::printf("  without categories       %8.3f s\n", best_seconds([&] { evaluate(0, false); }));
  std::printf("  score_curves             %8.3f s\n",
              best_seconds([&] { score_curves(problem.dataset, problem.results); }));
  std::printf("  confusion_matrix         %8.3f s\n",
              best_seconds([&] { confusion_matrix(problem.dataset, problem.results); }));
  std::printf("  pooled_ap                %8.3f s\n", seconds([&] { pooled_ap(problem.dataset, problem.results); }));
  const std::filesystem::path file = std::filesystem::temp_directory_path() / "amdefect_coco_eval_bench.json";
  const double writing = seconds([&] { write_coco_results(file, problem.results); });
  const double reading = seconds([&] { read_coco_results(file); });
  std::printf("  results file of %.0f MB   written in %.2f s, read in %.2f s\n\n",
              static_cast<double>(std::filesystem::file_size(file)) / 1e6, writing, reading);
  std::filesystem::remove(file);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<Index> factors;
  for (int i = 1; i < argc; ++i)
    if (argv[i][0] != '-') factors.push_back(std::max(1, std::atoi(argv[i])));
  if (factors.empty()) factors.push_back(1);
  if (argc == 1) factors.push_back(10);  // not with Google Benchmark's options for a short run
  for (const Index factor : factors) run(factor);
}
