#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "amdefect/core/compiled.hpp"
#include "amdefect/core/version_counter.hpp"
#include "amdefect/nn/initializer.hpp"

namespace amdefect {

/// What a layer asks for: one named array of weights or statistics.
struct ParameterSpec {
  std::string name{};
  Shape shape{};
  Initializer initializer = Initializer::zeros;
  bool statistic = false;     ///< computed by the layer itself (moving mean), never touched by an optimiser
  bool variance = false;      ///< a statistic that is never negative
  bool weight_decay = false;  ///< a kernel: AdamW and SGD may decay it; biases and scales are left alone
};

/// A declared parameter and where it is in the arenas.
struct Parameter : ParameterSpec {
  Index offset = 0;       ///< first element in the arenas
  bool trainable = true;  ///< an optimiser may change it: neither a statistic nor frozen
  bool frozen = false;    ///< training leaves it as it is; a statistic is then used instead of updated
  double rate = 1;        ///< factor of the optimiser's learning rate
  Index size() const { return shape.elements(); }
};

/// All parameters of a network in the order of their declaration: values and gradients each live in one block of
/// memory (an arena) at the same offsets, so that an optimiser sees flat arrays and a file is one read.
///
/// Inference uses forms of the weights that were prepared once (prepared_weights.hpp). Asking for the values to write
/// them (`value`, `values` of an object that is not const) makes these out of date; whoever keeps such a view and
/// writes through it again later says so with `note_change`.
template <class T>
class Parameters {
 public:
  /// Adds a parameter; its full name must be new. @throws Error after `allocate`.
  void declare(ParameterSpec spec) {
    require(!allocated(), "parameters: cannot add '", spec.name, "' after the weights were initialised");
    require(!find(spec.name), "parameters: the name '", spec.name, "' is used twice");
    Parameter parameter{std::move(spec)};
    parameter.trainable = !parameter.statistic;
    parameter.offset = arena_size_;
    constexpr Index most = std::numeric_limits<Index>::max() / static_cast<Index>(2 * sizeof(T));
    require(parameter.size() <= most - arena_size_, "parameters: with '", parameter.name, "' ", parameter.shape,
            " there are more elements than this machine can address");
    arena_size_ += (parameter.size() + elements_per_line - 1) / elements_per_line * elements_per_line;
    list_.push_back(std::move(parameter));
  }

  /// Allocates the memory for all values (zero); does nothing when called again.
  void allocate() {
    if (!allocated()) values_ = Tensor<T>({std::max<Index>(1, arena_size_)});
  }
  bool allocated() const { return !values_.empty(); }
  /// Allocates the gradients (zero); does nothing when called again.
  void allocate_gradients() {
    if (gradients_.empty()) gradients_ = Tensor<T>({std::max<Index>(1, arena_size_)});
  }

  const std::vector<Parameter>& list() const { return list_; }
  Parameter& operator[](std::size_t id) { return list_[id]; }
  const Parameter& operator[](std::size_t id) const { return list_[id]; }
  std::size_t count() const { return list_.size(); }

  /// The parameter of that full name (`backbone.0.kernel`), or null.
  const Parameter* find(std::string_view name) const {
    const auto found = std::find_if(list_.begin(), list_.end(), [&](const Parameter& p) { return p.name == name; });
    return found == list_.end() ? nullptr : &*found;
  }
  /// @throws Error if there is no parameter of that name.
  const Parameter& at(std::string_view name) const {
    const Parameter* found = find(name);
    require(found != nullptr, "parameters: there is no '", name, "'");
    return *found;
  }

  TensorView<T> value(const Parameter& p) {
    note_change();
    return {values_.data() + p.offset, p.shape};
  }
  TensorView<const T> value(const Parameter& p) const { return {values_.data() + p.offset, p.shape}; }
  TensorView<T> value(std::string_view name) { return value(at(name)); }
  TensorView<const T> value(std::string_view name) const { return value(at(name)); }
  TensorView<T> gradient(const Parameter& p) { return {gradients_.data() + p.offset, p.shape}; }
  TensorView<const T> gradient(const Parameter& p) const { return {gradients_.data() + p.offset, p.shape}; }
  TensorView<T> gradient(std::string_view name) { return gradient(at(name)); }

  /// Whole arenas, alignment gaps (always zero) included.
  TensorView<T> values() {
    note_change();
    return values_;
  }
  TensorView<const T> values() const { return values_; }
  TensorView<T> gradients() { return gradients_; }
  TensorView<const T> gradients() const { return gradients_; }

  /// Says that values were changed, through a view that was asked for earlier.
  void note_change() { version_.advance(); }
  /// Differs after every change of the values.
  std::uint64_t version() const { return version_.value(); }

  /// Freezes (false) or frees (true) all weights and statistics whose name starts with `prefix`. A batch norm whose
  /// statistics are frozen normalises with them in training, too, as after Keras' `trainable = False` and PyTorch's
  /// `eval()`. Workspaces for training look at this when they are made.
  /// @throws Error if no parameter matches.
  void set_trainable(std::string_view prefix, bool trainable) {
    bool any = false;
    for (Parameter& p : list_)
      if (std::string_view(p.name).starts_with(prefix)) {
        any = true;
        set_frozen(p, !trainable);
      }
    require(any, "parameters: no name starts with '", prefix, "'");
  }
  /// Optimisers change all weights whose name starts with `prefix` by `rate` times their learning rate.
  /// @throws Error if no parameter matches, or for a rate that is negative or not finite.
  void set_rate(std::string_view prefix, double rate) {
    require(std::isfinite(rate) && rate >= 0, "parameters: the rate of '", prefix, "' is ", rate,
            ", expected a number of at least 0");
    bool any = false;
    for (Parameter& p : list_)
      if (std::string_view(p.name).starts_with(prefix)) {
        any = true;
        p.rate = rate;
      }
    require(any, "parameters: no name starts with '", prefix, "'");
  }
  /// Freezes the one parameter or statistic of that name. @throws Error if there is none.
  void freeze(std::string_view name) { set_frozen(list_[static_cast<std::size_t>(&at(name) - list_.data())], true); }

  /// Numbers of elements.
  Index total() const {
    return count_if([](const Parameter&) { return true; });
  }
  Index trainable() const {
    return count_if([](const Parameter& p) { return p.trainable; });
  }

 private:
  static void set_frozen(Parameter& p, bool frozen) {
    p.frozen = frozen;
    p.trainable = !frozen && !p.statistic;
  }

  static constexpr Index elements_per_line = static_cast<Index>(tensor_alignment / sizeof(T));

  template <class Predicate>
  Index count_if(Predicate predicate) const {
    Index total = 0;
    for (const Parameter& p : list_) total += predicate(p) ? p.size() : 0;
    return total;
  }

  std::vector<Parameter> list_;
  Tensor<T> values_, gradients_;
  Index arena_size_ = 0;
  VersionCounter version_;
};

AMDEFECT_COMPILED_CLASS(Parameters)

}  // namespace amdefect
