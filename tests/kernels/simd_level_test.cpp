#include "amdefect/kernels/simd_level.hpp"

#include <doctest/doctest.h>

#include "amdefect/kernels/simd_target.hpp"
#include "contains.hpp"
#include "error_of.hpp"

using namespace amdefect;

TEST_CASE("the environment may ask for fewer instructions than the processor has, not for more") {
  using detail::wanted_simd_level;
  for (const char* nothing : {static_cast<const char*>(nullptr), ""})
    CHECK(wanted_simd_level(SimdLevel::avx2, nothing) == SimdLevel::avx2);
  CHECK(wanted_simd_level(SimdLevel::avx512, "avx512") == SimdLevel::avx512);
  CHECK(wanted_simd_level(SimdLevel::avx512, "avx2") == SimdLevel::avx2);
  CHECK(wanted_simd_level(SimdLevel::avx512, "baseline") == SimdLevel::baseline);
  CHECK(error_of([] { wanted_simd_level(SimdLevel::avx2, "avx512"); }) ==
        "AMDEFECT_SIMD is avx512, but this processor has avx2");
  CHECK(error_of([] { wanted_simd_level(SimdLevel::avx2, "AVX2"); }) ==
        "AMDEFECT_SIMD: expected baseline, avx2 or avx512, got 'AVX2'");
}

TEST_CASE("kernels run with the instructions that were chosen") {
#if defined(__x86_64__) && !defined(AMDEFECT_NO_DISPATCH) && !defined(__AVX__)
  CHECK(simd_target() == std::string(name_of(simd_level())));
#else
  CHECK(contains(simd_target(), "baseline"));
#endif
}
