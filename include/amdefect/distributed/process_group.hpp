#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace amdefect {

/// The processes that train one network together, as one of them sees it. All calls but `abort` are collective: every
/// process makes the same ones in the same order, each with as many values, and all get the same bits.
///
/// `mpi/mpi_group.hpp` has one of MPI's processes, `distributed/thread_group.hpp` one of threads of this process.
class ProcessGroup {
 public:
  ProcessGroup() = default;
  ProcessGroup(const ProcessGroup&) = delete;
  ProcessGroup& operator=(const ProcessGroup&) = delete;
  virtual ~ProcessGroup() = default;

  /// Number of this process, from 0.
  virtual int rank() const = 0;
  /// Number of processes.
  virtual int size() const = 0;

  /// Each value becomes its sum over all processes.
  virtual void all_reduce_sum(std::span<float> values) = 0;
  virtual void all_reduce_sum(std::span<double> values) = 0;
  /// The bytes of process `root` go to all.
  virtual void broadcast(std::span<std::byte> bytes, int root) = 0;
  /// Waits for all.
  virtual void barrier() = 0;

  /// A second group of the same processes, whose calls may be made by another thread while this one's are under way.
  /// Null where only one thread at a time may communicate.
  virtual std::unique_ptr<ProcessGroup> channel() = 0;

  /// Ends the work of all processes because this one cannot go on. Not collective; may not return.
  virtual void abort(const std::string& reason) noexcept = 0;
};

}  // namespace amdefect
