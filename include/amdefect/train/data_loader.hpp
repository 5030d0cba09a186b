#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/train/batch.hpp"

namespace amdefect {

/// What is dealt out in turn to the shards of a data set.
enum class Dealing {
  samples,  ///< the samples of each batch of `count` times the size; all shards have equally many batches
  batches,  ///< the batches that a loader without shards would show, none left out; some shards have one more than
            ///< others
};

/// Part `index` of `count` equal ones.
struct Shard {
  Index index = 0, count = 1;
  Dealing dealing = Dealing::samples;
};

/// How a DataLoader forms its batches.
struct LoaderOptions {
  Index batch_size = 8;
  /// A new order every epoch, drawn from `seed` and the number of the epoch; else 0, 1, 2, ...
  bool shuffle = true;
  std::uint64_t seed = 0;
  /// Threads that load ahead; 0 loads in the calling thread. No result depends on it.
  int workers = 1;
  /// Batches that may be ready before they are asked for.
  Index prefetch = 2;
  /// Leaves out the last batch of an epoch when it is not full.
  bool drop_last = false;
  /// The part of each epoch that this loader shows, where several processes share the work.
  Shard shard{};
};

/// Cuts a dataset into batches and loads them ahead of use on worker threads.
///
/// An epoch is determined by (seed, epoch) alone: a resumed run gets the same order and the same augmentation without
/// replaying earlier epochs. The batches live in a ring that is allocated once.
///
/// The loaders of all shards of a dataset show disjoint parts of the same epoch in equally many batches: the batches of
/// number b are together what a single loader with `count` times the batch size would show as its batch b, dealt out in
/// turn. Where the last of those has fewer samples than there are shards, its samples are left out in this epoch. (For
/// `Dealing::batches` see there.) Usage:
///
///     loader.start_epoch(epoch);
///     while (const Batch<float>* batch = loader.next()) trainer.step(*batch);
template <class T>
class DataLoader {
 public:
  /// The dataset must outlive the loader. @throws Error for options without meaning or an empty dataset.
  DataLoader(const MultiInputDataset<T>& dataset, const LoaderOptions& options);
  DataLoader(const MultiInputDataset<T>&&, const LoaderOptions&) = delete;  // the dataset would be gone after this line
  DataLoader(const DataLoader&) = delete;
  DataLoader& operator=(const DataLoader&) = delete;
  ~DataLoader();

  /// Number of batches of one epoch, the same for all shards whose samples are dealt out.
  Index batches() const {
    if (by_batches()) return (all_batches() - options_.shard.index + options_.shard.count - 1) / options_.shard.count;
    const Index whole = options_.batch_size * options_.shard.count, rest = dataset_.size() % whole;
    return dataset_.size() / whole + (!options_.drop_last && rest > 0 && rest >= options_.shard.count ? 1 : 0);
  }
  /// Number of batches of one epoch that a loader without shards would show.
  Index all_batches() const {
    const Index rest = options_.drop_last ? 0 : options_.batch_size - 1;
    return (dataset_.size() + rest) / options_.batch_size;
  }
  /// Number of samples of one epoch in this shard.
  Index samples() const {
    const auto [index, count, dealing] = options_.shard;
    if (by_batches()) {
      const bool has_last = batches() > 0 && (batches() - 1) * count + index == all_batches() - 1;
      const Index missing = std::max<Index>(0, all_batches() * options_.batch_size - dataset_.size());
      return batches() * options_.batch_size - (has_last ? missing : 0);
    }
    return std::min((dataset_.size() - index + count - 1) / count, batches() * options_.batch_size);
  }

  const LoaderOptions& options() const { return options_; }

  /// Begins an epoch and starts to load. An unfinished one is abandoned. Epochs may come in any order, and a resumed
  /// run may begin within one.
  void start_epoch(Index epoch, Index first_batch = 0);

  /// The next batch of the epoch, valid until the next call; nullptr at its end. Rethrows what a dataset threw while it
  /// loaded this batch; the epoch is then over.
  const Batch<T>* next();

  /// What messages call the sample at a position of the batch in use.
  std::string sample_name(Index position) const {
    const Index sample = sample_of(batch_ * options_.batch_size + position);
    return dataset_.sample_name(sample, Random(options_.seed, epoch_, sample));
  }

  /// Seconds of this epoch that `next` spent waiting for samples (without workers: loading them).
  double seconds_waited() const { return waited_; }

 private:
  struct Slot {
    Batch<T> batch;
    Index pending;  // samples still to load
    std::exception_ptr error;
    Index error_item;  // the first failing item wins, whoever met it first
  };

  Index ring_size() const { return static_cast<Index>(slots_.size()); }
  bool by_batches() const { return options_.shard.dealing == Dealing::batches; }
  /// The sample at a position of the epoch.
  Index sample_of(Index item) const {
    if (by_batches()) {
      const Index batch = item / options_.batch_size * options_.shard.count + options_.shard.index;
      return order_[static_cast<std::size_t>(batch * options_.batch_size + item % options_.batch_size)];
    }
    return order_[static_cast<std::size_t>(item * options_.shard.count + options_.shard.index)];
  }
  Slot& slot_of(Index batch) { return slots_[static_cast<std::size_t>(batch % ring_size())]; }

  /// Makes the slot of `batch` ready to be filled.
  void open(Index batch) {
    Slot& slot = slot_of(batch);
    const Index begin = batch * options_.batch_size;
    slot.pending = std::min(options_.batch_size, samples() - begin);
    slot.error = nullptr;
    slot.batch.resize(slot.pending);
  }

  bool has_work() const {
    return next_item_ < samples() && next_item_ / options_.batch_size < std::max(batch_, first_batch_) + ring_size();
  }

  /// Loads the next sample of the epoch; the lock is released meanwhile.
  void load_item(std::unique_lock<std::mutex>& lock, typename Batch<T>::Scratch& scratch) {
    const Index item = next_item_++;
    Slot& slot = slot_of(item / options_.batch_size);
    const Index sample = sample_of(item);
    Random random(options_.seed, epoch_, sample);
    ++in_flight_;
    lock.unlock();
    std::exception_ptr error;
    try {
      slot.batch.load(dataset_, sample, random, item % options_.batch_size, scratch);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    --in_flight_;
    --slot.pending;
    if (error && (!slot.error || item < slot.error_item)) {
      slot.error = error;
      slot.error_item = item;
    }
    if (slot.pending == 0 || in_flight_ == 0) done_.notify_all();
  }

  void work() {
    typename Batch<T>::Scratch scratch;
    std::unique_lock lock(mutex_);
    for (;;) {
      work_.wait(lock, [&] { return stop_ || has_work(); });
      if (stop_) return;
      load_item(lock, scratch);
    }
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    work_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  const MultiInputDataset<T>& dataset_;
  const LoaderOptions options_;
  std::vector<Slot> slots_;
  std::vector<Index> order_;
  typename Batch<T>::Scratch scratch_;
  std::mutex mutex_;  // guards everything below, and the slots' counters and errors
  std::condition_variable work_, done_;
  Index epoch_ = 0;
  Index next_item_ = 0;  // position in the epoch of the next sample to load
  Index first_batch_ = 0;
  Index batch_ = 0;  // the batch in use; first_batch_ - 1 before the first
  Index in_flight_ = 0;
  double waited_ = 0;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

template <class T>
DataLoader<T>::DataLoader(const MultiInputDataset<T>& dataset, const LoaderOptions& options)
    : dataset_(dataset), options_(options) {
  require(options.batch_size > 0, "data loader: the batch size must be positive, got ", options.batch_size);
  require(options.workers >= 0, "data loader: the number of workers must not be negative, got ", options.workers);
  require(options.prefetch > 0, "data loader: prefetch must be positive, got ", options.prefetch);
  require(dataset.size() > 0, "data loader: the dataset is empty");
  const Shard shard = options.shard;
  require(0 <= shard.index && shard.index < shard.count, "data loader: there is no shard ", shard.index, " of ",
          shard.count);
  require(by_batches() || dataset.size() >= shard.count, "data loader: ", dataset.size(),
          " samples cannot be shared by ", shard.count, " shards");
  require(batches() > 0 || by_batches(), "data loader: ", dataset.size(), " samples do not fill one batch of ",
          options.batch_size, shard.count > 1 ? concat(" in each of ", shard.count, " shards") : std::string(),
          " and drop_last is set");
  const Index capacity = std::min(options.batch_size, samples());
  // One more than is loaded ahead: the batch in use.
  const Index ring = std::min(options.workers > 0 ? options.prefetch + 1 : 1, batches());
  for (Index i = 0; i < ring; ++i) slots_.push_back({Batch<T>(dataset, capacity), 0, nullptr, 0});
  order_.resize(static_cast<std::size_t>(dataset.size()));
  next_item_ = samples();  // nothing to do before the first start_epoch
  batch_ = batches();
  threads_.reserve(static_cast<std::size_t>(options.workers));
  try {
    for (int i = 0; i < options.workers; ++i) threads_.emplace_back([this] { work(); });
  } catch (...) {
    stop();
    throw;
  }
}

template <class T>
DataLoader<T>::~DataLoader() {
  stop();
}

template <class T>
void DataLoader<T>::start_epoch(Index epoch, Index first_batch) {
  require(0 <= first_batch && first_batch <= batches(), "data loader: an epoch has ", batches(),
          " batches, so none is number ", first_batch);
  std::unique_lock lock(mutex_);
  next_item_ = samples();  // no new work
  done_.wait(lock, [&] { return in_flight_ == 0; });
  epoch_ = epoch;
  std::iota(order_.begin(), order_.end(), Index{0});
  if (options_.shuffle) {
    Random random(options_.seed, epoch, Index{-1});
    dataset_.arrange(order_, random);
  }
  waited_ = 0;
  batch_ = first_batch - 1;
  first_batch_ = first_batch;
  for (Index b = first_batch; b < std::min(first_batch + ring_size(), batches()); ++b) open(b);
  next_item_ = first_batch * options_.batch_size;
  lock.unlock();
  work_.notify_all();
}

template <class T>
const Batch<T>* DataLoader<T>::next() {
  if (batch_ >= batches()) return nullptr;
  std::unique_lock lock(mutex_);
  // The batch in use goes back to the ring.
  if (batch_ >= first_batch_ && batch_ + ring_size() < batches()) open(batch_ + ring_size());
  ++batch_;
  if (batch_ == batches()) return nullptr;
  Slot& slot = slot_of(batch_);
  const auto start = std::chrono::steady_clock::now();
  if (options_.workers == 0) {
    while (slot.pending > 0) load_item(lock, scratch_);
  } else {
    work_.notify_all();
    done_.wait(lock, [&] { return slot.pending == 0; });
  }
  waited_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (slot.error) {
    batch_ = batches();
    next_item_ = samples();
    std::rethrow_exception(slot.error);
  }
  return &slot.batch;
}

AMDEFECT_COMPILED_CLASS(DataLoader)

}  // namespace amdefect
