#include "amdefect/kernels/pixel_sums.hpp"

#include <doctest/doctest.h>

#include "integers.hpp"

using namespace amdefect;

TEST_CASE_TEMPLATE("pixel sums: added to what is there, channel by channel", T, float, double) {
  Random random(4);
  for (const Index channels : {1, 31, 32, 100})
    for (const Index pixels : {0, 1, 3, 300}) {
      const auto x = integers<T>(pixels * channels, random);
      Tensor<T> expected = integers<T>(channels, random), sums = expected.clone();
      for (Index i = 0; i < x.size(); ++i) expected[i % channels] += x[i];
      add_pixel_sums(2, pixels, channels, x.data(), sums.data());
      CHECK(equal(sums, expected));
    }
}

TEST_CASE("pixel sums: their error does not grow with the number of pixels") {
  const Index pixels = 1 << 22;
  Tensor<float> x({pixels}), sum({1});
  x.fill(0.1f);
  add_pixel_sums(1, pixels, Index{1}, x.data(), sum.data());
  CHECK(sum[0] == doctest::Approx(double(0.1f) * double(pixels)).epsilon(1e-6));
}

TEST_CASE_TEMPLATE("factors per channel: each pixel times the factor, in place too", T, float, double) {
  Random random(5);
  for (const Index channels : {1, 31, 32, 100}) {
    const Index pixels = 300;
    auto x = integers<T>(pixels * channels, random);
    const auto factor = integers<T>(channels, random);
    Tensor<T> expected({x.size()}), y({x.size()});
    for (Index i = 0; i < x.size(); ++i) expected[i] = x[i] * factor[i % channels];
    multiply_pixels(2, pixels, channels, x.data(), factor.data(), y.data());
    CHECK(equal(y, expected));
    multiply_pixels(2, pixels, channels, x.data(), factor.data(), x.data());
    CHECK(equal(x, expected));
  }
}
