#pragma once

#include <algorithm>
#include <dnnl.hpp>
#include <unordered_map>

#include "amdefect/kernels/geometry.hpp"

namespace amdefect::bench {

/// The same pooling or batch normalisation in oneDNN, on NHWC images.
class OneDnnLayer {
 public:
  static OneDnnLayer pool(const PoolGeometry& g, bool max, bool backward) {
    using namespace dnnl;
    OneDnnLayer layer;
    const algorithm kind = max ? algorithm::pooling_max : algorithm::pooling_avg_exclude_padding;
    const memory::desc x = images(g.batch, g.channels, g.in_h, g.in_w),
                       y = images(g.batch, g.channels, g.out_h, g.out_w);
    const memory::dims strides{g.stride_h, g.stride_w}, window{g.pool_h, g.pool_w}, before{g.pad_top, g.pad_left},
        after{(g.out_h - 1) * g.stride_h + g.pool_h - g.in_h - g.pad_top,
              (g.out_w - 1) * g.stride_w + g.pool_w - g.in_w - g.pad_left};
    const pooling_forward::primitive_desc forward(
        {prop_kind::forward_training, kind, x, y, strides, window, before, after}, layer.engine_);
    if (max) layer.add(DNNL_ARG_WORKSPACE, forward.workspace_desc(), 0.0f);
    if (backward) {
      const pooling_backward::primitive_desc descriptor({kind, x, y, strides, window, before, after}, layer.engine_,
                                                        forward);
      layer.primitive_ = pooling_backward(descriptor);
      layer.add(DNNL_ARG_DIFF_DST, y);
      layer.add(DNNL_ARG_DIFF_SRC, x);
    } else {
      layer.primitive_ = pooling_forward(forward);
      layer.add(DNNL_ARG_SRC, x);
      layer.add(DNNL_ARG_DST, y);
    }
    return layer;
  }

  static OneDnnLayer batch_norm(const ConvGeometry& g, bool backward, bool relu) {
    using namespace dnnl;
    OneDnnLayer layer;
    const memory::desc x = images(g.batch, g.in_c, g.in_h, g.in_w);
    auto flags = normalization_flags::use_scale_shift;
    if (relu) flags = flags | normalization_flags::fuse_norm_relu;
    const batch_normalization_forward::primitive_desc forward({prop_kind::forward_training, x, 1e-3f, flags},
                                                              layer.engine_);
    layer.add(DNNL_ARG_SRC, x);
    layer.add(DNNL_ARG_MEAN, forward.mean_desc());
    layer.add(DNNL_ARG_VARIANCE, forward.variance_desc());
    layer.add(DNNL_ARG_SCALE_SHIFT, forward.weights_desc());
    if (relu) layer.add(DNNL_ARG_WORKSPACE, forward.workspace_desc());
    if (backward) {
      const batch_normalization_backward::primitive_desc descriptor({prop_kind::backward, x, x, 1e-3f, flags},
                                                                    layer.engine_, forward);
      layer.primitive_ = batch_normalization_backward(descriptor);
      layer.add(DNNL_ARG_DIFF_DST, x);
      layer.add(DNNL_ARG_DIFF_SRC, x);
      layer.add(DNNL_ARG_DIFF_SCALE_SHIFT, descriptor.diff_weights_desc());
    } else {
      layer.primitive_ = batch_normalization_forward(forward);
      layer.add(DNNL_ARG_DST, x);
    }
    return layer;
  }

  void operator()() {
    primitive_.execute(stream_, arguments_);
    stream_.wait();
  }

 private:
  OneDnnLayer() = default;

  static dnnl::memory::desc images(Index batch, Index channels, Index height, Index width) {
    return {{batch, channels, height, width}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::nhwc};
  }

  void add(int argument, const dnnl::memory::desc& desc, float value = 0.5f) {
    dnnl::memory memory(desc, engine_);
    std::fill_n(static_cast<float*>(memory.get_data_handle()), desc.get_size() / sizeof(float), value);
    arguments_.emplace(argument, memory);
  }

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  dnnl::primitive primitive_;
  std::unordered_map<int, dnnl::memory> arguments_;
};

}  // namespace amdefect::bench
