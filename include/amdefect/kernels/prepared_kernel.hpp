#pragma once

#include "amdefect/core/execution.hpp"
#include "amdefect/core/shape.hpp"

namespace amdefect {

/// What a convolution makes of a kernel before it begins: a form that can be kept while the kernel stays the same.
struct PreparedKernel {
  ConvAlgorithm algorithm = ConvAlgorithm::reference;  ///< for one kernel, the same algorithm means the same form
  Index size = 0;                                      ///< elements of the form
  Index scratch = 0;                                   ///< elements of scratch memory of conv2d_forward_prepared
};

}  // namespace amdefect
