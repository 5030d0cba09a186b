#pragma once

#include <cmath>
#include <numbers>

#include "amdefect/kernels/activation_kind.hpp"

namespace amdefect::reference {

/// The activation of a single number. A NaN stays a NaN.
template <class T>
T activate(Activation activation, T x) {
  const auto clamped = [](T value, T most) { return value < 0 ? T(0) : value > most ? most : value; };
  switch (activation) {
    case Activation::none:
      return x;
    case Activation::relu:
      return x < 0 ? T(0) : x;
    case Activation::relu6:
      return clamped(x, 6);
    case Activation::sigmoid:
      return 1 / (1 + std::exp(-x));
    case Activation::silu:
      return x / (1 + std::exp(-x));
    case Activation::hard_swish:
      return x * clamped(x + 3, 6) / 6;
    case Activation::gelu:
      return x / 2 * std::erfc(-x / std::numbers::sqrt2_v<T>);
    case Activation::tanh:
      return std::tanh(x);
  }
  return x;
}

/// Its derivative at x; 0 at the corners of `relu` and `relu6`.
template <class T>
T derivative(Activation activation, T x) {
  const T sigmoid = activate(Activation::sigmoid, x);
  switch (activation) {
    case Activation::none:
      return 1;
    case Activation::relu:
      return x > 0;
    case Activation::relu6:
      return x > 0 && x < 6;
    case Activation::sigmoid:
      return sigmoid * (1 - sigmoid);
    case Activation::silu:
      return sigmoid * (1 + x * (1 - sigmoid));
    case Activation::hard_swish:
      return x <= -3 ? T(0) : x >= 3 ? T(1) : x / 3 + T(0.5);
    case Activation::gelu:
      return std::erfc(-x / std::numbers::sqrt2_v<T>) / 2 +
             x * std::exp(-x * x / 2) * std::numbers::inv_sqrtpi_v<T> / std::numbers::sqrt2_v<T>;
    case Activation::tanh:
      return 1 / (std::cosh(x) * std::cosh(x));
  }
  return 1;
}

}  // namespace amdefect::reference
