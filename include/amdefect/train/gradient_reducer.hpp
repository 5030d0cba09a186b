#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "amdefect/distributed/process_group.hpp"
#include "amdefect/nn/parameters.hpp"

namespace amdefect {

/// Seconds that the exchange of gradients took since the training began.
struct CommunicationTime {
  double total = 0;   ///< in which gradients were under way
  double waited = 0;  ///< of these, those that the training waited for them; the rest is hidden behind backward
};

namespace detail {

/// Sums gradients over the processes of a group while the backward pass still computes others. They lie in one arena
/// in the order of the layers, and backward completes them from its end on: so a bucket is a piece of the arena, is
/// summed in place, and goes as soon as its last gradient is complete and the buckets behind it have gone. All
/// processes send the same buckets in the same order, whatever the order in which they complete.
///
/// A thread of its own does it where the group allows a second one to communicate; else it happens in `complete`,
/// between two layers.
template <class T>
class GradientReducer {
 public:
  /// Buckets of about so many bytes of trainable weights. Collective.
  GradientReducer(ProcessGroup& group, Parameters<T>& parameters, std::size_t bucket_bytes)
      : group_(group), parameters_(parameters), channel_(group.channel()) {
    make_buckets(static_cast<Index>(bucket_bytes / sizeof(T)));
    if (channel_) thread_ = std::thread([this] { work(); });
  }
  GradientReducer(const GradientReducer&) = delete;
  GradientReducer& operator=(const GradientReducer&) = delete;
  ~GradientReducer() {
    if (!channel_) return;
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  std::size_t buckets() const { return buckets_.size(); }

  /// Before the backward pass whose gradients, with all that is there already, will be summed.
  void begin() {
    for (Bucket& bucket : buckets_) bucket.left = bucket.parameters;
    next_ = 0;
    const std::lock_guard lock(mutex_);
    ready_ = done_ = 0;
  }
  /// Nothing more is added to this gradient.
  void complete(const Parameter& parameter) {
    if (!parameter.trainable) return;
    --buckets_[bucket_of_[static_cast<std::size_t>(&parameter - parameters_.list().data())]].left;
    const std::size_t before = next_;
    while (next_ < buckets_.size() && buckets_[next_].left == 0) ++next_;
    if (next_ > before) send(before);
  }
  /// Waits until all sums are there. @throws what the group threw.
  void finish() {
    if (!channel_) return;
    const auto start = Clock::now();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_ == buckets_.size() || error_; });
    time_.waited += seconds_since(start);
    if (error_) std::rethrow_exception(error_);
  }
  /// Ends the work of all where this process cannot go on and the others wait for gradients of it.
  void fail(const std::string& reason) noexcept {
    const bool waited_for = [&] {
      const std::lock_guard lock(mutex_);
      return !error_ && done_ < ready_;
    }();
    if (waited_for) group_.abort(reason);
  }

  CommunicationTime time() const {
    const std::lock_guard lock(mutex_);
    return time_;
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Bucket {
    Index begin, end;  // of the arena
    int parameters = 0, left = 0;
  };

  static double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  /// From the end of the arena on. What lies between trainable weights goes with them if it is small.
  void make_buckets(Index elements) {
    constexpr Index small = 4096;
    const std::vector<Parameter>& list = parameters_.list();
    bucket_of_.resize(list.size());
    for (std::size_t id = list.size(); id-- > 0;) {
      const Parameter& p = list[id];
      if (!p.trainable) continue;
      const Index end = p.offset + p.size();
      if (buckets_.empty() || buckets_.back().end - p.offset > elements || buckets_.back().begin - end > small)
        buckets_.push_back({end, end});
      buckets_.back().begin = p.offset;
      ++buckets_.back().parameters;
      bucket_of_[id] = buckets_.size() - 1;
    }
  }

  void reduce(ProcessGroup& group, const Bucket& bucket) {
    const auto start = Clock::now();
    group.all_reduce_sum(
        {parameters_.gradients().data() + bucket.begin, static_cast<std::size_t>(bucket.end - bucket.begin)});
    const std::lock_guard lock(mutex_);
    time_.total += seconds_since(start);
  }

  /// The buckets from `first` to the next one that is not complete.
  void send(std::size_t first) {
    if (channel_) {
      const std::lock_guard lock(mutex_);
      ready_ = next_;
      changed_.notify_all();
      return;
    }
    const auto start = Clock::now();
    for (std::size_t i = first; i < next_; ++i) reduce(group_, buckets_[i]);
    time_.waited += seconds_since(start);
  }

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return ended_ || (done_ < ready_ && !error_); });
      if (ended_) return;
      const Bucket& bucket = buckets_[done_];
      lock.unlock();
      std::exception_ptr error;
      try {
        reduce(*channel_, bucket);
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      error_ = error;
      ++done_;
      changed_.notify_all();
    }
  }

  ProcessGroup& group_;
  Parameters<T>& parameters_;
  std::unique_ptr<ProcessGroup> channel_;
  std::vector<Bucket> buckets_;
  std::vector<std::size_t> bucket_of_;  // for each parameter
  std::size_t next_ = 0;                // the first bucket that is not complete

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::size_t ready_ = 0, done_ = 0;  // buckets
  std::exception_ptr error_;
  CommunicationTime time_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace detail

}  // namespace amdefect
