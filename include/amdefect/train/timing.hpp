#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/median.hpp"
#include "amdefect/core/number_text.hpp"
#include "amdefect/core/random.hpp"
#include "amdefect/core/tensor.hpp"
#include "amdefect/losses/loss_function.hpp"
#include "amdefect/nn/workspace.hpp"
#include "amdefect/optim/adam.hpp"

/// How long a network takes on this machine.
namespace amdefect {

/// The memory of this machine in bytes, used or not.
inline double machine_memory() {
  return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

/// Made-up input: numbers from 0 to 1. @throws Error for more of them than the machine's memory holds.
inline Tensor<float> random_pixels(const Shape& shape, Random& random) {
  const double bytes = static_cast<double>(shape.elements()) * sizeof(float);
  require(bytes < machine_memory(), "there is not enough memory: random pixels ", shape, " take ",
          decimal_number(bytes / 1e9, 1), " GB, this machine has ", decimal_number(machine_memory() / 1e9, 1), " GB");
  Tensor<float> pixels(shape);
  for (float& value : pixels) value = static_cast<float>(random.uniform());
  return pixels;
}

/// Milliseconds of each of `calls` calls of `step`, after two that are not counted.
template <class Step>
std::vector<double> time_calls(int calls, const Step& step) {
  for (int i = 0; i < 2; ++i) step();
  std::vector<double> milliseconds;
  for (int i = 0; i < calls; ++i) {
    const auto start = std::chrono::steady_clock::now();
    step();
    milliseconds.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  return milliseconds;
}

/// The most memory that this process has had so far, in MB.
inline std::int64_t peak_memory_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

/// Milliseconds of training steps: forward, loss, backward and an update by Adam. Changes the weights.
template <class T>
std::vector<double> time_training(Network<T>& network, const LossFunction<T>& loss, TensorView<const T> x,
                                  std::span<const TensorView<const T>> targets, const Execution& execution, int steps) {
  auto workspace = Workspace<T>::for_training(network, execution);
  Adam<T> adam;
  std::vector<double> parts(loss.parts.size());
  return time_calls(steps, [&] {
    network.parameters().gradients().fill(0);
    workspace.forward(x);
    std::vector<TensorView<const T>> outputs;
    std::vector<TensorView<T>> gradients;
    for (std::size_t i = 0; i < network.outputs().size(); ++i) {
      outputs.push_back(workspace.output(i));
      gradients.push_back(workspace.output_gradient(i));
    }
    loss.evaluate({outputs, targets, gradients, parts});
    workspace.backward();
    adam.step(network.parameters(), 1e-4, execution.threads);
  });
}

/// Milliseconds of inference.
template <class T>
std::vector<double> time_inference(const Network<T>& network, TensorView<const T> x, const Execution& execution,
                                   int calls) {
  Workspace<T> workspace(network, execution);
  return time_calls(calls, [&] { workspace.forward(x); });
}

}  // namespace amdefect
