#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "amdefect/boxes/box.hpp"
#include "amdefect/core/median.hpp"

namespace amdefect::detail {

/// Where the edges of annotations lie beside those of the detections of the same objects, for each class of which there
/// are enough pairs, else for all classes together: a detector may draw its boxes a little larger than the people who
/// label, and one edge may be harder to tell than another. Median and median absolute deviation, so that the mistakes
/// among the annotations hardly count.
class EdgeErrors {
 public:
  /// Of fewer pairs a class has no errors of its own.
  static constexpr std::size_t enough = 30;

  void add(std::int64_t category, const Box& annotation, const Box& detection) {
    pairs_[category].push_back(differences(annotation, detection));
  }
  void fit() {
    std::vector<Edges> all;
    for (const auto& [category, pairs] : pairs_) all.insert(all.end(), pairs.begin(), pairs.end());
    together_ = measured(all);
    for (const auto& [category, pairs] : pairs_)
      if (pairs.size() >= enough) of_class_.emplace(category, measured(pairs));
  }

  /// Where an annotation of what is detected probably is.
  Box corrected(std::int64_t category, const Box& detection) const {
    const Edges& usual = errors(category).usual;
    const double width = detection.width(), height = detection.height();
    return {detection.x1 + usual[0] * width, detection.y1 + usual[1] * height, detection.x2 + usual[2] * width,
            detection.y2 + usual[3] * height};
  }
  /// How unusual the edges of an annotation lie beside those of a detection, from 0: the sum of the negative logarithms
  /// of the densities of Student's t distribution of three degrees of freedom, which forgives a single edge much.
  double misfit(std::int64_t category, const Box& annotation, const Box& detection) const {
    const Errors& known = errors(category);
    const Edges found = differences(annotation, detection);
    double sum = 0;
    for (std::size_t edge = 0; edge < found.size(); ++edge) {
      const double deviations = (found[edge] - known.usual[edge]) / known.deviation[edge];
      sum += 2 * std::log1p(deviations * deviations / 3);
    }
    return sum;
  }

 private:
  using Edges = std::array<double, 4>;  // left, top, right, bottom, in units of the side
  struct Errors {
    Edges usual{}, deviation{1, 1, 1, 1};
  };

  /// In units of the mean side of both boxes: neither a much too large nor a much too small box is favoured.
  static Edges differences(const Box& annotation, const Box& detection) {
    const double width = (annotation.width() + detection.width()) / 2;
    const double height = (annotation.height() + detection.height()) / 2;
    return {(annotation.x1 - detection.x1) / width, (annotation.y1 - detection.y1) / height,
            (annotation.x2 - detection.x2) / width, (annotation.y2 - detection.y2) / height};
  }
  static Errors measured(const std::vector<Edges>& pairs) {
    constexpr double normal = 1.4826;  // deviation of a normal distribution over its median absolute deviation
    constexpr double least = 0.01;     // of a side: closer than that nobody draws
    Errors errors;
    if (pairs.empty()) return errors;
    std::vector<double> values(pairs.size());
    for (std::size_t edge = 0; edge < errors.usual.size(); ++edge) {
      for (std::size_t i = 0; i < pairs.size(); ++i) values[i] = pairs[i][edge];
      const double usual = errors.usual[edge] = median(values);
      for (double& value : values) value = std::abs(value - usual);
      errors.deviation[edge] = std::max(least, normal * median(values));
    }
    return errors;
  }
  const Errors& errors(std::int64_t category) const {
    const auto own = of_class_.find(category);
    return own == of_class_.end() ? together_ : own->second;
  }

  std::map<std::int64_t, std::vector<Edges>> pairs_;
  std::map<std::int64_t, Errors> of_class_;
  Errors together_{};
};

}  // namespace amdefect::detail
