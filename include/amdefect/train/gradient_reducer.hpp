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

/// Pieces of the arena of gradients, from its end on, in which backward completes them: of so many elements, and ever
/// smaller ones towards the first layers, whose gradients nothing hides. What lies between trainable weights goes with
/// them if it is small.
struct GradientBuckets {
  struct Bucket {
    Index begin, end;    // of the arena
    int parameters = 0;  // trainable ones
  };

  template <class T>
  GradientBuckets(const Parameters<T>& parameters, Index elements) : bucket_of(parameters.count()) {
    constexpr Index small = 4096;
    Index left = parameters.trainable(), most = 0;
    for (std::size_t id = parameters.count(); id-- > 0;) {
      const Parameter& p = parameters[id];
      if (!p.trainable) continue;
      const Index end = p.offset + p.size();
      if (buckets.empty() || buckets.back().end - p.offset > most || buckets.back().begin - end > small) {
        most = std::min(elements, std::max(small, left / 2));
        buckets.push_back({end, end});
      }
      buckets.back().begin = p.offset;
      ++buckets.back().parameters;
      bucket_of[id] = buckets.size() - 1;
      left -= p.size();
    }
  }

  std::vector<Bucket> buckets;
  std::vector<std::size_t> bucket_of;  ///< for each parameter
};

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
      : group_(group),
        parameters_(parameters),
        channel_(group.channel()),
        list_(parameters, static_cast<Index>(bucket_bytes / sizeof(T))),
        left_(list_.buckets.size()) {
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

  /// Before the backward pass whose gradients, with all that is there already, will be summed.
  void begin() {
    for (std::size_t i = 0; i < left_.size(); ++i) left_[i] = list_.buckets[i].parameters;
    next_ = 0;
    const std::lock_guard lock(mutex_);
    ready_ = done_ = 0;
  }
  /// Nothing more is added to this gradient.
  void complete(const Parameter& parameter) {
    if (!parameter.trainable) return;
    --left_[list_.bucket_of[static_cast<std::size_t>(&parameter - parameters_.list().data())]];
    const std::size_t before = next_;
    while (next_ < left_.size() && left_[next_] == 0) ++next_;
    if (next_ > before) send(before);
  }
  /// Waits until all sums are there. @throws what the group threw.
  void finish() {
    if (!channel_) return;
    const auto start = Clock::now();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_ == left_.size() || error_; });
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
  static double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  void reduce(ProcessGroup& group, const GradientBuckets::Bucket& bucket) {
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
    for (std::size_t i = first; i < next_; ++i) reduce(group_, list_.buckets[i]);
    time_.waited += seconds_since(start);
  }

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return ended_ || (done_ < ready_ && !error_); });
      if (ended_) return;
      const GradientBuckets::Bucket& bucket = list_.buckets[done_];
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
  GradientBuckets list_;
  std::vector<int> left_;  // gradients of each bucket that are not complete
  std::size_t next_ = 0;   // the first bucket that is not complete

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
