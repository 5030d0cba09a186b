#pragma once

// GCC 12 takes the undefined operand of AVX-512 intrinsics for an uninitialised variable (GCC bug 105593), wherever
// Eigen's code is inlined. Silenced here, once, for Eigen's lines only.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <Eigen/Core>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
