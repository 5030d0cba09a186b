#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>

#include "amdefect/core/shape.hpp"

namespace amdefect {

/// Seeded random numbers that are the same on every platform (the distributions of `<random>` are not).
///
/// SplitMix64 (Steele, Lea, Flood 2014): the whole state is one number, so a stream is cheap to derive and to save.
class Random {
 public:
  /// Further numbers select independent streams of one seed, e.g. `Random(seed, epoch, sample)`.
  template <class... Streams>
  explicit Random(std::uint64_t seed, Streams... streams) : state_(seed) {
    ((state_ = mix(next() ^ (0x9e3779b97f4a7c15ULL * (static_cast<std::uint64_t>(streams) + 1)))), ...);
  }

  std::uint64_t next() { return mix(state_ += 0x9e3779b97f4a7c15ULL); }
  /// Uniform in [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  /// Uniform in [low, high).
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Uniform in {0, ..., count - 1}; `count` must be positive.
  Index integer(Index count) {
    const auto range = static_cast<std::uint64_t>(count);
    const std::uint64_t limit = range * (~std::uint64_t{0} / range);  // reject the incomplete last block
    std::uint64_t value = next();
    while (value >= limit) value = next();
    return static_cast<Index>(value % range);
  }
  /// True with the given probability.
  bool chance(double probability) { return uniform() < probability; }
  /// Gaussian by Box and Muller (1958).
  double normal(double mean = 0, double deviation = 1) {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return mean + deviation * radius * std::cos(2 * std::numbers::pi * uniform());
  }
  /// Fisher-Yates shuffle of a random-access container.
  template <class Container>
  void shuffle(Container& items) {
    for (auto i = static_cast<Index>(items.size()) - 1; i > 0; --i)
      std::swap(items[static_cast<std::size_t>(i)], items[static_cast<std::size_t>(integer(i + 1))]);
  }

  std::uint64_t state() const { return state_; }

 private:
  static std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

}  // namespace amdefect
