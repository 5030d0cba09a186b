#pragma once

#include <functional>
#include <memory>
#include <string>

#include "amdefect/distributed/process_group.hpp"

// The processes that run this program together. alone.cpp and with_mpi.cpp define these functions; the build takes one
// of them (AMDEFECT_MPI).
namespace amdefect {

/// Calls `body` on each process that a launcher started, and returns what it returns. All but the first one are silent.
int run_processes(int argc, char** argv, const std::function<int(int, char**)>& body);

/// Null if this process is alone.
std::shared_ptr<ProcessGroup> processes();

/// Whether another process is the one that prints and writes.
inline bool is_silent() { return processes() && processes()->rank() > 0; }

/// Prints an error and returns the exit code for it; where there are other processes, ends them, too.
int failed(const std::string& message);

}  // namespace amdefect
