#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/nn/attributes.hpp"
#include "amdefect/nn/layer.hpp"

namespace amdefect {

/// The same elements of every sample in another shape; costs nothing where the planner lets it keep the memory.
template <class T = float>
class Reshape : public Layer<T> {
 public:
  /// `sample` is the shape without the batch.
  explicit Reshape(const Shape& sample) : sample_(sample) {}

  explicit Reshape(const JsonReader& attributes) : Reshape(detail::read_shape(attributes.at("sample"))) {}

  std::string kind() const override { return "reshape"; }
  JsonValue attributes() const override { return {{"sample", detail::json_of(sample_)}}; }
  Shape output_shape(const Shape& input) const override {
    require<ShapeError>(input.rank() >= 1, "reshape: expected a batch, got a scalar");
    require<ShapeError>(sample_.elements() == input.sample().elements(), "reshape: a sample of the input ", input,
                        " has ", input.sample().elements(), " elements, ", sample_, " has ", sample_.elements());
    return sample_.batched(input[0]);
  }
  MemoryTraits traits() const override {
    return {.forward_in_place = true, .backward_in_place = true, .needs_input = false, .recompute = true};
  }
  void forward(Context<T>&, TensorView<const T> x, TensorView<T> y) const override { move(x, y); }
  void backward(Context<T>&, TensorView<const T>, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    if (!dx.empty()) move(dy, dx);
  }

 protected:
  static void move(TensorView<const T> from, TensorView<T> to) {
    if (from.data() != to.data()) std::copy(from.begin(), from.end(), to.begin());
  }

 private:
  Shape sample_;
};

/// All elements of a sample in one dimension: [batch, ...] -> [batch, elements].
template <class T = float>
class Flatten : public Reshape<T> {
 public:
  Flatten() : Reshape<T>(Shape{}) {}
  std::string kind() const override { return "flatten"; }
  JsonValue attributes() const override { return JsonValue::object(); }
  Shape output_shape(const Shape& input) const override {
    require<ShapeError>(input.rank() >= 1, "flatten: expected a batch, got a scalar");
    return {input[0], input.sample().elements()};
  }
};

AMDEFECT_COMPILED_CLASS(Reshape)
AMDEFECT_COMPILED_CLASS(Flatten)

}  // namespace amdefect
