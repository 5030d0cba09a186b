#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/detection/anchor_free/edge_distance.hpp"

namespace amdefect {

/// The architecture of an anchor-free detector in a few numbers; `anchor_free_network` builds it. Plain data: stored
/// with the weights (`AnchorFreeDescription`), and the starting point of a detector of your own.
struct AnchorFreeModel {
  Index channels = 3;  ///< of the images
  Index classes = 1;
  Index stem = 16;                         ///< channels of the first convolution, at half the image's size
  std::vector<Index> widths{32, 64, 128};  ///< channels of the stages, at 1/4, 1/8, 1/16, ... of the image's size
  std::vector<Index> blocks{1, 1, 1};      ///< residual blocks of two convolutions in each stage
  Index pyramid = 32;                      ///< channels of the feature pyramid and of the heads
  Index head_convs = 1;                    ///< 3x3 convolutions of a head before its output
  Index levels = 4;                        ///< outputs, at strides 4, 8, 16, ...; at least one per stage
  Index box_bins = 1;                      ///< outputs per edge of a box: 1, or 8 to 64, see `EdgeDistance`
  std::string backbone{};  ///< a published one (backbones.hpp) in place of the stages that stem, widths and blocks mean
  Index first_stride = 4;  ///< of the first level; a power of 2 from 4 on
  bool squeeze_excite = false;  ///< the residual blocks weigh their channels (models/squeeze_excitation.hpp)
  Index encoder_layers = 0;     ///< of a transformer over the coarsest stage (models/feature_encoder.hpp); 0: none
  bool late_fusion = false;     ///< channels beyond the first `own_channels` have a stem and a first stage of their own

  static constexpr Index own_channels = 3;  ///< red, green and blue

  /// Pixels from one output of a level to the next.
  Index stride(Index level) const { return first_stride << level; }
  /// Height and width of a padded image are multiples of this.
  Index largest_stride() const { return stride(levels - 1); }
  /// @throws Error for pictures whose width or height `size` the network does not take as they are.
  void require_size(const std::string& where, Index size, const std::string& name) const {
    require(size % largest_stride() == 0, where, " ", size, " is no multiple of ", largest_stride(), ", as ", name,
            " needs");
  }

  friend bool operator==(const AnchorFreeModel&, const AnchorFreeModel&) = default;
};

/// About 0.58 million parameters and 2.25 billion multiply-accumulate operations on 608x608 pixels.
inline AnchorFreeModel anchor_free_n() { return {}; }

/// About 2 million parameters: the same with channels for more kinds of defects, mostly at coarse strides where they
/// are cheap.
inline AnchorFreeModel anchor_free_s() {
  return {.stem = 24, .widths = {48, 96, 192}, .blocks = {1, 2, 2}, .pyramid = 48, .head_convs = 1};
}

/// A detector on a published backbone, or one of your own: levels at strides 8, 16 and 32 (or from `first_stride` on).
inline AnchorFreeModel anchor_free_on(std::string backbone, Index first_stride = 8) {
  AnchorFreeModel model{.pyramid = 64, .levels = 1, .backbone = std::move(backbone), .first_stride = first_stride};
  while (model.largest_stride() < 32) ++model.levels;
  return model;
}

/// The model of that name; dense-n and dense-s are the names of before. @throws Error for an unknown one.
inline AnchorFreeModel anchor_free_preset(std::string_view name) {
  if (name == "anchor-free-n" || name == "dense-n") return anchor_free_n();
  if (name == "anchor-free-s" || name == "dense-s") return anchor_free_s();
  throw Error(concat("anchor-free model: there is no '", name, "', expected anchor-free-n or anchor-free-s"));
}

/// Throws an Error that names the number without meaning.
inline void check(const AnchorFreeModel& model) {
  const auto positive = [](const char* name, Index value, Index most) {
    require(value > 0 && value <= most, "anchor-free model: ", name, " is ", value, ", expected 1 to ", most);
  };
  constexpr Index most_channels = 4096;
  positive("channels", model.channels, most_channels);
  positive("classes", model.classes, most_channels);
  positive("stem", model.stem, most_channels);
  positive("pyramid", model.pyramid, most_channels);
  positive("head_convs", model.head_convs, 16);
  positive("levels", model.levels, 8);
  require(model.first_stride >= 4 && model.first_stride <= 32 &&
              std::has_single_bit(static_cast<std::uint64_t>(model.first_stride)),
          "anchor-free model: first_stride is ", model.first_stride, ", expected 4, 8, 16 or 32");
  require(!model.backbone.empty() || model.first_stride == 4, "anchor-free model: first_stride is ", model.first_stride,
          ", expected 4 without a backbone");
  require(
      model.box_bins == 1 || (model.box_bins >= EdgeDistance::least_bins && model.box_bins <= EdgeDistance::most_bins),
      "anchor-free model: box_bins is ", model.box_bins, ", expected 1, or ", EdgeDistance::least_bins, " to ",
      EdgeDistance::most_bins);
  require(model.encoder_layers >= 0 && model.encoder_layers <= 12, "anchor-free model: encoder_layers is ",
          model.encoder_layers, ", expected 0 to 12");
  require(model.encoder_layers == 0 || model.pyramid % 4 == 0, "anchor-free model: pyramid is ", model.pyramid,
          ", expected a multiple of 4 for the encoder");
  require(model.backbone.empty() || !model.squeeze_excite,
          "anchor-free model: squeeze_excite is for the detector's own stages, not for the backbone '", model.backbone,
          "'");
  require(model.backbone.empty() || !model.late_fusion,
          "anchor-free model: late_fusion is for the detector's own stages, not for the backbone '", model.backbone,
          "'");
  if (!model.backbone.empty()) return;
  for (const Index width : model.widths) positive("widths", width, most_channels);
  for (const Index count : model.blocks) positive("blocks", count, 100);
  require(!model.widths.empty() && model.widths.size() == model.blocks.size(),
          "anchor-free model: ", model.widths.size(), " widths and ", model.blocks.size(),
          " blocks, expected one of each per stage");
  require(model.levels >= static_cast<Index>(model.widths.size()), "anchor-free model: ", model.levels, " levels for ",
          model.widths.size(), " stages, expected at least one per stage");
}

}  // namespace amdefect
