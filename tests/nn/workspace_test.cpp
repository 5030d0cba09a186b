#include "amdefect/nn/workspace.hpp"

#include <doctest/doctest.h>

#include <thread>

#include "amdefect/detection/anchor_free/anchor_free_network.hpp"
#include "amdefect/nn/layers.hpp"
#include "nn/gaussian_tensor.hpp"
#include "nn/two_headed_network.hpp"

using namespace amdefect;

namespace {

/// Branches, fan-out, an output that is used further, shared weights, in-place layers, several kinds of memory.
Network<double> branched_network() {
  Network<double> net;
  const Value image = net.input({6, 6, 2});
  const Value stem = net.add(Relu<double>(), net.add(Conv2d<double>(4, {.kernel = 3}), image, "stem"));
  const Value left = net.add(Conv2d<double>(4, {.kernel = 3}), stem, "left");
  const Value right = net.add_shared(left, left, "right");
  const Value sum = net.add(Add<double>(), {left, right, stem}, "sum");
  const Value norm = net.add(BatchNorm<double>(), sum, "norm");
  const Value fused = net.add(Relu<double>(), net.add(BatchNorm<double>(), sum));  // read twice
  const Value both = net.add(Concatenate<double>(),
                             {net.add(Silu<double>(), norm), fused, net.add(Add<double>(), {fused, stem})}, "both");
  net.output(both, "map");
  const Value pooled = net.add(GlobalAveragePool<double>(), both);
  net.output(net.add(Dense<double>(3), net.add(Sigmoid<double>(), pooled), "dense"), "scores");
  net.initialize(3);
  return net;
}

/// A loss whose gradient is known: half the sum of squares of all outputs.
double half_squares(Workspace<double>& workspace, bool gradients) {
  double loss = 0;
  for (std::size_t i = 0; i < workspace.network().outputs().size(); ++i) {
    loss += 0.5 * workspace.output(i).array().square().sum();
    if (gradients) copy(workspace.output(i), workspace.output_gradient(i));
  }
  return loss;
}

}  // namespace

TEST_CASE("a branched network's gradients agree with finite differences") {
  Network<double> net = branched_network();
  Tensor<double> x = gaussian_tensor<double>({3, 6, 6, 2}, 1);
  auto workspace = Workspace<double>::for_training(net, {}, 0, true);
  workspace.forward(x);
  half_squares(workspace, true);
  workspace.backward();
  const auto loss = [&] {
    workspace.forward(x);
    return half_squares(workspace, false);
  };
  const auto difference = [&](double& variable) {
    constexpr double step = 1e-5;
    const double value = variable;
    variable = value + step;
    const double above = loss();
    variable = value - step;
    const double below = loss();
    variable = value;
    return (above - below) / (2 * step);
  };
  const Tensor<double> gradients = [&] {
    Tensor<double> copied(net.parameters().gradients().shape());
    copy(net.parameters().gradients(), copied.view());
    return copied;
  }();
  const Tensor<double> dx = [&] {
    Tensor<double> copied(x.shape());
    copy(workspace.input_gradient(), copied.view());
    return copied;
  }();
  for (const Parameter& p : net.parameters().list()) {
    if (p.statistic) continue;
    CAPTURE(p.name);
    for (Index i = 0; i < p.size(); i += 3)
      CHECK(gradients[p.offset + i] == doctest::Approx(difference(net.parameters().value(p)[i])).epsilon(1e-6));
  }
  for (Index i = 0; i < x.size(); i += 17) CHECK(dx[i] == doctest::Approx(difference(x[i])).epsilon(1e-6));
}

TEST_CASE("gradients accumulate, and frozen weights get none") {
  Network<double> net = branched_network();
  const Tensor<double> x = gaussian_tensor<double>({2, 6, 6, 2}, 1);
  net.parameters().set_trainable("stem", false);
  auto workspace = Workspace<double>::for_training(net);
  const auto step = [&] {
    workspace.forward(x);
    half_squares(workspace, true);
    workspace.backward();
  };
  step();
  const double once = net.parameters().gradient("left.kernel")[0];
  step();
  CHECK(net.parameters().gradient("left.kernel")[0] == doctest::Approx(2 * once));
  CHECK(net.parameters().gradient("stem.kernel").array().abs().maxCoeff() == 0);
  CHECK_THROWS_AS(net.parameters().set_trainable("nothing", false), Error);
}

TEST_CASE("frozen batch norms normalise with their moving statistics and keep them") {
  for (const bool with_relu : {false, true}) {  // a ReLU behind it is fused
    CAPTURE(with_relu);
    Network<double> net;
    Value value = net.add(Conv2d<double>(4, {.kernel = 3}), net.input({6, 5, 2}), "conv");
    value = net.add(BatchNorm<double>(), value, "fixed");
    if (with_relu) value = net.add(Relu<double>(), value);
    value = net.add(Conv2d<double>(3, {.kernel = 3}), value, "head");
    net.output(net.add(BatchNorm<double>(), value, "free"));
    net.initialize(3);
    Random random(5);
    for (const char* name : {"fixed.moving_mean", "fixed.moving_variance", "fixed.gamma", "fixed.beta"})
      for (double& element : net.parameters().value(name)) element = random.uniform(0.5, 1.5);
    Parameters<double>& parameters = net.parameters();
    const Index trainable = parameters.trainable();
    parameters.set_trainable("fixed.", false);
    CHECK(parameters.trainable() == trainable - 8);
    CHECK(parameters.at("fixed.moving_mean").frozen);
    const Tensor<double> before(parameters.values().shape(), parameters.values().span());
    Tensor<double> x = gaussian_tensor<double>({3, 6, 5, 2}, 1);
    auto workspace = Workspace<double>::for_training(net, {}, 0, true);
    const auto loss = [&] {
      workspace.forward(x);
      double sum = 0;
      for (Index i = 0; i < workspace.output().size(); ++i) sum += std::sin(i) * workspace.output()[i];
      return sum;
    };
    loss();
    for (Index i = 0; i < workspace.output().size(); ++i) workspace.output_gradient()[i] = std::sin(i);
    workspace.backward();
    for (const Parameter& p : parameters.list()) {
      const bool same = std::equal(parameters.value(p).begin(), parameters.value(p).end(), before.data() + p.offset);
      CHECK_MESSAGE(same == (p.name.find("free.moving") == std::string::npos), p.name);
    }
    CHECK(parameters.gradient("fixed.gamma").array().abs().maxCoeff() == 0);
    const auto check_difference = [&](double& variable, double gradient) {
      const double kept = variable, step = 1e-5;
      variable = kept + step;
      const double above = loss();
      variable = kept - step;
      const double below = loss();
      variable = kept;
      CHECK((above - below) / (2 * step) == doctest::Approx(gradient).epsilon(1e-6));
    };
    const Tensor<double> dx(x.shape(), workspace.input_gradient().span());
    for (Index i = 0; i < x.size(); i += 13) check_difference(x[i], dx[i]);
    for (Index i = 0; i < 72; i += 7)
      check_difference(parameters.value("conv.kernel")[i], parameters.gradient("conv.kernel")[i]);
    parameters.set_trainable("fixed.", true);
    CHECK_FALSE(parameters.at("fixed.moving_mean").frozen);
    CHECK(parameters.trainable() == trainable);
  }
}

TEST_CASE("shapes seen before give the same results again, in either order") {
  const Network<double> net = branched_network();
  const Tensor<double> small = gaussian_tensor<double>({1, 6, 6, 2}, 1),
                       large = gaussian_tensor<double>({4, 9, 7, 2}, 2);
  Workspace<double> workspace(net);
  workspace.forward(small);
  const Tensor<double> first(workspace.output("scores").shape(), workspace.output("scores").span());
  workspace.forward(large);
  CHECK(workspace.output("map").shape() == Shape{4, 9, 7, 12});
  workspace.forward(small);
  CHECK((workspace.output("scores").array() == first.array()).all());
}

TEST_CASE("plans of many shapes are dropped, and the memory is that of the largest") {
  const Network<double> net = branched_network();
  Workspace<double> workspace(net, {.threads = 1});
  const Tensor<double> largest({1, 40, 33, 2});
  workspace.forward(largest);
  const std::size_t memory = workspace.memory();
  for (Index i = 0; i < 1000; ++i) {
    workspace.forward(TensorView<const double>(largest.data(), {1, 1 + i % 40, 1 + i / 40, 2}));
    REQUIRE(workspace.memory() == memory);
    REQUIRE(workspace.plans() <= Workspace<double>::most_plans);
  }
  CHECK(workspace.plans() == Workspace<double>::most_plans);
  Tensor<double> x = gaussian_tensor<double>({1, 3, 5, 2}, 1);
  Workspace<double> fresh(net, {.threads = 1});
  for (auto* other : {&workspace, &fresh}) other->forward(x);
  CHECK((workspace.output("map").array() == fresh.output("map").array()).all());
  CHECK_THROWS_AS(workspace.forward(Tensor<double>({1, 3, 5, 7})), ShapeError);
  workspace.forward(x);
  CHECK((workspace.output("map").array() == fresh.output("map").array()).all());
}

TEST_CASE("one network serves several threads at once") {
  const Network<double> net = branched_network();
  std::vector<Tensor<double>> images, expected;
  Workspace<double> alone(net, {.threads = 1});
  for (std::uint64_t i = 0; i < 4; ++i) {
    images.push_back(gaussian_tensor<double>({2, 6, 6, 2}, i));
    alone.forward(images.back());
    expected.emplace_back(alone.output("scores").shape(), alone.output("scores").span());
  }
  std::vector<int> equal(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      Workspace<double> own(net, {.threads = 1});
      for (int round = 0; round < 20; ++round) {
        own.forward(images[i]);
        equal[i] += (own.output("scores").array() == expected[i].array()).all();
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(equal == std::vector<int>{20, 20, 20, 20});
}

TEST_CASE("results do not depend on the number of threads beyond rounding") {
  Network<float> nets[] = {two_headed_network<float>(64),
                           anchor_free_network<float>(anchor_free_n())};  // the latter fuses, and adds
  for (Network<float>& net : nets) {
    net.initialize(5);
    const Tensor<float> x = gaussian_tensor<float>({3, 64, 64, 3}, 1);
    std::vector<Tensor<float>> gradients;
    for (const int threads : {1, 2, 3}) {
      auto workspace = Workspace<float>::for_training(net, {.threads = threads});
      net.parameters().gradients().fill(0);
      workspace.forward(x);
      for (std::size_t i = 0; i < net.outputs().size(); ++i) copy(workspace.output(i), workspace.output_gradient(i));
      workspace.backward();
      gradients.emplace_back(net.parameters().gradients().shape(), net.parameters().gradients().span());
    }
    const float largest = gradients[0].array().abs().maxCoeff();
    for (const auto& other : gradients)
      CHECK((other.array() - gradients[0].array()).abs().maxCoeff() <= 1e-5f * largest);
  }
}

TEST_CASE("misuse of a network gives a clear message") {
  Network<float> net;
  const Value image = net.input({4, 4, 3});
  const Value conv = net.add(Conv2d<float>(2, {.kernel = 3}), image, "conv");
  CHECK_THROWS_WITH_AS(net.add(Relu<float>(), conv, "conv"), "network: there are two nodes named 'conv'", Error);
  CHECK_THROWS_WITH_AS(
      net.add(Conv2d<float>(2, {.kernel = 9, .padding = Padding::valid()}), conv, "wide"),
      "network: 'wide': conv2d: a 9x9 kernel with dilation 1x1 does not fit into the input [1, 4, 4, 2]", ShapeError);
  net.output(conv);
  CHECK_THROWS_WITH_AS(net.output(conv, "again"), "network: 'conv' is an output already", Error);
  CHECK_THROWS_WITH_AS(Workspace<float>{net},
                       "workspace: the network has no weights yet: call initialize() or load_weights() first", Error);
  net.initialize(1);
  CHECK_THROWS_AS(net.add(Conv2d<float>(2), conv), Error);
  Workspace<float> workspace(net);
  CHECK_THROWS_WITH_AS(workspace.forward(Tensor<float>({1, 4, 4, 1})),
                       "network: input 0: expected a batch of samples [4, 4, 3], got [1, 4, 4, 1]", ShapeError);
  CHECK_THROWS_AS(workspace.backward(), Error);
  CHECK_THROWS_AS(static_cast<void>(net.output_index("none")), Error);
}

namespace {

/// A sum that copies its gradient for each input, as the plan has to do for any operation with several inputs.
struct CopyingAdd final : Add<double> {
  MemoryTraits traits() const override { return {.needs_input = false}; }
};

/// Values that are added more than once, in sums of sums, in front of layers that work in place, and are outputs.
template <class Sum>
Network<double> network_of_sums() {
  Network<double> net;
  const Value image = net.input({5, 5, 3});
  const Value a = net.add(Conv2d<double>(4, {.kernel = 3}), image);
  const Value b = net.add(BatchNorm<double>(), a);
  const Value twice = net.add(Sum(), {b, b});
  const Value thrice = net.add(Sum(), {twice, b, twice});
  const Value end = net.add(Relu<double>(), net.add(Sum(), {net.add(BatchNorm<double>(), thrice), b}));
  const Value both =
      net.add(Sum(), {net.add(Conv2d<double>(4), end), net.add(Sum(), {end, net.add(Tanh<double>(), thrice)})});
  // The two inputs of a fused end of a block are the same value, which something behind it reads as well.
  const Value conv = net.add(Conv2d<double>(4), both);
  const Value block = net.add(Relu<double>(), net.add(Sum(), {net.add(BatchNorm<double>(), conv), conv}));
  const Value beside = net.add(Concatenate<double>(), {block, conv});
  const Value with_image = net.add(Sum(), {image, net.add(Conv2d<double>(3), beside)});
  net.output(both, "both");
  net.output(net.add(Relu<double>(), net.add(Sum(), {with_image, net.add(Relu<double>(), with_image)})), "end");
  net.initialize(3);
  return net;
}

template <class Sum>
std::vector<double> gradients_of_sums() {
  Network<double> net = network_of_sums<Sum>();
  const Tensor<double> x = gaussian_tensor<double>({2, 5, 5, 3}, 1);
  auto workspace = Workspace<double>::for_training(net, {.threads = 1}, 0, true);
  workspace.forward(x);
  for (std::size_t i = 0; i < 2; ++i) copy(workspace.output(i), workspace.output_gradient(i));
  workspace.backward();
  const TensorView<const double> weights = net.parameters().gradients(), image = workspace.input_gradient();
  std::vector<double> all(weights.begin(), weights.end());
  all.insert(all.end(), image.begin(), image.end());
  return all;
}

}  // namespace

TEST_CASE("inputs of a sum share its gradient as long as they only read it") {
  const std::vector<double> shared = gradients_of_sums<Add<double>>(), copied = gradients_of_sums<CopyingAdd>();
  REQUIRE(shared.size() == copied.size());
  for (std::size_t i = 0; i < shared.size(); ++i) CHECK(shared[i] == doctest::Approx(copied[i]).epsilon(1e-12));
}
