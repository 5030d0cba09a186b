#include "amdefect/kernels/multiply_adds.hpp"

#include <doctest/doctest.h>

using namespace amdefect;

TEST_CASE("the multiply-adds that a peak is measured by are all done, and counted") {
  // Chain j computes ((1 + j) * 1 + 2) * 1 + 2; there are 12 or 24 of them, by the processor's registers.
  float result = 0;
  const Index operations = multiply_adds(2, 1, result);
  const Index chains = result > 200 ? 24 : 12;
  CHECK(result == static_cast<float>(5 * chains + chains * (chains - 1) / 2));
  CHECK(operations >= 2 * 2 * chains);
  CHECK(operations % (2 * 2 * chains) == 0);
  float more = 0;
  CHECK(multiply_adds(20, 1, more) == 10 * operations);
}
