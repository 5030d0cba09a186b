#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include "amdefect/core/compiled.hpp"
#include "amdefect/core/parallel.hpp"
#include "amdefect/nn/attributes.hpp"
#include "amdefect/nn/layer.hpp"

namespace amdefect {

/// How `ResizeBilinear` makes images of another size.
struct ResizeOptions {
  Index height = 0, width = 0;  ///< of the output; 0: that of the input times `scale`, rounded down
  double scale = 2;
  bool align_corners = false;  ///< the centres of the corner pixels stay where they are, instead of the image's border
};

namespace detail {

/// The two pixels along one axis that an output lies between, and the share of the second one.
struct LinearPair {
  Index first = 0, second = 0;
  double share = 0;
  /// What the output takes of a pixel.
  double weight(Index pixel) const { return (pixel == first ? 1 - share : 0) + (pixel == second ? share : 0); }
};

/// Linear interpolation along one axis, by PyTorch's rule.
class LinearAxis {
 public:
  LinearAxis(Index in, Index size, double scale, bool align_corners) : in_(in), align_(align_corners) {
    out_ = size > 0 ? size : static_cast<Index>(std::floor(static_cast<double>(in) * scale));
    if (align_)
      step_ = out_ > 1 ? static_cast<double>(in - 1) / static_cast<double>(out_ - 1) : 0;
    else
      step_ = size > 0 ? static_cast<double>(in) / static_cast<double>(size) : 1 / scale;
  }
  Index out() const { return out_; }
  LinearPair operator()(Index output) const {
    const auto position = static_cast<double>(output);
    const double exact = align_ ? position * step_ : std::max(0.0, (position + 0.5) * step_ - 0.5);
    const Index first = std::min(static_cast<Index>(exact), in_ - 1);
    return {first, std::min(first + 1, in_ - 1), std::min(1.0, exact - static_cast<double>(first))};
  }
  /// The first output that takes something of a pixel or lies behind it.
  Index first_reader(Index pixel) const {
    Index least = 0, most = out_;
    while (least < most) {
      const Index middle = least + (most - least) / 2;
      if ((*this)(middle).second < pixel)
        least = middle + 1;
      else
        most = middle;
    }
    return least;
  }

 private:
  Index in_, out_ = 0;
  bool align_;
  double step_ = 0;
};

}  // namespace detail

/// Bilinear interpolation to any size (PyTorch's Upsample(mode="bilinear") with either value of align_corners; Keras'
/// UpSampling2D(interpolation="bilinear") is that without): [batch, height, width, channels] -> [batch, height',
/// width', channels]. Output i lies at (i + 1/2) step - 1/2 of the input, at least at 0, with step = in / out, or 1 /
/// scale where that is given, and with `align_corners` at i (in - 1) / (out - 1). Nothing is smoothed where images
/// become smaller.
template <class T = float>
class ResizeBilinear : public Layer<T> {
 public:
  /// @throws Error for a negative size, and unless 0 < scale <= 2^20.
  explicit ResizeBilinear(const ResizeOptions& options = {}) : options_(options) {
    constexpr double largest = 1 << 20;
    require(options.height >= 0 && options.width >= 0, "resize_bilinear: height and width must not be negative, got ",
            options.height, " and ", options.width);
    require(options.scale > 0 && options.scale <= largest, "resize_bilinear: expected a scale from 0 to ", largest,
            ", got ", options.scale);
  }
  explicit ResizeBilinear(const JsonReader& attributes)
      : ResizeBilinear({.height = detail::read_size(attributes, "height", 0),
                        .width = detail::read_size(attributes, "width", 0),
                        .scale = attributes.get<double>("scale"),
                        .align_corners = attributes.get<bool>("align_corners")}) {}

  std::string kind() const override { return "resize_bilinear"; }
  JsonValue attributes() const override {
    return {{"height", options_.height},
            {"width", options_.width},
            {"scale", options_.scale},
            {"align_corners", options_.align_corners}};
  }
  Shape output_shape(const Shape& input) const override {
    require_rank("resize_bilinear", "[batch, height, width, channels]", 4, input);
    const Index height = rows(input).out(), width = columns(input).out();
    require<ShapeError>(input[1] > 0 && input[2] > 0 && height > 0 && width > 0, "resize_bilinear: an image ", input,
                        " cannot become one of ", height, 'x', width, " pixels");
    return {input[0], height, width, input[3]};
  }
  MemoryTraits traits() const override { return {.needs_input = false}; }
  void forward(Context<T>& context, TensorView<const T> x, TensorView<T> y) const override {
    const detail::LinearAxis rows = this->rows(x.shape()), columns = this->columns(x.shape());
    const Index width = y.dim(2), channels = y.dim(3), row_size = x.dim(2) * channels;
    parallel_for(threads_for(context.execution.threads, y.size()), y.dim(0) * y.dim(1),
                 [=](Index begin, Index end, int) {
                   for (Index row = begin; row < end; ++row) {
                     const detail::LinearPair v = rows(row % y.dim(1));
                     const T* image = x.data() + row / y.dim(1) * x.dim(1) * row_size;
                     const T *above = image + v.first * row_size, *below = image + v.second * row_size;
                     for (Index j = 0; j < width; ++j) {
                       const detail::LinearPair h = columns(j);
                       const T down = static_cast<T>(v.share), right = static_cast<T>(h.share);
                       const Index a = h.first * channels, b = h.second * channels;
                       T* to = y.data() + (row * width + j) * channels;
                       for (Index c = 0; c < channels; ++c)
                         to[c] = (1 - down) * ((1 - right) * above[a + c] + right * above[b + c]) +
                                 down * ((1 - right) * below[a + c] + right * below[b + c]);
                     }
                   }
                 });
  }
  /// Every row of dx collects what the outputs took of it, so that threads share none.
  void backward(Context<T>& context, TensorView<const T>, TensorView<const T>, TensorView<const T> dy,
                TensorView<T> dx) const override {
    if (dx.empty()) return;
    const detail::LinearAxis rows = this->rows(dx.shape()), columns = this->columns(dx.shape());
    const Index height = dx.dim(1), row_size = dx.dim(2) * dx.dim(3);
    parallel_for(threads_for(context.execution.threads, dx.size()), dx.dim(0) * height,
                 [=](Index begin, Index end, int) {
                   for (Index row = begin; row < end; ++row) {
                     const Index pixel = row % height;
                     T* to = dx.data() + row * row_size;
                     std::fill_n(to, row_size, T{0});
                     for (Index i = rows.first_reader(pixel); i < dy.dim(1) && rows(i).first <= pixel; ++i)
                       add_row(columns, rows(i).weight(pixel), dy, row / height * dy.dim(1) + i, to);
                   }
                 });
  }

 private:
  detail::LinearAxis rows(const Shape& input) const {
    return {input[1], options_.height, options_.scale, options_.align_corners};
  }
  detail::LinearAxis columns(const Shape& input) const {
    return {input[2], options_.width, options_.scale, options_.align_corners};
  }
  /// Adds `weight` times a row of dy to the pixels of a row of dx that it was made of.
  static void add_row(const detail::LinearAxis& columns, double weight, TensorView<const T> dy, Index row, T* to) {
    const Index width = dy.dim(2), channels = dy.dim(3);
    for (Index j = 0; j < width; ++j) {
      const detail::LinearPair h = columns(j);
      const T left = static_cast<T>(weight * (1 - h.share)), right = static_cast<T>(weight * h.share);
      const T* from = dy.data() + (row * width + j) * channels;
      T *first = to + h.first * channels, *second = to + h.second * channels;
      for (Index c = 0; c < channels; ++c) first[c] += left * from[c];
      for (Index c = 0; c < channels; ++c) second[c] += right * from[c];
    }
  }

  ResizeOptions options_;
};

AMDEFECT_COMPILED_CLASS(ResizeBilinear)

}  // namespace amdefect
