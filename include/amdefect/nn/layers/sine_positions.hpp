#pragma once

#include <cmath>
#include <cstddef>
#include <string>

#include "amdefect/core/compiled.hpp"
#include "amdefect/core/parallel.hpp"
#include "amdefect/nn/attributes.hpp"
#include "amdefect/nn/convolution.hpp"
#include "amdefect/nn/layer.hpp"

namespace amdefect {

/// Adds to every place what says where it is, sines and cosines of its position, for attention to tell places apart.
/// There are no weights, so that it works on any size.
///
/// [batch, height, width, channels], as RT-DETR (Zhao et al. 2023, arXiv:2304.08069) and MAE (He et al. 2021,
/// arXiv:2111.06377) do: of n = channels / 4 frequencies w_i = temperature^(-i / n) the place in column x and row y,
/// counted from 0, gets sin(x w_0) ... sin(x w_(n-1)), as many cosines of x, then sines and cosines of y.
/// [batch, tokens, channels]: the same with n = channels / 2 and the number of the token instead of x, and no y.
template <class T = float>
class SinePositions : public Layer<T> {
 public:
  /// @throws Error unless the temperature is a number of at least 1.
  explicit SinePositions(double temperature = 10000) : temperature_(temperature) {
    require(std::isfinite(temperature) && temperature >= 1,
            "sine_positions: the temperature must be a number of at least 1, got ", temperature);
  }
  explicit SinePositions(const JsonReader& attributes) : SinePositions(attributes.get<double>("temperature")) {}

  std::string kind() const override { return "sine_positions"; }
  JsonValue attributes() const override { return {{"temperature", temperature_}}; }
  Shape output_shape(const Shape& input) const override {
    require<ShapeError>(input.rank() == 3 || input.rank() == 4,
                        "sine_positions: expected [batch, tokens, channels] or [batch, height, width, channels], got ",
                        input);
    const Index parts = input.rank() == 4 ? 4 : 2;
    require<ShapeError>(input.back() > 0 && input.back() % parts == 0, "sine_positions: the channels of the input ",
                        input, " are no multiple of ", parts);
    return input;
  }
  MemoryTraits traits() const override {
    return {.forward_in_place = true, .backward_in_place = true, .needs_input = false};
  }
  MemoryRequest memory(const Shape& input, const Execution&, bool) const override {
    const Sizes s(input);
    return {.forward_scratch = detail::bytes_of<T>(s.width * s.of_x + s.height * s.of_y)};
  }
  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    const Sizes s(x.shape());
    T *columns = context.template scratch<T>(), *rows = columns + s.width * s.of_x;
    write_waves(s.width, s.of_x, columns);
    write_waves(s.height, s.of_y, rows);
    parallel_for(threads_for(context.execution.threads, x.size()), s.batch * s.height,
                 [&](Index begin, Index end, int) {
                   for (Index place = begin * s.width; place < end * s.width; ++place) {
                     const T *from = x.data() + place * s.channels, *of_column = columns + place % s.width * s.of_x,
                             *of_row = rows + place / s.width % s.height * s.of_y;
                     T* to = y.data() + place * s.channels;
                     for (Index c = 0; c < s.of_x; ++c) to[c] = from[c] + of_column[c];
                     for (Index c = 0; c < s.of_y; ++c) to[s.of_x + c] = from[s.of_x + c] + of_row[c];
                   }
                 });
  }
  void backward(Context<T>&, TensorView<const T>, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    if (!dx.empty() && dx.data() != dy.data()) copy(dy, dx);
  }

 private:
  /// Tokens are an image of one row, all of whose channels tell the column.
  struct Sizes {
    Index batch, height, width, channels;
    Index of_x, of_y;  ///< channels

    explicit Sizes(const Shape& x)
        : batch(x[0]),
          height(x.rank() == 4 ? x[1] : 1),
          width(x[x.rank() - 2]),
          channels(x.back()),
          of_x(x.rank() == 4 ? channels / 2 : channels),
          of_y(channels - of_x) {}
  };

  /// For the positions 0, 1, ...: `channels` numbers each, sines and then cosines.
  void write_waves(Index positions, Index channels, T* to) const {
    const Index frequencies = channels / 2;
    for (Index i = 0; i < frequencies; ++i) {
      const double frequency = std::pow(temperature_, -static_cast<double>(i) / static_cast<double>(frequencies));
      for (Index position = 0; position < positions; ++position) {
        const double angle = static_cast<double>(position) * frequency;
        to[position * channels + i] = static_cast<T>(std::sin(angle));
        to[position * channels + frequencies + i] = static_cast<T>(std::cos(angle));
      }
    }
  }

  double temperature_;
};

AMDEFECT_COMPILED_CLASS(SinePositions)

}  // namespace amdefect
