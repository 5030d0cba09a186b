#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/distributed/share.hpp"
#include "amdefect/train/callback.hpp"
#include "amdefect/train/loss_sums.hpp"
#include "amdefect/train/nonfinite.hpp"

namespace amdefect::detail {

/// The losses of the batches of an evaluation that the processes of a group share, batch b being that of process b
/// modulo their number. Summed in the order of the batches: the same bits as from one process.
class SharedEvaluation {
 public:
  /// `batches` of all processes.
  SharedEvaluation(ProcessGroup& group, std::size_t parts, Index batches)
      : group_(group), parts_(parts), numbers_(static_cast<std::size_t>(batches) * (parts + 1)) {}

  /// The next batch of this process; what is wrong with it, if something is.
  void add(std::span<const double> parts, Index samples, std::string problem) {
    const std::size_t batch =
        problems_.size() * static_cast<std::size_t>(group_.size()) + static_cast<std::size_t>(group_.rank());
    double* row = &numbers_[batch * (parts_ + 1)];
    row[0] = problem.empty() ? static_cast<double>(samples) : -1;
    if (problem.empty()) std::copy(parts.begin(), parts.end(), row + 1);
    problems_.push_back(std::move(problem));
  }
  /// Those of all processes; `leave(problem)` is called for batches that do not count.
  template <class Leave>
  LossSums sums(const Leave& leave) {
    group_.all_reduce_sum(numbers_);
    LossSums sums(parts_);
    for (std::size_t batch = 0; batch * (parts_ + 1) < numbers_.size(); ++batch) {
      const double* row = &numbers_[batch * (parts_ + 1)];
      if (row[0] >= 0) {
        sums.add({row + 1, parts_}, static_cast<Index>(row[0]));
        continue;
      }
      const auto owner = static_cast<int>(batch % static_cast<std::size_t>(group_.size()));
      const std::size_t own = batch / static_cast<std::size_t>(group_.size());
      leave(share(group_, owner == group_.rank() ? problems_[own] : std::string(), owner));
    }
    return sums;
  }

 private:
  ProcessGroup& group_;
  std::size_t parts_;
  std::vector<double> numbers_;  // for each batch the samples, -1 if it does not count, and the parts of its loss
  std::vector<std::string> problems_;
};

/// The log of the first process goes to all, so that they decide by the same numbers.
inline void share_values(ProcessGroup& group, EpochLog& log) {
  std::string names;
  std::vector<double> numbers;
  for (const auto& [name, value] : log.values) {
    names += name + '\n';
    numbers.push_back(value);
  }
  names = share(group, std::move(names));
  numbers.resize(static_cast<std::size_t>(std::count(names.begin(), names.end(), '\n')));
  group.broadcast(std::as_writable_bytes(std::span(numbers)), 0);
  log.values.clear();
  for (std::size_t i = 0, begin = 0; i < numbers.size(); ++i) {
    const std::size_t end = names.find('\n', begin);
    log.values.emplace_back(names.substr(begin, end - begin), numbers[i]);
    begin = end + 1;
  }
}

}  // namespace amdefect::detail
