#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numbers>
#include <numeric>
#include <type_traits>
#include <utility>

#include "amdefect/core/execution.hpp"
#include "amdefect/core/parallel.hpp"
#include "amdefect/kernels/activation_kind.hpp"
#include "amdefect/kernels/column_sums.hpp"
#include "amdefect/kernels/conv_epilogue.hpp"
#include "amdefect/kernels/geometry.hpp"
#include "amdefect/kernels/norm_geometry.hpp"
#include "amdefect/kernels/prepared_kernel.hpp"
#include "amdefect/kernels/reference/conv2d.hpp"
#include "amdefect/kernels/simd_level.hpp"

/// The kernels of targets/, compiled several times in namespaces of their own: for the instructions that the compiler's
/// flags allow, and on x86-64 for those of newer processors, between which AMDEFECT_DISPATCH chooses at run time. A
/// program thus needs no flag to be fast, and runs on any x86-64 processor.
///
/// AMDEFECT_NO_DISPATCH leaves the flags' instructions alone: programs for one machine compile faster with it.

// What the flags allow. The namespace tells it, so that translation units with different flags do not share functions.
#if defined(__AVX512F__)
#define AMDEFECT_BASELINE baseline_avx512
#define AMDEFECT_TARGET_VECTOR_BYTES 64
#define AMDEFECT_TARGET_REGISTERS 32
#elif defined(__AVX__)
#if defined(__AVX2__) && defined(__FMA__)
#define AMDEFECT_BASELINE baseline_avx2
#else
#define AMDEFECT_BASELINE baseline_avx
#endif
#define AMDEFECT_TARGET_VECTOR_BYTES 32
#define AMDEFECT_TARGET_REGISTERS 16
#elif defined(__aarch64__)
#define AMDEFECT_BASELINE baseline_neon
#define AMDEFECT_TARGET_VECTOR_BYTES 16
#define AMDEFECT_TARGET_REGISTERS 32
#else
#define AMDEFECT_BASELINE baseline
#define AMDEFECT_TARGET_VECTOR_BYTES 16
#define AMDEFECT_TARGET_REGISTERS 16
#endif
#define AMDEFECT_TARGET AMDEFECT_BASELINE
#include "amdefect/kernels/targets/all.inc"
#undef AMDEFECT_TARGET
#undef AMDEFECT_TARGET_VECTOR_BYTES
#undef AMDEFECT_TARGET_REGISTERS

#if defined(__x86_64__) && !defined(AMDEFECT_NO_DISPATCH) && !(defined(__AVX2__) && defined(__FMA__))
#define AMDEFECT_TARGET avx2
#define AMDEFECT_TARGET_VECTOR_BYTES 32
#define AMDEFECT_TARGET_REGISTERS 16
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2,popcnt"))), apply_to = function)
#include "amdefect/kernels/targets/all.inc"
#pragma clang attribute pop
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,bmi,bmi2,popcnt")
#include "amdefect/kernels/targets/all.inc"
#pragma GCC pop_options
#endif
#undef AMDEFECT_TARGET
#undef AMDEFECT_TARGET_VECTOR_BYTES
#undef AMDEFECT_TARGET_REGISTERS
#define AMDEFECT_DISPATCH_AVX2(...) \
  if (simd_level() == SimdLevel::avx2) return avx2::__VA_ARGS__
#else
#define AMDEFECT_DISPATCH_AVX2(...)
#endif

#if defined(__x86_64__) && !defined(AMDEFECT_NO_DISPATCH) && !defined(__AVX512F__)
#define AMDEFECT_TARGET avx512
#define AMDEFECT_TARGET_VECTOR_BYTES 64
#define AMDEFECT_TARGET_REGISTERS 32
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma,bmi,bmi2,popcnt"))), \
                             apply_to = function)
#include "amdefect/kernels/targets/all.inc"
#pragma clang attribute pop
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma,bmi,bmi2,popcnt")
#include "amdefect/kernels/targets/all.inc"
#pragma GCC pop_options
#endif
#undef AMDEFECT_TARGET
#undef AMDEFECT_TARGET_VECTOR_BYTES
#undef AMDEFECT_TARGET_REGISTERS
#define AMDEFECT_DISPATCH_AVX512(...) \
  if (simd_level() == SimdLevel::avx512) return avx512::__VA_ARGS__
#else
#define AMDEFECT_DISPATCH_AVX512(...)
#endif

/// Returns what the call, of a function that targets/ defines, gives with the best instructions there are.
#define AMDEFECT_DISPATCH(...)           \
  AMDEFECT_DISPATCH_AVX512(__VA_ARGS__); \
  AMDEFECT_DISPATCH_AVX2(__VA_ARGS__);   \
  return AMDEFECT_BASELINE::__VA_ARGS__
