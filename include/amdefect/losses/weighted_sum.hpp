#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/losses/output_loss.hpp"

namespace amdefect {

/// A term of a weighted sum of losses.
struct WeightedLoss {
  std::string name;  ///< of the part in the log
  OutputLoss loss;
  double weight = 1;
  /// Numbers of the network's output and of the data's target; if not given, the position of this term in the sum.
  std::optional<std::size_t> output{}, target{};
};

namespace detail {

/// Evaluates a weighted sum; has the memory for terms that share an output.
template <class T>
class WeightedSumEvaluation {
 public:
  explicit WeightedSumEvaluation(std::vector<WeightedLoss> terms) : terms_(std::move(terms)) {}

  void operator()(const LossArguments<T>& a) {
    seen_.assign(a.outputs.size(), false);
    for (std::size_t i = 0; i < terms_.size(); ++i) {
      const WeightedLoss& term = terms_[i];
      const std::size_t output = term.output.value_or(i), target = term.target.value_or(i);
      require(output < a.outputs.size(), "weighted sum: '", term.name, "' wants output ", output, ", the network has ",
              a.outputs.size());
      require(target < a.targets.size(), "weighted sum: '", term.name, "' wants target ", target, ", the data have ",
              a.targets.size());
      const auto evaluate = [&](TensorView<T> gradient) {
        a.parts[i] = term.loss.function<T>()(a.outputs[output], a.targets[target], gradient, {.scale = term.weight});
      };
      const TensorView<T> gradient = a.gradients[output];
      if (seen_[output] && gradient.data()) {
        const TensorView<T> own = ensure_capacity(memory_, gradient.shape());
        evaluate(own);
        gradient.array() += own.array();
      } else {
        evaluate(gradient);
      }
      seen_[output] = true;
    }
    for (std::size_t i = 0; i < seen_.size(); ++i)
      if (!seen_[i] && a.gradients[i].data()) a.gradients[i].fill(0);
  }

 private:
  std::vector<WeightedLoss> terms_;
  std::vector<bool> seen_;
  Tensor<T> memory_;
};

}  // namespace detail

/// A weighted sum of losses; see `weighted_sum`.
class LossSum {
 public:
  /// @throws Error if there are no terms or their names are not distinct.
  explicit LossSum(std::vector<WeightedLoss> terms) : terms_(std::move(terms)) {
    require(!terms_.empty(), "weighted sum: there are no losses to add up");
    for (std::size_t i = 0; i < terms_.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        require(terms_[i].name != terms_[j].name, "weighted sum: there are two losses called '", terms_[i].name, "'");
  }

  template <class T>
  operator LossFunction<T>() const {
    LossFunction<T> sum;
    for (const WeightedLoss& term : terms_) sum.parts.push_back(term.name);
    sum.evaluate = [evaluation = std::make_shared<detail::WeightedSumEvaluation<T>>(terms_)](
                       const LossArguments<T>& arguments) { (*evaluation)(arguments); };
    return sum;
  }

 private:
  std::vector<WeightedLoss> terms_;
};

/// The loss of a network with several outputs, each term by its name in the log. Outputs without a term do not count.
///
///     weighted_sum({{"class", softmax_cross_entropy()}, {"box", smooth_l1(), 0.5}})
///
/// @throws Error if there are no terms or their names are not distinct.
inline LossSum weighted_sum(std::vector<WeightedLoss> terms) { return LossSum(std::move(terms)); }

}  // namespace amdefect
