#include <iostream>
#include <nlohmann/json.hpp>

#include "amdefect/detection/anchor_free/anchor_free_description.hpp"
#include "amdefect/detection/anchor_free/anchor_free_loss.hpp"
#include "amdefect/detection/anchor_free/anchor_free_network.hpp"
#include "amdefect/detection/anchor_free/random_boxes.hpp"
#include "amdefect/kernels/simd_target.hpp"
#include "amdefect/losses/cross_entropy.hpp"
#include "amdefect/models/published.hpp"
#include "amdefect/train/timing.hpp"
#include "commands.hpp"
#include "json_options.hpp"
#include "model_names.hpp"
#include "paper/paper_loss.hpp"
#include "paper/paper_network.hpp"
#include "paper/paper_targets.hpp"

namespace amdefect {

namespace {

struct BenchOptions {
  std::string model = "paper", network, mode = "train", recompute = "cheap";
  Index batch = 8, size = 416;
  int threads = 2, steps = 5;
};

/// A network and what its training needs, with made-up targets.
struct Job {
  Network<float> network;
  LossFunction<float> loss;
  std::vector<Tensor<float>> targets;
};

Job paper_job(const BenchOptions& options, Random& random) {
  Job job{paper_network<float>(4, options.size), paper_loss<float>(), random_paper_targets(options.batch, random)};
  job.network.initialize(0);
  return job;
}

Job anchor_free_job(const BenchOptions& options, Random& random) {
  const bool preset = options.network.empty();
  const AnchorFreeModel model = preset ? anchor_free_preset(options.model) : anchor_free_model_of(options.network);
  model.require_size("bench: size", options.size, preset ? options.model : "the network");
  Job job{anchor_free_network<float>(model), anchor_free_loss<float>(model, {.threads = options.threads}), {}};
  initialize_anchor_free(job.network, model, 0);
  job.targets.push_back(random_boxes(options.batch, options.size, 10, 16, random));
  return job;
}

/// A published classifier, which learns random classes.
Job classifier_job(const BenchOptions& options, Random& random) {
  constexpr Index classes = 1000;
  Job job{published_network(options.model, classes, options.size), softmax_cross_entropy(), {}};
  job.network.initialize(0);
  Tensor<float>& labels = job.targets.emplace_back(Shape{options.batch, 1});
  for (float& label : labels) label = static_cast<float>(random.integer(classes));
  return job;
}

Job job_of(const BenchOptions& options, Random& random) {
  if (!options.network.empty()) return anchor_free_job(options, random);
  if (options.model == "paper") return paper_job(options, random);
  return is_published(options.model) ? classifier_job(options, random) : anchor_free_job(options, random);
}

void run(const BenchOptions& options) {
  Random random(0);
  Job job = job_of(options, random);
  const Tensor<float> x = random_pixels({options.batch, options.size, options.size, 3}, random);
  const std::vector<TensorView<const float>> targets(job.targets.begin(), job.targets.end());
  const Execution execution{.threads = options.threads, .recompute = recompute_of(options.recompute)};
  const std::vector<double> times =
      options.mode == "train" ? time_training<float>(job.network, job.loss, x, targets, execution, options.steps)
                              : time_inference<float>(job.network, x, execution, options.steps);
  const nlohmann::ordered_json json{
      {"program", "amdefect"},      {"model", options.network.empty() ? options.model : options.network},
      {"mode", options.mode},       {"batch", options.batch},
      {"size", options.size},       {"threads", options.threads},
      {"kernels", simd_target()},   {"ms", times},
      {"median_ms", median(times)}, {"peak_rss_mb", peak_memory_mb()}};
  std::cout << json.dump() << '\n';
}

}  // namespace

void add_bench_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("bench", "Time a network; prints one JSON line");
  auto options = std::make_shared<BenchOptions>();
  const auto add = option_adder(*command);
  add("--model", options->model, "Which network")->check(CLI::IsMember(network_names()));
  add("--network", options->network, "In its place an anchor-free one of your own as JSON, as train takes it");
  add("--mode", options->mode, "What to time")->check(CLI::IsMember({"train", "infer"}));
  add("--batch", options->batch, "Images per step")->transform(number_range(1, 4096));
  add("--size", options->size, "Width and height of the images")->transform(number_range(8, 8192));
  add("--recompute", options->recompute, recompute_help)->check(CLI::IsMember(recompute_names));
  add("--threads", options->threads, "Threads; 0 means all cores")->transform(thread_range);
  add("--steps", options->steps, "Timed steps")->transform(number_range(1, 100000));
  command->callback([options] { run(*options); });
}

}  // namespace amdefect
