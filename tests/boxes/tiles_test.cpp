#include "amdefect/boxes/tiles.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "amdefect/core/random.hpp"

using namespace amdefect;

TEST_CASE("tiles cover an image with the overlap asked for") {
  CHECK(tile_spans(100, 100, 20) == std::vector<TileSpan>{{0, 100, true, true}});
  CHECK(tile_spans(500, 0, 20) == std::vector<TileSpan>{{0, 500, true, true}});
  for (const Index multiple : {16, 32, 64})
    for (const Index size : {101, 180, 181, 1000}) {
      const auto spans = tile_spans(size, 100, 20, multiple);
      CHECK(spans.front().begin == 0);
      CHECK(spans.back().end == size);
      for (std::size_t i = 1; i < spans.size(); ++i) {
        CHECK(spans[i].size() <= 100);
        CHECK(spans[i].begin % multiple == 0);
        CHECK(spans[i - 1].end - spans[i].begin >= 20);
      }
    }
  CHECK(tile_spans(164, 100, 20).size() == 2);
  CHECK_THROWS_AS(tile_spans(200, 100, 100), Error);
  CHECK_THROWS_AS(tile_spans(200, 100, 69), Error);
  CHECK_THROWS_AS(tile_spans(50, 100, 100), Error);  // whether or not the image needs tiles
  CHECK_THROWS_AS(tile_spans(200, 100, -1), Error);
  CHECK_THROWS_AS(tile_spans(200, -100, 0), Error);
  const TileSpan middle{100, 200, false, false};
  CHECK_FALSE(answers_for(100, 120, middle, 40));  // margin: 20, less 8
  CHECK(answers_for(102, 123, middle, 40));
  CHECK(answers_for(177, 198, middle, 40));
  CHECK_FALSE(answers_for(180, 200, middle, 40));
  CHECK(answers_for(0, 10, {0, 100, true, false}, 40));
  CHECK(answers_for(90, 100, {0, 100, false, true}, 40));
  CHECK(answers_for(100, 102, middle, 0));
}

TEST_CASE("objects smaller than the overlap are found once and whole, wherever the seams are") {
  constexpr Index overlap = 64;
  Index cut = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const auto rows = tile_spans(100 + random.integer(900), 160 + 32 * random.integer(4), overlap);
    const auto columns = tile_spans(100 + random.integer(900), 160 + 32 * random.integer(4), overlap);
    std::vector<Detection> objects;  // one in each field, so that none hides another
    for (Index top = 0; top + overlap <= rows.back().end; top += overlap)
      for (Index left = 0; left + overlap <= columns.back().end; left += overlap) {
        const double width = random.uniform(6, overlap - 16), height = random.uniform(6, overlap - 16);
        const double x = static_cast<double>(left) + random.uniform(0, overlap - width);
        const double y = static_cast<double>(top) + random.uniform(0, overlap - height);
        objects.push_back({{x, y, x + width, y + height}, random.uniform(0.1, 1), random.integer(2)});
      }
    // Finds every object as far as it lies in the tile, a little off.
    const auto find = [&](const TileSpan& row, const TileSpan& column) {
      const Box tile{static_cast<double>(column.begin), static_cast<double>(row.begin), static_cast<double>(column.end),
                     static_cast<double>(row.end)};
      std::vector<Detection> seen;
      for (Detection object : objects) {
        const Box whole = std::exchange(object.box, intersection(object.box, tile));
        if (!(object.box.area() > 0)) continue;
        cut += object.box != whole;
        object.box.x1 += random.uniform(-1, 1);
        object.box.y2 += random.uniform(-1, 1);
        seen.push_back(object);
      }
      return seen;
    };
    std::sort(objects.begin(), objects.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    const auto found = non_maximum_suppression(find_in_tiles(rows, columns, overlap, find), 0);
    CHECK(std::equal(found.begin(), found.end(), objects.begin(), objects.end(), [](const auto& a, const auto& b) {
      return a.score == b.score && a.label == b.label && iou(a.box, b.box) > 0.5;
    }));
  }
  CHECK(cut > 1000);
}

TEST_CASE("of an object longer than the overlap something is found") {
  const auto spans = tile_spans(2000, 300, 64);
  for (double length = 40; length < 2000; length *= 1.3)
    for (double low = 0; low + length <= 2000; low += 7) {
      const bool found = std::any_of(spans.begin(), spans.end(), [&](const TileSpan& span) {
        const double from = std::max(low, static_cast<double>(span.begin));
        const double to = std::min(low + length, static_cast<double>(span.end));
        return from < to && answers_for(from, to, span, 64);
      });
      CHECK(found);
    }
}
