#pragma once

#include <cstdlib>
#include <string_view>

#include "amdefect/core/error.hpp"

namespace amdefect {

/// Sets of vector instructions for which kernels are compiled. `baseline` is what the compiler was told by its flags:
/// SSE2 on x86-64, NEON on ARM64, unless there is an -march.
enum class SimdLevel { baseline, avx2, avx512 };

inline const char* name_of(SimdLevel level) {
  return level == SimdLevel::avx512 ? "avx512" : level == SimdLevel::avx2 ? "avx2" : "baseline";
}

namespace detail {

/// The best set that this processor, and the system, support.
inline SimdLevel supported_simd_level() {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
                    __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
  return avx512 ? SimdLevel::avx512 : avx2 ? SimdLevel::avx2 : SimdLevel::baseline;
#else
  return SimdLevel::baseline;
#endif
}

inline SimdLevel wanted_simd_level(SimdLevel supported, const char* wish) {
  if (!wish || !*wish) return supported;
  for (const SimdLevel level : {SimdLevel::baseline, SimdLevel::avx2, SimdLevel::avx512})
    if (std::string_view(wish) == name_of(level)) {
      require(level <= supported, "AMDEFECT_SIMD is ", wish, ", but this processor has ", name_of(supported));
      return level;
    }
  throw Error(concat("AMDEFECT_SIMD: expected baseline, avx2 or avx512, got '", wish, "'"));
}

}  // namespace detail

/// The set of instructions that kernels use in this process, from its first call on: the best that the processor has,
/// or what the environment variable AMDEFECT_SIMD says (baseline, avx2, avx512). Kernels that were compiled by flags
/// for more than that stay as they are.
/// @throws Error if AMDEFECT_SIMD is something else, or more than the processor has.
inline SimdLevel simd_level() {
  static const SimdLevel level =
      detail::wanted_simd_level(detail::supported_simd_level(), std::getenv("AMDEFECT_SIMD"));
  return level;
}

}  // namespace amdefect
