#pragma once

#include "amdefect/kernels/targets.hpp"

namespace amdefect {

/// The instructions that the kernels called from here use: avx2, avx512, or baseline and what the compiler's flags add
/// to it, such as baseline_avx512.
inline const char* simd_target() { AMDEFECT_DISPATCH(simd::target_name()); }

}  // namespace amdefect
