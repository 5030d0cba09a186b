#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace amdefect {

/// A value, and whether it belongs to something right.
struct JudgedValue {
  double value = 0;
  bool right = false;
};

/// The probability of being right as a function of a value that never falls: isotonic regression of examples by pooling
/// adjacent violators (Ayer et al. 1955), linear between the means of the pools. One more right and one more wrong
/// example in each pool keep the few of a small pool from being a certainty.
class MonotoneProbability {
 public:
  /// Without examples 0.5 for every value.
  explicit MonotoneProbability(std::vector<JudgedValue> examples) {
    std::sort(examples.begin(), examples.end(),
              [](const JudgedValue& a, const JudgedValue& b) { return a.value < b.value; });
    for (const JudgedValue& example : examples) {
      pools_.push_back({example.value, example.right ? 1.0 : 0.0, 1});
      while (pools_.size() > 1 &&
             (pools_.end()[-2].value() == pools_.back().value() || pools_.end()[-2].share() >= pools_.back().share())) {
        const Pool last = pools_.back();
        pools_.pop_back();
        pools_.back().values += last.values, pools_.back().right += last.right, pools_.back().count += last.count;
      }
    }
    double least = 0;  // the added examples must not make it fall
    for (Pool& pool : pools_) least = pool.probability = std::max(least, (pool.right + 1) / (pool.count + 2));
  }

  double operator()(double value) const {
    if (pools_.empty()) return 0.5;
    const auto above =
        std::find_if(pools_.begin(), pools_.end(), [&](const Pool& pool) { return pool.value() >= value; });
    if (above == pools_.begin()) return above->probability;
    const Pool& below = above[-1];
    if (above == pools_.end()) return below.probability;
    const double way = (value - below.value()) / (above->value() - below.value());
    return below.probability + way * (above->probability - below.probability);
  }

 private:
  struct Pool {
    double values = 0, right = 0, count = 0, probability = 0;
    double value() const { return values / count; }
    double share() const { return right / count; }
  };
  std::vector<Pool> pools_;
};

}  // namespace amdefect
