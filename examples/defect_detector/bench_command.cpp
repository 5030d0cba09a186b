#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "amdefect/nn/workspace.hpp"
#include "amdefect/optim/adam.hpp"
#include "commands.hpp"
#include "paper_loss.hpp"
#include "paper_network.hpp"
#include "precompiled.hpp"

namespace amdefect {

namespace {

struct BenchOptions {
  std::string mode = "train";
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

std::vector<double> time_training(const BenchOptions& options) {
  Random random(0);
  Network<float> network = paper_network<float>(4, options.size);
  network.initialize(0);
  auto workspace = Workspace<float>::for_training(network, {.threads = options.threads});
  const Tensor<float> x = uniform({options.batch, options.size, options.size, 3}, random);
  Tensor<float> classes({options.batch, 100, 4});
  for (float& value : classes) value = random.chance(0.02) ? 1.0f : 0.0f;
  const Tensor<float> boxes = uniform({options.batch, 100, 4}, random);
  const LossFunction<float> loss = paper_loss<float>();
  Adam<float> adam;
  std::array<double, 2> parts{};
  return time_steps(options.steps, [&] {
    network.parameters().gradients().fill(0);
    workspace.forward(x);
    const std::array<TensorView<const float>, 2> outputs{workspace.output(0), workspace.output(1)};
    const std::array<TensorView<const float>, 2> targets{classes.view(), boxes.view()};
    const std::array<TensorView<float>, 2> gradients{workspace.output_gradient(0), workspace.output_gradient(1)};
    loss.evaluate({outputs, targets, gradients, parts});
    workspace.backward();
    adam.step(network.parameters(), 1e-4, options.threads);
  });
}

std::vector<double> time_inference(const BenchOptions& options) {
  Random random(0);
  Network<float> network = paper_network<float>(4, options.size);
  network.initialize(0);
  Workspace<float> workspace(network, {.threads = options.threads});
  const Tensor<float> x = uniform({options.batch, options.size, options.size, 3}, random);
  return time_steps(options.steps, [&] { workspace.forward(x); });
}

void run(const BenchOptions& options) {
  const std::vector<double> times = options.mode == "train" ? time_training(options) : time_inference(options);
  std::vector<double> sorted = times;
  std::sort(sorted.begin(), sorted.end());
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const nlohmann::ordered_json json{{"program", "amdefect"},
                                    {"mode", options.mode},
                                    {"batch", options.batch},
                                    {"size", options.size},
                                    {"threads", options.threads},
                                    {"ms", times},
                                    {"median_ms", sorted[sorted.size() / 2]},
                                    {"peak_rss_mb", usage.ru_maxrss / 1024}};
  std::cout << json.dump() << '\n';
}

}  // namespace

void add_bench_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand("bench", "Time the paper's network; prints one JSON line");
  auto options = std::make_shared<BenchOptions>();
  command->add_option("--mode", options->mode, "What to time")
      ->check(CLI::IsMember({"train", "infer"}))
      ->capture_default_str();
  command->add_option("--batch", options->batch, "Images per step")->check(CLI::Range(1, 4096))->capture_default_str();
  command->add_option("--size", options->size, "Width and height of the images")
      ->check(CLI::Range(8, 8192))
      ->capture_default_str();
  command->add_option("--threads", options->threads, "Threads; 0 means all cores")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->add_option("--steps", options->steps, "Timed steps")->check(CLI::Range(1, 100000))->capture_default_str();
  command->callback([options] { run(*options); });
}

}  // namespace amdefect
