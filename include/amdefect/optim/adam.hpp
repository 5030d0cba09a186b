#pragma once

#include <type_traits>

#include "amdefect/core/compiled.hpp"
#include "amdefect/optim/optimizer.hpp"

namespace amdefect {

/// Where Adam adds epsilon. With bias corrections c1 = 1 - beta1^t, c2 = 1 - beta2^t:
enum class AdamEpsilon {
  keras,    ///< w -= lr sqrt(c2) / c1 m / (sqrt(v) + epsilon)
  pytorch,  ///< w -= lr / c1 m / (sqrt(v / c2) + epsilon), the form of the paper's Algorithm 1
};

/// Hyper-parameters of Adam, with Keras' defaults.
struct AdamOptions {
  double beta1 = 0.9, beta2 = 0.999;
  double epsilon = 1e-7;
  /// AdamW: kernels shrink by the factor 1 - lr weight_decay before each update (Loshchilov and Hutter 2019).
  double weight_decay = 0;
  AdamEpsilon form = AdamEpsilon::keras;
};

/// Adam (Kingma and Ba 2015), and AdamW when `weight_decay` is set. `Adam{1e-3}` has a constant learning rate, that of
/// `Adam({.weight_decay = 0.02})` comes from a schedule; `Adam(1e-3, {.weight_decay = 0.02})` has both.
template <class T = float>
class Adam : public Optimizer<T> {
 public:
  /// @throws Error for numbers without meaning.
  explicit Adam(const AdamOptions& options = {}) : Optimizer<T>({"m", "v"}), options_(options) { check(); }
  template <class Number>
  requires std::is_arithmetic_v<Number>  // so that {} means options, not a rate of 0
  explicit Adam(Number learning_rate, const AdamOptions& options = {})
      : Optimizer<T>({"m", "v"}, static_cast<double>(learning_rate)), options_(options) {
    check();
  }

 protected:
  void begin_step(double learning_rate) override {
    const auto t = static_cast<double>(this->steps());
    const double correction1 = 1 - std::pow(options_.beta1, t);
    const double correction2 = std::sqrt(1 - std::pow(options_.beta2, t));
    const bool keras = options_.form == AdamEpsilon::keras;
    // Both forms are rate * m / (sqrt(v) + epsilon) with these two numbers.
    rate_ = static_cast<T>(learning_rate * correction2 / correction1);
    epsilon_ = static_cast<T>(keras ? options_.epsilon : options_.epsilon * correction2);
    decay_ = learning_rate * options_.weight_decay;
  }
  void update(const Parameter& parameter, ConstArrayMap<T> gradient, Index first, ArrayMap<T> weights) override {
    ArrayMap<T> m = this->moment(0, first, gradient.size());
    ArrayMap<T> v = this->moment(1, first, gradient.size());
    if (parameter.weight_decay && options_.weight_decay != 0) weights *= static_cast<T>(1 - parameter.rate * decay_);
    m += (gradient - m) * static_cast<T>(1 - options_.beta1);
    v += (gradient.square() - v) * static_cast<T>(1 - options_.beta2);
    weights -= static_cast<T>(parameter.rate * static_cast<double>(rate_)) * m / (v.sqrt() + epsilon_);
  }

 private:
  void check() const {
    this->require_at_least_0("weight_decay", options_.weight_decay);
    this->require_at_least_0("epsilon", options_.epsilon);
    for (const double beta : {options_.beta1, options_.beta2})
      require(beta >= 0 && beta < 1, "adam: beta1 and beta2 are ", options_.beta1, " and ", options_.beta2,
              ", expected at least 0 and less than 1");
  }

  AdamOptions options_;
  T rate_ = 0, epsilon_ = 0;
  double decay_ = 0;
};

AMDEFECT_COMPILED_CLASS(Adam)

}  // namespace amdefect
