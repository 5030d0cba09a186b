#pragma once

#include "amdefect/kernels/conv2d.hpp"

// The heavy kernels are compiled once for the whole program, in precompiled.cpp, instead of in each file.
namespace amdefect {

extern template void conv2d_forward<float>(const Execution&, const ConvGeometry&, const float*, const float*,
                                           const ConvEpilogue<float>&, float*, float*);
extern template void conv2d_backward_input<float>(const Execution&, const ConvGeometry&, const float*, const float*,
                                                  float*, float*);
extern template void conv2d_backward_kernel<float>(const Execution&, const ConvGeometry&, const float*, const float*,
                                                   float*, float*);

}  // namespace amdefect
