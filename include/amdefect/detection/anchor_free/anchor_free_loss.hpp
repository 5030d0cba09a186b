#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/parallel.hpp"
#include "amdefect/detection/anchor_free/anchor_free_model.hpp"
#include "amdefect/detection/anchor_free/assignment.hpp"
#include "amdefect/losses/box_losses.hpp"
#include "amdefect/losses/distribution_focal.hpp"
#include "amdefect/losses/focal.hpp"
#include "amdefect/losses/loss_function.hpp"

namespace amdefect {

/// How scores learn.
enum class ScoreLoss {
  quality_focal,  ///< the quality of the box predicted at a location (Li et al. 2020, arXiv:2006.04388)
  focal           ///< 1 at every location that answers for an object (Lin et al. 2017, arXiv:1708.02002)
};

struct AnchorFreeLossOptions {
  BoxLoss box_loss = BoxLoss::giou;
  ScoreLoss score_loss = ScoreLoss::quality_focal;
  /// Of the box loss against that of the scores, and, where boxes have bins, of their distribution focal loss: as in
  /// generalized focal loss (Li et al. 2020).
  double box_weight = 2, distribution_weight = 0.25;
  /// A weight per class for its scores and boxes; empty: all the same.
  std::vector<double> class_weights{};
  AssignmentOptions assignment{};
  int threads = 0;  ///< 0: all cores
};

/// The loss of an anchor-free detector in two steps, so that each can be looked at; keeps its memory between batches.
template <class T>
class AnchorFreeLoss {
 public:
  /// A positive of an image of the batch, with what is to be learnt there.
  struct Target {
    Index image = 0;
    Location location;
    LabelledBox object;
    double quality = 0;
  };

  /// @throws Error for class weights that are not one positive number per class.
  explicit AnchorFreeLoss(AnchorFreeModel model, AnchorFreeLossOptions options = {})
      : model_(std::move(model)), options_(std::move(options)) {
    check(model_);
    const std::vector<double>& weights = options_.class_weights;
    require(weights.empty() || static_cast<Index>(weights.size()) == model_.classes,
            "anchor-free loss: ", weights.size(), " class weights for ", model_.classes, " classes");
    for (const double weight : weights)
      require(std::isfinite(weight) && weight > 0, "anchor-free loss: class weight ", weight,
              ", expected a number above 0");
  }

  /// Decides by the present outputs which locations answer for which objects.
  std::vector<Target> assign(const LossArguments<T>& a) const {
    const TensorView<const T> truths = a.targets[0];
    require<ShapeError>(truths.rank() == 3 && truths.dim(2) == 5,
                        "anchor-free loss: expected objects [batch, slots, 5], got ", truths.shape());
    const std::vector<LocationGrid> grids = grids_of(a);
    std::vector<std::vector<LabelledBox>> objects;
    for (Index image = 0; image < truths.dim(0); ++image) objects.push_back(read_objects(truths, image));
    std::vector<std::vector<AssignedLocation>> positives(objects.size());
    parallel_for(options_.threads, truths.dim(0), [&](Index begin, Index end, int) {
      for (Index image = begin; image < end; ++image) {
        const auto predict = [&](const Location& location, const LabelledBox& object) {
          const T logit = a.outputs[2 * location.level](image, location.row, location.column, object.label);
          return LocationPrediction{detail::Logistic(static_cast<double>(logit)).p,
                                    iou(box_at(a, grids, image, location), object.box)};
        };
        const auto at = static_cast<std::size_t>(image);
        positives[at] = assign_locations(grids, objects[at], predict, options_.assignment);
      }
    });
    std::vector<Target> targets;
    for (std::size_t image = 0; image < positives.size(); ++image)
      for (const AssignedLocation& positive : positives[image])
        targets.push_back(
            {static_cast<Index>(image), positive.location, objects[image][positive.object], positive.quality});
    return targets;
  }

  /// The parts of the loss (`parts`) and their gradients for given targets. Boxes count by their quality: a location
  /// that sees the object badly should not pull at the features (Feng et al. 2021).
  void evaluate(const LossArguments<T>& a, std::span<const Target> targets) {
    double total = 0;
    for (const Target& target : targets) total += weight(target);
    const double normaliser = share_normaliser(a.group, total, 1, a.outputs[0].dim(0));
    const std::vector<LocationGrid> grids = grids_of(a);
    std::fill(a.parts.begin(), a.parts.end(), 0.0);
    qualities_.resize(grids.size());
    for (std::size_t level = 0; level < grids.size(); ++level) {
      const TensorView<const T> scores = a.outputs[2 * level];
      if (qualities_[level].shape() != scores.shape()) qualities_[level] = Tensor<T>(scores.shape());
      qualities_[level].fill(T{0});
      const bool learns = !a.gradients[2 * level].empty();
      if (learns) a.gradients[2 * level + 1].fill(T{0});
      for (const Target& target : targets)
        if (target.location.level == level) {
          const Location& at = target.location;
          qualities_[level](target.image, at.row, at.column, target.object.label) =
              options_.score_loss == ScoreLoss::focal ? T{1} : static_cast<T>(target.quality);
          const double share = weight(target) * class_weight(target.object.label) / normaliser;
          const TensorView<T> slopes = learns ? slopes_at(a, target) : TensorView<T>{};
          if (model_.box_bins > 1)
            a.parts[2] += distribution_term(a, grids, target, options_.distribution_weight * share, slopes);
          a.parts[1] += box_term(a, grids, target, options_.box_weight * share, slopes);
        }
      a.parts[0] += score_term(scores, qualities_[level], a.gradients[2 * level], normaliser);
    }
  }

 private:
  /// The grids of the levels. @throws ShapeError unless outputs and gradients are those of the model.
  std::vector<LocationGrid> grids_of(const LossArguments<T>& a) const {
    require<ShapeError>(static_cast<Index>(a.outputs.size()) == 2 * model_.levels && a.outputs[0].rank() == 4 &&
                            a.outputs[0].dim(0) > 0,
                        "anchor-free loss: expected the outputs of ", model_.levels, " levels for at least one image");
    std::vector<LocationGrid> grids;
    for (std::size_t level = 0; level < static_cast<std::size_t>(model_.levels); ++level) {
      Shape expected = a.outputs[2 * level].shape();
      for (const std::size_t output : {2 * level, 2 * level + 1}) {
        expected[3] = output % 2 == 0 ? model_.classes : 4 * model_.box_bins;
        require_shape("anchor-free loss (output)", expected, a.outputs[output].shape());
        if (!a.gradients[output].empty())
          require_shape("anchor-free loss (gradient)", expected, a.gradients[output].shape());
      }
      grids.push_back(grid_of(expected, model_.stride(static_cast<Index>(level))));
    }
    return grids;
  }

  std::vector<LabelledBox> read_objects(TensorView<const T> truths, Index image) const {
    std::vector<LabelledBox> objects;
    for (Index slot = 0; slot < truths.dim(1); ++slot) {
      const auto value = [&](Index i) { return static_cast<double>(truths(image, slot, i)); };
      const auto label = static_cast<Index>(value(4));
      require(label < model_.classes, "anchor-free loss: an object has class ", label, " of ", model_.classes);
      if (label >= 0) objects.push_back({{value(0), value(1), value(2), value(3)}, label});
    }
    return objects;
  }

  static const T* distances_at(const LossArguments<T>& a, Index image, const Location& location) {
    return &a.outputs[2 * location.level + 1](image, location.row, location.column, 0);
  }
  /// The gradient of those: one row per edge.
  TensorView<T> slopes_at(const LossArguments<T>& a, const Target& target) const {
    const Location& at = target.location;
    return {&a.gradients[2 * at.level + 1](target.image, at.row, at.column, 0), {4, model_.box_bins}};
  }
  static Box box_at(const LossArguments<T>& a, std::span<const LocationGrid> grids, Index image,
                    const Location& location) {
    return grids[location.level].decode(location.row, location.column, distances_at(a, image, location));
  }

  static double weight(const Target& target) {
    constexpr double least = 0.05;  // keeps boxes learning that do not fit at all yet
    return target.quality > least ? target.quality : least;
  }
  double class_weight(Index label) const {
    return options_.class_weights.empty() ? 1 : options_.class_weights[static_cast<std::size_t>(label)];
  }

  /// The loss of the box predicted at a location, times the factor. Adds its gradient to `slopes`, if there are any.
  double box_term(const LossArguments<T>& a, std::span<const LocationGrid> grids, const Target& target, double factor,
                  TensorView<T> slopes) const {
    const Box box = box_at(a, grids, target.image, target.location), truth = target.object.box;
    const BoxLossTerm term =
        box_loss_term(options_.box_loss, {box.x1, box.y1, box.x2, box.y2}, {truth.x1, truth.y1, truth.x2, truth.y2});
    const T* outputs = distances_at(a, target.image, target.location);
    for (Index edge = 0; !slopes.empty() && edge < 4; ++edge) {
      const double sign = edge < 2 ? -1 : 1;  // left and top lie at location - distance
      const double box_slope = factor * term.slope[static_cast<std::size_t>(edge)] * sign *
                               static_cast<double>(grids[target.location.level].stride);
      const EdgeDistance distance(outputs + edge * model_.box_bins, model_.box_bins);
      for (Index bin = 0; bin < model_.box_bins; ++bin)
        slopes(edge, bin) += static_cast<T>(box_slope * distance.slope(bin));
    }
    return factor * term.loss;
  }

  /// The distribution focal loss of the four edges of a box, their mean, times the factor. Sets `slopes`, if there are
  /// any, to its gradient.
  double distribution_term(const LossArguments<T>& a, std::span<const LocationGrid> grids, const Target& target,
                           double factor, TensorView<T> slopes) const {
    const LocationGrid& grid = grids[target.location.level];
    const double x = grid.x(target.location.column), y = grid.y(target.location.row);
    const Box& truth = target.object.box;
    std::array<T, 4> distances{static_cast<T>(x - truth.x1), static_cast<T>(y - truth.y1), static_cast<T>(truth.x2 - x),
                               static_cast<T>(truth.y2 - y)};
    for (T& distance : distances) distance /= static_cast<T>(grid.stride);
    const TensorView<const T> logits(distances_at(a, target.image, target.location), {4, model_.box_bins});
    return distribution_focal(logits, {distances.data(), {4}}, slopes, {.scale = factor});
  }

  /// The loss of the scores of a level; images are shared among the threads, and their losses added in order.
  double score_term(TensorView<const T> scores, const Tensor<T>& qualities, TensorView<T> gradient, double normaliser) {
    LossReduction<T> reduction{.normaliser = normaliser};
    const Index images = scores.dim(0);
    if (!options_.class_weights.empty()) {  // for one image
      score_weights_.resize(static_cast<std::size_t>(scores.size() / images));
      for (std::size_t i = 0; i < score_weights_.size(); ++i)
        score_weights_[i] = static_cast<T>(options_.class_weights[i % options_.class_weights.size()]);
      reduction.weights = score_weights_;
    }
    image_losses_.resize(static_cast<std::size_t>(images));
    parallel_for(threads_for(options_.threads, scores.size()), images, [&](Index begin, Index end, int) {
      for (Index i = begin; i < end; ++i) {
        const TensorView<const T> logits = scores.slice(i, i + 1), truth = qualities.slice(i, i + 1);
        const TensorView<T> slopes = gradient.empty() ? gradient : gradient.slice(i, i + 1);
        image_losses_[static_cast<std::size_t>(i)] = options_.score_loss == ScoreLoss::focal
                                                         ? sigmoid_focal(logits, truth, slopes, reduction)
                                                         : quality_focal(logits, truth, slopes, reduction);
      }
    });
    return std::accumulate(image_losses_.begin(), image_losses_.end(), 0.0);
  }

  AnchorFreeModel model_;
  AnchorFreeLossOptions options_;
  std::vector<Tensor<T>> qualities_;
  std::vector<T> score_weights_;
  std::vector<double> image_losses_;
};

/// The loss of an anchor-free detector, whose only target holds the objects of each image: [batch, slots, 5] with x1,
/// y1, x2, y2 in pixels and the class, -1 in unused slots.
///
/// The locations that answer for an object are chosen by the present outputs (`assign_locations`). Their scores learn
/// how good the box predicted there is (or 1, see ScoreLoss), all others learn 0; boxes learn by an IoU loss and, where
/// their edges have bins, by the distribution focal loss. All are sums over the batch divided by the sum of the
/// locations' weights, at least 1 (over all processes, where several share a batch). Evaluate from one thread at a
/// time.
template <class T>
LossFunction<T> anchor_free_loss(const AnchorFreeModel& model, const AnchorFreeLossOptions& options = {}) {
  const auto loss = std::make_shared<AnchorFreeLoss<T>>(model, options);
  std::vector<std::string> parts{"score", "box"};
  if (model.box_bins > 1) parts.emplace_back("distribution");
  return {std::move(parts), [loss](const LossArguments<T>& a) { loss->evaluate(a, loss->assign(a)); }};
}

}  // namespace amdefect
