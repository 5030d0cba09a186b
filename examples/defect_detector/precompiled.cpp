#include "precompiled.hpp"

namespace amdefect {

template void conv2d_forward<float>(const Execution&, const ConvGeometry&, const float*, const float*,
                                    const ConvEpilogue<float>&, float*, float*);
template void conv2d_backward_input<float>(const Execution&, const ConvGeometry&, const float*, const float*, float*,
                                           float*);
template void conv2d_backward_kernel<float>(const Execution&, const ConvGeometry&, const float*, const float*, float*,
                                            float*);

}  // namespace amdefect
