#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/kernels/elementwise.hpp"
#include "amdefect/nn/parameters.hpp"

namespace amdefect {

/// Changes the trainable weights of a network after each backward pass. One optimiser serves one network.
template <class T>
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(Optimizer&&) noexcept = default;
  Optimizer& operator=(Optimizer&&) noexcept = default;

  /// One update of all trainable weights from their gradients, which stay as they are.
  void step(Parameters<T>& parameters, double learning_rate, int threads = 0) {
    for (Tensor<T>& memory : memories_)
      if (memory.size() != parameters.values().size()) memory = Tensor<T>(parameters.values().shape());
    ++steps_;
    begin_step(learning_rate);
    T* values = parameters.values().data();
    for (const Parameter& parameter : parameters.list()) {
      if (!parameter.trainable) continue;
      parallel_for(threads_for(threads, parameter.size()), parameter.size(), [&](Index begin, Index end, int) {
        const Index first = parameter.offset + begin;
        update(parameter, ConstArrayMap<T>(parameters.gradients().data() + first, end - begin), first,
               ArrayMap<T>(values + first, end - begin));
      });
    }
  }

  /// The learning rate that it was made with, which a Trainer without a schedule uses; none if it was made without.
  const std::optional<double>& learning_rate() const { return learning_rate_; }

  /// Updates done so far; counts once per step, whatever the number of tensors.
  std::uint64_t steps() const { return steps_; }
  void set_steps(std::uint64_t steps) { steps_ = steps; }

  /// A trainer takes the optimiser for itself and gives it back at its end. @throws Error if another one has it.
  void take() {
    require(!in_use_, "optimiser: another trainer uses it; one optimiser serves one run, give each its own");
    in_use_ = true;
  }
  void give_back() noexcept { in_use_ = false; }

  /// The moments, each as flat as the parameter arena, for checkpoints; empty before the first step.
  std::vector<std::string> memory_names() const { return names_; }
  Tensor<T>& memory(std::size_t index) { return memories_.at(index); }
  const Tensor<T>& memory(std::size_t index) const { return memories_.at(index); }

 protected:
  explicit Optimizer(std::vector<std::string> names, std::optional<double> learning_rate = std::nullopt)
      : learning_rate_(learning_rate), names_(std::move(names)), memories_(names_.size()) {
    if (learning_rate) require_at_least_0("the learning rate", *learning_rate);
  }

  /// @throws Error for a negative hyper-parameter, and one that is not finite.
  static void require_at_least_0(const char* name, double value) {
    require(std::isfinite(value) && value >= 0, "optimiser: ", name, " is ", value,
            ", expected a number of at least 0");
  }

  virtual void begin_step(double learning_rate) = 0;
  /// Updates the elements of one piece of a parameter; its moments start at element `first`.
  virtual void update(const Parameter& parameter, ConstArrayMap<T> gradient, Index first, ArrayMap<T> weights) = 0;

  ArrayMap<T> moment(std::size_t index, Index first, Index count) { return {memories_[index].data() + first, count}; }

 private:
  std::optional<double> learning_rate_;
  std::uint64_t steps_ = 0;
  bool in_use_ = false;
  std::vector<std::string> names_;
  std::vector<Tensor<T>> memories_;
};

/// Scales all gradients of trainable weights so that their joint Euclidean norm is at most `limit`. Returns the norm
/// before. A norm that is not finite leaves the gradients alone.
template <class T>
double clip_gradient_norm(Parameters<T>& parameters, double limit) {
  double squares = 0;
  for (const Parameter& p : parameters.list())
    if (p.trainable) squares += parameters.gradient(p).array().template cast<double>().square().sum();
  const double norm = std::sqrt(squares);
  if (norm > limit && std::isfinite(norm)) parameters.gradients().array() *= static_cast<T>(limit / norm);
  return norm;
}

}  // namespace amdefect
