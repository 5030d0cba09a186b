#pragma once

#include <algorithm>
#include <vector>

#include "amdefect/nn/parameters.hpp"

namespace amdefect::detail {

/// The statistics of a network (moving means and variances), which a forward pass in training changes, to be put back
/// where its result is not used.
template <class T>
class SavedStatistics {
 public:
  /// Allocates only the first time.
  void remember(const Parameters<T>& parameters) {
    values_.clear();
    for (const Parameter& p : parameters.list())
      if (p.statistic) values_.insert(values_.end(), parameters.value(p).begin(), parameters.value(p).end());
  }
  void put_back(Parameters<T>& parameters) const {
    auto from = values_.begin();
    for (const Parameter& p : parameters.list()) {
      if (!p.statistic) continue;
      std::copy_n(from, p.size(), parameters.value(p).begin());
      from += p.size();
    }
  }

 private:
  std::vector<T> values_;
};

}  // namespace amdefect::detail
