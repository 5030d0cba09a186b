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
  gelu,        ///< x times the normal distribution function of x: Hendrycks and Gimpel (2016), without approximation
  tanh         ///< (exp(x) - exp(-x)) / (exp(x) + exp(-x))
};

/// The name by which model files know it.
constexpr const char* name_of(Activation activation) {
  switch (activation) {
    case Activation::none:
      return "none";
    case Activation::relu:
      return "relu";
    case Activation::relu6:
      return "relu6";
    case Activation::sigmoid:
      return "sigmoid";
    case Activation::silu:
      return "silu";
    case Activation::hard_swish:
      return "hard_swish";
    case Activation::gelu:
      return "gelu";
    case Activation::tanh:
      return "tanh";
  }
  return "";
}

/// Whether the derivative is computed from the result of the function, not from its argument.
constexpr bool derivative_from_output(Activation activation) {
  return activation == Activation::relu || activation == Activation::relu6 || activation == Activation::sigmoid ||
         activation == Activation::tanh;
}

}  // namespace amdefect
