#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "amdefect/review/monotone_probability.hpp"

namespace amdefect::detail {

/// How usual a value is where nothing is wrong, and where something is (low values): for each class of which there are
/// enough examples, else for all classes together.
class Evidence {
 public:
  /// Of fewer examples, right and wrong, a class has no curve of its own.
  static constexpr double enough = 30;

  void add(std::int64_t category, double value, bool right) { examples_[category].push_back({value, right}); }
  void fit() {
    std::vector<JudgedValue> all;
    for (const auto& [category, examples] : examples_) all.insert(all.end(), examples.begin(), examples.end());
    together_ = Curve(all);
    for (const auto& [category, examples] : examples_) {
      Curve curve(examples);
      if (std::min(curve.right, curve.wrong) >= enough) of_class_.emplace(category, std::move(curve));
    }
  }
  /// The probability of `right` among the examples.
  double operator()(std::int64_t category, double value) const { return curve(category).probability(value); }
  /// How much more usual the value is where something is wrong than where nothing is.
  double of_wrong(std::int64_t category, double value) const {
    const Curve& known = curve(category);
    const double right = known.probability(value);
    return known.wrong > 0 ? (1 - right) / right * known.right / known.wrong : 0;
  }

 private:
  struct Curve {
    explicit Curve(const std::vector<JudgedValue>& examples) : probability(examples) {
      for (const JudgedValue& example : examples) ++(example.right ? right : wrong);
    }
    MonotoneProbability probability;
    double right = 0, wrong = 0;
  };
  const Curve& curve(std::int64_t category) const {
    const auto own = of_class_.find(category);
    return own == of_class_.end() ? together_ : own->second;
  }

  std::map<std::int64_t, std::vector<JudgedValue>> examples_;
  std::map<std::int64_t, Curve> of_class_;
  Curve together_{{}};
};

}  // namespace amdefect::detail
