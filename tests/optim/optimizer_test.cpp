#include <doctest/doctest.h>

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

}  // namespace

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
