#include "amdefect/kernels/activation.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "amdefect/core/random.hpp"

using namespace amdefect;

namespace {

constexpr Activation activations[] = {Activation::none, Activation::relu,       Activation::relu6, Activation::sigmoid,
                                      Activation::silu, Activation::hard_swish, Activation::gelu,  Activation::tanh};

/// Distance to the exact value in units of its last place in T.
template <class T>
double ulps(T value, long double exact) {
  if (value == static_cast<T>(exact)) return 0;
  const T size = std::abs(static_cast<T>(exact));
  const auto unit = static_cast<long double>(std::nextafter(size, std::numeric_limits<T>::infinity()) - size);
  return static_cast<double>(std::abs(static_cast<long double>(value) - exact) / unit);
}

/// exp of each element, by the instructions that the compiler's flags allow.
template <class T>
std::vector<T> exponentials(const std::vector<T>& x) {
  namespace simd = AMDEFECT_BASELINE::simd;
  std::vector<T> y(x.size());
  simd::for_each_vector<T>(0, static_cast<Index>(x.size()), [&](auto whole, Index i, Index count) {
    simd::store_part<whole>(y.data() + i, simd::exponential<T>(simd::load_part<whole>(x.data() + i, count)), count);
  });
  return y;
}

template <class T>
std::vector<T> forward(Activation activation, const std::vector<T>& x) {
  std::vector<T> y(x.size());
  activation_forward(2, activation, static_cast<Index>(x.size()), x.data(), y.data());
  return y;
}

}  // namespace

TEST_CASE_TEMPLATE("the exponential is within 2 units in the last place over all results", T, float, double) {
  const auto range = static_cast<T>(std::numeric_limits<T>::max_exponent);  // in both directions beyond 0 and infinity
  Random random(1);
  std::vector<T> x{0, -0.0, 1, -1, range, -range};
  while (x.size() < 200001) x.push_back(static_cast<T>(random.uniform(-range, range)));
  const std::vector<T> y = exponentials(x);
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double exact = std::exp(static_cast<long double>(x[i]));
    if (exact > static_cast<long double>(std::numeric_limits<T>::max()))
      CHECK(y[i] == std::numeric_limits<T>::infinity());
    else
      worst = std::max(worst, ulps(y[i], exact));
  }
  CHECK(worst <= 2);
  const T infinity = std::numeric_limits<T>::infinity();
  const std::vector<T> special = exponentials<T>({infinity, -infinity, std::numeric_limits<T>::quiet_NaN(), 3 * range});
  CHECK(special[0] == infinity);
  CHECK(special[1] == 0);
  CHECK(std::isnan(special[2]));
  CHECK(special[3] == infinity);
}

TEST_CASE_TEMPLATE("activations and their derivatives are those of the reference", T, float, double) {
  const double tolerance = sizeof(T) == sizeof(float) ? 1e-6 : 1e-14;
  Random random(2);
  for (const std::size_t size : {1u, 7u, 16u, 33u, 50000u}) {
    std::vector<T> x(size), dy(size), dx(size);
    for (T& value : x) value = static_cast<T>(random.uniform(-12, 12));
    for (T& value : dy) value = static_cast<T>(random.uniform(-1, 1));
    for (const Activation activation : activations) {
      CAPTURE(static_cast<int>(activation));
      const std::vector<T> y = forward(activation, x);
      activation_backward(2, activation, static_cast<Index>(size),
                          derivative_from_output(activation) ? y.data() : x.data(), dy.data(), dx.data());
      double worst = 0, worst_gradient = 0;
      for (std::size_t i = 0; i < size; ++i) {
        const double wide = static_cast<double>(x[i]), scale = std::max(1.0, std::abs(wide));
        const double expected = reference::activate(activation, wide);
        const double slope = reference::derivative(activation, wide);
        worst = std::max(worst, std::abs(static_cast<double>(y[i]) - expected) / scale);
        worst_gradient = std::max(worst_gradient, std::abs(static_cast<double>(dx[i]) - slope * double(dy[i])) / scale);
      }
      CHECK(worst <= tolerance);
      CHECK(worst_gradient <= 4 * tolerance);
    }
  }
}

TEST_CASE_TEMPLATE("sigmoid and SiLU keep their relative precision where they are small", T, float, double) {
  const T range = sizeof(T) == sizeof(float) ? T(-87) : T(-700);  // results are normal numbers
  std::vector<T> x;
  for (T value = 20; value > range; value -= T(0.03125)) x.push_back(value);
  const std::vector<T> sigmoid = forward(Activation::sigmoid, x), silu = forward(Activation::silu, x);
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double wide = x[i], exact = 1 / (1 + std::exp(-wide));
    worst = std::max({worst, ulps(sigmoid[i], exact), ulps(silu[i], wide * exact)});
  }
  CHECK(worst <= 4);
}

TEST_CASE_TEMPLATE("tanh keeps its relative precision near 0", T, float, double) {
  std::vector<T> x{std::numeric_limits<T>::denorm_min(), std::numeric_limits<T>::min()};
  for (T size = 1e-30F; size < 40; size *= T(1.009)) x.push_back(size);
  for (std::size_t i = 0, positive = x.size(); i < positive; ++i) x.push_back(-x[i]);
  const std::vector<T> y = forward(Activation::tanh, x);
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    worst = std::max(worst, ulps(y[i], std::tanh(static_cast<long double>(x[i]))));
  CHECK(worst <= 4);
}

TEST_CASE_TEMPLATE("activations of what is not finite, and of corners", T, float, double) {
  const T infinity = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  for (const Activation activation : activations) {
    CAPTURE(static_cast<int>(activation));
    for (const T value : forward<T>(activation, std::vector<T>(21, nan))) CHECK(std::isnan(value));
    const T at_infinity = forward<T>(activation, {infinity})[0];
    if (activation == Activation::relu6)
      CHECK(at_infinity == 6);
    else if (activation == Activation::sigmoid || activation == Activation::tanh)
      CHECK(at_infinity == 1);
    else
      CHECK(at_infinity == infinity);
    CHECK(forward<T>(activation, {T(0)})[0] == (activation == Activation::sigmoid ? T(0.5) : T(0)));
    const T far = activation == Activation::tanh ? T(-1) : T(0);
    const bool by_sigmoid = activation == Activation::sigmoid || activation == Activation::silu;
    for (const T x : {T(-1e4), T(-1e30F)})
      if (activation != Activation::none)
        CHECK(std::abs(forward<T>(activation, {x})[0] - far) <= (by_sigmoid ? T(1e-35F) : T(0)));
  }
  CHECK(std::abs(forward<T>(Activation::silu, {-infinity})[0]) <= T(1e-35F));
  const auto slopes = [](Activation activation, const std::vector<T>& x) {
    const std::vector<T> ones(x.size(), 1);
    std::vector<T> dx(x.size());
    activation_backward(1, activation, static_cast<Index>(x.size()), x.data(), ones.data(), dx.data());
    return dx;
  };
  CHECK(slopes(Activation::relu6, {0, 6}) == std::vector<T>{0, 0});
  CHECK(slopes(Activation::hard_swish, {-3, 3}) == std::vector<T>{0, 1});
}

TEST_CASE("where the result tells the slope, the argument need not be kept") {
  for (const Activation activation : {Activation::relu, Activation::relu6, Activation::sigmoid, Activation::tanh})
    CHECK(derivative_from_output(activation));
  for (const Activation activation : {Activation::silu, Activation::hard_swish, Activation::gelu})
    CHECK_FALSE(derivative_from_output(activation));
}
