#pragma once

#include <string>
#include <vector>

#include "amdefect/optim/adam.hpp"
#include "amdefect/optim/sgd.hpp"
#include "reference_check/check.hpp"

namespace amdefect::reference_check {

/// Starts at `w0` and takes one step per row of `grads` and `lr`; compares the weights and the optimiser's memories,
/// which the files call `memories` in the order of ours.
template <class T>
void check_optimizer(Check<T>& check, Optimizer<T>&& optimizer, const std::vector<std::string>& memories) {
  const Tensor<T> w0 = check.tensor("w0"), gradients = check.tensor("grads");
  const Tensor<double> rates = check->file().template tensor<double>("lr");
  require(gradients.shape() == w0.shape().batched(rates.size()), "grads: expected shape ",
          w0.shape().batched(rates.size()), ", found ", gradients.shape());
  Parameters<T> parameters;
  parameters.declare({.name = "w", .shape = w0.shape(), .weight_decay = true});
  parameters.allocate();
  parameters.allocate_gradients();
  copy<T>(w0, parameters.value("w"));

  Tensor<T> weights(gradients.shape());
  std::vector<Tensor<T>> history;
  for (std::size_t i = 0; i < memories.size(); ++i) history.emplace_back(gradients.shape());
  for (Index step = 0; step < rates.size(); ++step) {
    copy<T>(gradients.slice(step, step + 1).reshape(w0.shape()), parameters.gradient("w"));
    optimizer.step(parameters, rates[step]);
    std::copy_n(parameters.value("w").data(), w0.size(), weights.data() + step * w0.size());
    for (std::size_t i = 0; i < memories.size(); ++i)
      std::copy_n(optimizer.memory(i).data(), w0.size(), history[i].data() + step * w0.size());
  }
  check.compare("w", weights);
  for (std::size_t i = 0; i < memories.size(); ++i)
    if (check->has(memories[i])) check.compare(memories[i], history[i]);
}

/// Adam, and AdamW where the case has a weight decay.
template <class T>
void check_adam(Check<T>& check, AdamEpsilon form) {
  const AdamOptions options{.beta1 = check->number({"beta1", "beta_1"}, 0.9),
                            .beta2 = check->number({"beta2", "beta_2"}, 0.999),
                            .epsilon = check->number({"eps", "epsilon"}, form == AdamEpsilon::keras ? 1e-7 : 1e-8),
                            .weight_decay = check->number({"weight_decay"}, 0),
                            .form = form};
  check_optimizer(check, Adam<T>(options), {"m", "v"});
}

template <class T>
void check_sgd(Check<T>& check) {
  const SgdOptions options{.momentum = check->number({"momentum"}, 0),
                           .nesterov = check->flag({"nesterov"}, false),
                           .weight_decay = check->number({"weight_decay"}, 0)};
  if (options.momentum == 0)
    check_optimizer(check, Sgd<T>(options), {});
  else
    check_optimizer(check, Sgd<T>(options), {"momentum_buffer"});
}

}  // namespace amdefect::reference_check
