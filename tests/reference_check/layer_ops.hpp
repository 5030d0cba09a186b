#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/nn/layers.hpp"
#include "amdefect/nn/network.hpp"
#include "amdefect/nn/workspace.hpp"
#include "reference_check/check.hpp"

namespace amdefect::reference_check {

/// A network of a single operation on the inputs x, or x0, x1, ... of a case, with the parameters of the case.
template <class T>
class SingleOperation {
 public:
  SingleOperation(Check<T>& check, std::shared_ptr<const Operation<T>> operation) : check_(check) {
    std::vector<Value> values;
    for (const std::string& name : input_names(check)) {
      Tensor<T> x = check.tensor(name);
      const Shape shape = x.rank() == 1 ? Shape{1, x.dim(0)} : x.shape();
      x_.push_back(std::move(x));
      names_.push_back(name);
      inputs_.emplace_back(x_.back().data(), shape);
      values.push_back(network_.input(shape.sample(), name));
    }
    network_.output(network_.add(std::move(operation), values, "op"));
    network_.parameters().allocate();
    for (const Parameter& p : network_.parameters().list())
      copy<T>(check.tensor(file_name(p)), network_.parameters().value(p));
  }

  void check_inference(Tolerance tolerance) {
    Workspace<T> workspace(network_);
    workspace.forward(inputs_);
    check_.compare("y", workspace.output(), tolerance);
  }

  /// Forward and backward in training mode; the parameters hold the updated statistics afterwards.
  void check_training(Tolerance tolerance) {
    Workspace<T> workspace = Workspace<T>::for_training(network_, {}, 0, true);
    workspace.forward(inputs_);
    check_.compare("y", workspace.output(), tolerance);
    if (!check_->has("dy")) return;
    const Tensor<T> dy = check_.tensor("dy");
    copy<T>(dy.reshape(workspace.output().shape()), workspace.output_gradient());
    workspace.backward();
    for (std::size_t i = 0; i < names_.size(); ++i) compare_gradient(names_[i], workspace.input_gradient(i), tolerance);
    for (const Parameter& p : network_.parameters().list())
      if (p.trainable) compare_gradient(file_name(p), network_.parameters().gradient(p), tolerance);
  }

  TensorView<const T> parameter(const std::string& name) { return network_.parameters().value("op." + name); }

 private:
  static std::vector<std::string> input_names(const Check<T>& check) {
    if (check->has("x")) return {"x"};
    std::vector<std::string> names;
    for (std::string name = "x0"; check->has(name); name = concat('x', names.size())) names.push_back(name);
    require(!names.empty(), "the case has no input x or x0");
    return names;
  }
  void compare_gradient(const std::string& name, TensorView<const T> gradient, Tolerance tolerance) {
    const std::string full_name = concat('d', name);
    if (check_->has(full_name)) check_.compare(full_name, gradient, tolerance);
  }
  /// What the files call a parameter of ours.
  static std::string file_name(const Parameter& parameter) {
    const std::string name = parameter.name.substr(parameter.name.find('.') + 1);
    return name == "moving_variance" ? "moving_var" : name;
  }

  Check<T>& check_;
  Network<T> network_;
  std::vector<std::string> names_;
  std::vector<Tensor<T>> x_;
  std::vector<TensorView<const T>> inputs_;
};

/// Checks a layer that computes the same in training and inference.
template <class T, class Op>
void check_layer_op(Check<T>& check, Op operation, Tolerance tolerance = small_case) {
  SingleOperation<T> single(check, std::make_shared<const Op>(std::move(operation)));
  single.check_inference(tolerance);
  single.check_training(tolerance);
}

/// The options of the convolution of a case, whose kernel has that shape.
template <class T>
ConvOptions conv_options(const Check<T>& check, const Shape& kernel) {
  require<ShapeError>(kernel.rank() == 4, "kernel: expected 4 dimensions, found ", kernel);
  const auto [stride_h, stride_w] = check->sizes("stride", {"strides"}, 1);
  const auto [dilation_h, dilation_w] = check->sizes("dilation", {"dilations", "dilation_rate"}, 1);
  return {.kernel = kernel[0],
          .kernel_w = kernel[1],
          .stride = stride_h,
          .stride_w = stride_w,
          .dilation = dilation_h,
          .dilation_w = dilation_w,
          .groups = static_cast<Index>(check->number({"groups"}, 1)),
          .padding = check->padding(),
          .bias = check->has("bias")};
}

template <class T>
void check_conv2d(Check<T>& check) {
  const Shape kernel = check->file().entry("kernel").shape;
  check_layer_op(check, Conv2d<T>(kernel.back(), conv_options(check, kernel)));
}

template <class T>
void check_conv_transpose2d(Check<T>& check) {
  const Shape kernel = check->file().entry("kernel").shape;
  const ConvOptions options = conv_options(check, kernel);
  const auto [bottom, right] = check->sizes("output_padding", {}, 0);
  check_layer_op(check, ConvTranspose2d<T>(kernel[2] * options.groups, options, bottom, right));
}

template <class T, template <class> class Pool>
void check_pool(Check<T>& check) {
  const auto [pool_h, pool_w] = check->sizes("pool", {"pool_size", "kernel", "kernel_size"}, 2);
  auto [stride_h, stride_w] = check->sizes("stride", {"strides"}, 0);
  check_layer_op(check, Pool<T>({.pool = pool_h,
                                 .pool_w = pool_w,
                                 .stride = stride_h > 0 ? stride_h : pool_h,
                                 .stride_w = stride_w > 0 ? stride_w : pool_w,
                                 .padding = check->padding()}));
}

template <class T>
void check_dense(Check<T>& check) {
  check_layer_op(check, Dense<T>(check->file().entry("kernel").shape.back(), check->has("bias")));
}

/// The tolerance for inputs far from 0, which lose digits in float32 however one computes.
template <class T>
Tolerance tolerance_of_large_values(const Check<T>& check) {
  return check->name().find("large") == std::string::npos ? small_case : Tolerance{1e-10, 2e-5};
}

template <class T>
void check_batch_norm(Check<T>& check) {
  const Tolerance tolerance = tolerance_of_large_values(check);
  BatchNormOptions options{.momentum = check->number({"momentum"}, 0.99),
                           .epsilon = check->number({"epsilon", "eps"}, 1e-3),
                           .moving_statistics = !check->flag({"training"}, true)};
  SingleOperation<T> single(check, std::make_shared<const BatchNorm<T>>(options));
  if (options.moving_statistics) single.check_inference(tolerance);
  single.check_training(tolerance);
  if (options.moving_statistics) return;
  check.compare("new_moving_mean", single.parameter("moving_mean"), tolerance);
  check.compare("new_moving_var", single.parameter("moving_variance"), tolerance);
  if (!check->has("batch_mean")) return;
  options.momentum = 0;  // then the new moving statistics are those of the batch
  SingleOperation<T> batch(check, std::make_shared<const BatchNorm<T>>(options));
  batch.check_training(tolerance);
  check.compare("batch_mean", batch.parameter("moving_mean"), tolerance);
  check.compare("batch_var", batch.parameter("moving_variance"), tolerance);
}

/// Our normalisations over one axis know the last one only.
template <class T>
void require_last_axis(const Check<T>& check) {
  const double axis = check->number({"axis"}, -1);
  const auto rank = static_cast<double>(check->file().entry("x").shape.rank());
  require(axis == -1 || axis == rank - 1, "attribute axis: only the last axis is supported, found ", axis);
}

template <class T>
void check_layer_norm(Check<T>& check) {
  require_last_axis(check);
  check_layer_op(check, LayerNorm<T>(check->number({"epsilon", "eps"}, 1e-3)), tolerance_of_large_values(check));
}

template <class T>
void check_group_norm(Check<T>& check) {
  const GroupNorm<T> norm(static_cast<Index>(check->number({"groups"}, 1)), check->number({"epsilon"}, 1e-5));
  check_layer_op(check, norm, tolerance_of_large_values(check));
}

template <class T>
void check_softmax(Check<T>& check) {
  require_last_axis(check);
  check_layer_op(check, Softmax<T>(), tolerance_of_large_values(check));
}

template <class T>
void check_concat(Check<T>& check) {
  check_layer_op(check, Concatenate<T>(static_cast<Index>(check->number({"axis"}, -1))));
}

template <class T>
void check_attention(Check<T>& check) {
  check_layer_op(check, MultiHeadAttention<T>(static_cast<Index>(check->number({"heads"}, 1))));
}

template <class T>
void check_sine_positions(Check<T>& check) {
  check_layer_op(check, SinePositions<T>(check->number({"temperature"}, 10000)));
}

template <class T>
void check_leaky_relu(Check<T>& check) {
  check_layer_op(check, LeakyRelu<T>(check->number({"alpha", "slope", "negative_slope"}, 0.3)));
}

template <class T>
void check_upsample(Check<T>& check) {
  const auto [scale_h, scale_w] = check->sizes("scale", {"size", "factor"}, 2);
  require(scale_h == scale_w, "attribute scale: only equal scales are supported, found ", scale_h, " and ", scale_w);
  check_layer_op(check, UpsampleNearest<T>(scale_h));
}

template <class T>
void check_resize(Check<T>& check) {
  const auto [height, width] = check->sizes("size", {}, 0);
  check_layer_op(check, ResizeBilinear<T>({.height = height,
                                           .width = width,
                                           .scale = check->number({"scale"}, 2),
                                           .align_corners = check->flag({"align_corners"}, false)}));
}

template <class T>
void check_pad(Check<T>& check) {
  const auto [top, bottom] = check->sizes("rows", {}, 0);
  const auto [left, right] = check->sizes("columns", {}, 0);
  const auto [before, after] = check->sizes("channels", {}, 0);
  check_layer_op(check, Pad<T>({{top, bottom}, {left, right}, {before, after}}, check->number({"value"}, 0)));
}

template <class T>
void check_transpose(Check<T>& check) {
  std::vector<Index> axes;
  for (const char* axis : {"axis1", "axis2", "axis3"}) axes.push_back(static_cast<Index>(check->number({axis}, 0)));
  check_layer_op(check, Transpose<T>(axes));
}

}  // namespace amdefect::reference_check
