#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/core/execution.hpp"
#include "amdefect/kernels/targets.hpp"

namespace amdefect {

/// Adds the sum over all pixels of dy (pixels x channels) to dbias (channels).
///
/// Sums are taken over short runs of pixels in T and over the runs in double, so that their error does not grow with
/// the size of the image. Each thread owns some channels: the result does not depend on the number of threads.
template <class T>
void bias_gradient(const Execution& execution, Index pixels, Index channels, const T* dy, T* dbias) {
  AMDEFECT_DISPATCH(bias_gradient<T>(execution, pixels, channels, dy, dbias));
}

AMDEFECT_COMPILED_FUNCTION(bias_gradient)

}  // namespace amdefect
