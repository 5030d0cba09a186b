// Times convolutions in all three directions, next to oneDNN where CMake found it. Forward passes twice: as in
// training, where each begins with a kernel that has changed, and as in inference, with what was made of the kernel
// once (forward_prepared). oneDNN always has the kernel in the form that it likes best.
//
//   conv_bench [--threads=N] [--algorithm=NAME] [problem ...] [Google Benchmark's options]
//
// A problem is written as in problem.hpp, e.g. ic64oc128ih208k3s2; without one the lists below are run. Columns:
// GFLOP/s of the convolution's definition, percent of the peak measured at the start (Winograd's algorithm can exceed
// 100), and how many times faster than oneDNN. Both numbers compare the best of the runs, which are taken in turn.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "amdefect/core/tensor.hpp"
#include "amdefect/kernels/conv2d.hpp"
#include "run_benchmarks.hpp"

#ifdef AMDEFECT_ONEDNN
#include "onednn_conv.hpp"
#endif

namespace {

using namespace amdefect;
using namespace amdefect::bench;

enum class Direction { forward, forward_prepared, backward_input, backward_kernel };
constexpr const char* direction_names[] = {"forward", "forward_prepared", "input_gradient", "kernel_gradient"};

const std::vector<std::string> default_problems{
    // the paper's network, in training and one image at a time
    "mb8ic3oc64ih416k3s2", "mb8ic64oc128ih208k3s2", "mb8ic128oc256ih104k3s2", "mb8ic256oc256ih52k3", "mb8ic256oc60ih52",
    "ic3oc64ih416k3s2", "ic64oc128ih208k3s2", "ic128oc256ih104k3s2", "ic256oc256ih52k3", "ic256oc60ih52",
    // small detectors, depthwise
    "mb8ic16oc32ih104k3", "mb8ic32oc64ih104k3s2", "mb8ic64ih52k3", "mb8ic128ih26k3", "mb8ic32ih104k3g32",
    "mb8ic128ih52k3s2g128", "mb8ic144ih56k3s2g144", "mb8ic40ih28k5g40",
    // ResNet-50: the first layer, every 3x3 and every 1x1
    "mb8ic3oc64ih224k7s2", "mb8ic64ih56k3", "mb8ic128ih56k3s2", "mb8ic128ih28k3", "mb8ic256ih28k3s2", "mb8ic256ih14k3",
    "mb8ic512ih14k3s2", "mb8ic512ih7k3", "mb8ic64ih56", "mb8ic64oc256ih56", "mb8ic256oc64ih56", "mb8ic256oc128ih56",
    "mb8ic128oc512ih28", "mb8ic256oc512ih56s2", "mb8ic512oc128ih28", "mb8ic512oc256ih28", "mb8ic256oc1024ih14",
    "mb8ic512oc1024ih28s2", "mb8ic1024oc256ih14", "mb8ic1024oc512ih14", "mb8ic512oc2048ih7", "mb8ic1024oc2048ih14s2",
    "mb8ic2048oc512ih7"};

/// One direction of one convolution with its own tensors.
class Convolution {
 public:
  Convolution(const ConvGeometry& g, Direction direction, const Execution& execution)
      : g_(g),
        direction_(direction),
        execution_(execution),
        x_({g.input_size()}),
        kernel_({g.kernel_size()}),
        y_({g.output_size()}),
        scratch_({scratch_size()}) {
    for (Tensor<float>* tensor : {&x_, &kernel_, &y_}) tensor->fill(0.5f);
    if (direction != Direction::forward_prepared) return;
    prepared_ = Tensor<float>({conv2d_prepared<float>(execution, g).size});
    conv2d_prepare<float>(execution, g, kernel_.data(), prepared_.data());
  }

  void operator()() {
    if (direction_ == Direction::forward)
      conv2d_forward<float>(execution_, g_, x_.data(), kernel_.data(), {}, y_.data(), scratch_.data());
    else if (direction_ == Direction::forward_prepared)
      conv2d_forward_prepared<float>(execution_, g_, x_.data(), prepared_.data(), {}, y_.data(), scratch_.data());
    else if (direction_ == Direction::backward_input)
      conv2d_backward_input<float>(execution_, g_, y_.data(), kernel_.data(), x_.data(), scratch_.data());
    else
      conv2d_backward_kernel<float>(execution_, g_, x_.data(), y_.data(), kernel_.data(), scratch_.data());
  }

 private:
  Index scratch_size() const {
    if (direction_ == Direction::forward) return conv2d_forward_scratch<float>(execution_, g_);
    if (direction_ == Direction::forward_prepared) return conv2d_prepared<float>(execution_, g_).scratch;
    if (direction_ == Direction::backward_input) return conv2d_backward_input_scratch<float>(execution_, g_);
    return conv2d_backward_kernel_scratch<float>(execution_, g_);
  }

  ConvGeometry g_;
  Direction direction_;
  Execution execution_;
  Tensor<float> x_, kernel_, y_, scratch_, prepared_{Shape{0}};
};

#ifdef AMDEFECT_ONEDNN
OneDnnConv::Direction direction_of_onednn(Direction direction) {
  if (direction == Direction::backward_input) return OneDnnConv::Direction::backward_input;
  if (direction == Direction::backward_kernel) return OneDnnConv::Direction::backward_kernel;
  return OneDnnConv::Direction::forward;
}
#endif

void run(benchmark::State& state, const ConvGeometry& g, Direction direction, const Execution& execution, double peak) {
  const int threads = execution.threads;
  const double flops = 2 * static_cast<double>(g.macs());
  Convolution convolution(g, direction, execution);
#ifdef AMDEFECT_ONEDNN
  OneDnnConv onednn(g, direction_of_onednn(direction));
  const Best best = time_in_turn(state, threads, convolution, onednn, true);
#else
  const Best best = time_in_turn(
      state, threads, convolution, [] {}, false);
#endif
  state.counters["GFLOP/s"] = 1e-9 * flops / best.ours;
  state.counters["%peak"] = 100 * flops / best.ours / peak;
#ifdef AMDEFECT_ONEDNN
  state.counters["oneDNN_GFLOP/s"] = 1e-9 * flops / best.theirs;
  state.counters["x_oneDNN"] = best.theirs / best.ours;
#endif
}

void add(const std::string& problem, const ConvGeometry& g, const Execution& execution, double peak) {
  for (const Direction direction :
       {Direction::forward, Direction::forward_prepared, Direction::backward_input, Direction::backward_kernel}) {
    if (direction == Direction::backward_input && g.in_c <= 3) continue;  // an image: nobody needs its gradient
    add_row(problem + '/' + direction_names[static_cast<int>(direction)], run, g, direction, execution, peak);
  }
}

}  // namespace

int main(int argc, char** argv) { return run_benchmarks("conv_bench", argc, argv, default_problems, print_peak, add); }
