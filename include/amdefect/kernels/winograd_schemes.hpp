#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

/// The matrices of Winograd's minimal filtering algorithms (Winograd 1980; Lavin and Gray 2016 for convolution): a
/// short convolution of an input tile with a kernel is output_matrix ((kernel_matrix k) * (input_matrix x)) with
/// elementwise products. In two dimensions the matrices are applied to the rows and the columns.
namespace amdefect::detail {

template <int rows, int columns>
using ConstMatrix = std::array<std::array<double, columns>, rows>;

/// One-dimensional F(outputs, taps): y_i = sum_k x_{i + k} w_k, i < outputs, with outputs + taps - 1 products.
template <int outputs, int taps>
struct MinimalFilter {
  static constexpr int points = outputs + taps - 1;
  ConstMatrix<points, points> input{};
  ConstMatrix<points, taps> kernel{};
  ConstMatrix<outputs, points> output{};

  /// Toom and Cook's construction: evaluate polynomials at the given points and at infinity. The transposed product of
  /// polynomials gives the filter.
  constexpr explicit MinimalFilter(const std::array<double, points - 1>& at) {
    for (int p = 0; p < points; ++p) {
      // Row p of `input`: the coefficients of prod_{q != p} (z - at_q) over the finite points q.
      std::array<double, points> polynomial{1};
      double scale = 1;
      for (int q = 0; q < points - 1; ++q) {
        if (q == p) continue;
        for (int i = points - 1; i >= 0; --i) {
          const auto n = static_cast<std::size_t>(i);
          polynomial[n] = (i > 0 ? polynomial[n - 1] : 0) - at[static_cast<std::size_t>(q)] * polynomial[n];
        }
        if (p < points - 1) scale *= at[static_cast<std::size_t>(p)] - at[static_cast<std::size_t>(q)];
      }
      const auto row = static_cast<std::size_t>(p);
      input[row] = polynomial;
      if (p == points - 1) {
        kernel[row][taps - 1] = 1;
        output[outputs - 1][row] = 1;
        continue;
      }
      double power = 1;
      for (std::size_t k = 0; k < std::size_t{std::max(outputs, taps)}; ++k, power *= at[row]) {
        if (k < taps) kernel[row][k] = power / scale;
        if (k < outputs) output[k][row] = power;
      }
    }
  }
};

inline constexpr MinimalFilter<4, 3> filter_4_3({0, 0.75, -0.75, 1.5, -1.5});
inline constexpr MinimalFilter<4, 2> filter_4_2({0, 1, -1, 2});

/// 3x3 with stride 1: 4x4 outputs from 6x6 inputs with 36 instead of 144 products.
struct WinogradStride1 {
  static constexpr int input = 6, points = 6, output = 4, input_step = 4;
  static constexpr ConstMatrix<points, input> input_matrix = filter_4_3.input;
  static constexpr ConstMatrix<points, 3> kernel_matrix = filter_4_3.kernel;
  static constexpr ConstMatrix<output, points> output_matrix = filter_4_3.output;
};

/// 3x3 with stride 2: 4x4 outputs from 9x9 inputs with 81 instead of 144 products. Along each axis the even inputs meet
/// taps 0 and 2 in F(4, 2), the odd ones meet tap 1 directly.
struct WinogradStride2 {
  static constexpr int input = 9, points = 9, output = 4, input_step = 8;
  static constexpr ConstMatrix<points, input> input_matrix = [] {
    ConstMatrix<points, input> m{};
    for (std::size_t p = 0; p < 5; ++p)
      for (std::size_t i = 0; i < 5; ++i) m[p][2 * i] = filter_4_2.input[p][i];
    for (std::size_t p = 0; p < 4; ++p) m[5 + p][2 * p + 1] = 1;
    return m;
  }();
  static constexpr ConstMatrix<points, 3> kernel_matrix = [] {
    ConstMatrix<points, 3> m{};
    for (std::size_t p = 0; p < 5; ++p) m[p] = {filter_4_2.kernel[p][0], 0, filter_4_2.kernel[p][1]};
    for (std::size_t p = 5; p < 9; ++p) m[p] = {0, 1, 0};
    return m;
  }();
  static constexpr ConstMatrix<output, points> output_matrix = [] {
    ConstMatrix<output, points> m{};
    for (std::size_t i = 0; i < 4; ++i) {
      for (std::size_t p = 0; p < 5; ++p) m[i][p] = filter_4_2.output[i][p];
      m[i][5 + i] = 1;
    }
    return m;
  }();
};

/// The input gradient of a 3x3 convolution with stride 2: 8x8 input pixels from 5x5 pixels of dy. Along each axis the
/// even pixels meet taps 0 and 2 of the flipped kernel in F(4, 2), the odd ones tap 1.
struct WinogradStride2Gradient {
  static constexpr int input = 5, points = 9, output = 8, input_step = 4;
  static constexpr ConstMatrix<points, input> input_matrix = [] {
    ConstMatrix<points, input> m{};
    for (std::size_t p = 0; p < 5; ++p) m[p] = filter_4_2.input[p];
    for (std::size_t p = 0; p < 4; ++p) m[5 + p][1 + p] = 1;
    return m;
  }();
  static constexpr ConstMatrix<points, 3> kernel_matrix = WinogradStride2::kernel_matrix;
  static constexpr ConstMatrix<output, points> output_matrix = [] {
    ConstMatrix<output, points> m{};
    for (std::size_t i = 0; i < 4; ++i) {
      for (std::size_t p = 0; p < 5; ++p) m[2 * i][p] = filter_4_2.output[i][p];
      m[2 * i + 1][5 + i] = 1;
    }
    return m;
  }();
};

}  // namespace amdefect::detail
