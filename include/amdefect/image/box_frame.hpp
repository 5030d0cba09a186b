#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "amdefect/image/draw.hpp"

namespace amdefect {

/// How sure a detection is, in three steps that a frame can show.
enum class Confidence { low, medium, high };

/// Scores from which on a detection is of medium and of high confidence.
struct ConfidenceSteps {
  double medium = 0, high = 0;

  Confidence of(double score) const {
    return score >= high ? Confidence::high : score >= medium ? Confidence::medium : Confidence::low;
  }
};

/// The steps a quarter and half of the way from the score threshold of a detector to 1: detectors differ in what a high
/// score is, and their threshold tells.
inline ConfidenceSteps confidence_steps(double score_threshold) {
  return {score_threshold + 0.25 * (1 - score_threshold), score_threshold + 0.5 * (1 - score_threshold)};
}

/// The part of each side that a frame's line covers from either end: the surer, the more closed the frame is. This
/// shows at any size and to people with any colour vision.
inline double frame_corner(Confidence confidence) {
  return confidence == Confidence::high ? 0.5 : confidence == Confidence::medium ? 0.34 : 0.16;
}

/// Widths in pixels of the coloured line of a frame and of its casing: a dark line around it, so that one of the two
/// shows on any ground.
struct FrameWidth {
  Index line = 1, casing = 1;

  Index total() const { return line + casing; }
};

namespace detail {

/// The strokes of a line along the edge of `outer`, `width` pixels wide.
template <class Draw>
void frame_strokes(const PixelBox& outer, Index width, Confidence confidence, Draw&& draw) {
  const auto corner = [&](Index side) {
    const auto part = static_cast<Index>(std::ceil(frame_corner(confidence) * static_cast<double>(side)));
    return std::min(std::max(part, 2 * width), (side + 1) / 2);
  };
  const Index across = corner(outer.width()), down = corner(outer.height());
  for (const auto& [y1, y2] : {std::array{outer.y1, outer.y1 + width}, std::array{outer.y2 - width, outer.y2}}) {
    draw(PixelBox{outer.x1, y1, outer.x1 + across, y2});
    draw(PixelBox{outer.x2 - across, y1, outer.x2, y2});
  }
  for (const auto& [x1, x2] : {std::array{outer.x1, outer.x1 + width}, std::array{outer.x2 - width, outer.x2}}) {
    draw(PixelBox{x1, outer.y1, x2, outer.y1 + down});
    draw(PixelBox{x1, outer.y2 - down, x2, outer.y2});
  }
}

}  // namespace detail

/// Draws the casing of a frame: the outermost pixels of `outer`.
inline void draw_frame_casing(Image& image, const PixelBox& outer, const FrameWidth& width, Confidence confidence) {
  detail::frame_strokes(outer, width.casing, confidence,
                        [&](const PixelBox& stroke) { fill_rectangle(image, stroke, drawing_dark); });
}

/// Draws the coloured line of a frame, inside of its casing.
inline void draw_frame_line(Image& image, const PixelBox& outer, const FrameWidth& width, Confidence confidence,
                            const Rgb& color) {
  const PixelBox line{outer.x1 + width.casing, outer.y1 + width.casing, outer.x2 - width.casing,
                      outer.y2 - width.casing};
  detail::frame_strokes(line, width.line, confidence,
                        [&](const PixelBox& stroke) { fill_rectangle(image, stroke, color); });
}

}  // namespace amdefect
