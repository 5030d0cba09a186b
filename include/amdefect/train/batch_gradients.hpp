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
#include "amdefect/train/shared_step.hpp"

namespace amdefect::detail {

/// The gradients of the batches of one update, added in the network's parameters. Where processes share the batches
/// (`SharedStep`), each adds those of its part, and all do the same at the same time.
template <class T>
class BatchGradients {
 public:
  explicit BatchGradients(Network<T>& network) : network_(network) {}

  bool started() const { return workspace_ != nullptr; }
  /// `shared` is null for a process alone.
  void start(const Execution& execution, std::uint64_t seed, SharedStep<T>* shared) {
    shared_ = shared;
    workspace_ = std::make_unique<Workspace<T>>(Workspace<T>::for_training(network_, execution, seed));
    if (shared) workspace_->set_group(shared->norms());
    pending_ = 0;
  }

  /// Batches whose gradients wait for an update.
  Index pending() const { return pending_; }

  /// Forward and backward pass; `step` chooses what is random in them. Returns what is wrong with a batch whose loss or
  /// gradients are not finite, which leaves weights and statistics as they were, else nothing. There `position()` says
  /// where in the training it was, `name(k)` which sample. `last`: an update follows.
  template <class Position>
  std::string add(const Batch<T>& batch, BatchLoss<T>& loss, std::uint64_t step, bool last, const Position& position,
                  const SampleNames& name) {
    if (pending_ == 0) network_.parameters().gradients().fill(T{0});
    workspace_->set_step(step);
    statistics_.remember(network_.parameters());
    std::string problem;
    try {
      workspace_->forward(batch.inputs());
      const Parameter* bad = nullptr;
      const bool fine = all_finite(loss.evaluate(*workspace_, batch.targets(), shared_ ? &shared_->group() : nullptr));
      if (shared_) shared_->agree(loss, *workspace_, batch.size());
      if (all_finite(loss.parts())) {
        const Index before = std::exchange(pending_, 0);  // the gradients of these are spoilt if this batch fails
        backward(last);
        if (last || !shared_) bad = nonfinite_gradient(network_.parameters());
        if (!bad) return pending_ = before + 1, problem;
      }
      statistics_.put_back(network_.parameters());
      if (bad)
        problem = concat("the gradient of '", bad->name, "' is not finite (", position(), "), for a batch of ",
                         sample_list(batch.size(), name, [](Index) { return true; }));
      else if (!fine)
        problem = concat("the loss is not finite any more (", position(), "): ", cause(batch, name));
      if (shared_) problem = share_best(shared_->group(), problem, guilt(problem));
    } catch (...) {
      statistics_.put_back(network_.parameters());
      throw;
    }
    statistics_.put_back(network_.parameters());  // the search for the cause was a forward pass, too
    return problem;
  }

  /// Makes the sum the mean, for an update.
  void take_mean() {
    if (shared_) shared_->finish_update();
    if (pending_ > 1) network_.parameters().gradients().array() /= static_cast<T>(pending_);
    pending_ = 0;
  }

 private:
  void backward(bool last) {
    if (shared_)
      shared_->backward(*workspace_, last);
    else
      workspace_->backward();
  }
  /// Looks for it in this process alone.
  std::string cause(const Batch<T>& batch, const SampleNames& name) {
    workspace_->set_group(nullptr);
    std::string found = nonfinite_cause(*workspace_, batch, name);
    if (shared_) workspace_->set_group(shared_->norms());
    return found;
  }
  /// Of several processes' problems the one that tells most: a loss of all may be spoilt by what one of them sees.
  static double guilt(const std::string& problem) {
    if (problem.empty()) return 0;
    return problem.find(nowhere_before_the_loss) == std::string::npos ? 2 : 1;
  }

  Network<T>& network_;
  SharedStep<T>* shared_ = nullptr;
  std::unique_ptr<Workspace<T>> workspace_;
  SavedStatistics<T> statistics_;
  Index pending_ = 0;
};

}  // namespace amdefect::detail
