#pragma once

namespace amdefect {

/// Functions of a single number, between the layers of a network.
enum class Activation {
  none,        ///< x
  relu,        ///< max(x, 0)
  relu6,       ///< min(max(x, 0), 6): Krizhevsky (2010)
  sigmoid,     ///< 1 / (1 + exp(-x))
  silu,        ///< x sigmoid(x), also called swish: Elfwing et al. (2017)
  hard_swish,  ///< x min(max(x + 3, 0), 6) / 6: Howard et al. (2019)
  gelu         ///< x times the normal distribution function of x: Hendrycks and Gimpel (2016), without approximation
};

/// Whether the derivative is computed from the result of the function, not from its argument.
constexpr bool derivative_from_output(Activation activation) {
  return activation == Activation::relu || activation == Activation::relu6 || activation == Activation::sigmoid;
}

}  // namespace amdefect
