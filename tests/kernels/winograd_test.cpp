#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "amdefect/core/random.hpp"
#include "amdefect/core/tensor.hpp"
#include "amdefect/kernels/conv2d.hpp"
#include "scratch_block.hpp"

using namespace amdefect;
using namespace amdefect::AMDEFECT_BASELINE::detail;  // schemes and choice are those of every target

namespace {

/// Random 3x3 convolutions with every kind of border and with channels that do not fill vectors.
ConvGeometry random_geometry(Random& random, Index stride) {
  ConvGeometry g;
  g.batch = 1 + random.integer(3);
  g.in_h = 1 + random.integer(30);
  g.in_w = 1 + random.integer(30);
  g.in_c = 1 + random.integer(70);
  g.out_c = 1 + random.integer(70);
  g.kernel_h = g.kernel_w = 3;
  g.stride_h = g.stride_w = stride;
  const PaddingMode mode = random.chance(0.5) ? PaddingMode::same : PaddingMode::explicit_pads;
  const Index pads[] = {random.integer(5), 2 + random.integer(3), random.integer(5), 2 + random.integer(3)};
  const WindowAxis h = window_axis(g.in_h, 3, stride, 1, mode, pads[0], pads[1]);
  const WindowAxis w = window_axis(g.in_w, 3, stride, 1, mode, pads[2], pads[3]);
  g.out_h = h.out;
  g.out_w = w.out;
  g.pad_top = h.before;
  g.pad_left = w.before;
  return g;
}

template <class T>
Tensor<T> uniform(Index size, Random& random) {
  Tensor<T> tensor({size});
  for (T& value : tensor) value = static_cast<T>(static_cast<float>(random.uniform(-1, 1)));
  return tensor;
}

template <class To, class From>
Tensor<To> convert(const Tensor<From>& from) {
  Tensor<To> to(from.shape());
  std::copy(from.begin(), from.end(), to.begin());
  return to;
}

/// A scheme's kernel matrix with a row for each point.
template <class Scheme>
constexpr ConstMatrix<Scheme::points, 3> kernel_of_points = [] {
  ConstMatrix<Scheme::points, 3> m{};
  for (std::size_t p = 0; p < m.size(); ++p)
    m[p] = Scheme::kernel_matrix[static_cast<std::size_t>(Scheme::kernel_point(static_cast<int>(p)))];
  return m;
}();

/// How much larger than the terms of the result the numbers in between are, for one axis: with independent terms of
/// size 1, position p holds products of size |row p of left| |row p of right|, which `result` adds up.
template <class Result, class Left, class Right>
double amplification() {
  const auto square_norm = []<class Matrix>(Matrix, int row) {
    double sum = 0;
    for (int column = 0; column < Matrix::columns; ++column) sum += Matrix::at(row, column) * Matrix::at(row, column);
    return sum;
  };
  double largest = 0;
  for (int i = 0; i < Result::rows; ++i) {
    double sum = 0;
    for (int p = 0; p < Result::columns; ++p)
      sum += Result::at(i, p) * Result::at(i, p) * square_norm(Left{}, p) * square_norm(Right{}, p);
    largest = std::max(largest, std::sqrt(sum));
  }
  return largest;
}

/// Six standard deviations of the rounding error if each rounding is off by an independent u (Higham and Mary 2019): a
/// sum of n products has n partial sums of size sqrt(i), and each product passes through at most `steps` operations of
/// the transforms. The factors are uniform in [-1, 1], which has mean square 1/3. One for each axis, the amplification
/// is squared.
template <class T>
double error_bound(double amplification, Index n, int steps) {
  const double u = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2, count = static_cast<double>(n);
  return 6 * u * amplification * amplification / 3 * std::sqrt(count * count / 2 + count * steps);
}

template <class T>
double largest_difference(const Tensor<T>& a, const Tensor<double>& b) {
  double largest = 0;
  for (Index i = 0; i < a.size(); ++i) {
    const double difference = std::abs(static_cast<double>(a[i]) - b[i]);
    if (!(difference <= largest)) largest = difference;  // keeps a NaN
  }
  return largest;
}

template <class T, class Scheme, class GradientScheme>
void check(const ConvGeometry& g, int threads, Random& random) {
  using Output = Transform<Scheme::output_matrix>;
  using Input = Transform<Scheme::input_matrix>;
  using Kernel = Transform<kernel_of_points<Scheme>>;
  const Execution execution{.threads = threads, .convolution = ConvAlgorithm::winograd};
  CAPTURE(g.in_h);
  CAPTURE(g.in_w);
  CAPTURE(g.in_c);
  CAPTURE(g.out_c);
  CAPTURE(g.pad_top);
  CAPTURE(g.pad_left);
  const auto x = uniform<double>(g.input_size(), random), kernel = uniform<double>(g.kernel_size(), random),
             dy = uniform<double>(g.output_size(), random), bias = uniform<double>(g.out_c, random),
             scale = uniform<double>(g.out_c, random), shift = uniform<double>(g.out_c, random);
  const auto x_t = convert<T>(x), kernel_t = convert<T>(kernel), dy_t = convert<T>(dy), bias_t = convert<T>(bias),
             scale_t = convert<T>(scale), shift_t = convert<T>(shift);
  constexpr int steps = 2 * (Scheme::input + Scheme::points + 3);

  CHECK(conv2d_prepared<T>(execution, g).algorithm == ConvAlgorithm::winograd);
  auto scratch = scratch_block<T>(conv2d_forward_scratch<T>(execution, g));
  for (const Activation activation : {Activation::relu, Activation::relu6, Activation::hard_swish}) {
    const bool add = random.chance(0.5);
    Tensor<double> expected = dy.clone();
    reference::conv2d_forward(g, x.data(), kernel.data(), {bias.data(), activation, scale.data(), shift.data(), add},
                              expected.data());
    Tensor<T> y = dy_t.clone();
    conv2d_forward(execution, g, x_t.data(), kernel_t.data(),
                   {bias_t.data(), activation, scale_t.data(), shift_t.data(), add}, y.data(), scratch.data());
    CHECK(largest_difference(y, expected) <= error_bound<T>(amplification<Output, Input, Kernel>(), g.in_c, steps));
  }

  Tensor<double> expected_dx({g.input_size()});
  reference::conv2d_backward_input(g, dy.data(), kernel.data(), expected_dx.data());
  Tensor<T> dx = scratch_block<T>(g.input_size());
  scratch = scratch_block<T>(conv2d_backward_input_scratch<T>(execution, g));
  conv2d_backward_input(execution, g, dy_t.data(), kernel_t.data(), dx.data(), scratch.data());
  const double dx_amplification =
      amplification<Transform<GradientScheme::output_matrix>, Transform<GradientScheme::input_matrix>, Kernel>();
  CHECK(largest_difference(dx, expected_dx) <= error_bound<T>(dx_amplification, g.out_c, steps));

  Tensor<double> expected_dkernel = uniform<double>(g.kernel_size(), random);
  Tensor<T> dkernel = convert<T>(expected_dkernel);
  reference::conv2d_backward_kernel(g, x.data(), dy.data(), expected_dkernel.data());
  scratch = scratch_block<T>(conv2d_backward_kernel_scratch<T>(execution, g));
  conv2d_backward_kernel(execution, g, x_t.data(), dy_t.data(), dkernel.data(), scratch.data());
  const double dkernel_amplification =
      amplification<Transform<kernel_of_points<Scheme>, true>, Input, Transform<Scheme::output_matrix, true>>();
  CHECK(largest_difference(dkernel, expected_dkernel) <=
        error_bound<T>(dkernel_amplification, forward_grid<Scheme>(g).tiles(), steps));
}

}  // namespace

TEST_CASE_TEMPLATE("Winograd convolution keeps the error bound of its matrices", T, float, double) {
  Random random(1);
  for (int trial = 0; trial < 40; ++trial) {
    check<T, WinogradStride1, WinogradStride1>(random_geometry(random, 1), 1 + trial % 3, random);
    check<T, WinogradStride2, WinogradStride2Gradient>(random_geometry(random, 2), 1 + trial % 3, random);
  }
}

TEST_CASE_TEMPLATE("Winograd convolution: few channels, which leave vectors of the last panel empty", T, float,
                   double) {
  Random random(4);
  for (const Index channels : {1, 4, 8, 12, 16, 17, 24, 40, 48}) {
    ConvGeometry g = random_geometry(random, 1);
    g.out_c = channels;
    check<T, WinogradStride1, WinogradStride1>(g, 1, random);
    g = random_geometry(random, 2);
    g.in_c = channels;  // the output channels of the input gradient
    check<T, WinogradStride2, WinogradStride2Gradient>(g, 2, random);
  }
}

TEST_CASE_TEMPLATE("Winograd convolution: threads share few tiles beside a large kernel", T, float, double) {
  Random random(3);
  for (const int threads : {1, 2, 3}) {
    ConvGeometry g = random_geometry(random, 1);
    g.batch = 1, g.in_h = g.out_h = 9, g.in_w = g.out_w = 11, g.pad_top = g.pad_left = 1;
    g.in_c = 96, g.out_c = 112;
    CHECK(winograd_blocks<T, WinogradStride1>(forward_grid<WinogradStride1>(g), threads).shared);
    check<T, WinogradStride1, WinogradStride1>(g, threads, random);
    g.batch = 40;
    CHECK(!winograd_blocks<T, WinogradStride1>(forward_grid<WinogradStride1>(g), threads).shared);
  }
}

TEST_CASE_TEMPLATE("Winograd kernel gradient: of many tiles with few channels each thread has its own sum", T, float,
                   double) {
  const auto check_stride = []<class Scheme, class GradientScheme>(Scheme, GradientScheme, Index stride) {
    Random random(4);
    for (const int threads : {1, 2, 3}) {
      ConvGeometry g = random_geometry(random, stride);
      g.batch = 3, g.out_h = 70, g.out_w = 61, g.in_h = g.out_h * stride, g.in_w = g.out_w * stride - 1;
      g.pad_top = g.pad_left = 1, g.in_c = 5, g.out_c = 19;
      const WinogradGradientScratch<T, Scheme> layout({.threads = threads}, forward_grid<Scheme>(g));
      CHECK(layout.own_sums() == (threads > 1));
      CHECK(layout.shares == threads);
      check<T, Scheme, GradientScheme>(g, threads, random);
      g.batch = 1, g.out_h = 8;
      CHECK(!WinogradGradientScratch<T, Scheme>({.threads = threads}, forward_grid<Scheme>(g)).own_sums());
    }
  };
  check_stride(WinogradStride1{}, WinogradStride1{}, 1);
  check_stride(WinogradStride2{}, WinogradStride2Gradient{}, 2);
}

TEST_CASE("Winograd convolution: nothing behind the kernel is read") {
  Random random(5);
  for (const Index out_c : {1, 3, 5, 9, 13, 35}) {
    ConvGeometry g = random_geometry(random, 1);
    g.in_c = 8, g.out_c = out_c;
    std::vector<float> kernel(static_cast<std::size_t>(g.kernel_size()), 1.0F);
    kernel.resize(kernel.size() + 64, std::numeric_limits<float>::quiet_NaN());
    std::vector<float> prepared(static_cast<std::size_t>(winograd_kernel_size<float, WinogradStride1>(g.in_c, out_c)));
    winograd_prepare<WinogradStride1, float>({.threads = 1}, g, kernel.data(), prepared.data(), nullptr);
    CHECK(std::all_of(prepared.begin(), prepared.end(), [](float value) { return std::isfinite(value); }));
  }
}

TEST_CASE("Winograd convolution: the schemes are bilinear identities") {
  // y = A ((G k) * (B x)) must be the convolution for every pair of unit vectors.
  const auto check_scheme = []<class Scheme>(Scheme, auto&& input_of) {
    for (int i = 0; i < Scheme::output; ++i)
      for (int tap = 0; tap < 3; ++tap)
        for (int j = 0; j < Scheme::input; ++j) {
          double sum = 0;
          for (int p = 0; p < Scheme::points; ++p)
            sum += Transform<Scheme::output_matrix>::at(i, p) * Transform<kernel_of_points<Scheme>>::at(p, tap) *
                   Transform<Scheme::input_matrix>::at(p, j);
          CHECK(sum == doctest::Approx(input_of(i, tap) == j ? 1.0 : 0.0).epsilon(1e-12));
        }
  };
  check_scheme(WinogradStride1{}, [](int i, int tap) { return i + tap; });
  check_scheme(WinogradStride2{}, [](int i, int tap) { return 2 * i + tap; });
  // Pixel i of dx meets tap t of the flipped kernel at dy (i + t - 2) / 2 where that is an integer; the tile starts at
  // -1.
  check_scheme(WinogradStride2Gradient{},
               [](int i, int tap) { return (i + tap) % 2 == 0 ? (i + tap - 2) / 2 + 1 : -1; });
}

TEST_CASE("Winograd convolution: float32 keeps 1e-5 of the largest result with 256 channels") {
  Random random(2);
  for (const Index stride : {1, 2}) {
    const Index out = 16 / stride;
    const ConvGeometry g{.in_h = 16,
                         .in_w = 16,
                         .in_c = 256,
                         .out_h = out,
                         .out_w = out,
                         .out_c = 32,
                         .kernel_h = 3,
                         .kernel_w = 3,
                         .stride_h = stride,
                         .stride_w = stride,
                         .pad_top = 2 - stride,
                         .pad_left = 2 - stride};
    const auto x = uniform<double>(g.input_size(), random), kernel = uniform<double>(g.kernel_size(), random);
    Tensor<double> expected({g.output_size()});
    reference::conv2d_forward<double>(g, x.data(), kernel.data(), {}, expected.data());
    const Execution execution{.threads = 1, .convolution = ConvAlgorithm::winograd};
    Tensor<float> y({g.output_size()}), scratch = scratch_block<float>(conv2d_forward_scratch<float>(execution, g));
    conv2d_forward<float>(execution, g, convert<float>(x).data(), convert<float>(kernel).data(), {}, y.data(),
                          scratch.data());
    CHECK(largest_difference(y, expected) <= 1e-5 * expected.array().abs().maxCoeff());
  }
}

TEST_CASE("a small prepared kernel is Winograd's for few tiles where that saves half of the products") {
  const auto algorithm = [](Index size, Index channels) {
    ConvGeometry g;
    g.batch = 1, g.in_h = g.in_w = g.out_h = g.out_w = size, g.in_c = g.out_c = channels;
    g.kernel_h = g.kernel_w = 3, g.pad_top = g.pad_left = 1;
    return conv2d_prepared<float>({}, g).algorithm;
  };
  CHECK(algorithm(4, 64) == ConvAlgorithm::winograd);
  CHECK(algorithm(6, 128) == ConvAlgorithm::winograd);
  CHECK(algorithm(5, 64) == ConvAlgorithm::implicit_gemm);   // 225 products by 144
  CHECK(algorithm(4, 512) == ConvAlgorithm::implicit_gemm);  // 38 MB of kernel
  CHECK(algorithm(2, 64) == ConvAlgorithm::implicit_gemm);
}
