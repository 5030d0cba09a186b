#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <string_view>

#include "amdefect/core/error.hpp"

namespace amdefect {

/// How a convolution is computed; see docs/performance.md. `automatic` picks by shape.
enum class ConvAlgorithm { automatic, reference, im2col, winograd, implicit_gemm };

/// Which values of the forward pass a training step computes again during backward instead of keeping them: none, those
/// that cost next to nothing beside the convolution that reads them, or all that come out of a batch norm, an
/// activation or another operation without a product of matrices. The results are the same to the last bit; see
/// docs/performance.md.
enum class Recompute { none, cheap, all };

inline constexpr std::array<const char*, 3> recompute_names{"none", "cheap", "all"};  ///< in the order of `Recompute`

/// @throws Error if it is no name of one.
inline Recompute recompute_of(std::string_view name) {
  for (std::size_t i = 0; i < recompute_names.size(); ++i)
    if (name == recompute_names[i]) return static_cast<Recompute>(i);
  throw Error(concat("recompute: expected none, cheap or all, got '", name, "'"));
}

/// Options that are passed down to every layer and kernel and honoured there.
struct Execution {
  /// Threads a single call may use; 0 means OMP_NUM_THREADS if it is set, else all cores, see `resolve_threads`.
  /// Results do not depend on it beyond rounding.
  int threads = 0;
  ConvAlgorithm convolution = ConvAlgorithm::automatic;
  /// Upper bound in bytes for the scratch memory one convolution may ask for; `automatic` then picks a leaner
  /// algorithm.
  std::size_t scratch_limit = std::numeric_limits<std::size_t>::max();
  Recompute recompute = Recompute::cheap;
};

}  // namespace amdefect
