#include "amdefect/kernels/gemm.hpp"

#include <doctest/doctest.h>

#include "amdefect/core/random.hpp"
#include "amdefect/core/tensor.hpp"

using namespace amdefect;

TEST_CASE_TEMPLATE("gemm equals the definition exactly on integers", T, float, double) {
  Random random(1);
  for (int trial = 0; trial < 100; ++trial) {
    const Index m = 1 + random.integer(150), n = 1 + random.integer(100), k = 1 + random.integer(trial % 5 ? 60 : 1200);
    Tensor<T> a({m, k}), b({k, n}), c({m, n}), scratch({gemm_scratch<T>(n, k)});
    for (T& value : a) value = static_cast<T>(random.integer(7) - 3);
    for (T& value : b) value = static_cast<T>(random.integer(7) - 3);
    gemm(Execution{.threads = 2}, m, n, k, a.data(), k, b.data(), n, c.data(), n, scratch.data());
    Tensor<T> expected({m, n});
    for (Index row = 0; row < m; ++row)
      for (Index i = 0; i < k; ++i)
        for (Index column = 0; column < n; ++column) expected(row, column) += a(row, i) * b(i, column);
    CHECK(std::equal(c.begin(), c.end(), expected.begin(), expected.end()));
  }
}
