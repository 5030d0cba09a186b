#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace amdefect {

/// The bits of an IEEE 754 binary16 number (safetensors' F16, PyTorch's float16).
struct Float16 {
  std::uint16_t bits;

  explicit operator float() const {
    const std::uint32_t exponent = (bits >> 10) & 0x1F, fraction = bits & 0x3FF;
    const float sign = bits >> 15 ? -1.0f : 1.0f;
    if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);  // zero and subnormal numbers
    if (exponent < 31) return sign * std::ldexp(static_cast<float>(fraction + 0x400), static_cast<int>(exponent) - 25);
    return std::bit_cast<float>((std::uint32_t{bits} >> 15 << 31) | 0x7F800000u |
                                fraction << 13);  // infinite or not a number
  }
  explicit operator double() const { return static_cast<double>(static_cast<float>(*this)); }

  /// The nearest number, of two equally near ones that with an even last bit; from 65520 on it is infinite.
  static Float16 nearest(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value), sign = bits >> 16 & 0x8000u, size = bits & 0x7FFFFFFFu;
    const auto made = [&](std::uint32_t magnitude) { return Float16{static_cast<std::uint16_t>(sign | magnitude)}; };
    if (size > 0x7F800000u) return made(0x7E00);  // not a number
    if (size >= 0x477FF000u) return made(0x7C00);
    if (size >= 0x38800000u) return made((size + 0xFFFu + (size >> 13 & 1u) - (112u << 23)) >> 13);
    return made(static_cast<std::uint32_t>(std::lrint(std::ldexp(std::bit_cast<float>(size), 24))));  // subnormal
  }
};

/// The bits of a bfloat16 number (safetensors' BF16): the upper half of a float.
struct BFloat16 {
  std::uint16_t bits;

  explicit operator float() const { return std::bit_cast<float>(std::uint32_t{bits} << 16); }
  explicit operator double() const { return static_cast<double>(static_cast<float>(*this)); }
};

}  // namespace amdefect
