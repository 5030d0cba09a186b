#pragma once

#include "amdefect/kernels/targets.hpp"

namespace amdefect {

/// Multiplies and adds on registers, as many at a time as keep the units busy: the peak that benchmarks compare kernels
/// with. Returns the number of floating-point operations; `result` depends on all of them, and on `start`.
inline Index multiply_adds(Index steps, float start, float& result) {
  AMDEFECT_DISPATCH(multiply_adds(steps, start, result));
}

}  // namespace amdefect
