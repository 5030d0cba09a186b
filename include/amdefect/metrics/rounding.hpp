#pragma once

namespace amdefect::detail {

/// `value` as a rounded double that the compiler cannot merge with what follows: without it `a * b + c` may become one
/// fused multiply-add (GCC does that with -march=native, and ignores the standard's pragma against it), and an IoU that
/// equals a threshold exactly would then miss it by one unit in the last place.
inline double rounded(double value) {
#if defined(__GNUC__) && defined(__SSE2__)
  asm volatile("" : "+x"(value));
#elif defined(__GNUC__) && defined(__aarch64__)
  asm volatile("" : "+w"(value));
#else
  volatile double stored = value;
  value = stored;
#endif
  return value;
}

/// The rounded quotient, never a product with a rounded reciprocal (as -ffast-math makes of it).
inline double quotient(double numerator, double denominator) { return rounded(numerator / rounded(denominator)); }

}  // namespace amdefect::detail
