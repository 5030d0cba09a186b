#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/core/execution.hpp"
#include "amdefect/kernels/targets.hpp"

/// Products of row-major matrices.
namespace amdefect {

/// Elements of scratch memory `gemm` needs.
template <class T>
Index gemm_scratch(Index n, Index k) {
  AMDEFECT_DISPATCH(gemm_scratch<T>(n, k));
}

/// c = a b for row-major matrices of m x k, k x n and m x n elements, whose rows are lda, ldb and ldc elements apart.
template <class T>
void gemm(const Execution& execution, Index m, Index n, Index k, const T* a, Index lda, const T* b, Index ldb, T* c,
          Index ldc, T* scratch) {
  AMDEFECT_DISPATCH(gemm<T>(execution, m, n, k, a, lda, b, ldb, c, ldc, scratch));
}

AMDEFECT_COMPILED_FUNCTION(gemm_scratch)
AMDEFECT_COMPILED_FUNCTION(gemm)

}  // namespace amdefect
