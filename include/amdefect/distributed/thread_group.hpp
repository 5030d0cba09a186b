#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/distributed/process_group.hpp"

namespace amdefect {

namespace detail {

/// Where the threads of a group and of its channels learn that one of them cannot go on.
struct ThreadGroupFailure {
  std::mutex mutex;  // of the meetings, too
  std::condition_variable changed;
  std::string reason;  // empty: all is well
};

/// Where threads meet: the last one that comes does the work with what all of them brought.
class ThreadMeeting {
 public:
  struct Contribution {
    void* data;
    std::size_t size;
  };
  using Work = std::function<void(std::span<const Contribution>)>;

  ThreadMeeting(std::shared_ptr<ThreadGroupFailure> failure, int size)
      : failure_(std::move(failure)), contributions_(static_cast<std::size_t>(size)) {}

  /// @throws Error if the threads bring different numbers of values, or one of them has failed.
  void meet(int rank, Contribution contribution, const Work& work) {
    std::unique_lock lock(failure_->mutex);
    require_no_failure();
    contributions_[static_cast<std::size_t>(rank)] = contribution;
    if (++arrived_ < contributions_.size()) {
      const std::size_t mine = meeting_;
      failure_->changed.wait(lock, [&] { return meeting_ != mine || !failure_->reason.empty(); });
      if (meeting_ == mine) require_no_failure();
      return;
    }
    for (const Contribution& other : contributions_)
      if (other.size != contribution.size) {
        failure_->reason = concat("thread group: a collective call with ", contribution.size, " values on one thread, ",
                                  other.size, " on another");
        failure_->changed.notify_all();
        throw Error(failure_->reason);
      }
    work(contributions_);
    arrived_ = 0;
    ++meeting_;
    failure_->changed.notify_all();
  }
  const std::shared_ptr<ThreadGroupFailure>& failure() const { return failure_; }

 private:
  void require_no_failure() const {
    if (!failure_->reason.empty()) throw Error(failure_->reason);
  }

  std::shared_ptr<ThreadGroupFailure> failure_;
  std::vector<Contribution> contributions_;
  std::size_t arrived_ = 0, meeting_ = 0;
};

}  // namespace detail

/// A group whose processes are threads of this one: for tests, and for programs that try out what they will do on
/// several machines. Sums are taken in the order of the ranks. `run_as_group` makes one.
class ThreadGroup final : public ProcessGroup {
 public:
  ThreadGroup(std::shared_ptr<detail::ThreadMeeting> meeting, int rank, int size, bool channels = true)
      : meeting_(std::move(meeting)), rank_(rank), size_(size), channels_(channels) {}

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void all_reduce_sum(std::span<float> values) override { sum(values); }
  void all_reduce_sum(std::span<double> values) override { sum(values); }
  void broadcast(std::span<std::byte> bytes, int root) override {
    meeting_->meet(rank_, {bytes.data(), bytes.size()}, [root](auto all) {
      const auto* from = static_cast<const std::byte*>(all[static_cast<std::size_t>(root)].data);
      for (const auto& to : all)
        if (to.data != from) std::copy_n(from, to.size, static_cast<std::byte*>(to.data));
    });
  }
  void barrier() override {
    meeting_->meet(rank_, {nullptr, 0}, [](auto) {});
  }
  std::unique_ptr<ProcessGroup> channel() override {
    if (!channels_) return nullptr;
    std::shared_ptr<detail::ThreadMeeting> made;
    meeting_->meet(rank_, {&made, 1}, [&](auto all) {
      const auto one = std::make_shared<detail::ThreadMeeting>(meeting_->failure(), size_);
      for (const auto& to : all) *static_cast<std::shared_ptr<detail::ThreadMeeting>*>(to.data) = one;
    });
    return std::make_unique<ThreadGroup>(std::move(made), rank_, size_);
  }
  /// The others' next call throws an Error with the reason.
  void abort(const std::string& reason) noexcept override {
    detail::ThreadGroupFailure& failure = *meeting_->failure();
    const std::lock_guard lock(failure.mutex);
    if (failure.reason.empty()) failure.reason = "process " + std::to_string(rank_) + " failed: " + reason;
    failure.changed.notify_all();
  }

 private:
  template <class T>
  void sum(std::span<T> values) {
    meeting_->meet(rank_, {values.data(), values.size()}, [](auto all) {
      T* const first = static_cast<T*>(all[0].data);
      for (std::size_t i = 0; i < all[0].size; ++i) {
        for (std::size_t rank = 1; rank < all.size(); ++rank) first[i] += static_cast<const T*>(all[rank].data)[i];
        for (std::size_t rank = 1; rank < all.size(); ++rank) static_cast<T*>(all[rank].data)[i] = first[i];
      }
    });
  }

  std::shared_ptr<detail::ThreadMeeting> meeting_;
  int rank_, size_;
  bool channels_;
};

/// Calls `body(group)` in `size` threads at once, as a launcher starts so many processes, and waits for all. What one
/// of them throws ends the others, and the first such exception is thrown again. `channels`: whether a second thread of
/// each may communicate (`ProcessGroup::channel`).
template <class Body>
void run_as_group(int size, const Body& body, bool channels = true) {
  const auto meeting = std::make_shared<detail::ThreadMeeting>(std::make_shared<detail::ThreadGroupFailure>(), size);
  std::mutex mutex;
  std::exception_ptr first;
  const auto failed = [&](ProcessGroup& group, const char* reason) {
    const std::lock_guard lock(mutex);
    if (!first) first = std::current_exception();
    group.abort(reason);
  };
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank)
    threads.emplace_back([&, rank] {
      const auto group = std::make_shared<ThreadGroup>(meeting, rank, size, channels);
      try {
        body(std::shared_ptr<ProcessGroup>(group));
      } catch (const std::exception& error) {
        failed(*group, error.what());
      } catch (...) {
        failed(*group, "an unknown exception");
      }
    });
  for (std::thread& thread : threads) thread.join();
  if (first) std::rethrow_exception(first);
}

}  // namespace amdefect
