#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <variant>

#include "amdefect/core/tensor.hpp"

namespace amdefect {

/// What a pixel's value can be.
template <class P>
concept PixelType = std::same_as<P, std::uint8_t> || std::same_as<P, std::uint16_t> || std::same_as<P, float>;

/// Values of 16-bit pixels per grey level of 8 bits: 65535 is as white as 255. Values of the other types are grey
/// levels.
template <PixelType P>
inline constexpr int values_per_level = std::same_as<P, std::uint16_t> ? 257 : 1;

/// Somebody else's pixels [height, width, channels] of 8 bits, 16 bits or floating point.
class PixelView {
 public:
  template <class P>
  requires PixelType<std::remove_const_t<P>> PixelView(TensorView<P> pixels)
      : view_(TensorView<const std::remove_const_t<P>>(pixels)) {}
  template <PixelType P>
  PixelView(const Tensor<P>& pixels) : view_(pixels.view()) {}
  template <PixelType P>
  PixelView(const P* pixels, const Shape& shape) : view_(TensorView<const P>(pixels, shape)) {}

  /// Calls `use(view)` with the TensorView of the pixels' own type.
  template <class Use>
  decltype(auto) visit(Use&& use) const {
    return std::visit(std::forward<Use>(use), view_);
  }
  const Shape& shape() const {
    return visit([](const auto& view) -> const Shape& { return view.shape(); });
  }
  Index dim(std::size_t axis) const { return shape()[axis]; }

 private:
  std::variant<TensorView<const std::uint8_t>, TensorView<const std::uint16_t>, TensorView<const float>> view_;
};

}  // namespace amdefect
