#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/nn/attributes.hpp"
#include "amdefect/nn/layer.hpp"

namespace amdefect {

/// The entries [begin, begin + count) of one axis; the opposite of `Concatenate`. Axis -1 is the last one (channels);
/// the batch, axis 0, cannot be cut.
template <class T = float>
class Slice : public Layer<T> {
 public:
  /// @throws Error unless begin >= 0 and count > 0.
  Slice(Index axis, Index begin, Index count) : axis_(axis), begin_(begin), count_(count) {
    require(begin >= 0 && count > 0, "slice: expected begin >= 0 and count > 0, got ", begin, " and ", count);
  }
  explicit Slice(const JsonReader& attributes)
      : Slice(Index{attributes.get<std::int8_t>("axis")}, detail::read_size(attributes, "begin", 0),
              detail::read_size(attributes, "count")) {}

  std::string kind() const override { return "slice"; }
  JsonValue attributes() const override { return {{"axis", axis_}, {"begin", begin_}, {"count", count_}}; }
  Shape output_shape(const Shape& input) const override {
    const std::size_t axis = resolve(input);
    require<ShapeError>(begin_ + count_ <= input[axis], "slice: expected at least ", begin_ + count_,
                        " entries along axis ", axis_, ", got ", input);
    Shape output = input;
    output[axis] = count_;
    return output;
  }
  MemoryTraits traits() const override { return {.needs_input = false}; }
  void forward(Context<T>&, TensorView<const T> x, TensorView<T> y) const override {
    for_each_run(x.shape(),
                 [&](Index of_x, Index of_y, Index run) { std::copy_n(x.data() + of_x, run, y.data() + of_y); });
  }
  void backward(Context<T>&, TensorView<const T>, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    if (dx.empty()) return;
    dx.fill(T{0});
    for_each_run(dx.shape(),
                 [&](Index of_x, Index of_y, Index run) { std::copy_n(dy.data() + of_y, run, dx.data() + of_x); });
  }

 private:
  std::size_t resolve(const Shape& shape) const {
    const auto rank = static_cast<Index>(shape.rank());
    const Index axis = axis_ < 0 ? rank + axis_ : axis_;
    require<ShapeError>(0 < axis && axis < rank, "slice: axis ", axis_, " is not one of the dimensions 1 to ", rank - 1,
                        " of ", shape);
    return static_cast<std::size_t>(axis);
  }

  /// Calls `body(offset in x, offset in y, run)` for each contiguous piece.
  template <class Body>
  void for_each_run(const Shape& x, const Body& body) const {
    const std::size_t axis = resolve(x);
    Index pieces = 1, inner = 1;
    for (std::size_t i = 0; i < axis; ++i) pieces *= x[i];
    for (std::size_t i = axis + 1; i < x.rank(); ++i) inner *= x[i];
    for (Index piece = 0; piece < pieces; ++piece)
      body((piece * x[axis] + begin_) * inner, piece * count_ * inner, count_ * inner);
  }

  Index axis_, begin_, count_;
};

AMDEFECT_COMPILED_CLASS(Slice)

}  // namespace amdefect
