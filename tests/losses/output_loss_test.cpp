#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "amdefect/core/random.hpp"
#include "amdefect/losses/losses.hpp"

using namespace amdefect;

namespace {

template <class T>
Tensor<T> uniform(const Shape& shape, double low, double high, std::uint64_t seed) {
  Random random(seed);
  Tensor<T> result(shape);
  for (T& value : result) value = static_cast<T>(random.uniform(low, high));
  return result;
}

/// A loss function's value and gradients for given outputs and targets.
template <class T>
struct Evaluated {
  Evaluated(const LossFunction<T>& loss, const std::vector<TensorView<const T>>& outputs,
            const std::vector<TensorView<const T>>& targets, bool with_gradients = true)
      : parts(loss.parts.size()) {
    std::vector<TensorView<T>> views(outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      gradients.emplace_back(outputs[i].shape());
      gradients[i].fill(std::numeric_limits<T>::quiet_NaN());  // it must be overwritten
      if (with_gradients) views[i] = gradients[i];
    }
    loss.evaluate({outputs, targets, views, parts});
  }
  std::vector<double> parts;
  std::vector<Tensor<T>> gradients;
};

/// The loss for trainers and the function of tensors give the same value and gradient.
template <class T, class Function>
void check_same(const OutputLoss& loss, Function function, double low = -2) {
  const Tensor<T> output = uniform<T>({4, 3}, low, low < 0 ? 2 : 0.9, 1), target = uniform<T>({4, 3}, 0, 1, 2);
  Tensor<T> expected({4, 3});
  const double value = function(output.view(), target.view(), expected.view());
  const Evaluated<T> actual(loss, {output}, {target});
  CHECK(actual.parts == std::vector<double>{value});
  CHECK((actual.gradients[0].array() == expected.array()).all());
  CHECK(Evaluated<T>(loss, {output}, {target}, false).parts == actual.parts);
}

template <class T>
void check_all() {
  const std::vector<double> weights = {0.5, 2, 1};
  const std::vector<T> own(weights.begin(), weights.end());
  check_same<T>(softmax_cross_entropy(), [](auto p, auto t, auto d) { return softmax_cross_entropy(p, t, d); });
  check_same<T>(softmax_cross_entropy({.class_weight = weights}),
                [&](auto p, auto t, auto d) { return softmax_cross_entropy(p, t, d, {}, {.class_weight = own}); });
  check_same<T>(
      binary_cross_entropy(), [](auto p, auto t, auto d) { return binary_cross_entropy(p, t, d); }, 0.1);
  check_same<T>(binary_cross_entropy_with_logits({.pos_weight = weights}), [&](auto p, auto t, auto d) {
    return binary_cross_entropy_with_logits(p, t, d, {}, {.pos_weight = own});
  });
  check_same<T>(mean_squared_error(), [](auto p, auto t, auto d) { return mean_squared_error(p, t, d); });
  check_same<T>(smooth_l1({.beta = 0.1}), [](auto p, auto t, auto d) { return smooth_l1(p, t, d, {}, {.beta = 0.1}); });
  check_same<T>(sigmoid_focal({.gamma = 1}),
                [](auto p, auto t, auto d) { return sigmoid_focal(p, t, d, {}, {.gamma = 1}); });
  check_same<T>(quality_focal(), [](auto p, auto t, auto d) { return quality_focal(p, t, d); });
}

}  // namespace

TEST_CASE("losses for trainers are the functions of tensors") {
  check_all<float>();
  check_all<double>();
  const Tensor<double> logits = uniform<double>({4, 3}, -2, 2, 1), bins = uniform<double>({4}, 0, 2, 3);
  Tensor<double> slopes({4, 3});
  CHECK(Evaluated<double>(distribution_focal(), {logits}, {bins}).parts[0] ==
        distribution_focal(logits.view(), bins, slopes));
}

TEST_CASE("softmax cross-entropy takes class numbers for targets") {
  const Tensor<float> logits = uniform<float>({3, 4}, -2, 2, 1);
  const Tensor<float> numbers(Shape{3}, std::vector<float>{2, 0, 3}), column(Shape{3, 1}, numbers.span());
  Tensor<float> one_hot({3, 4});
  one_hot(0, 2) = one_hot(1, 0) = one_hot(2, 3) = 1;
  const OutputLoss loss = softmax_cross_entropy({.class_weight = {1, 2, 3, 4}});
  const Evaluated<float> expected(loss, {logits}, {one_hot});
  for (const Tensor<float>* target : {&numbers, &column}) {
    const Evaluated<float> actual(loss, {logits}, {*target});
    CHECK(actual.parts == expected.parts);
    CHECK((actual.gradients[0].array() == expected.gradients[0].array()).all());
  }
  for (const float bad : {-1.0f, 4.0f, 0.5f}) {
    const Tensor<float> wrong(Shape{3}, std::vector<float>{2, bad, 3});
    CHECK_THROWS_WITH_AS(Evaluated<float>(loss, {logits}, {wrong}),
                         doctest::Contains("expected class numbers from 0 to 3, got"), Error);
  }
  CHECK_THROWS_AS(Evaluated<float>(loss, {logits}, {uniform<float>({2}, 0, 1, 1)}), ShapeError);
}

TEST_CASE("a weighted sum has named parts, weights, and gradients that agree with finite differences") {
  const std::vector<Shape> shapes = {{3, 4}, {3, 2}, {3, 5}};
  std::vector<Tensor<double>> outputs, targets;
  for (std::size_t i = 0; i < 3; ++i) {
    outputs.push_back(uniform<double>(shapes[i], -2, 2, i));
    targets.push_back(uniform<double>(shapes[i], 0, 1, 10 + i));
  }
  // Output 1 has two terms, output 2 none.
  const LossFunction<double> loss =
      weighted_sum({{"class", softmax_cross_entropy()},
                    {"box", smooth_l1({.beta = 0.5}), 0.5},
                    {.name = "square", .loss = mean_squared_error(), .weight = 3, .output = 1, .target = 1}});
  CHECK(loss.parts == std::vector<std::string>{"class", "box", "square"});
  const auto evaluate = [&](bool with_gradients) {
    return Evaluated<double>(loss, {outputs[0], outputs[1], outputs[2]}, {targets[0], targets[1], targets[2]},
                             with_gradients);
  };
  const auto total = [&] {
    double sum = 0;
    for (const double part : evaluate(false).parts) sum += part;
    return sum;
  };
  const Evaluated<double> actual = evaluate(true);
  CHECK(actual.parts[2] == doctest::Approx(3 * mean_squared_error(outputs[1].view(), targets[1], {})));
  for (std::size_t i = 0; i < 3; ++i)
    for (Index k = 0; k < outputs[i].size(); ++k) {
      const double x = outputs[i][k], step = 1e-5;
      outputs[i][k] = x + step;
      const double above = total();
      outputs[i][k] = x - step;
      const double slope = (above - total()) / (2 * step);
      outputs[i][k] = x;
      CHECK(std::abs(actual.gradients[i][k] - slope) < 1e-8);
    }
  CHECK((actual.gradients[2].array() == 0).all());
}

TEST_CASE("losses that do not fit the network say so") {
  const Tensor<float> a = uniform<float>({2, 3}, 0, 1, 1);
  CHECK_THROWS_WITH_AS(
      Evaluated<float>(mean_squared_error(), {a, a}, {a}),
      "loss: expected one output and one target, the network has 2 outputs and the data have 1 targets; "
      "weighted_sum says which belong together",
      Error);
  CHECK_THROWS_WITH_AS(Evaluated<float>(weighted_sum({{"a", mean_squared_error()}, {"b", smooth_l1()}}), {a}, {a, a}),
                       "weighted sum: 'b' wants output 1, the network has 1", Error);
  CHECK_THROWS_WITH_AS(Evaluated<float>(weighted_sum({{"a", mean_squared_error()}, {"b", smooth_l1()}}), {a, a}, {a}),
                       "weighted sum: 'b' wants target 1, the data have 1", Error);
  CHECK_THROWS_WITH_AS(weighted_sum({{"a", mean_squared_error()}, {"a", smooth_l1()}}),
                       "weighted sum: there are two losses called 'a'", Error);
  CHECK_THROWS_AS(weighted_sum({}), Error);
}

TEST_CASE("a loss of one's own") {
  const OutputLoss absolute([](auto output, auto target, auto gradient, const auto& reduction) {
    return smooth_l1(output, target, gradient, reduction, {.beta = 0});
  });
  check_same<double>(absolute, [](auto p, auto t, auto d) { return smooth_l1(p, t, d, {}, {.beta = 0}); });
}
