#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "amdefect/nn/operation.hpp"

namespace amdefect {

/// How `check_layer` measures.
struct LayerCheckOptions {
  double step = 1e-5;              ///< of the central differences
  double tolerance = 1e-6;         ///< largest |difference - gradient| over a tensor, divided by the largest |gradient|
  std::uint64_t seed = 1;          ///< for inputs, weights and upstream gradient, all Gaussian
  bool frozen_statistics = false;  ///< let the layer find its statistics frozen
};

/// What `check_layer` found; `failures` is empty for a layer that keeps the contract.
struct LayerCheckReport {
  std::vector<std::string> failures;
  double largest_error = 0;  ///< of the gradients, relative
  bool passed() const { return failures.empty(); }
};

namespace detail {

/// One operation with memory of its own, so that every promise of the contract can be put to the test.
class LayerChecker {
 public:
  LayerChecker(const Operation<double>& operation, std::span<const Shape> shapes, const LayerCheckOptions& options)
      : operation_(operation),
        shapes_(shapes.begin(), shapes.end()),
        options_(options),
        random_(options.seed),
        prepared_(operation.prepared(shapes, {})) {
    for (const Shape& shape : shapes) x_.push_back(gaussian(shape));
    const Shape out = operation.output_shape(shapes);
    y_ = Tensor<double>(out);
    dy_ = gaussian(out);
    for (const ParameterSpec& spec : operation.parameters(shapes)) {
      parameters_.push_back(gaussian(spec.shape));
      if (spec.statistic) parameters_.back().array() = parameters_.back().array().abs() + 0.5;
      statistic_.push_back(spec.statistic);
      gradients_.emplace_back(spec.shape);
    }
    const MemoryRequest request = operation.memory(shapes, {}, true);
    state_ = Tensor<std::byte>({static_cast<Index>(request.state) + 1});
    scratch_ =
        Tensor<std::byte>({static_cast<Index>(std::max(
                               {request.forward_scratch, request.backward_scratch + request.unwanted_scratch,
                                prepared_.forward_scratch, operation.memory(shapes, {}, false).forward_scratch})) +
                           1});
  }

  LayerCheckReport run() {
    const Tensor<double> y = forward(x_);
    const std::vector<Tensor<double>> dx = backward(x_, y, 0);
    const std::vector<Tensor<double>> dparameters = clone(gradients_);
    check_overwrites(dx);
    check_accumulates(y, dparameters);
    check_traits(y, dx);
    check_in_place(y, dx);
    check_recompute(y);
    check_prepared();
    check_differences(dx, dparameters);
    return report_;
  }

 private:
  using Tensors = std::vector<Tensor<double>>;
  static constexpr double poison = std::numeric_limits<double>::quiet_NaN();

  Tensor<double> gaussian(const Shape& shape) {
    Tensor<double> tensor(shape);
    for (double& value : tensor) value = random_.normal();
    return tensor;
  }
  static Tensors clone(const Tensors& tensors) {
    Tensors copies;
    for (const auto& tensor : tensors) copies.push_back(tensor.clone());
    return copies;
  }
  template <class U>
  static std::vector<TensorView<U>> views(auto& tensors) {
    return {tensors.begin(), tensors.end()};
  }
  static bool equal(const Tensor<double>& a, const Tensor<double>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }
  void expect(bool ok, const std::string& failure) {
    if (!ok) report_.failures.push_back(operation_.kind() + ": " + failure);
  }

  /// Calls `body` with a context over this checker's memory; scratch is poisoned before each call.
  template <class Body>
  void with_context(const Body& body) {
    const auto values = views<const double>(parameters_);
    auto gradients = views<double>(gradients_);
    auto statistics = views<double>(moving_);
    for (std::size_t i = 0; i < statistic_.size(); ++i) {
      if (statistic_[i]) gradients[i] = {};
      if (!statistic_[i] || options_.frozen_statistics) statistics[i] = {};
    }
    Context<double> context;
    context.training = true;
    context.random = Random(options_.seed, 1);
    context.parameters = values;
    context.gradients = gradients;
    context.statistics = statistics;
    context.state_memory = state_.data();
    scratch_.fill(std::byte{0xff});
    context.scratch_memory = scratch_.data();
    body(context);
  }

  Tensor<double> forward(const Tensors& x) {
    moving_ = clone(parameters_);  // statistics are updated in a copy: the values stay as they are
    state_.fill(std::byte{0xff});
    y_.fill(poison);
    with_context([&](Context<double>& context) { operation_.forward(context, views<const double>(x), y_); });
    return y_.clone();
  }

  /// dx of all inputs, with parameter gradients that start at `initial`.
  Tensors backward(const Tensors& x, const Tensor<double>& y, double initial) {
    Tensors dx;
    for (const auto& input : x_) dx.emplace_back(input.shape()).fill(poison);
    for (auto& gradient : gradients_) gradient.fill(initial);
    with_context([&](Context<double>& context) {
      operation_.backward(context, views<const double>(x), y, dy_, views<double>(dx));
    });
    return dx;
  }

  void check_overwrites(const Tensors& dx) {
    for (std::size_t i = 0; i < dx.size(); ++i)
      expect(dx[i].array().isFinite().all(), concat("backward does not overwrite all of dx ", i));
  }

  void check_accumulates(const Tensor<double>& y, const Tensors& expected) {
    constexpr double initial = 3;
    backward(x_, y, initial);
    for (std::size_t i = 0; i < gradients_.size(); ++i)
      if (!statistic_[i])
        expect(relative_error(gradients_[i].array() - initial, expected[i].array()) < 1e-9,
               concat("backward does not add to the gradient of parameter ", i));
    std::vector<TensorView<double>> unwanted(x_.size());
    for (auto& gradient : gradients_) gradient.fill(0);
    with_context(
        [&](Context<double>& context) { operation_.backward(context, views<const double>(x_), y, dy_, unwanted); });
    for (std::size_t i = 0; i < gradients_.size(); ++i)
      expect(equal(gradients_[i], expected[i]),
             concat("the gradient of parameter ", i, " changes if dx is not wanted"));
  }

  void check_traits(const Tensor<double>& y, const Tensors& dx) {
    const MemoryTraits traits = operation_.traits();
    Tensors x = clone(x_);
    Tensor<double> output = y.clone();
    for (std::size_t i = 0; i < x.size(); ++i)
      if (!traits.needs_input || (i > 0 && !traits.needs_other_inputs)) x[i].fill(poison);
    if (!traits.needs_output) output.fill(poison);
    const Tensors again = backward(x, output, 0);
    for (std::size_t i = 0; i < dx.size(); ++i)
      expect(equal(again[i], dx[i]), "backward reads x or y although its traits say that it does not");
  }

  void check_in_place(const Tensor<double>& y, const Tensors& dx) {
    const MemoryTraits traits = operation_.traits();
    if (traits.equal_gradients)
      for (const Tensor<double>& other : dx) expect(equal(other, dx[0]), "the inputs' gradients differ");
    if (x_.size() == 1 && traits.forward_in_place) {
      Tensor<double> memory = x_[0].clone();
      const TensorView<const double> input = memory.view();
      with_context([&](Context<double>& context) {
        operation_.forward(context, std::span(&input, 1), TensorView<double>(memory.data(), y.shape()));
      });
      expect(std::equal(y.begin(), y.end(), memory.begin()), "forward in place differs from out of place");
      forward(x_);
    }
    for (std::size_t slot = traits.equal_gradients ? 0 : x_.size() - 1; slot < x_.size(); ++slot) {
      if (traits.equal_gradients) check_backward_into(slot, false, y, dx);
      if (traits.backward_in_place) check_backward_into(slot, true, y, dx);
    }
  }
  /// dx of an input in memory of its own or that of dy, beside those of the others, or alone if all are equal.
  void check_backward_into(std::size_t slot, bool in_place, const Tensor<double>& y, const Tensors& dx) {
    const bool alone = operation_.traits().equal_gradients;
    Tensors all = clone(dx);
    for (Tensor<double>& gradient : all) gradient.fill(poison);
    Tensor<double> dy = dy_.clone();
    auto targets = views<double>(all);
    if (alone) std::fill(targets.begin(), targets.end(), TensorView<double>{});
    targets[slot] = TensorView<double>(in_place ? dy.data() : all[slot].data(), x_[slot].shape());
    with_context(
        [&](Context<double>& context) { operation_.backward(context, views<const double>(x_), y, dy, targets); });
    bool same = true;
    for (std::size_t i = 0; i < dx.size(); ++i)
      same = same && (targets[i].empty() || std::equal(dx[i].begin(), dx[i].end(), targets[i].begin()));
    expect(same, in_place ? "backward in place differs from out of place" : "backward for one input differs");
  }

  /// Computed again, y is the same to the last bit, and the statistics stay.
  void check_recompute(const Tensor<double>& y) {
    if (!operation_.traits().recompute) return;
    const Tensors moving = clone(moving_);
    y_.fill(poison);
    with_context([&](Context<double>& context) { operation_.recompute(context, views<const double>(x_), y_); });
    expect(equal(y_, y), "y computed again differs from that of forward");
    for (std::size_t i = 0; i < moving.size(); ++i)
      expect(equal(moving_[i], moving[i]), concat("recompute changes the statistic ", i));
  }

  /// Inference with what `prepare` made of the weights, in the memory that it asked for, is inference without.
  void check_prepared() {
    if (prepared_.bytes == 0) return;
    constexpr Index behind = 64;
    const auto size = static_cast<Index>(prepared_.bytes);
    Tensor<std::byte> block({size + behind});
    block.fill(std::byte{0xff});
    with_context([&](Context<double>& context) { operation_.prepare(context, shapes_, block.data()); });
    expect(std::all_of(block.begin() + size, block.end(), [](std::byte b) { return b == std::byte{0xff}; }),
           "prepare writes more bytes than prepared() asks for");
    const Tensor<double> expected = infer(nullptr), y = infer(block.data());
    const bool same = y.array().isFinite().all() && relative_error(y.array(), expected.array()) <= options_.tolerance;
    expect(same, "forward with prepared weights differs from forward without");
  }
  Tensor<double> infer(const std::byte* prepared) {
    y_.fill(poison);
    with_context([&](Context<double>& context) {
      context.training = false;
      context.gradients = {};
      context.statistics = {};
      context.state_memory = nullptr;
      context.prepared_memory = prepared;
      operation_.forward(context, views<const double>(x_), y_);
    });
    return y_.clone();
  }

  /// Central differences of sum(y dy) by every input and parameter.
  void check_differences(const Tensors& dx, const Tensors& dparameters) {
    for (std::size_t i = 0; i < x_.size(); ++i) compare(x_[i], dx[i], concat("dx ", i));
    for (std::size_t i = 0; i < parameters_.size(); ++i)
      if (!statistic_[i]) compare(parameters_[i], dparameters[i], concat("the gradient of parameter ", i));
  }
  void compare(Tensor<double>& variable, const Tensor<double>& gradient, const std::string& what) {
    Tensor<double> difference(variable.shape());
    for (Index i = 0; i < variable.size(); ++i) {
      const double value = variable[i];
      variable[i] = value + options_.step;
      const double above = objective();
      variable[i] = value - options_.step;
      const double below = objective();
      variable[i] = value;
      difference[i] = (above - below) / (2 * options_.step);
    }
    const double error = relative_error(gradient.array(), difference.array());
    report_.largest_error = std::max(report_.largest_error, error);
    expect(error <= options_.tolerance, concat(what, " differs from finite differences by ", error, " (relative)"));
  }
  double objective() { return (forward(x_).array() * dy_.array()).sum(); }
  template <class A, class B>
  static double relative_error(const A& actual, const B& expected) {
    if (expected.size() == 0) return 0;
    const double error = (actual - expected).abs().maxCoeff() / std::max(expected.abs().maxCoeff(), 1e-12);
    return std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
  }

  const Operation<double>& operation_;
  std::vector<Shape> shapes_;
  LayerCheckOptions options_;
  Random random_;
  PreparedRequest prepared_;
  Tensors x_, parameters_, moving_, gradients_;
  std::vector<bool> statistic_;
  Tensor<double> y_, dy_;
  Tensor<std::byte> state_, scratch_;
  LayerCheckReport report_;
};

}  // namespace detail

/// Puts a layer to the test in double precision: gradients against finite differences, dx (poisoned before)
/// overwritten, parameter gradients added to, in-place work equal to out-of-place, inference with prepared weights
/// equal to inference without, y computed again equal to y where it is offered, and `traits` honest. For your own
/// layers, too:
///
///     const LayerCheckReport report = check_layer(MyLayer<double>(), {{3, 5, 7, 4}});
inline LayerCheckReport check_layer(const Operation<double>& operation, const std::vector<Shape>& input_shapes,
                                    const LayerCheckOptions& options = {}) {
  return detail::LayerChecker(operation, input_shapes, options).run();
}

}  // namespace amdefect
