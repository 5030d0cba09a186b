#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "amdefect/optim/adam.hpp"
#include "amdefect/optim/sgd.hpp"

using namespace amdefect;

namespace {

/// Two weights (one a kernel), gradients 0.5 and -2.
Parameters<double> two_weights() {
  Parameters<double> p;
  p.declare({.name = "kernel", .shape = {1}, .weight_decay = true});
  p.declare({.name = "bias", .shape = {1}});
  p.allocate();
  p.allocate_gradients();
  p.value("kernel")[0] = 1;
  p.value("bias")[0] = 1;
  p.gradient("kernel")[0] = 0.5;
  p.gradient("bias")[0] = -2;
  return p;
}

/// A kernel that two threads share, and a bias behind it, all elements different.
Parameters<double> many_weights() {
  Parameters<double> p;
  p.declare({.name = "kernel", .shape = {20000}, .weight_decay = true});
  p.declare({.name = "bias", .shape = {5}});
  p.allocate();
  p.allocate_gradients();
  for (Index i = 0; i < 20000; ++i) p.value("kernel")[i] = 0.001 * static_cast<double>(i % 97) - 0.04;
  for (Index i = 0; i < 5; ++i) p.value("bias")[i] = 0.1 * static_cast<double>(i);
  return p;
}
/// A gradient of element i in a step, of mixed signs and sizes.
double slope(Index i, int step) { return 0.01 * static_cast<double>((i * 7 + step * 5) % 31) - 0.13; }

/// Three steps of an optimiser, against `plain(weight, gradient, memory, t, decays)` for each element alone.
template <class Plain>
void check_steps(Optimizer<double>&& optimizer, Plain plain) {
  Parameters<double> p = many_weights(), expected = many_weights();
  std::vector<std::array<double, 2>> memory(20005);
  for (int step = 0; step < 3; ++step) {
    for (const char* name : {"kernel", "bias"}) {
      const bool kernel = name == std::string("kernel");
      for (Index i = 0; i < p.value(name).size(); ++i) {
        p.gradient(name)[i] = slope(i, step);
        plain(expected.value(name)[i], slope(i, step), memory[static_cast<std::size_t>(kernel ? i : 20000 + i)],
              step + 1.0, kernel);
      }
    }
    optimizer.step(p, 0.03, 2);
  }
  CHECK((p.values().array() - expected.values().array()).abs().maxCoeff() < 1e-13);
}

}  // namespace

TEST_CASE("weights may learn at a rate of their own") {
  const auto moved = [](Optimizer<double>&& optimizer, double rate) {
    Parameters<double> p = many_weights();
    const Parameters<double> before = many_weights();
    p.set_rate("bias", rate);
    for (double& gradient : p.gradients()) gradient = 0.5;
    optimizer.step(p, 0.01);
    return std::array{p.value("kernel")[7] - before.value("kernel")[7], p.value("bias")[1] - before.value("bias")[1]};
  };
  const auto [kernel, bias] = moved(Sgd<double>(), 0.1);
  CHECK(kernel == doctest::Approx(-0.005));
  CHECK(bias == doctest::Approx(-0.0005));
  CHECK(moved(Adam<double>(), 0.1)[1] == doctest::Approx(0.1 * moved(Adam<double>(), 1)[1]));
  CHECK(moved(Adam<double>({.weight_decay = 0.5}), 0)[1] == 0);
  Parameters<double> p = many_weights();
  CHECK_THROWS_AS(p.set_rate("kernel", -1), Error);
  CHECK_THROWS_AS(p.set_rate("stem", 1), Error);
}

TEST_CASE("every element follows its formula, in parameters of any size and with several threads") {
  for (const AdamEpsilon form : {AdamEpsilon::keras, AdamEpsilon::pytorch})
    check_steps(Adam<double>({.beta1 = 0.8, .beta2 = 0.9, .epsilon = 0.01, .weight_decay = 0.5, .form = form}),
                [form](double& w, double g, std::array<double, 2>& moments, double t, bool decays) {
                  auto& [m, v] = moments;
                  m = 0.8 * m + 0.2 * g;
                  v = 0.9 * v + 0.1 * g * g;
                  if (decays) w -= 0.03 * 0.5 * w;
                  const double c1 = 1 - std::pow(0.8, t), c2 = 1 - std::pow(0.9, t);
                  w -= form == AdamEpsilon::keras ? 0.03 * std::sqrt(c2) / c1 * m / (std::sqrt(v) + 0.01)
                                                  : 0.03 / c1 * m / (std::sqrt(v / c2) + 0.01);
                });
  for (const double momentum : {0.0, 0.7})
    for (const bool nesterov : {false, true})
      check_steps(Sgd<double>({.momentum = momentum, .nesterov = nesterov, .weight_decay = 0.5}),
                  [=](double& w, double g, std::array<double, 2>& buffer, double, bool decays) {
                    g += decays ? 0.5 * w : 0;
                    buffer[0] = momentum * buffer[0] + g;
                    w -= 0.03 * (nesterov ? g + momentum * buffer[0] : buffer[0]);
                  });
}

TEST_CASE("the defaults are Keras'") {
  const AdamOptions adam;
  CHECK(std::tuple(adam.beta1, adam.beta2, adam.epsilon, adam.weight_decay) == std::tuple(0.9, 0.999, 1e-7, 0.0));
  CHECK(adam.form == AdamEpsilon::keras);
  const SgdOptions sgd;
  CHECK(std::tuple(sgd.momentum, sgd.nesterov, sgd.weight_decay) == std::tuple(0.0, false, 0.0));
}

TEST_CASE("wrong numbers are named") {
  for (const AdamOptions& options : {AdamOptions{.beta1 = 1}, AdamOptions{.beta2 = 1}, AdamOptions{.beta1 = -0.1},
                                     AdamOptions{.epsilon = -1}, AdamOptions{.weight_decay = -1}})
    CHECK_THROWS_AS(Adam<double>{options}, Error);
  CHECK_THROWS_AS(Sgd<double>({.momentum = -1}), Error);
  CHECK_THROWS_AS(Sgd<double>({.weight_decay = std::nan("")}), Error);
  CHECK_NOTHROW(Adam<double>({.beta1 = 0, .beta2 = 0, .epsilon = 0}));
}

TEST_CASE("Adam's first steps move each weight by nearly the learning rate") {
  Parameters<double> p = two_weights();
  Adam<double> adam;
  adam.step(p, 0.1);
  CHECK(p.value("kernel")[0] == doctest::Approx(0.9).epsilon(1e-5));
  CHECK(p.value("bias")[0] == doctest::Approx(1.1).epsilon(1e-5));
  adam.step(p, 0.1);  // constant gradients: the corrected moments are the gradient again, once per step
  CHECK(p.value("kernel")[0] == doctest::Approx(0.8).epsilon(1e-5));
  CHECK(adam.steps() == 2);
}

TEST_CASE("weight decay shrinks kernels and leaves biases alone") {
  Parameters<double> p = two_weights();
  p.gradients().fill(0);
  Adam<double> adam({.weight_decay = 0.5});
  adam.step(p, 0.1);
  CHECK(p.value("kernel")[0] == doctest::Approx(0.95));
  CHECK(p.value("bias")[0] == 1);
  Sgd<double> sgd({.weight_decay = 0.5});
  sgd.step(p, 0.1);
  CHECK(p.value("kernel")[0] == doctest::Approx(0.95 * 0.95));
  CHECK(p.value("bias")[0] == 1);
}

TEST_CASE("momentum and Nesterov follow their formulas") {
  Parameters<double> plain = two_weights(), nesterov = two_weights();
  Sgd<double> a({.momentum = 0.9}), b({.momentum = 0.9, .nesterov = true});
  for (int step = 0; step < 2; ++step) {
    a.step(plain, 0.1);
    b.step(nesterov, 0.1);
  }
  CHECK(plain.value("kernel")[0] == doctest::Approx(1 - 0.1 * (0.5 + 0.95)));
  CHECK(nesterov.value("kernel")[0] == doctest::Approx(1 - 0.1 * (0.5 + 0.45 + 0.5 + 0.855)));
}

TEST_CASE("frozen weights do not move") {
  Parameters<double> p = two_weights();
  p.set_trainable("kernel", false);
  Adam<double> adam({.weight_decay = 0.5});
  adam.step(p, 0.1);
  CHECK(p.value("kernel")[0] == 1);
  CHECK(p.value("bias")[0] != 1);
}

TEST_CASE("clipping scales the joint norm") {
  Parameters<double> p = two_weights();
  const double norm = clip_gradient_norm(p, 1.0);
  CHECK(norm == doctest::Approx(std::sqrt(0.25 + 4)));
  CHECK(p.gradient("kernel")[0] == doctest::Approx(0.5 / norm));
  CHECK(clip_gradient_norm(p, 5.0) == doctest::Approx(1));
  p.set_trainable("bias", false);
  CHECK(clip_gradient_norm(p, 5.0) == doctest::Approx(0.5 / norm));  // of the weights that move
  CHECK(p.gradient("kernel")[0] == doctest::Approx(0.5 / norm));
}

TEST_CASE("an optimiser may have a learning rate, and moves with its moments") {
  CHECK(Adam{1e-2}.learning_rate() == 1e-2);
  CHECK(!Adam({.weight_decay = 0.02}).learning_rate());
  CHECK(!Adam().learning_rate());
  CHECK(Adam<double>(1e-3, {.weight_decay = 0.02}).learning_rate() == 1e-3);
  CHECK(Sgd(0.1, {.momentum = 0.9}).learning_rate() == 0.1);
  CHECK(!Sgd({.momentum = 0.9}).learning_rate());
  CHECK_THROWS_WITH_AS(Adam{-1.0}, "optimiser: the learning rate is -1, expected a number of at least 0", Error);
  Parameters<double> a = two_weights(), b = two_weights();
  Adam<double> stays, goes;
  stays.step(a, 0.1);
  goes.step(b, 0.1);
  Adam<double> arrived = std::move(goes);
  stays.step(a, 0.1);
  arrived.step(b, 0.1);
  CHECK((a.values().array() == b.values().array()).all());
  CHECK(arrived.steps() == 2);
}

TEST_CASE("an optimiser serves one run at a time") {
  Sgd<double> sgd(0.1);
  sgd.take();
  CHECK_THROWS_WITH_AS(sgd.take(), doctest::Contains("another trainer uses it"), Error);
  sgd.give_back();
  sgd.take();
}
