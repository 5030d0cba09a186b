#include "amdefect/losses/losses.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/random.hpp"

using namespace amdefect;

namespace {

Tensor<double> uniform(const Shape& shape, double low, double high, std::uint64_t seed) {
  Random random(seed);
  Tensor<double> result(shape);
  for (double& value : result) value = random.uniform(low, high);
  return result;
}

Tensor<double> zeros_and_ones(const Shape& shape, std::uint64_t seed) {
  Tensor<double> result = uniform(shape, 0, 1, seed);
  for (double& value : result) value = value < 0.4 ? 1 : 0;
  return result;
}

Tensor<float> to_float(const Tensor<double>& tensor) {
  Tensor<float> result(tensor.shape());
  for (Index i = 0; i < tensor.size(); ++i) result[i] = static_cast<float>(tensor[i]);
  return result;
}

/// Compares the gradient of `loss(pred, dpred) -> value` with central differences. With steps of 1e-5 their own error
/// is about 1e-10 of the value, so 1e-6 of the largest gradient is a strict limit.
template <class Loss>
void check_gradient(Tensor<double> pred, Loss&& loss) {
  Tensor<double> dpred(pred.shape()), differences(pred.shape());
  dpred.fill(std::numeric_limits<double>::quiet_NaN());  // it must be overwritten
  const double value = loss(pred, dpred.view());
  CHECK(std::isfinite(value));
  CHECK(value == loss(pred, TensorView<double>{}));
  for (Index i = 0; i < pred.size(); ++i) {
    const double x = pred[i], step = 1e-5 * std::max(1.0, std::abs(x));
    pred[i] = x + step;
    const double above = loss(pred, TensorView<double>{});
    pred[i] = x - step;
    differences[i] = (above - loss(pred, TensorView<double>{})) / (2 * step);
    pred[i] = x;
  }
  const double size = differences.array().abs().maxCoeff();
  CHECK(size > 0);
  CHECK((dpred.array() - differences.array()).abs().maxCoeff() <= 1e-6 * size);
}

using Loss = std::function<double(const Tensor<double>&, const Tensor<double>&, TensorView<double>,
                                  const LossReduction<double>&)>;

struct NamedLoss {
  std::string name;
  Loss run;
};

/// The losses of logits or values of any shape, by name.
std::vector<NamedLoss> elementwise_losses() {
  static const std::vector<double> class_weight = {0.5, 2, 1}, pos_weight = {3, 1, 0.25};
  return {
      {"mean_squared_error", [](auto& p, auto& t, auto d, auto& r) { return mean_squared_error(p.view(), t, d, r); }},
      {"smooth_l1", [](auto& p, auto& t, auto d, auto& r) { return smooth_l1(p.view(), t, d, r, {.beta = 0.3}); }},
      {"l1", [](auto& p, auto& t, auto d, auto& r) { return smooth_l1(p.view(), t, d, r, {.beta = 0}); }},
      {"binary_cross_entropy_with_logits",
       [](auto& p, auto& t, auto d, auto& r) { return binary_cross_entropy_with_logits(p.view(), t, d, r); }},
      {"binary_cross_entropy_with_logits weighted",
       [](auto& p, auto& t, auto d, auto& r) {
         return binary_cross_entropy_with_logits(p.view(), t, d, r,
                                                 {.class_weight = class_weight, .pos_weight = pos_weight});
       }},
      {"softmax_cross_entropy",
       [](auto& p, auto& t, auto d, auto& r) { return softmax_cross_entropy(p.view(), t, d, r); }},
      {"softmax_cross_entropy weighted",
       [](auto& p, auto& t, auto d, auto& r) {
         return softmax_cross_entropy(p.view(), t, d, r, {.class_weight = class_weight});
       }},
      {"sigmoid_focal", [](auto& p, auto& t, auto d, auto& r) { return sigmoid_focal(p.view(), t, d, r); }},
      {"sigmoid_focal 0.5",
       [](auto& p, auto& t, auto d, auto& r) {
         return sigmoid_focal(p.view(), t, d, r, {-1, 0.5});
       }},
      {"quality_focal", [](auto& p, auto& t, auto d, auto& r) { return quality_focal(p.view(), t, d, r); }},
      {"quality_focal 1.5", [](auto& p, auto& t, auto d, auto& r) { return quality_focal(p.view(), t, d, r, {1.5}); }},
  };
}

}  // namespace

TEST_CASE("losses: gradients agree with finite differences") {
  for (const NamedLoss& loss : elementwise_losses()) {
    INFO(loss.name);
    for (const Shape& shape : {Shape{1, 3}, Shape{3, 5, 3}, Shape{7, 3}}) {
      const Tensor<double> soft = uniform(shape, 0, 1, 2), hard = zeros_and_ones(shape, 3);
      for (const Tensor<double>* target : {&soft, &hard})
        check_gradient(uniform(shape, -4, 4, 1), [&](const Tensor<double>& p, TensorView<double> d) {
          return loss.run(p, *target, d, {.scale = 1.7});
        });
    }
  }
}

TEST_CASE("losses: scale, normaliser and weights") {
  const Shape shape{4, 5, 3};
  const Tensor<double> pred = uniform(shape, -4, 4, 4), target = uniform(shape, 0, 1, 5);
  const std::vector<double> weights = {0, 1, 0.5, 2};  // per sample of the batch
  for (const NamedLoss& loss : elementwise_losses()) {
    INFO(loss.name);
    Tensor<double> plain(shape), weighted(shape), part(Shape{5, 3});
    const double mean = loss.run(pred, target, plain, {});
    CHECK(loss.run(pred, target, weighted, {.scale = 3}) == doctest::Approx(3 * mean).epsilon(1e-14));
    for (Index i = 0; i < plain.size(); ++i) CHECK(weighted[i] == doctest::Approx(3 * plain[i]).epsilon(1e-14));

    weighted.fill(std::numeric_limits<double>::quiet_NaN());
    Tensor<double> with_junk = pred.clone();
    for (double& value : with_junk.slice(0, 1)) value = std::numeric_limits<double>::quiet_NaN();
    const double value = loss.run(with_junk, target, weighted, {.normaliser = 2, .weights = weights});
    double expected = 0;
    for (Index n = 0; n < 4; ++n) {
      const double weight = weights[static_cast<std::size_t>(n)];
      const Tensor<double> p(Shape{5, 3}, pred.slice(n, n + 1).span()), t(Shape{5, 3}, target.slice(n, n + 1).span());
      const double sum = loss.run(p, t, part, {.normaliser = 1});
      expected += weight * sum / 2;
      for (Index i = 0; i < part.size(); ++i)
        CHECK(weighted[n * 15 + i] == doctest::Approx(weight * part[i] / 2).epsilon(1e-14));
    }
    CHECK(value == doctest::Approx(expected).epsilon(1e-14));
  }
}

TEST_CASE("losses: extreme logits give finite values and gradients in float") {
  Tensor<float> pred(Shape{1, 8}), target(Shape{1, 8}), dpred(Shape{1, 8});
  const std::vector<float> logits = {-3e38f, -1000, -100, 0, 0, 100, 1000, 3e38f};
  for (Index i = 0; i < 8; ++i) pred[i] = logits[static_cast<std::size_t>(i)] * (i % 2 ? 1.f : 0.5f);
  for (const float t : {0.f, 0.25f, 1.f}) {
    target.fill(t);
    const auto finite = [&](double value) {
      CHECK(std::isfinite(value));
      CHECK(dpred.array().isFinite().all());
    };
    finite(binary_cross_entropy_with_logits(pred.view(), target, dpred));
    finite(sigmoid_focal(pred.view(), target, dpred));
    finite(sigmoid_focal(pred.view(), target, dpred, {}, {.gamma = 0.5}));
    finite(sigmoid_focal(pred.view(), target, dpred, {}, {.gamma = 0}));
    finite(quality_focal(pred.view(), target, dpred));
    finite(quality_focal(pred.view(), target, dpred, {}, {.beta = 0.5}));
    finite(softmax_cross_entropy(pred.view(), target, dpred));
    finite(binary_cross_entropy(pred.view(), target, dpred));
    CHECK(dpred.array().abs().maxCoeff() < 1e8f);
  }
}

TEST_CASE("losses: values by hand") {
  const auto row = [](std::vector<double> values) {
    return Tensor<double>(Shape{1, static_cast<Index>(values.size())}, values);
  };
  Tensor<double> dpred(Shape{1, 2});
  CHECK(mean_squared_error(row({1, 4}).view(), row({0, 2}), dpred) == 2.5);
  CHECK((dpred[0] == 1 && dpred[1] == 2));
  CHECK(smooth_l1(row({0.5, -3}).view(), row({0, 0}), dpred) == 0.5 * (0.125 + 2.5));
  CHECK((dpred[0] == 0.25 && dpred[1] == -0.5));
  CHECK(smooth_l1(row({2, -3}).view(), row({2, 0}), dpred, {}, {.beta = 0}) == 1.5);
  CHECK((dpred[0] == 0 && dpred[1] == -0.5));
  CHECK(binary_cross_entropy(row({0.5, 0}).view(), row({1, 1}), dpred) ==
        doctest::Approx(0.5 * (std::log(2) - std::log(1e-7))).epsilon(1e-14));
  CHECK((dpred[0] == -1 && dpred[1] == 0));
  CHECK(binary_cross_entropy_with_logits(row({0, std::log(3)}).view(), row({1, 0}), dpred) ==
        doctest::Approx(0.5 * (std::log(2) + std::log(4))).epsilon(1e-14));
  CHECK(dpred[0] == -0.25);
  CHECK(dpred[1] == doctest::Approx(0.375).epsilon(1e-14));
  CHECK(sigmoid_focal(row({0, 0}).view(), row({1, 0}), dpred) ==
        doctest::Approx(0.5 * 0.25 * std::log(2)).epsilon(1e-14));
  CHECK(sigmoid_focal(row({0, 0}).view(), row({1, 1}), dpred) == doctest::Approx(0.25 * 0.25 * std::log(2)));
  CHECK(sigmoid_focal(row({0, 0}).view(), row({0, 0}), dpred) == doctest::Approx(0.75 * 0.25 * std::log(2)));
  for (const auto& [x, t] : {std::pair(1.3, 1.0), {1.3, 0.0}, {-0.4, 0.3}, {2.1, 0.8}}) {  // the formulas of the papers
    const double p = 1 / (1 + std::exp(-x)), cost = -t * std::log(p) - (1 - t) * std::log(1 - p);
    const double pt = t * p + (1 - t) * (1 - p), alpha_t = t * 0.3 + (1 - t) * 0.7;
    CHECK(sigmoid_focal(row({x, x}).view(), row({t, t}), dpred, {}, {.alpha = 0.3, .gamma = 1.5}) ==
          doctest::Approx(alpha_t * std::pow(1 - pt, 1.5) * cost).epsilon(1e-13));
    CHECK(sigmoid_focal(row({x, x}).view(), row({t, t}), dpred, {}, {.alpha = -1}) ==
          doctest::Approx(std::pow(1 - pt, 2) * cost).epsilon(1e-13));
    CHECK(quality_focal(row({x, x}).view(), row({t, t}), dpred, {}, {.beta = 1.5}) ==
          doctest::Approx(std::pow(std::abs(t - p), 1.5) * cost).epsilon(1e-13));
  }
  CHECK(quality_focal(row({0, 0}).view(), row({0.5, 1}), dpred) == doctest::Approx(0.125 * std::log(2)).epsilon(1e-14));
  CHECK(dpred[0] == 0);
  const std::vector<std::int32_t> labels = {1};
  CHECK(softmax_cross_entropy(row({0, std::log(3)}).view(), labels, dpred) == doctest::Approx(std::log(4. / 3)));
  CHECK(dpred[0] == doctest::Approx(0.25).epsilon(1e-14));
  Tensor<double> from_one_hot(Shape{1, 2});
  softmax_cross_entropy(row({0, std::log(3)}).view(), row({0, 1}), from_one_hot);
  CHECK((from_one_hot[0] == dpred[0] && from_one_hot[1] == dpred[1]));
}

TEST_CASE("losses: distribution focal loss is the cross-entropy against the two nearest bins") {
  const Tensor<double> pred = uniform(Shape{2, 3, 5}, -2, 2, 10);
  const Tensor<double> target(Shape{2, 3}, std::vector<double>{0, 1.25, 3.9, 2, -1, 7});  // the last two are outside
  check_gradient(pred.clone(), [&](const Tensor<double>& p, TensorView<double> d) {
    return distribution_focal(p.view(), target, d, {.scale = 1.7});
  });
  const double shares[6][5] = {{1}, {0, 0.75, 0.25}, {0, 0, 0, 0.1, 0.9}, {0, 0, 1}, {1}, {0, 0, 0, 0, 1}};
  Tensor<double> soft(pred.shape()), dpred(pred.shape()), expected(pred.shape());
  for (Index i = 0; i < 30; ++i) soft[i] = shares[i / 5][i % 5];
  CHECK(distribution_focal(pred.view(), target, dpred) ==
        doctest::Approx(softmax_cross_entropy(pred.view(), soft, expected)).epsilon(1e-14));
  CHECK((dpred.array() - expected.array()).abs().maxCoeff() < 1e-15);
  CHECK_THROWS_WITH_AS(distribution_focal(pred.view(), pred, {}),
                       "distribution_focal: expected one number per row of [2, 3, 5], got [2, 3, 5]", ShapeError);
}

TEST_CASE("losses: Keras clipping") {
  const Tensor<double> target = uniform(Shape{5, 4}, 0, 1, 7);
  check_gradient(uniform(Shape{5, 4}, 0.05, 0.95, 6), [&](const Tensor<double>& p, TensorView<double> d) {
    return binary_cross_entropy(p.view(), target, d, {}, {.clip = 0.01});
  });
  const Tensor<double> outside(Shape{4}, std::vector<double>{-5, 0.05, 0.95, 7}),
      half(Shape{4}, std::vector<double>(4, 0.5));
  Tensor<double> dpred(Shape{4});
  dpred.fill(9);
  binary_cross_entropy(outside.view(), half, dpred, {}, {.clip = 0.1});
  CHECK((dpred.array() == 0).all());
}

TEST_CASE("losses: float agrees with double, and empty predictions cost nothing") {
  const Shape shape{6, 3};
  const Tensor<double> pred = uniform(shape, -4, 4, 8), target = uniform(shape, 0, 1, 9);
  const Tensor<float> pred32 = to_float(pred), target32 = to_float(target);
  Tensor<double> dpred(shape);
  Tensor<float> dpred32(shape);
  const double wide = quality_focal(pred.view(), target, dpred),
               narrow = quality_focal(pred32.view(), target32, dpred32);
  CHECK(narrow == doctest::Approx(wide).epsilon(1e-6));
  for (Index i = 0; i < dpred.size(); ++i) CHECK(dpred32[i] == doctest::Approx(dpred[i]).epsilon(1e-5));

  Tensor<float> none(Shape{0, 4});
  CHECK(mean_squared_error(none.view(), none, none) == 0);
  CHECK(giou_loss(none.view(), none, none) == 0);
  CHECK(softmax_cross_entropy(none.view(), none, none) == 0);
}

TEST_CASE("losses: wrong input is named") {
  Tensor<float> a(Shape{2, 3}), b(Shape{3, 2});
  const std::vector<float> three(3, 1.f), four(4, 1.f);
  CHECK_THROWS_WITH_AS(mean_squared_error(a.view(), b, {}),
                       "mean_squared_error: expected a target of the prediction's shape [2, 3], got [3, 2]",
                       ShapeError);
  CHECK_THROWS_WITH_AS(sigmoid_focal(a.view(), a, b),
                       "sigmoid_focal: expected a gradient of the prediction's shape [2, 3], got [3, 2]", ShapeError);
  CHECK_THROWS_WITH_AS(
      binary_cross_entropy_with_logits(b.view(), b, {}, {}, {.pos_weight = three}),
      "binary_cross_entropy_with_logits: expected 2 values of pos_weight for a prediction of shape [3, 2], got 3",
      ShapeError);
  CHECK_THROWS_WITH_AS(mean_squared_error(a.view(), a, {}, {.weights = four}),
                       "mean_squared_error: 4 weights do not divide 6 terms into groups", ShapeError);
  CHECK_THROWS_WITH_AS(mean_squared_error(a.view(), a, {}, {.normaliser = 0}),
                       "mean_squared_error: the normaliser must be positive, got 0", Error);
  CHECK_THROWS_WITH_AS(ciou_loss(a.view(), a, {}), "ciou_loss: expected boxes of shape [..., 4], got [2, 3]",
                       ShapeError);
  CHECK_THROWS_AS(smooth_l1(a.view(), a, {}, {}, {.beta = -1}), Error);
  CHECK_THROWS_AS(binary_cross_entropy(a.view(), a, {}, {}, {.clip = 0.5}), Error);
  const std::vector<std::int32_t> bad_label = {0, 3}, one_label = {0};
  CHECK_THROWS_WITH_AS(softmax_cross_entropy(a.view(), bad_label, {}),
                       "softmax_cross_entropy: expected labels from 0 to 2, got 3", Error);
  CHECK_THROWS_WITH_AS(softmax_cross_entropy(a.view(), one_label, {}),
                       "softmax_cross_entropy: expected one label per row of [2, 3], got 1", ShapeError);
}
