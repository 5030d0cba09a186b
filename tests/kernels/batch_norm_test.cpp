#include "amdefect/kernels/batch_norm.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "amdefect/core/random.hpp"

using namespace amdefect;

namespace {

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
    fill(beta, channels);
    fill(a, channels);
    fill(b, channels);
    mean.assign(wide_mean.begin(), wide_mean.end());
    scale.assign(wide_scale.begin(), wide_scale.end());
  }
  NormChannels<T> channels(bool relu) const { return {mean.data(), scale.data(), beta.data(), relu}; }
  NormGradient<T> gradient(bool relu) const { return {channels(relu), wide_mean.data(), wide_scale.data()}; }
  /// dy as it arrives before the ReLU, by what the forward pass made of x.
  std::vector<T> before_relu(const std::vector<T>& y, bool relu) const {
    std::vector<T> passed = dy;
    for (std::size_t i = 0; relu && i < passed.size(); ++i)
      if (!(y[i] > 0)) passed[i] = 0;
    return passed;
  }
};

template <class T>
void compare_with_definition(const Problem<T>& p, bool relu, int threads) {
  const auto [rows, channels] = p.g;
  std::vector<T> y(p.x.size()), dx = p.dy;
  std::vector<std::byte> memory(batch_norm_scratch(p.g) + 64);
  auto* scratch = memory.data() + 64 - reinterpret_cast<std::uintptr_t>(memory.data()) % 64;
  batch_norm_apply(threads, p.g, p.x.data(), p.channels(relu), y.data());
  const std::vector<T> passed = p.before_relu(y, relu);
  const double* sums = batch_norm_gradient_sums(threads, p.g, p.x.data(), p.dy.data(), p.gradient(relu), scratch);
  batch_norm_input_gradient(threads, p.g, p.x.data(), dx.data(), p.gradient(relu), p.a.data(), p.b.data(), dx.data());

  double worst = 0;
  for (Index c = 0; c < channels; ++c) {
    const auto k = static_cast<std::size_t>(c);
    double sum = 0, products = 0;
    for (Index row = 0; row < rows; ++row) {
      const auto i = static_cast<std::size_t>(row * channels + c);
      const double centred = static_cast<double>(p.x[i]) - p.wide_mean[k], gradient = static_cast<double>(passed[i]);
      const double normal = centred * p.wide_scale[k] + static_cast<double>(p.beta[k]);
      const double input_gradient = p.wide_scale[k] * gradient - p.a[k] - p.b[k] * centred;
      worst = std::max({worst, std::abs(static_cast<double>(y[i]) - (relu ? std::max(normal, 0.0) : normal)),
                        std::abs(static_cast<double>(dx[i]) - input_gradient)});
      sum += gradient;
      products += gradient * centred;
    }
    CHECK(std::abs(sums[c] - sum) < 1e-13 * static_cast<double>(rows));
    CHECK(std::abs(sums[channels + c] - products) < 1e-13 * static_cast<double>(rows));
  }
  CHECK(worst < 8 * static_cast<double>(std::numeric_limits<T>::epsilon()));
}

}  // namespace

TEST_CASE_TEMPLATE("batch norm and its gradient agree with their definition for any number of channels", T, float,
                   double) {
  for (const Index channels : {1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 40})
    for (const Index rows : {1, 2, 5, 131, 1000})
      for (const bool relu : {false, true})
        for (const int threads : {1, 2}) {
          CAPTURE(channels);
          CAPTURE(rows);
          CAPTURE(relu);
          compare_with_definition(Problem<T>(rows, channels), relu, threads);
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
    batch_norm_apply(1, p.g, p.x.data(), p.channels(true), y.data());
    batch_norm_input_gradient(1, p.g, p.x.data(), p.dy.data(), p.gradient(true), p.a.data(), p.b.data(), dx.data());
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
  batch_norm_apply(1, p.g, nan.data(), p.channels(true), y.data());
  for (const float value : y) CHECK(std::isnan(value));
}
