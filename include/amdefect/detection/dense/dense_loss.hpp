#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "amdefect/detection/dense/dense_assignment.hpp"
#include "amdefect/detection/dense/dense_model.hpp"
#include "amdefect/losses/box_losses.hpp"
#include "amdefect/losses/focal.hpp"
#include "amdefect/train/loss_function.hpp"

namespace amdefect {

struct DenseLossOptions {
  BoxLoss box_loss = BoxLoss::giou;
  double box_weight = 2;  ///< of the box loss against that of the scores, as in generalized focal loss
  QualityFocalOptions focal{};
  AssignmentOptions assignment{};
};

namespace detail {

/// The loss of one batch at a time; keeps its memory between batches.
template <class T>
class DenseLoss {
 public:
  DenseLoss(DenseModel model, DenseLossOptions options) : model_(std::move(model)), options_(std::move(options)) {}

  void operator()(const LossArguments<T>& a) {
    const TensorView<const T> truths = a.targets[0];
    require<ShapeError>(truths.rank() == 3 && truths.dim(2) == 5,
                        "dense loss: expected objects [batch, slots, 5], got ", truths.shape());
    std::vector<DenseGrid> grids;
    for (Index level = 0; level < model_.levels; ++level)
      grids.push_back(grid_of(a.outputs[2 * static_cast<std::size_t>(level)].shape(), model_.stride(level)));
    std::vector<Assigned> positives;
    for (Index image = 0; image < truths.dim(0); ++image) assign(truths, image, grids, positives);

    const double normaliser = std::max<double>(1, static_cast<double>(positives.size()));
    a.parts[0] = a.parts[1] = 0;
    qualities_.resize(grids.size());
    for (std::size_t level = 0; level < grids.size(); ++level) {
      const TensorView<const T> scores = a.outputs[2 * level];
      if (qualities_[level].shape() != scores.shape()) qualities_[level] = Tensor<T>(scores.shape());
      qualities_[level].fill(T{0});
      const bool learns = !a.gradients[2 * level].empty();
      if (learns) a.gradients[2 * level + 1].fill(T{0});
      for (const Assigned& positive : positives)
        if (positive.level == level)
          a.parts[1] += box_term(positive, grids[level], a.outputs[2 * level + 1], qualities_[level],
                                 learns ? a.gradients[2 * level + 1] : TensorView<T>{}, normaliser);
      a.parts[0] += quality_focal(scores, TensorView<const T>(qualities_[level]), a.gradients[2 * level],
                                  LossReduction<T>{.normaliser = normaliser}, options_.focal);
    }
  }

 private:
  struct Assigned {
    std::size_t level = 0;
    Index image = 0, row = 0, column = 0;
    BoxCorners box{};
    Index label = 0;
  };

  void assign(TensorView<const T> truths, Index image, std::span<const DenseGrid> grids,
              std::vector<Assigned>& positives) const {
    std::vector<Box> boxes;
    std::vector<Index> labels;
    for (Index slot = 0; slot < truths.dim(1); ++slot) {
      const auto value = [&](Index i) { return static_cast<double>(truths(image, slot, i)); };
      const auto label = static_cast<Index>(value(4));
      if (label < 0) continue;
      require(label < model_.classes, "dense loss: an object has class ", label, " of ", model_.classes);
      boxes.push_back({value(0), value(1), value(2), value(3)});
      labels.push_back(label);
    }
    const auto places = assign_places(grids, boxes, options_.assignment);
    for (std::size_t level = 0; level < places.size(); ++level)
      for (const DensePositive& place : places[level]) {
        const Box& box = boxes[place.object];
        positives.push_back(
            {level, image, place.row, place.column, {box.x1, box.y1, box.x2, box.y2}, labels[place.object]});
      }
  }

  /// The loss of the box predicted at a place; notes its IoU as the score to learn there.
  double box_term(const Assigned& positive, const DenseGrid& grid, TensorView<const T> boxes, TensorView<T> qualities,
                  TensorView<T> gradient, double normaliser) const {
    const T* outputs = &boxes(positive.image, positive.row, positive.column, 0);
    const Box box = grid.decode(positive.row, positive.column, outputs);
    const BoxLossTerm term = box_loss_term(options_.box_loss, {box.x1, box.y1, box.x2, box.y2}, positive.box);
    qualities(positive.image, positive.row, positive.column, positive.label) =
        static_cast<T>(std::clamp(term.iou, 0.0, 1.0));
    const double factor = options_.box_weight / normaliser;
    if (!gradient.empty())
      for (std::size_t edge = 0; edge < 4; ++edge) {
        const double sign = edge < 2 ? -1 : 1;  // left and top lie at place - distance
        const double distance_slope = static_cast<double>(grid.stride) * Logistic(static_cast<double>(outputs[edge])).p;
        gradient(positive.image, positive.row, positive.column, static_cast<Index>(edge)) =
            static_cast<T>(factor * term.slope[edge] * sign * distance_slope);
      }
    return factor * term.loss;
  }

  DenseModel model_;
  DenseLossOptions options_;
  std::vector<Tensor<T>> qualities_;
};

}  // namespace detail

/// The loss of a dense detector, whose only target holds the objects of each image: [batch, slots, 5] with x1, y1, x2,
/// y2 in pixels and the class, -1 in unused slots.
///
/// The score of a place that answers for an object learns the IoU of the box predicted there, all others learn 0
/// (quality focal loss, Li et al. 2020, arXiv:2006.04388); boxes learn by GIoU. Both are sums over the batch divided by
/// the number of places that answer for something. Evaluate from one thread at a time.
template <class T>
LossFunction<T> dense_loss(const DenseModel& model, const DenseLossOptions& options = {}) {
  const auto loss = std::make_shared<detail::DenseLoss<T>>(model, options);
  return {{"score", "box"}, [loss](const LossArguments<T>& arguments) { (*loss)(arguments); }};
}

}  // namespace amdefect
