#pragma once

// The C++ functions of old versions of MPI are not used.
#ifndef OMPI_SKIP_MPICXX
#define OMPI_SKIP_MPICXX 1
#endif
#ifndef MPICH_SKIP_MPICXX
#define MPICH_SKIP_MPICXX 1
#endif
#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <thread>

#include "amdefect/core/error.hpp"
#include "amdefect/distributed/process_group.hpp"
#include "amdefect/mpi/core_share.hpp"

namespace amdefect {

/// The processes of an MPI program. MPI must have been initialised (`mpi_main` does).
class MpiGroup final : public ProcessGroup {
 public:
  /// How a call waits for the other processes: awake, or asleep most of the time, so that the thread that computes has
  /// the core.
  enum class Wait { awake, asleep };

  explicit MpiGroup(MPI_Comm communicator = MPI_COMM_WORLD, Wait wait = Wait::awake)
      : communicator_(communicator), wait_(wait) {
    MPI_Comm_rank(communicator_, &rank_);
    MPI_Comm_size(communicator_, &size_);
  }
  /// A channel's communicator is freed, unless an exception ends the program, which frees all.
  ~MpiGroup() override {
    if (communicator_ != MPI_COMM_WORLD && std::uncaught_exceptions() == 0) MPI_Comm_free(&communicator_);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void all_reduce_sum(std::span<float> values) override { sum(values, MPI_FLOAT); }
  void all_reduce_sum(std::span<double> values) override { sum(values, MPI_DOUBLE); }
  void broadcast(std::span<std::byte> bytes, int root) override {
    for_pieces(bytes, [&](std::byte* data, int count) { MPI_Bcast(data, count, MPI_BYTE, root, communicator_); });
  }
  void barrier() override { MPI_Barrier(communicator_); }
  /// Null unless MPI gives MPI_THREAD_MULTIPLE.
  std::unique_ptr<ProcessGroup> channel() override {
    int level = MPI_THREAD_SINGLE;
    MPI_Query_thread(&level);
    if (level < MPI_THREAD_MULTIPLE) return nullptr;
    MPI_Comm copy = MPI_COMM_NULL;
    MPI_Comm_dup(communicator_, &copy);
    return std::make_unique<MpiGroup>(copy, Wait::asleep);
  }
  /// Prints the reason and ends all processes with exit code 1. What fails on all of them at once is mostly the same:
  /// the first one says it, the others only if they are still there after a second.
  [[noreturn]] void abort(const std::string& reason) noexcept override {
    if (rank_ > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1000 + std::min(20 * rank_, 5000)));
    const std::string where =
        size_ > 1 ? " (process " + std::to_string(rank_) + " of " + std::to_string(size_) + ")" : "";
    std::fprintf(stderr, "error%s: %s\n", where.c_str(), reason.c_str());
    std::fflush(stderr);
    MPI_Abort(MPI_COMM_WORLD, 1);
    std::_Exit(1);
  }

 private:
  /// Counts are of type int in MPI.
  template <class T, class Use>
  static void for_pieces(std::span<T> values, const Use& use) {
    constexpr std::size_t most = std::size_t{1} << 28;
    for (std::size_t begin = 0; begin < values.size(); begin += most)
      use(values.data() + begin, static_cast<int>(std::min(most, values.size() - begin)));
  }
  template <class T>
  void sum(std::span<T> values, MPI_Datatype type) {
    for_pieces(values, [&](T* data, int count) {
      if (wait_ == Wait::awake) {
        MPI_Allreduce(MPI_IN_PLACE, data, count, type, MPI_SUM, communicator_);
        return;
      }
      MPI_Request request = MPI_REQUEST_NULL;
      MPI_Iallreduce(MPI_IN_PLACE, data, count, type, MPI_SUM, communicator_, &request);
      for (int done = 0; MPI_Test(&request, &done, MPI_STATUS_IGNORE), done == 0;)
        std::this_thread::sleep_for(std::chrono::microseconds(20));
    });
  }

  MPI_Comm communicator_;
  Wait wait_;
  int rank_ = 0, size_ = 1;
};

namespace detail {

/// Waits for the end of the other processes. One that has failed by its exit code while others go on, which would wait
/// for it for ever, ends them; one that was interrupted (130) waits for what the first one writes.
inline void end_together(MpiGroup& group, int code) {
  constexpr int pause = 10, patience = 5000, interrupted = 130;  // milliseconds, and the shells' code
  MPI_Request ended = MPI_REQUEST_NULL;
  MPI_Ibarrier(MPI_COMM_WORLD, &ended);
  int all = 0;
  for (int waited = 0; MPI_Test(&ended, &all, MPI_STATUS_IGNORE) == MPI_SUCCESS && !all; waited += pause) {
    if (code != 0 && code != interrupted && waited > patience)
      group.abort(concat("ended with code ", code, " while others went on"));
    std::this_thread::sleep_for(std::chrono::milliseconds(pause));
  }
}

}  // namespace detail

/// The main function of a program that MPI starts: begins MPI, gives this process its share of the machine's cores
/// (`detail::take_share_of_cores`), calls `body(group)` and ends MPI. Returns what `body` returns. An exception in one
/// process ends all of them with one message.
///
///     int main(int argc, char** argv) {
///       return mpi_main(argc, argv, [](const std::shared_ptr<ProcessGroup>& group) { ...; return 0; });
///     }
template <class Body>
int mpi_main(int& argc, char**& argv, const Body& body, int threads = MPI_THREAD_MULTIPLE) {
  int provided = MPI_THREAD_SINGLE;
  MPI_Init_thread(&argc, &argv, threads, &provided);
  MPI_Comm machine = MPI_COMM_NULL;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine);
  int index = 0, count = 1;
  MPI_Comm_rank(machine, &index);
  MPI_Comm_size(machine, &count);
  MPI_Comm_free(&machine);
  detail::take_share_of_cores(index, count);
  const auto group = std::make_shared<MpiGroup>();
  int code = 1;
  try {
    code = body(std::shared_ptr<ProcessGroup>(group));
  } catch (const std::bad_alloc&) {
    group->abort("there is not enough memory");
  } catch (const std::exception& error) {
    group->abort(error.what());
  }
  detail::end_together(*group, code);
  MPI_Finalize();
  return code;
}

/// Whether a launcher such as mpirun started this process.
inline bool started_by_mpi() {
  return std::getenv("OMPI_COMM_WORLD_SIZE") || std::getenv("PMIX_RANK") || std::getenv("PMI_RANK");
}

}  // namespace amdefect
