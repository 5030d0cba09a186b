#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "amdefect/core/execution.hpp"
#include "amdefect/distributed/process_group.hpp"
#include "amdefect/train/data_loader.hpp"
#include "amdefect/train/nonfinite.hpp"

namespace amdefect {

/// A number of epochs for trainings that a callback ends, e.g. TimeBudget.
inline constexpr Index unlimited_epochs = std::numeric_limits<Index>::max();

/// How a Trainer trains.
struct TrainerOptions {
  Index epochs = 1;  ///< `unlimited_epochs` where a callback ends the training
  Index batch_size = 8;
  std::uint64_t seed = 0;            ///< of the order of samples, augmentation and dropout
  double clip_norm = 0;              ///< largest joint norm of all (finite) gradients; 0 means no limit
  int workers = 1;                   ///< threads that load data ahead
  std::string monitor = "val_loss";  ///< what the schedule observes; `loss` where there is no validation
  Execution execution{};
  /// Batches whose mean gradient makes one update; what is left at the end of an epoch makes one, too.
  Index accumulate = 1;
  /// Of a batch whose loss or gradients are not finite. A batch that is skipped makes no update; one whose gradients
  /// had been added to those of others (`accumulate`) takes these with it.
  OnNonfinite on_nonfinite = OnNonfinite::stop;
  /// Part of the training data that this process sees, where several share the work by means of the program; all see
  /// the whole validation. With a `group` it is given by that.
  Shard shard{};

  // Several processes that train one network together (docs/scaling.md); all have the same options.
  /// The processes; null, or a group of one: this process alone.
  std::shared_ptr<ProcessGroup> group{};
  /// Whether batch norm takes the statistics of a batch over the samples of all processes, or each over its own.
  bool sync_batch_norm = false;
  std::size_t bucket_bytes = std::size_t{1} << 20;  ///< of gradients that travel at once

  /// Number of processes that share the work.
  Index processes() const { return group ? group->size() : shard.count; }
  /// Samples that make one update.
  Index global_batch() const { return batch_size * accumulate * processes(); }

  /// @throws Error for options without meaning.
  void check() const {
    require(epochs >= 0, "trainer: the number of epochs must not be negative, got ", epochs);
    const auto at_least_0 = [](const char* name, double value) {
      require(std::isfinite(value) && value >= 0, "trainer: ", name, " is ", value,
              ", expected a number of at least 0");
    };
    at_least_0("clip_norm", clip_norm);
    at_least_0("workers", workers);
    at_least_0("threads", execution.threads);
    require(batch_size > 0, "trainer: batch_size is ", batch_size, ", expected at least 1");
    require(!group || shard.count == 1, "trainer: a group of processes and a shard are given; the group makes shards");
    require(on_nonfinite == OnNonfinite::stop || shard.count == 1,
            "trainer: on_nonfinite is skip, which processes that share the work would do at different batches");
    require(accumulate > 0, "trainer: the number of batches of an update must be positive, got ", accumulate);
  }
  LoaderOptions training_loader() const {
    return {
        .batch_size = batch_size, .seed = seed, .workers = workers, .shard = group ? part(Dealing::samples) : shard};
  }
  /// Of a group's processes each sees some of the batches that one alone would see.
  LoaderOptions validation_loader() const {
    return {.batch_size = batch_size,
            .shuffle = false,
            .workers = workers,
            .shard = group ? part(Dealing::batches) : Shard{}};
  }
  Shard part(Dealing dealing) const { return {group->rank(), group->size(), dealing}; }
};

}  // namespace amdefect
