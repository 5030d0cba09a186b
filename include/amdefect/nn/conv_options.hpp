#pragma once

#include <string_view>
#include <tuple>

#include "amdefect/core/error.hpp"
#include "amdefect/kernels/geometry.hpp"
#include "amdefect/nn/attributes.hpp"
#include "amdefect/nn/initializer.hpp"

namespace amdefect {

/// Hyper-parameters of a convolution; a height or width of 0 means "as the other one".
struct ConvOptions {
  Index kernel = 1, kernel_w = 0;
  Index stride = 1, stride_w = 0;
  Index dilation = 1, dilation_w = 0;
  Index groups = 1;  ///< `in channels` of them makes a depthwise convolution
  Padding padding = Padding::same();
  bool bias = true;
  Initializer initializer = Initializer::glorot_uniform;
};

namespace detail {

/// The options with every width, for a layer of that kind. @throws Error for sizes that are not positive or groups that
/// do not divide the filters.
inline ConvOptions complete(ConvOptions o, std::string_view kind, Index filters) {
  if (o.kernel_w == 0) o.kernel_w = o.kernel;
  if (o.stride_w == 0) o.stride_w = o.stride;
  if (o.dilation_w == 0) o.dilation_w = o.dilation;
  require(filters > 0 && o.kernel > 0 && o.kernel_w > 0 && o.stride > 0 && o.stride_w > 0 && o.dilation > 0 &&
              o.dilation_w > 0 && o.groups > 0,
          kind, ": filters, kernel, stride, dilation and groups must be positive");
  require(o.padding.top >= 0 && o.padding.bottom >= 0 && o.padding.left >= 0 && o.padding.right >= 0, kind,
          ": padding must not be negative");
  require(filters % o.groups == 0, kind, ": ", filters, " filters do not divide into ", o.groups, " groups");
  return o;
}

inline JsonValue json_of(const ConvOptions& o, Index filters) {
  return {{"filters", filters},
          {"kernel", JsonValue::array({o.kernel, o.kernel_w})},
          {"stride", JsonValue::array({o.stride, o.stride_w})},
          {"dilation", JsonValue::array({o.dilation, o.dilation_w})},
          {"groups", o.groups},
          {"padding", json_of(o.padding)},
          {"bias", o.bias},
          {"initializer", json_of(o.initializer)}};
}

inline ConvOptions read_conv_options(const JsonReader& attributes) {
  ConvOptions o;
  std::tie(o.kernel, o.kernel_w) = read_height_width(attributes, "kernel");
  std::tie(o.stride, o.stride_w) = read_height_width(attributes, "stride");
  std::tie(o.dilation, o.dilation_w) = read_height_width(attributes, "dilation");
  o.groups = read_size(attributes, "groups");
  o.padding = read_padding(attributes.at("padding"));
  o.bias = attributes.get<bool>("bias");
  o.initializer = read_initializer(attributes.at("initializer"));
  return o;
}

}  // namespace detail

}  // namespace amdefect
