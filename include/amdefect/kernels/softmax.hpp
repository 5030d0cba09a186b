#pragma once

#include "amdefect/core/compiled.hpp"
#include "amdefect/kernels/targets.hpp"

namespace amdefect {

/// Replaces each of `rows` rows of `columns` > 0 numbers by exp(scale x) / sum of exp(scale x). The largest value is
/// subtracted first, so that nothing overflows; exponentials are within 2 units in the last place. Runs in one thread.
template <class T>
void softmax_rows(Index rows, Index columns, T scale, T* x) {
  AMDEFECT_DISPATCH(softmax_rows<T>(rows, columns, scale, x));
}

AMDEFECT_COMPILED_FUNCTION(softmax_rows)

}  // namespace amdefect
