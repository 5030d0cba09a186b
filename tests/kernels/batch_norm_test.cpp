#include "amdefect/kernels/batch_norm.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "amdefect/core/random.hpp"
#include "amdefect/kernels/reference/activation.hpp"

using namespace amdefect;

namespace {

constexpr double largest_scale = 5;  // so that some results are above 6

template <class T>
struct Problem {
  NormGeometry g;
  std::vector<T> x, dy, mean, scale, beta;
  std::vector<double> wide_mean, wide_scale, a, b;

  Problem(Index rows, Index channels) : g{rows, channels} {
    Random random(static_cast<std::uint64_t>(rows * 100 + channels));
    const auto fill = [&](auto& values, Index count) {
      values.resize(static_cast<std::size_t>(count));
      for (auto& value : values) value = static_cast<std::remove_reference_t<decltype(value)>>(random.uniform(-1, 1));
    };
    fill(x, rows * channels);
    fill(dy, rows * channels);
    fill(wide_mean, channels);
    fill(wide_scale, channels);
    for (double& value : wide_scale) value *= largest_scale;
    fill(beta, channels);
    fill(a, channels);
    fill(b, channels);
    mean.assign(wide_mean.begin(), wide_mean.end());
    scale.assign(wide_scale.begin(), wide_scale.end());
  }
  NormChannels<T> channels(Activation activation) const { return {mean.data(), scale.data(), beta.data(), activation}; }
  NormGradient<T> gradient(Activation activation) const {
    return {channels(activation), wide_mean.data(), wide_scale.data()};
  }
  /// dy as it arrives before the activation: for a ReLU by what the forward pass made of x, to the last bit.
  std::vector<double> before_activation(const std::vector<T>& y, Activation activation) const {
    std::vector<double> passed(dy.begin(), dy.end());
    for (std::size_t i = 0; i < passed.size(); ++i) {
      const std::size_t c = i % static_cast<std::size_t>(g.channels);
      if (activation == Activation::relu || activation == Activation::relu6)
        passed[i] *= y[i] > 0 && !(activation == Activation::relu6 && y[i] == 6);
      if (activation == Activation::silu) {
        const double normal = (static_cast<double>(x[i]) - wide_mean[c]) * wide_scale[c] + static_cast<double>(beta[c]);
        passed[i] *= reference::derivative(activation, normal);
      }
    }
    return passed;
  }
};

template <class T>
void compare_with_definition(const Problem<T>& p, Activation activation, int threads) {
  const auto [rows, channels] = p.g;
  std::vector<T> y(p.x.size()), dx = p.dy;
  std::vector<std::byte> memory(batch_norm_scratch(p.g) + 64);
  auto* scratch = memory.data() + 64 - reinterpret_cast<std::uintptr_t>(memory.data()) % 64;
  batch_norm_apply(threads, p.g, p.x.data(), p.channels(activation), y.data());
  const std::vector<double> passed = p.before_activation(y, activation);
  const double* sums = batch_norm_gradient_sums(threads, p.g, p.x.data(), p.dy.data(), p.gradient(activation), scratch);
  batch_norm_input_gradient(threads, p.g, p.x.data(), dx.data(), p.gradient(activation), p.a.data(), p.b.data(),
                            dx.data());

  double worst = 0;
  for (Index c = 0; c < channels; ++c) {
    const auto k = static_cast<std::size_t>(c);
    double sum = 0, products = 0;
    for (Index row = 0; row < rows; ++row) {
      const auto i = static_cast<std::size_t>(row * channels + c);
      const double centred = static_cast<double>(p.x[i]) - p.wide_mean[k], gradient = passed[i];
      const double normal = centred * p.wide_scale[k] + static_cast<double>(p.beta[k]);
      const double input_gradient = p.wide_scale[k] * gradient - p.a[k] - p.b[k] * centred;
      worst = std::max({worst, std::abs(static_cast<double>(y[i]) - reference::activate(activation, normal)),
                        std::abs(static_cast<double>(dx[i]) - input_gradient)});
      sum += gradient;
      products += gradient * centred;
    }
    // SiLU's slope is rounded to T; all else is exact or in double.
    const double epsilon = activation == Activation::silu ? static_cast<double>(std::numeric_limits<T>::epsilon()) : 0;
    CHECK(std::abs(sums[c] - sum) < (1e-13 + 4 * epsilon) * static_cast<double>(rows));
    CHECK(std::abs(sums[channels + c] - products) < (1e-13 + 8 * epsilon) * static_cast<double>(rows));
  }
  CHECK(worst < 8 * largest_scale * static_cast<double>(std::numeric_limits<T>::epsilon()));
}

}  // namespace

TEST_CASE_TEMPLATE("batch norm and its gradient agree with their definition for any number of channels", T, float,
                   double) {
  for (const Index channels : {1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 40})
    for (const Index rows : {1, 2, 5, 131, 1000})
      for (const Activation activation : {Activation::none, Activation::relu, Activation::relu6, Activation::silu})
        for (const int threads : {1, 2}) {
          CAPTURE(channels);
          CAPTURE(rows);
          CAPTURE(static_cast<int>(activation));
          compare_with_definition(Problem<T>(rows, channels), activation, threads);
        }
}

TEST_CASE_TEMPLATE("the gradient passes exactly where the ReLU of the forward pass did", T, float, double) {
  // Results that are 0 but for rounding: x is chosen so that (x - mean) scale is about -beta.
  for (const Index channels : {3, 16, 19}) {
    Problem<T> p(512, channels);
    Random random(7);
    for (std::size_t i = 0; i < p.x.size(); ++i) {
      const std::size_t c = i % static_cast<std::size_t>(channels);
      const T zero = p.mean[c] - p.beta[c] / p.scale[c];
      p.x[i] = zero * (T(1) + static_cast<T>(random.uniform(-2, 2)) * std::numeric_limits<T>::epsilon());
    }
    std::vector<T> y(p.x.size()), dx(p.x.size());
    std::fill(p.dy.begin(), p.dy.end(), T(1));
    std::fill(p.a.begin(), p.a.end(), 0.0);
    std::fill(p.b.begin(), p.b.end(), 0.0);
    batch_norm_apply(1, p.g, p.x.data(), p.channels(Activation::relu), y.data());
    batch_norm_input_gradient(1, p.g, p.x.data(), p.dy.data(), p.gradient(Activation::relu), p.a.data(), p.b.data(),
                              dx.data());
    Index passed = 0, differ = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      passed += y[i] > 0;
      differ += (y[i] > 0) != (dx[i] != 0);
    }
    CHECK(passed > 10);
    CHECK(passed < static_cast<Index>(y.size()) - 10);
    CHECK(differ == 0);
  }
}

TEST_CASE("the moments of a batch do not suffer from a mean far from zero, and NaN stays NaN") {
  constexpr Index rows = 300, channels = 5;
  std::vector<float> x(rows * channels);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 1000.0f + static_cast<float>(i / channels % 2);
  std::vector<std::byte> scratch(batch_norm_scratch({rows, channels}));
  double mean[channels], variance[channels];
  batch_moments(1, {rows, channels}, x.data(), mean, variance, scratch.data());
  for (Index c = 0; c < channels; ++c) {
    CHECK(mean[c] == doctest::Approx(1000.5));
    CHECK(variance[c] == doctest::Approx(0.25).epsilon(1e-9));
  }
  const Problem<float> p(1, channels);
  std::vector<float> y(channels), nan(channels, std::numeric_limits<float>::quiet_NaN());
  batch_norm_apply(1, p.g, nan.data(), p.channels(Activation::relu), y.data());
  for (const float value : y) CHECK(std::isnan(value));
}
