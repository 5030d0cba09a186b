#pragma once

#include <cstddef>
#include <limits>

namespace amdefect {

/// How a convolution is computed; see docs/performance.md. `automatic` picks by shape.
enum class ConvAlgorithm { automatic, reference, im2col, winograd, implicit_gemm };

/// Options that are passed down to every layer and kernel and honoured there.
struct Execution {
  /// Threads a single call may use; 0 means OMP_NUM_THREADS if it is set, else all cores, see `resolve_threads`.
  /// Results do not depend on it beyond rounding.
  int threads = 0;
  ConvAlgorithm convolution = ConvAlgorithm::automatic;
  /// Upper bound in bytes for the scratch memory one convolution may ask for; `automatic` then picks a leaner
  /// algorithm.
  std::size_t scratch_limit = std::numeric_limits<std::size_t>::max();
};

}  // namespace amdefect
