#pragma once

#include <algorithm>

#include "amdefect/kernels/conv_epilogue.hpp"
#include "amdefect/kernels/geometry.hpp"

/// The definition of the 2-D convolution and of its gradients as plain loops: slow, and what the fast kernels are
/// compared with.
namespace amdefect::reference {

/// Calls `body(x, w, y)` with the flat indices of every input, kernel and output element that meet in one product.
template <class Body>
void for_each_product(const ConvGeometry& g, Body&& body) {
  for (Index n = 0; n < g.batch; ++n)
    for (Index oh = 0; oh < g.out_h; ++oh)
      for (Index ow = 0; ow < g.out_w; ++ow)
        for (Index kh = 0; kh < g.kernel_h; ++kh)
          for (Index kw = 0; kw < g.kernel_w; ++kw) {
            const Index ih = oh * g.stride_h + kh * g.dilation_h - g.pad_top;
            const Index iw = ow * g.stride_w + kw * g.dilation_w - g.pad_left;
            if (ih < 0 || ih >= g.in_h || iw < 0 || iw >= g.in_w) continue;
            const Index x = ((n * g.in_h + ih) * g.in_w + iw) * g.in_c;
            const Index w = (kh * g.kernel_w + kw) * g.group_in() * g.out_c;
            const Index y = ((n * g.out_h + oh) * g.out_w + ow) * g.out_c;
            for (Index ic = 0; ic < g.group_in(); ++ic)
              for (Index oc = 0; oc < g.out_c; ++oc)
                body(x + oc / g.group_out() * g.group_in() + ic, w + ic * g.out_c + oc, y + oc);
          }
}

template <class T>
void conv2d_forward(const ConvGeometry& g, const T* x, const T* kernel, const ConvEpilogue<T>& epilogue, T* y) {
  if (!epilogue.add_to_output) std::fill_n(y, g.output_size(), T(0));
  for_each_product(g, [=](Index i, Index k, Index o) { y[o] += x[i] * kernel[k]; });
  for (Index o = 0; o < g.output_size(); ++o) y[o] = epilogue(y[o], o % g.out_c);
}

/// Overwrites dx.
template <class T>
void conv2d_backward_input(const ConvGeometry& g, const T* dy, const T* kernel, T* dx) {
  std::fill_n(dx, g.input_size(), T(0));
  for_each_product(g, [=](Index i, Index k, Index o) { dx[i] += dy[o] * kernel[k]; });
}

/// Adds to dkernel.
template <class T>
void conv2d_backward_kernel(const ConvGeometry& g, const T* x, const T* dy, T* dkernel) {
  for_each_product(g, [=](Index i, Index k, Index o) { dkernel[k] += x[i] * dy[o]; });
}

}  // namespace amdefect::reference
