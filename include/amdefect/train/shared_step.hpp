#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "amdefect/distributed/share.hpp"
#include "amdefect/nn/workspace.hpp"
#include "amdefect/train/batch_loss.hpp"
#include "amdefect/train/gradient_reducer.hpp"
#include "amdefect/train/trainer_options.hpp"

namespace amdefect::detail {

/// What the processes of a group do together in a step: each has a part of the batch, and the gradient becomes that of
/// the mean over the samples of all.
template <class T>
class SharedStep {
 public:
  /// `interrupted` is whether this process is asked to end; both must outlive this. Collective: all get the weights and
  /// statistics of the first process.
  SharedStep(const TrainerOptions& options, Network<T>& network, const std::atomic<bool>& interrupted)
      : group_(*options.group),
        synchronized_(options.sync_batch_norm),
        network_(network),
        interrupted_(interrupted),
        reducer_(group_, network.parameters(), options.bucket_bytes) {
    share_weights();
  }

  ProcessGroup& group() { return group_; }
  /// The one whose samples layers look at together.
  ProcessGroup* norms() { return synchronized_ ? &group_ : nullptr; }
  void share_weights() {
    const TensorView<T> values = network_.parameters().values();
    group_.broadcast(std::as_writable_bytes(std::span(values.data(), static_cast<std::size_t>(values.size()))), 0);
  }

  /// Between forward and backward: the parts of the loss become the means over the samples of all processes, and the
  /// gradients by the outputs those of these means.
  void agree(BatchLoss<T>& loss, const Workspace<T>& workspace, Index samples) {
    const auto own = static_cast<double>(samples);
    numbers_.assign({own, interrupted_.load(std::memory_order_relaxed) ? 1.0 : 0.0});
    for (const double part : loss.parts()) numbers_.push_back(own * part);
    group_.all_reduce_sum(numbers_);
    samples_ = static_cast<Index>(numbers_[0]);
    end_ = end_ || numbers_[1] > 0;
    share_ = own / numbers_[0];
    for (std::size_t i = 0; i < loss.parts().size(); ++i) loss.parts()[i] = numbers_[2 + i] / numbers_[0];
    for (std::size_t i = 0; i < network_.outputs().size(); ++i)
      workspace.output_gradient(i).array() *= static_cast<T>(share_);
  }
  /// `last`: an update follows, so that gradients go to the others as soon as they are complete.
  void backward(Workspace<T>& workspace, bool last) {
    summed_ = false;
    if (!last) return workspace.backward();
    try {
      reducer_.begin();
      workspace.backward([&](const Parameter& parameter) { reducer_.complete(parameter); });
    } catch (const std::exception& error) {
      reducer_.fail(error.what());
      throw;
    }
    reducer_.finish();
    summed_ = true;
  }
  /// Before an update: the gradients are the sums over all processes, also where the last batch was skipped, and
  /// statistics that each took of its own samples become their mean, weighted by the samples.
  void finish_update() {
    if (!summed_) {
      reducer_.begin();
      for (const Parameter& parameter : network_.parameters().list()) reducer_.complete(parameter);
      reducer_.finish();
    }
    summed_ = false;
    if (!synchronized_) average_statistics();
  }

  /// Samples of all processes in this batch.
  Index samples() const { return samples_; }
  /// Whether any process was asked to end before this batch; the same on all.
  bool end() const { return end_; }
  /// Says whether any process says so, or was asked to end; see `end`.
  bool any(bool mine) {
    numbers_.assign({mine ? 1.0 : 0.0, interrupted_.load(std::memory_order_relaxed) ? 1.0 : 0.0});
    group_.all_reduce_sum(numbers_);
    end_ = end_ || numbers_[1] > 0;
    return numbers_[0] > 0;
  }
  CommunicationTime time() const { return reducer_.time(); }

 private:
  void average_statistics() {
    Parameters<T>& parameters = network_.parameters();
    numbers_.clear();
    for (const Parameter& p : parameters.list())
      if (p.statistic && !p.frozen)
        for (const T value : parameters.value(p)) numbers_.push_back(share_ * static_cast<double>(value));
    if (numbers_.empty()) return;
    group_.all_reduce_sum(numbers_);
    auto from = numbers_.begin();
    for (const Parameter& p : parameters.list())
      if (p.statistic && !p.frozen)
        for (T& value : parameters.value(p)) value = static_cast<T>(*from++);
  }

  ProcessGroup& group_;
  bool synchronized_;
  Network<T>& network_;
  const std::atomic<bool>& interrupted_;
  GradientReducer<T> reducer_;
  std::vector<double> numbers_;
  Index samples_ = 0;
  double share_ = 1;
  bool summed_ = false;  // the gradients that wait for an update
  bool end_ = false;
};

}  // namespace amdefect::detail
