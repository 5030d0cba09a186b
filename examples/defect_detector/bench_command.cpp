#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "amdefect/detection/anchor_free/anchor_free_loss.hpp"
#include "amdefect/detection/anchor_free/anchor_free_network.hpp"
#include "amdefect/kernels/simd_target.hpp"
#include "amdefect/nn/workspace.hpp"
#include "amdefect/optim/adam.hpp"
#include "commands.hpp"
#include "json_options.hpp"
#include "model_names.hpp"
#include "paper/paper_loss.hpp"
#include "paper/paper_network.hpp"
#include "paper/paper_targets.hpp"

namespace amdefect {

namespace {

struct BenchOptions {
  std::string model = "paper", mode = "train";
  Index batch = 8, size = 416;
  int threads = 2, steps = 5;
};

Tensor<float> uniform(const Shape& shape, Random& random) {
  Tensor<float> tensor(shape);
  for (float& value : tensor) value = static_cast<float>(random.uniform());
  return tensor;
}

/// Milliseconds of each call of `step`, after two calls to warm up.
template <class Step>
std::vector<double> time_steps(int steps, const Step& step) {
  for (int i = 0; i < 2; ++i) step();
  std::vector<double> milliseconds;
  for (int i = 0; i < steps; ++i) {
    const auto start = std::chrono::steady_clock::now();
    step();
    milliseconds.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  return milliseconds;
}

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

/// Ten objects of 16 pixels in each image.
Job anchor_free_job(const BenchOptions& options, Random& random) {
  constexpr Index objects = 10, side = 16;
  const AnchorFreeModel model = anchor_free_preset(options.model);
  require(options.size % model.largest_stride() == 0, "bench: size ", options.size, " is no multiple of ",
          model.largest_stride(), ", as ", options.model, " needs");
  Job job{anchor_free_network<float>(model), anchor_free_loss<float>(model, {.threads = options.threads}), {}};
  initialize_anchor_free(job.network, model, 0);
  Tensor<float>& boxes = job.targets.emplace_back(Shape{options.batch, objects, 5});
  for (Index image = 0; image < options.batch; ++image)
    for (Index object = 0; object < objects; ++object) {
      const double x = random.uniform(0, static_cast<double>(options.size - side));
      const double y = random.uniform(0, static_cast<double>(options.size - side));
      const double corners[] = {x, y, x + side, y + side, 0};
      for (Index i = 0; i < 5; ++i) boxes(image, object, i) = static_cast<float>(corners[i]);
    }
  return job;
}

std::vector<double> time_training(const BenchOptions& options, Job& job, const Tensor<float>& x) {
  Network<float>& network = job.network;
  auto workspace = Workspace<float>::for_training(network, {.threads = options.threads});
  Adam<float> adam;
  std::vector<double> parts(job.loss.parts.size());
  const std::vector<TensorView<const float>> targets(job.targets.begin(), job.targets.end());
  return time_steps(options.steps, [&] {
    network.parameters().gradients().fill(0);
    workspace.forward(x);
    std::vector<TensorView<const float>> outputs;
    std::vector<TensorView<float>> gradients;
    for (std::size_t i = 0; i < network.outputs().size(); ++i) {
      outputs.push_back(workspace.output(i));
      gradients.push_back(workspace.output_gradient(i));
    }
    job.loss.evaluate({outputs, targets, gradients, parts});
    workspace.backward();
    adam.step(network.parameters(), 1e-4, options.threads);
  });
}

std::vector<double> time_inference(const BenchOptions& options, const Network<float>& network, const Tensor<float>& x) {
  Workspace<float> workspace(network, {.threads = options.threads});
  return time_steps(options.steps, [&] { workspace.forward(x); });
}

void run(const BenchOptions& options) {
  Random random(0);
  Job job = options.model == "paper" ? paper_job(options, random) : anchor_free_job(options, random);
  const Tensor<float> x = uniform({options.batch, options.size, options.size, 3}, random);
  const std::vector<double> times =
      options.mode == "train" ? time_training(options, job, x) : time_inference(options, job.network, x);
  std::vector<double> sorted = times;
  std::sort(sorted.begin(), sorted.end());
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const nlohmann::ordered_json json{{"program", "amdefect"},
                                    {"model", options.model},
                                    {"mode", options.mode},
                                    {"batch", options.batch},
                                    {"size", options.size},
                                    {"threads", options.threads},
                                    {"kernels", simd_target()},
                                    {"ms", times},
                                    {"median_ms", sorted[sorted.size() / 2]},
                                    {"peak_rss_mb", usage.ru_maxrss / 1024}};
  std::cout << json.dump() << '\n';
}

}  // namespace

void add_bench_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("bench", "Time a network; prints one JSON line");
  auto options = std::make_shared<BenchOptions>();
  command->add_option("--model", options->model, "Which network")
      ->check(CLI::IsMember(network_names))
      ->capture_default_str();
  command->add_option("--mode", options->mode, "What to time")
      ->check(CLI::IsMember({"train", "infer"}))
      ->capture_default_str();
  const auto add = [&](const char* name, auto& value, const char* text) {
    return command->add_option(name, value, text)->capture_default_str();
  };
  add("--batch", options->batch, "Images per step")->transform(number_range(1, 4096));
  add("--size", options->size, "Width and height of the images")->transform(number_range(8, 8192));
  add("--threads", options->threads, "Threads; 0 means all cores")->transform(thread_range);
  add("--steps", options->steps, "Timed steps")->transform(number_range(1, 100000));
  command->callback([options] { run(*options); });
}

}  // namespace amdefect
