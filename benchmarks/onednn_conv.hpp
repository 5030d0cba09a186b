#pragma once

#include <dnnl.hpp>
#include <unordered_map>

#include "amdefect/core/execution.hpp"
#include "amdefect/kernels/geometry.hpp"

namespace amdefect::bench {

/// The same convolution in oneDNN, in the memory layouts it likes best (reorders are not part of the time).
class OneDnnConv {
 public:
  enum class Direction { forward, backward_input, backward_kernel };

  OneDnnConv(const ConvGeometry& g, Direction direction) {
    using namespace dnnl;
    using tag = memory::format_tag;
    const bool grouped = g.groups > 1;
    const memory::dims kernel_dims = grouped
                                         ? memory::dims{g.groups, g.group_out(), g.group_in(), g.kernel_h, g.kernel_w}
                                         : memory::dims{g.out_c, g.in_c, g.kernel_h, g.kernel_w};
    const auto any = [](const memory::dims& dims) { return memory::desc(dims, memory::data_type::f32, tag::any); };
    const memory::desc x = any({g.batch, g.in_c, g.in_h, g.in_w}), y = any({g.batch, g.out_c, g.out_h, g.out_w}),
                       kernel = any(kernel_dims);
    const memory::dims strides{g.stride_h, g.stride_w}, dilations{g.dilation_h - 1, g.dilation_w - 1},
        before{g.pad_top, g.pad_left},
        after{(g.out_h - 1) * g.stride_h + (g.kernel_h - 1) * g.dilation_h + 1 - g.in_h - g.pad_top,
              (g.out_w - 1) * g.stride_w + (g.kernel_w - 1) * g.dilation_w + 1 - g.in_w - g.pad_left};
    const convolution_forward::primitive_desc forward(
        {prop_kind::forward_training, algorithm::convolution_direct, x, kernel, y, strides, dilations, before, after},
        engine_);
    if (direction == Direction::forward) {
      primitive_ = convolution_forward(forward);
      arguments_ = {{DNNL_ARG_SRC, fill(forward.src_desc())},
                    {DNNL_ARG_WEIGHTS, fill(forward.weights_desc())},
                    {DNNL_ARG_DST, fill(forward.dst_desc())}};
    } else if (direction == Direction::backward_input) {
      const convolution_backward_data::primitive_desc backward(
          {algorithm::convolution_direct, x, kernel, y, strides, dilations, before, after}, engine_, forward);
      primitive_ = convolution_backward_data(backward);
      arguments_ = {{DNNL_ARG_DIFF_DST, fill(backward.diff_dst_desc())},
                    {DNNL_ARG_WEIGHTS, fill(backward.weights_desc())},
                    {DNNL_ARG_DIFF_SRC, fill(backward.diff_src_desc())}};
    } else {
      const convolution_backward_weights::primitive_desc backward(
          {algorithm::convolution_direct, x, kernel, y, strides, dilations, before, after}, engine_, forward);
      primitive_ = convolution_backward_weights(backward);
      arguments_ = {{DNNL_ARG_SRC, fill(backward.src_desc())},
                    {DNNL_ARG_DIFF_DST, fill(backward.diff_dst_desc())},
                    {DNNL_ARG_DIFF_WEIGHTS, fill(backward.diff_weights_desc())}};
    }
  }

  void operator()() {
    primitive_.execute(stream_, arguments_);
    stream_.wait();
  }

 private:
  dnnl::memory fill(const dnnl::memory::desc& desc) {
    dnnl::memory memory(desc, engine_);
    auto* data = static_cast<float*>(memory.get_data_handle());
    std::fill_n(data, desc.get_size() / sizeof(float), 0.5f);
    return memory;
  }

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  dnnl::primitive primitive_;
  std::unordered_map<int, dnnl::memory> arguments_;
};

}  // namespace amdefect::bench
