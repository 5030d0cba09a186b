#pragma once

#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>

#include "amdefect/core/shape.hpp"

/// The widest vector registers the compiler may use here, by the vector extensions of GCC and Clang: one source for
/// SSE, AVX, AVX-512 and NEON. Arithmetic on a Vector is elementwise and mixes with scalars.
namespace amdefect::simd {

#if defined(__AVX512F__)
inline constexpr std::size_t vector_bytes = 64;
inline constexpr int registers = 32;
#elif defined(__AVX__)
inline constexpr std::size_t vector_bytes = 32;
inline constexpr int registers = 16;
#elif defined(__aarch64__)
inline constexpr std::size_t vector_bytes = 16;
inline constexpr int registers = 32;
#else
inline constexpr std::size_t vector_bytes = 16;
inline constexpr int registers = 16;
#endif

template <class T>
struct VectorOf {
  typedef T type __attribute__((vector_size(vector_bytes)));
};
template <class T>
using Vector = typename VectorOf<T>::type;

/// Elements per vector.
template <class T>
inline constexpr Index width = static_cast<Index>(vector_bytes / sizeof(T));

/// Loads a vector from any address.
template <class T>
[[gnu::always_inline]] inline Vector<T> load(const T* from) {
  Vector<T> value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
/// Stores a vector to any address.
template <class T>
[[gnu::always_inline]] inline void store(T* to, std::type_identity_t<Vector<T>> value) {
  std::memcpy(to, &value, sizeof value);
}
/// A vector of equal elements.
template <class T>
[[gnu::always_inline]] inline Vector<T> broadcast(T value) {
  return value - Vector<T>{};  // x - 0 is x for every x, so that compilers drop the subtraction
}

/// Loads the first `count` <= width elements, the others are 0.
template <class T>
[[gnu::always_inline]] inline Vector<T> load(const T* from, Index count) {
  if (count >= width<T>) return load(from);
  Vector<T> value{};
  for (Index i = 0; i < count; ++i) value[i] = from[i];
  return value;
}
/// Stores the first `count` <= width elements, in runs of a power of two.
template <class T>
[[gnu::always_inline]] inline void store(T* to, std::type_identity_t<Vector<T>> value, Index count) {
  if (count >= width<T>) return store(to, value);
  T elements[width<T>];
  store(elements, value);
  const T* from = elements;
  for (Index run = width<T> / 2; run > 0; run /= 2)
    if (count & run) {
      std::memcpy(to, from, static_cast<std::size_t>(run) * sizeof(T));
      to += run;
      from += run;
    }
}

/// The same where it is known when compiling whether all elements are asked for.
template <bool whole, class T>
[[gnu::always_inline]] inline Vector<T> load_part(const T* from, Index count) {
  if constexpr (whole)
    return load(from);
  else
    return load(from, count);
}
template <bool whole, class T>
[[gnu::always_inline]] inline void store_part(T* to, std::type_identity_t<Vector<T>> value, Index count) {
  if constexpr (whole)
    store(to, value);
  else
    store(to, value, count);
}

/// As many elements of T as a vector holds doubles, for arithmetic in double on data of another type.
template <class T>
struct NarrowOf {
  typedef T type __attribute__((vector_size(vector_bytes / sizeof(double) * sizeof(T))));
};
template <class T>
using Narrow = typename NarrowOf<T>::type;

/// Loads the first `count` elements from any address, the others are 0; all of them if `whole`.
template <bool whole, class T>
[[gnu::always_inline]] inline Narrow<T> load_narrow(const T* from, Index count) {
  Narrow<T> value{};
  if constexpr (whole)
    std::memcpy(&value, from, sizeof value);
  else
    for (Index i = 0; i < count; ++i) value[i] = from[i];
  return value;
}
/// Stores the first `count` elements to any address; all of them if `whole`.
template <bool whole, class T>
[[gnu::always_inline]] inline void store_narrow(T* to, std::type_identity_t<Narrow<T>> value, Index count) {
  if constexpr (whole)
    std::memcpy(to, &value, sizeof value);
  else
    for (Index i = 0; i < count; ++i) to[i] = value[i];
}
/// Conversions between elements of T and doubles. (GCC makes several instructions of a __builtin_convertvector where
/// x86 has one.)
template <class T>
[[gnu::always_inline]] inline Vector<double> widen(Narrow<T> value) {
  return __builtin_convertvector(value, Vector<double>);
}
template <class T>
[[gnu::always_inline]] inline Narrow<T> narrow(Vector<double> value) {
  return __builtin_convertvector(value, Narrow<T>);
}
#if defined(__AVX512F__) && !defined(__clang__)
template <>
[[gnu::always_inline]] inline Vector<double> widen<float>(Narrow<float> value) {
  return __builtin_ia32_cvtps2pd512_mask(value, Vector<double>{}, -1, 4);
}
template <>
[[gnu::always_inline]] inline Narrow<float> narrow<float>(Vector<double> value) {
  return __builtin_ia32_cvtpd2ps512_mask(value, Narrow<float>{}, -1, 4);
}
#elif defined(__AVX__) && !defined(__clang__)
template <>
[[gnu::always_inline]] inline Vector<double> widen<float>(Narrow<float> value) {
  return __builtin_ia32_cvtps2pd256(value);
}
template <>
[[gnu::always_inline]] inline Narrow<float> narrow<float>(Vector<double> value) {
  return __builtin_ia32_cvtpd2ps256(value);
}
#endif

/// Calls body(whole as a constant, first, count) for `size` elements, as many at a time as a vector holds doubles.
template <class Body>
[[gnu::always_inline]] inline void for_each_narrow(Index size, Body&& body) {
  Index first = 0;
  for (; first + width<double> <= size; first += width<double>) body(std::true_type{}, first, width<double>);
  if (first < size) body(std::false_type{}, first, size - first);
}

/// Asks for the two vectors at an address, which are going to be written.
template <class T>
[[gnu::always_inline]] inline void prefetch_to_write(const T* at) {
  __builtin_prefetch(at, 1);
  __builtin_prefetch(at + width<T>, 1);
}

/// Calls body(std::integral_constant<int, 0>{}), ..., body(std::integral_constant<int, count - 1>{}): a loop that is
/// unrolled at any optimisation level, so that small arrays of vectors stay in registers.
template <int count, class Body>
[[gnu::always_inline]] inline void unroll(Body&& body) {
  [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
    (body(std::integral_constant<int, i>{}), ...);
  }
  (std::make_integer_sequence<int, count>{});
}

}  // namespace amdefect::simd
