#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "amdefect/nn/workspace.hpp"
#include "amdefect/train/batch.hpp"
#include "amdefect/train/batch_loss.hpp"
#include "amdefect/train/nonfinite.hpp"
#include "amdefect/train/saved_statistics.hpp"

namespace amdefect::detail {

/// The gradients of the batches of one update, added in the network's parameters.
template <class T>
class BatchGradients {
 public:
  explicit BatchGradients(Network<T>& network) : network_(network) {}

  bool started() const { return workspace_ != nullptr; }
  void start(const Execution& execution, std::uint64_t seed) {
    workspace_ = std::make_unique<Workspace<T>>(Workspace<T>::for_training(network_, execution, seed));
    pending_ = 0;
  }

  /// Batches whose gradients wait for an update.
  Index pending() const { return pending_; }

  /// Forward and backward pass; `step` chooses what is random in them. Returns what is wrong with a batch whose loss or
  /// gradients are not finite, which leaves weights and statistics as they were, else nothing. There `position()` says
  /// where in the training it was, `name(k)` which sample.
  template <class Position>
  std::string add(const Batch<T>& batch, BatchLoss<T>& loss, std::uint64_t step, const Position& position,
                  const SampleNames& name) {
    if (pending_ == 0) network_.parameters().gradients().fill(T{0});
    workspace_->set_step(step);
    statistics_.remember(network_.parameters());
    std::string problem;
    try {
      workspace_->forward(batch.inputs());
      const Parameter* bad = nullptr;
      if (all_finite(loss.evaluate(*workspace_, batch.targets()))) {
        const Index before = std::exchange(pending_, 0);  // the gradients of these are spoilt if this batch fails
        workspace_->backward();
        bad = nonfinite_gradient(network_.parameters());
        if (!bad) return pending_ = before + 1, problem;
      }
      statistics_.put_back(network_.parameters());
      problem = bad ? concat("the gradient of '", bad->name, "' is not finite (", position(), "), for a batch of ",
                             sample_list(batch.size(), name, [](Index) { return true; }))
                    : concat("the loss is not finite any more (", position(),
                             "): ", nonfinite_cause(*workspace_, batch, name));
    } catch (...) {
      statistics_.put_back(network_.parameters());
      throw;
    }
    statistics_.put_back(network_.parameters());  // the search for the cause was a forward pass, too
    return problem;
  }

  /// Makes the sum the mean, for an update.
  void take_mean() {
    if (pending_ > 1) network_.parameters().gradients().array() /= static_cast<T>(pending_);
    pending_ = 0;
  }

 private:
  Network<T>& network_;
  std::unique_ptr<Workspace<T>> workspace_;
  SavedStatistics<T> statistics_;
  Index pending_ = 0;
};

}  // namespace amdefect::detail
