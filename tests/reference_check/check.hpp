#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "reference_check/reference_case.hpp"

namespace amdefect::reference_check {

/// How far one tensor is from its reference, and how far it may be.
struct Deviation {
  std::string tensor;
  double error = 0, tolerance = 0;
  bool passed() const { return error <= tolerance; }
};

/// Tolerance in float64 and in float32.
struct Tolerance {
  double wide, narrow;
  template <class T>
  double in() const {
    return std::is_same_v<T, double> ? wide : narrow;
  }
};

inline constexpr Tolerance small_case{1e-10, 1e-5};

/// Runs one case in the precision T: hands out its inputs, and compares results with what the file says.
template <class T>
class Check {
 public:
  explicit Check(const ReferenceCase& reference) : case_(reference) {}

  const ReferenceCase& operator*() const { return case_; }
  const ReferenceCase* operator->() const { return &case_; }
  const std::vector<Deviation>& deviations() const { return deviations_; }

  Tensor<T> tensor(std::string_view name) const { return case_.file().tensor<T>(name); }

  /// max |actual - expected| / max |expected| over the whole tensor, as the reference's README asks.
  void compare(const std::string& name, TensorView<const T> actual, Tolerance tolerance = small_case) {
    record(name, relative_error(name, actual), tolerance);
  }
  /// The same number. A tensor whose largest element is below `least_scale` is 0 but for rounding; its error is
  /// relative to `scale` instead.
  double relative_error(const std::string& name, TensorView<const T> actual, double least_scale = 0,
                        double scale = 0) const {
    const Tensor<double> reference = expected(name, actual.shape());
    double largest = 0, error = 0;
    for (Index i = 0; i < actual.size(); ++i) {
      const double difference = std::abs(static_cast<double>(actual[i]) - reference[i]);
      error = std::isnan(difference) ? infinity : std::max(error, difference);
      largest = std::max(largest, std::abs(reference[i]));
    }
    if (largest < least_scale) largest = scale;
    return largest > 0 ? error / largest : error;
  }
  /// One number among those of a tensor, relative to itself.
  void compare_entry(const std::string& name, Index entry, double actual, Tolerance tolerance) {
    const Tensor<double> reference = case_.file().tensor<double>(name);
    require<ShapeError>(entry < reference.size(), name, ": expected an entry ", entry, ", found ", reference.shape());
    const double difference = std::abs(actual - reference[entry]);
    record(name, reference[entry] != 0 ? difference / std::abs(reference[entry]) : difference, tolerance);
  }
  /// A tensor of a single number.
  void compare(const std::string& name, double actual, Tolerance tolerance = small_case) {
    const Shape shape = case_.file().entry(name).shape;
    require<ShapeError>(shape.elements() == 1, name, ": expected a single number, found ", shape);
    compare_entry(name, 0, actual, tolerance);
  }
  void record(const std::string& name, double error, Tolerance tolerance) {
    compared_.insert(name);
    deviations_.push_back({name, std::isnan(error) ? infinity : error, tolerance.in<T>()});
  }

  /// @throws Error if a tensor that the case lists as a result was not compared.
  void require_complete() const {
    for (const char* list : {"outputs", "grads"})
      for (const std::string& name : case_.list(list))
        require(compared_.contains(name) || name.starts_with("info_"), "this program does not compute '", name, "'");
    require(!deviations_.empty(), "nothing was compared");
  }
  /// @throws Error if any tensor of the file but the inputs was not compared.
  void require_all_compared(const std::set<std::string>& inputs) const {
    for (const TensorEntry& entry : case_.file().entries())
      require(compared_.contains(entry.name) || inputs.contains(entry.name), "this program does not compute '",
              entry.name, "'");
  }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();

  Tensor<double> expected(const std::string& name, const Shape& actual) const {
    Tensor<double> reference = case_.file().tensor<double>(name);
    const bool row = reference.rank() == 1 && actual == Shape{1, reference.dim(0)};  // a vector as a batch of one
    require<ShapeError>(actual == reference.shape() || row, name, ": expected shape ", reference.shape(), ", got ",
                        actual);
    return reference;
  }

  const ReferenceCase& case_;
  std::vector<Deviation> deviations_;
  std::set<std::string> compared_;
};

}  // namespace amdefect::reference_check
