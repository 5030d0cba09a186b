#include "amdefect/layers/mask_regions.hpp"

#include <doctest/doctest.h>

#include <string>

#include "amdefect/core/random.hpp"
#include "error_of.hpp"

namespace amdefect {

namespace mask_regions_test {

/// A mask drawn with `#`.
std::vector<std::uint8_t> mask(const std::string& drawn) {
  std::vector<std::uint8_t> pixels;
  for (const char c : drawn) pixels.push_back(c == '#' ? 1 : c == '.' ? 0 : static_cast<std::uint8_t>(c - '0'));
  return pixels;
}
const auto is_set = [](std::uint8_t pixel) { return pixel != 0; };

/// Regions by flooding from every pixel, the plain way.
std::vector<MaskRegion> flooded(std::vector<std::uint8_t> pixels, Index width) {
  std::vector<MaskRegion> regions;
  const Index height = static_cast<Index>(pixels.size()) / width;
  for (Index start = 0; start < width * height; ++start) {
    if (!pixels[static_cast<std::size_t>(start)]) continue;
    MaskRegion region{width, height, 0, 0, 0};
    std::vector<Index> open{start};
    pixels[static_cast<std::size_t>(start)] = 0;
    while (!open.empty()) {
      const Index at = open.back(), y = at / width, x = at % width;
      open.pop_back();
      region = {std::min(region.left, x), std::min(region.top, y), std::max(region.right, x + 1),
                std::max(region.bottom, y + 1), region.area + 1};
      for (Index v = std::max<Index>(0, y - 1); v <= std::min(height - 1, y + 1); ++v)
        for (Index u = std::max<Index>(0, x - 1); u <= std::min(width - 1, x + 1); ++u)
          if (std::uint8_t& pixel = pixels[static_cast<std::size_t>(v * width + u)]; pixel) {
            pixel = 0;
            open.push_back(v * width + u);
          }
    }
    regions.push_back(region);
  }
  return regions;
}

}  // namespace mask_regions_test

TEST_CASE("mask regions: pixels that touch, at corners, too, are one region") {
  const auto pixels = mask_regions_test::mask(
      "##...#"
      "..#..."
      "...#.#"
      "#....#");
  CHECK(connected_regions(pixels, 6, mask_regions_test::is_set) ==
        std::vector<MaskRegion>{{0, 0, 4, 3, 4}, {5, 0, 6, 1, 1}, {5, 2, 6, 4, 2}, {0, 3, 1, 4, 1}});
}

TEST_CASE("mask regions: two arms that meet below are one region") {
  const auto pixels = mask_regions_test::mask(
      "#...#..#"
      "#...#..#"
      ".###...#");
  CHECK(connected_regions(pixels, 8, mask_regions_test::is_set) ==
        std::vector<MaskRegion>{{0, 0, 5, 3, 7}, {7, 0, 8, 3, 3}});
}

TEST_CASE("mask regions: they are those of a flood fill, whatever the mask") {
  Random random(5);
  for (int round = 0; round < 200; ++round) {
    const Index width = 1 + random.integer(17), height = 1 + random.integer(13);
    const double share = random.uniform(0.05, 0.7);
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(width * height));
    for (std::uint8_t& pixel : pixels) pixel = random.chance(share);
    CAPTURE(round);
    REQUIRE(connected_regions(pixels, width, mask_regions_test::is_set) == mask_regions_test::flooded(pixels, width));
  }
}

TEST_CASE("mask regions: near ones are joined, in chains, too, and small ones are left out afterwards") {
  const auto pixels = mask_regions_test::mask(
      "##..##..##....#"
      "##..##..##.....");
  const auto objects = [&](Index least, Index join) { return mask_objects(pixels, 15, std::nullopt, {least, join}); };
  CHECK(objects(1, -1).size() == 4);
  CHECK(objects(2, 1).size() == 3);
  CHECK(objects(5, 2) == std::vector<MaskRegion>{{0, 0, 10, 2, 12}});
  CHECK(objects(1, 4) == std::vector<MaskRegion>{{0, 0, 15, 2, 13}});
  CHECK(objects(14, 4).empty());
}

TEST_CASE("mask regions: a class is a value among others") {
  const auto pixels = mask_regions_test::mask("0022011");
  CHECK(mask_objects(pixels, 7, std::uint8_t{2}, {1, -1}) == std::vector<MaskRegion>{{2, 0, 4, 1, 2}});
  CHECK(mask_objects(pixels, 7, std::uint8_t{0}, {1, -1}).size() == 2);
  CHECK(mask_objects(pixels, 7, std::nullopt, {1, -1}).size() == 2);
}

TEST_CASE("mask regions: rows of another width are refused") {
  const auto pixels = mask_regions_test::mask("#####");
  CHECK(error_of([&] { connected_regions(pixels, 2, mask_regions_test::is_set); }) ==
        "connected regions: 5 pixels are no whole rows of 2");
}

}  // namespace amdefect
