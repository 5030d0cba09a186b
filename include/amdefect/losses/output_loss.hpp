#pragma once

#include <functional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "amdefect/losses/loss_function.hpp"
#include "amdefect/losses/reduction.hpp"

namespace amdefect {

/// The loss of one output of a network against one target, with its options; `float` or `double` is settled when a
/// trainer takes it. `softmax_cross_entropy()` and its like make one, `weighted_sum` adds several up.
///
/// One of one's own is any function of the losses' form, `(output, target, gradient, reduction) -> double`:
///
///     const OutputLoss loss([](auto output, auto target, auto gradient, const auto& reduction) {
///       return smooth_l1(output, target, gradient, reduction, {.beta = 0.1});
///     });
class OutputLoss {
 public:
  template <class T>
  using Function =
      std::function<double(TensorView<const T>, TensorView<const T>, TensorView<T>, const LossReduction<T>&)>;

  template <class Loss>
  requires(!std::is_same_v<std::remove_cvref_t<Loss>, OutputLoss>) explicit OutputLoss(const Loss& loss)
      : float_(loss), double_(loss) {}

  template <class T>
  const Function<T>& function() const {
    if constexpr (std::is_same_v<T, float>)
      return float_;
    else
      return double_;
  }

  /// The loss of a network with one output and one target, of the one part "loss".
  template <class T>
  requires(std::is_same_v<T, float> || std::is_same_v<T, double>) operator LossFunction<T>() const {
    return single_loss<T>([compare = function<T>()](const LossArguments<T>& arguments) {
      require(arguments.outputs.size() == 1 && arguments.targets.size() == 1,
              "loss: expected one output and one target, the network has ", arguments.outputs.size(),
              " outputs and the data have ", arguments.targets.size(),
              " targets; weighted_sum says which belong together");
      return compare(arguments.outputs[0], arguments.targets[0], arguments.gradients[0], {});
    });
  }

 private:
  Function<float> float_;
  Function<double> double_;
};

namespace detail {

/// Weights per class for either type of numbers.
struct OwnedWeights {
  explicit OwnedWeights(const std::vector<double>& weights) : wide(weights), narrow(weights.begin(), weights.end()) {}

  template <class T>
  std::span<const T> as() const {
    if constexpr (std::is_same_v<T, float>)
      return narrow;
    else
      return wide;
  }

  std::vector<double> wide;
  std::vector<float> narrow;
};

}  // namespace detail
}  // namespace amdefect
