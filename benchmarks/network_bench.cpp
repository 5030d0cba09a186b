// Times the paper's whole network: network_bench [--threads=N] [--algorithm=NAME] [problem ...] [Google Benchmark's
// options]. A problem gives the batch and the size of the images, mb8ic3ih416. Columns: GFLOP/s of the definition (a
// training step: forward, and each convolution's two gradients but for the first one's input gradient), percent of
// the peak measured at the start, images per second.
#include <benchmark/benchmark.h>

#include <array>
#include <limits>
#include <string>
#include <vector>

#include "amdefect/nn/workspace.hpp"
#include "amdefect/optim/adam.hpp"
#include "paper/paper_loss.hpp"
#include "paper/paper_network.hpp"
#include "run_benchmarks.hpp"

namespace {

using namespace amdefect;
using namespace amdefect::bench;

const std::vector<std::string> default_problems{"mb1ic3ih416", "mb8ic3ih416"};
constexpr Index classes = 4, slots = 100;

/// Multiply-adds of one batch, forward or in a training step.
double macs_of(const Network<float>& network, Index batch, bool training) {
  double macs = 0;
  for (const auto& node : network.nodes()) {
    if (!node.operation) continue;
    std::vector<Shape> inputs;
    for (const Value input : node.inputs) inputs.push_back(network.nodes()[input.id].shape);
    const bool first = !network.nodes()[node.inputs[0].id].operation;
    macs += static_cast<double>(node.operation->macs(inputs)) * (training ? (first ? 2 : 3) : 1);
  }
  return macs * static_cast<double>(batch);
}

Tensor<float> image_batch(const ConvGeometry& g) {
  Tensor<float> x({g.batch, g.in_h, g.in_w, g.in_c});
  for (Index i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 256) / 255;
  return x;
}

template <class Step>
void time_steps(benchmark::State& state, const Network<float>& network, const ConvGeometry& g, bool training,
                int threads, double peak, const Step& step) {
  double best = std::numeric_limits<double>::max();
  step();
  for ([[maybe_unused]] auto iteration : state) {
    const double time = time_once(threads, step);
    best = std::min(best, time);
    state.SetIterationTime(time);
  }
  const double flops = 2 * macs_of(network, g.batch, training);
  state.counters["GFLOP/s"] = 1e-9 * flops / best;
  state.counters["%peak"] = 100 * flops / best / peak;
  state.counters["images/s"] = static_cast<double>(g.batch) / best;
}

void inference(benchmark::State& state, const ConvGeometry& g, const Execution& execution, double peak) {
  Network<float> network = paper_network<float>(classes, g.in_h, g.in_c);
  network.initialize(0);
  Workspace<float> workspace(network, execution);
  const Tensor<float> x = image_batch(g);
  time_steps(state, network, g, false, execution.threads, peak, [&] { workspace.forward(x); });
}

void training_step(benchmark::State& state, const ConvGeometry& g, const Execution& execution, double peak) {
  Network<float> network = paper_network<float>(classes, g.in_h, g.in_c);
  network.initialize(0);
  auto workspace = Workspace<float>::for_training(network, execution);
  const Tensor<float> x = image_batch(g), no_objects({g.batch, slots, classes}), no_boxes({g.batch, slots, 4});
  const LossFunction<float> loss = paper_loss<float>();
  Adam<float> adam;
  std::array<double, 2> parts{};
  time_steps(state, network, g, true, execution.threads, peak, [&] {
    network.parameters().gradients().fill(0);
    workspace.forward(x);
    const std::array<TensorView<const float>, 2> outputs{workspace.output(0), workspace.output(1)};
    const std::array<TensorView<const float>, 2> targets{no_objects.view(), no_boxes.view()};
    const std::array<TensorView<float>, 2> gradients{workspace.output_gradient(0), workspace.output_gradient(1)};
    loss.evaluate({outputs, targets, gradients, parts});
    workspace.backward();
    adam.step(network.parameters(), 1e-4, execution.threads);
  });
}

void add(const std::string& problem, const ConvGeometry& g, const Execution& execution, double peak) {
  require(g.in_h == g.in_w, "problem '", problem, "': the network takes square images");
  add_row(problem + "/forward", inference, g, execution, peak);
  add_row(problem + "/training_step", training_step, g, execution, peak);
}

}  // namespace

int main(int argc, char** argv) {
  return run_benchmarks("network_bench", argc, argv, default_problems, print_peak, add);
}
