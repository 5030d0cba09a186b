#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/optim/optimizer.hpp"

namespace amdefect {

/// Hyper-parameters of stochastic gradient descent.
struct SgdOptions {
  double momentum = 0;
  bool nesterov = false;
  double weight_decay = 0;  ///< adds weight_decay w to the gradient of kernels
};

/// Stochastic gradient descent with momentum as in PyTorch: buffer = momentum buffer + g, then w -= lr buffer, or with
/// Nesterov's momentum w -= lr (g + momentum buffer). The buffer does not contain the learning rate,
/// which is given here, `Sgd(0.1, {.momentum = 0.9})`, or comes from a schedule.
template <class T = float>
class Sgd : public Optimizer<T> {
 public:
  explicit Sgd(const SgdOptions& options = {}) : Sgd(std::nullopt, options) {}
  /// @throws Error for a negative rate.
  explicit Sgd(double learning_rate, const SgdOptions& options = {}) : Sgd(std::optional(learning_rate), options) {}

 protected:
  void begin_step(double learning_rate) override { rate_ = static_cast<T>(learning_rate); }
  void update(const Parameter& parameter, ConstArrayMap<T> gradient, Index first, ArrayMap<T> weights) override {
    const T decay = static_cast<T>(parameter.weight_decay ? options_.weight_decay : 0);
    const auto momentum = static_cast<T>(options_.momentum);
    const T rate = static_cast<T>(parameter.rate * static_cast<double>(rate_));
    const auto total = gradient + decay * weights;
    if (options_.momentum == 0) {
      weights -= rate * total;
      return;
    }
    ArrayMap<T> buffer = this->moment(0, first, gradient.size());
    buffer = momentum * buffer + total;
    if (options_.nesterov)
      weights -= rate * (total + momentum * buffer);
    else
      weights -= rate * buffer;
  }

 private:
  Sgd(std::optional<double> learning_rate, const SgdOptions& options)
      : Optimizer<T>(options.momentum != 0 ? std::vector<std::string>{"momentum"} : std::vector<std::string>{},
                     learning_rate),
        options_(options) {
    this->require_at_least_0("momentum", options.momentum);
    this->require_at_least_0("weight_decay", options.weight_decay);
  }

  SgdOptions options_;
  T rate_ = 0;
};

AMDEFECT_COMPILED_CLASS(Sgd)

}  // namespace amdefect
