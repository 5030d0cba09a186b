#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "amdefect/distributed/process_group.hpp"

// What can be told to all processes with the calls that every ProcessGroup has.
namespace amdefect {

/// The number of process `root`.
inline double share(ProcessGroup& group, double number, int root = 0) {
  group.broadcast(std::as_writable_bytes(std::span(&number, 1)), root);
  return number;
}

/// The text of process `root`.
inline std::string share(ProcessGroup& group, std::string text, int root = 0) {
  text.resize(static_cast<std::size_t>(share(group, static_cast<double>(text.size()), root)));
  if (!text.empty()) group.broadcast(std::as_writable_bytes(std::span(text)), root);
  return text;
}

/// The text of the process with the highest priority, of several the first.
inline std::string share_best(ProcessGroup& group, const std::string& text, double priority) {
  std::vector<double> priorities(static_cast<std::size_t>(group.size()));
  priorities[static_cast<std::size_t>(group.rank())] = priority;
  group.all_reduce_sum(priorities);
  int best = 0;
  for (int rank = 1; rank < group.size(); ++rank)
    if (priorities[static_cast<std::size_t>(rank)] > priorities[static_cast<std::size_t>(best)]) best = rank;
  return share(group, text, best);
}

/// The numbers of all processes, any count of each, in the order of the processes.
inline std::vector<std::vector<double>> gather(ProcessGroup& group, const std::vector<double>& numbers) {
  std::vector<double> counts(static_cast<std::size_t>(group.size()));
  counts[static_cast<std::size_t>(group.rank())] = static_cast<double>(numbers.size());
  group.all_reduce_sum(counts);
  std::vector<std::vector<double>> all(counts.size());
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    if (static_cast<int>(rank) == group.rank()) all[rank] = numbers;
    all[rank].resize(static_cast<std::size_t>(counts[rank]));
    if (!all[rank].empty()) group.broadcast(std::as_writable_bytes(std::span(all[rank])), static_cast<int>(rank));
  }
  return all;
}

}  // namespace amdefect
