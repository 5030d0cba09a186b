#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/losses/loss_function.hpp"
#include "amdefect/nn/workspace.hpp"
#include "amdefect/train/callback.hpp"

namespace amdefect::detail {

/// A loss function with the memory for its arguments, so that it is called again and again without allocating.
template <class T>
class BatchLoss {
 public:
  explicit BatchLoss(LossFunction<T> loss) : loss_(std::move(loss)), parts_(loss_.parts.size()) {
    require(!loss_.parts.empty() && loss_.evaluate, "trainer: the loss has no parts or no function");
  }

  /// The loss of the batch that the workspace has just seen; fills the output gradients of a training workspace.
  /// The parts are valid until the next call. `group`: see LossArguments.
  std::span<const double> evaluate(const Workspace<T>& workspace, std::span<const TensorView<const T>> targets,
                                   ProcessGroup* group = nullptr) {
    const std::size_t count = workspace.network().outputs().size();
    outputs_.resize(count);
    gradients_.resize(count);
    parts_.assign(loss_.parts.size(), 0.0);
    for (std::size_t i = 0; i < count; ++i) {
      outputs_[i] = workspace.output(i);
      gradients_[i] = workspace.training() ? workspace.output_gradient(i) : TensorView<T>{};
    }
    loss_.evaluate({outputs_, targets, gradients_, parts_, group});
    return parts_;
  }
  /// Those of the last batch.
  const std::vector<double>& parts() const { return parts_; }
  std::vector<double>& parts() { return parts_; }

  /// Adds the sum of mean parts and, if there are several, each of them by its name.
  void append(const std::vector<double>& means, const std::string& prefix, EpochLog& log) const {
    double total = 0;
    for (const double mean : means) total += mean;
    log.values.emplace_back(prefix + "loss", total);
    if (means.size() == 1) return;
    for (std::size_t i = 0; i < means.size(); ++i) log.values.emplace_back(prefix + loss_.parts[i], means[i]);
  }

 private:
  LossFunction<T> loss_;
  std::vector<double> parts_;
  std::vector<TensorView<const T>> outputs_;
  std::vector<TensorView<T>> gradients_;
};

}  // namespace amdefect::detail
