#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/tensor.hpp"

namespace amdefect {

struct ClassProbability {
  Index label = 0;
  double probability = 0;
};

/// The likeliest classes of one image by its logits, best first: softmax, then the first `count`.
/// @throws ShapeError if there are none, Error for a NaN or an infinity among them.
template <class T>
std::vector<ClassProbability> top_classes(TensorView<const T> logits, Index count) {
  require<ShapeError>(!logits.empty(), "top classes: there are no logits");
  require(logits.array().isFinite().all(),
          "top classes: the logits hold a NaN or an infinity: the weights are too large");
  const T most = *std::max_element(logits.begin(), logits.end());
  std::vector<ClassProbability> classes;
  double sum = 0;
  for (Index label = 0; label < logits.size(); ++label) {
    classes.push_back({label, std::exp(static_cast<double>(logits[label] - most))});
    sum += classes.back().probability;
  }
  std::stable_sort(classes.begin(), classes.end(),
                   [](const ClassProbability& a, const ClassProbability& b) { return a.probability > b.probability; });
  classes.resize(static_cast<std::size_t>(std::clamp<Index>(count, 0, logits.size())));
  for (ClassProbability& item : classes) item.probability /= sum;
  return classes;
}

}  // namespace amdefect
