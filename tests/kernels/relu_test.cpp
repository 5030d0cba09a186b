#include "amdefect/kernels/relu.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

using namespace amdefect;

TEST_CASE_TEMPLATE("ReLU and leaky ReLU equal their definition for any number of elements", T, float, double) {
  for (const std::size_t size : {1u, 3u, 8u, 16u, 17u, 100u, 40000u})
    for (const T slope : {T(0), T(0.25), T(-2)}) {
      CAPTURE(size);
      CAPTURE(slope);
      std::vector<T> x(size), dy(size), y(size), dx(size), expected_y(size), expected_dx(size);
      for (std::size_t i = 0; i < size; ++i) {
        x[i] = static_cast<T>(static_cast<int>(i * 7 % 11) - 5);
        dy[i] = static_cast<T>(i % 13) + 1;
        expected_y[i] = x[i] > 0 ? x[i] : slope * x[i];
        expected_dx[i] = x[i] > 0 ? dy[i] : slope * dy[i];
      }
      relu_forward(2, static_cast<Index>(size), slope, x.data(), y.data());
      relu_backward(2, static_cast<Index>(size), slope, x.data(), dy.data(), dx.data());
      CHECK(y == expected_y);
      CHECK(dx == expected_dx);
    }
}

TEST_CASE("a NaN stays a NaN behind a ReLU") {
  std::vector<float> x(21, std::numeric_limits<float>::quiet_NaN());
  for (const float slope : {0.0f, 0.3f}) {
    std::vector<float> y(x.size());
    relu_forward(1, static_cast<Index>(x.size()), slope, x.data(), y.data());
    for (const float value : y) CHECK(std::isnan(value));
  }
}
