#include "amdefect/losses/box_losses.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "amdefect/core/random.hpp"

using namespace amdefect;

namespace {

constexpr std::array kinds{BoxLoss::iou, BoxLoss::giou, BoxLoss::diou, BoxLoss::ciou};

/// Central differences of one box's loss; CIoU's alpha is held fixed, as its gradient is defined.
BoxCorners differences(BoxLoss kind, BoxCorners pred, const BoxCorners& target) {
  const double alpha = box_loss_term(kind, pred, target).alpha;
  const auto value = [&] {
    const BoxLossTerm term = box_loss_term(kind, pred, target);
    return term.loss + (alpha - term.alpha) * term.v;
  };
  BoxCorners slope;
  const double step = 1e-5 * std::max(1e-2, pred[2] - pred[0]);
  for (std::size_t i = 0; i < 4; ++i) {
    const double x = pred[i];
    pred[i] = x + step;
    const double above = value();
    pred[i] = x - step;
    slope[i] = (above - value()) / (2 * step);
    pred[i] = x;
  }
  return slope;
}

void check_gradient(const BoxCorners& pred, const BoxCorners& target, double tolerance = 1e-6) {
  for (const BoxLoss kind : kinds) {
    INFO(box_loss_name(kind));
    const BoxLossTerm term = box_loss_term(kind, pred, target);
    const BoxCorners expected = differences(kind, pred, target);
    double size = 1e-6, error = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      size = std::max(size, std::abs(expected[i]));
      error = std::max(error, std::abs(term.slope[i] - expected[i]));
    }
    CHECK(error <= tolerance * size);
  }
}

double loss_of(BoxLoss kind, const BoxCorners& pred, const BoxCorners& target) {
  return box_loss_term(kind, pred, target).loss;
}

}  // namespace

TEST_CASE("box losses: values by hand") {
  const BoxCorners a{0, 0, 2, 2}, b{1, 1, 3, 3}, far{4, 0, 6, 2}, wide{0, 0, 4, 1};
  CHECK(loss_of(BoxLoss::iou, a, b) == doctest::Approx(1 - 1. / 7));
  CHECK(loss_of(BoxLoss::giou, a, b) == doctest::Approx(1 - 1. / 7 + 2. / 9));
  CHECK(loss_of(BoxLoss::diou, a, b) == doctest::Approx(1 - 1. / 7 + 2. / 18));
  CHECK(loss_of(BoxLoss::ciou, a, b) == doctest::Approx(loss_of(BoxLoss::diou, a, b)));
  CHECK(loss_of(BoxLoss::iou, a, far) == 1);
  CHECK(loss_of(BoxLoss::giou, a, far) == doctest::Approx(1 + 4. / 12));
  const BoxLossTerm term = box_loss_term(BoxLoss::ciou, a, wide);
  const double turn = std::atan(4) - std::atan(1), v = 4 / std::pow(std::acos(-1), 2) * turn * turn;
  CHECK(term.iou == doctest::Approx(1. / 3));
  CHECK(term.v == doctest::Approx(v));
  CHECK(term.alpha == doctest::Approx(v / (2. / 3 + v)));
  CHECK(term.loss == doctest::Approx(loss_of(BoxLoss::diou, a, wide) + term.alpha * term.v));
}

TEST_CASE("box losses: gradients agree with finite differences") {
  Random random(3);
  for (int round = 0; round < 300; ++round) {
    BoxCorners pred, target;
    for (BoxCorners* box : {&pred, &target}) {
      const double x = random.uniform(0, 1), y = random.uniform(0, 1);
      *box = {x, y, x + random.uniform(0.05, 1), y + random.uniform(0.05, 1)};
    }
    check_gradient(pred, target);
  }
  check_gradient({100, 100, 140, 130}, {300, 310, 320, 340});  // far apart, in pixels
  check_gradient({0, 0, 10, 10}, {2, 3, 5, 6});                // the target inside of the prediction
  check_gradient({0, 0, 1e-3, 1e-3}, {0.2, 0.2, 0.4, 0.4});    // nearly a point
}

TEST_CASE("box losses: the formulas of the papers, for boxes anywhere") {
  Random random(3);
  for (int run = 0; run < 200; ++run) {
    const auto any_box = [&] {
      const double x = random.uniform(0, 4), y = random.uniform(0, 4);
      return BoxCorners{x, y, x + random.uniform(1, 5), y + random.uniform(1, 5)};
    };
    const BoxCorners p = any_box(), t = any_box();
    const auto common = [&](std::size_t low) {
      return std::max(0.0, std::min(p[low + 2], t[low + 2]) - std::max(p[low], t[low]));
    };
    const auto around = [&](std::size_t low) { return std::max(p[low + 2], t[low + 2]) - std::min(p[low], t[low]); };
    const double w = p[2] - p[0], h = p[3] - p[1], tw = t[2] - t[0], th = t[3] - t[1], eps = 1e-7;
    const double united = w * h + tw * th - common(0) * common(1), iou = common(0) * common(1) / (united + eps);
    const double dx = (p[0] + p[2] - t[0] - t[2]) / 2, dy = (p[1] + p[3] - t[1] - t[3]) / 2;
    const double far = (dx * dx + dy * dy) / (around(0) * around(0) + around(1) * around(1) + eps);
    const double turn = std::atan(tw / th) - std::atan(w / h), v = 4 * turn * turn / std::pow(std::acos(-1.0), 2);
    const double empty = (around(0) * around(1) - united) / (around(0) * around(1) + eps);
    const auto loss = [&](BoxLoss kind) { return box_loss_term(kind, p, t).loss; };
    CHECK(loss(BoxLoss::iou) == doctest::Approx(1 - iou).epsilon(1e-12));
    CHECK(loss(BoxLoss::giou) == doctest::Approx(1 - iou + empty).epsilon(1e-12));
    CHECK(loss(BoxLoss::diou) == doctest::Approx(1 - iou + far).epsilon(1e-12));
    CHECK(loss(BoxLoss::ciou) == doctest::Approx(1 - iou + far + v * v / (1 - iou + v + eps)).epsilon(1e-12));
    CHECK(box_loss_term(BoxLoss::ciou, p, t).iou == doctest::Approx(iou).epsilon(1e-12));
  }
  const BoxCorners small{0, 0, 1e-4, 1e-3};  // as large as epsilon
  CHECK(box_loss_term(BoxLoss::iou, small, small).iou == doctest::Approx(0.5).epsilon(1e-12));
}

TEST_CASE("box losses: identical and degenerate boxes stay finite") {
  const BoxCorners box{1, 2, 4, 6}, point{2, 3, 2, 3}, line{1, 2, 4, 2};
  for (const BoxLoss kind : kinds) {
    INFO(box_loss_name(kind));
    const BoxLossTerm same = box_loss_term(kind, box, box);
    CHECK(same.loss == doctest::Approx(0).epsilon(1e-7));
    CHECK(same.iou == doctest::Approx(1).epsilon(1e-7));
    for (const BoxCorners* pred : {&box, &point, &line}) {
      for (const BoxCorners* target : {&box, &point, &line}) {
        const BoxLossTerm term = box_loss_term(kind, *pred, *target);
        CHECK(std::isfinite(term.loss));
        for (const double slope : term.slope) CHECK(std::isfinite(slope));
      }
    }
  }
  // At the minimum the one-sided derivatives differ in sign; their mean is what equal corners get.
  const BoxLossTerm same = box_loss_term(BoxLoss::iou, box, box);
  const BoxCorners mean = differences(BoxLoss::iou, box, box);
  for (std::size_t i = 0; i < 4; ++i) CHECK(std::abs(same.slope[i] - mean[i]) < 1e-5);
}

TEST_CASE("box losses: weights and normaliser, per box") {
  const Tensor<float> pred(Shape{1, 3, 4}, std::vector<float>{0, 0, 2, 2, 0, 0, 2, 2, 5, 5, 5, 5});
  const Tensor<float> target(Shape{1, 3, 4}, std::vector<float>{1, 1, 3, 3, 0, 0, 2, 2, 0, 0, 1, 1});
  const std::vector<float> weights = {2, 1, 0};
  Tensor<float> dpred(Shape{1, 3, 4});
  dpred.fill(7);
  const double value = giou_loss(pred.view(), target, dpred, {.scale = 3, .normaliser = 2, .weights = weights});
  const BoxLossTerm first = box_loss_term(BoxLoss::giou, {0, 0, 2, 2}, {1, 1, 3, 3});
  CHECK(value == doctest::Approx(3 * first.loss).epsilon(1e-6));
  for (Index i = 0; i < 4; ++i) {
    CHECK(dpred[i] == doctest::Approx(3 * first.slope[static_cast<std::size_t>(i)]).epsilon(1e-6));
    CHECK(dpred[8 + i] == 0);
  }
}
