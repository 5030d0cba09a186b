#include "amdefect/nn/workspace.hpp"

#include <doctest/doctest.h>

#include <thread>

#include "amdefect/detection/anchor_free/anchor_free_network.hpp"
#include "amdefect/nn/layers.hpp"
#include "nn/two_headed_network.hpp"

using namespace amdefect;

namespace {

template <class T>
Tensor<T> gaussian(const Shape& shape, std::uint64_t seed) {
  Tensor<T> tensor(shape);
  Random random(seed);
  for (T& value : tensor) value = static_cast<T>(random.normal());
  return tensor;
}

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
  Tensor<double> x = gaussian<double>({3, 6, 6, 2}, 1);
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
  const Tensor<double> x = gaussian<double>({2, 6, 6, 2}, 1);
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
    Tensor<double> x = gaussian<double>({3, 6, 5, 2}, 1);
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
  const Tensor<double> small = gaussian<double>({1, 6, 6, 2}, 1), large = gaussian<double>({4, 9, 7, 2}, 2);
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
  Tensor<double> x = gaussian<double>({1, 3, 5, 2}, 1);
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
    images.push_back(gaussian<double>({2, 6, 6, 2}, i));
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
    const Tensor<float> x = gaussian<float>({3, 64, 64, 3}, 1);
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

TEST_CASE("inference fuses convolutions with what follows and gives the same") {
  Network<double> net;
  const Value image = net.input({7, 9, 3});
  const Value stem = net.add(Conv2d<double>(5, {.kernel = 3, .stride = 2}), image, "stem");
  const Value active = net.add(Relu<double>(), stem, "active");
  const Value norm = net.add(BatchNorm<double>(), active, "norm");
  const Value direct = net.add(BatchNorm<double>(), net.add(Conv2d<double>(5, {.bias = false}), norm), "direct");
  const Value split = net.add(Conv2d<double>(5), direct, "split");  // read twice: stays as it is
  const Value both = net.add(Add<double>(), {net.add(Relu<double>(), split), split, net.add(Relu<double>(), direct)});
  const Value usual = net.add(BatchNorm<double>(), net.add(Conv2d<double>(5), both));
  net.output(net.add(Relu<double>(), net.add(Conv2d<double>(4), net.add(Relu<double>(), usual))), "end");
  net.output(active, "middle");  // an output: the batch norm behind it is not fused
  net.initialize(7);
  for (const Parameter& p : net.parameters().list())
    if (p.statistic || p.name.find("gamma") != std::string::npos || p.name.find("beta") != std::string::npos) {
      const Tensor<double> values = gaussian<double>(p.shape, static_cast<std::uint64_t>(p.size()));
      net.parameters().value(p).array() = values.array().abs() + 0.5;
    }
  const auto nodes = fuse_for_inference(net);
  const auto gone = std::count_if(nodes.begin(), nodes.end(), [](const auto& node) { return !node.operation; });
  CHECK(gone == 6);  // the input, what became part of "active", "direct", the ReLU behind "usual", and the last ReLU
  const Tensor<double> x = gaussian<double>({2, 7, 9, 3}, 1);
  Workspace<double> fused(net);
  fused.forward(x);
  // The same network node by node: training with batch norms on moving statistics computes exactly that.
  Network<double> plain;
  const auto rebuilt = [&](const auto& node) -> std::shared_ptr<const Operation<double>> {
    if (!std::dynamic_pointer_cast<const BatchNorm<double>>(node.operation)) return node.operation;
    return std::make_shared<const BatchNorm<double>>(BatchNormOptions{.moving_statistics = true});
  };
  for (const auto& node : net.nodes())
    if (node.operation)
      plain.add(rebuilt(node), node.inputs, node.name);
    else
      plain.input(node.shape.sample(), node.name);
  for (const auto& output : net.outputs()) plain.output(output.value, output.name);
  plain.initialize(1);
  copy(net.parameters().values(), plain.parameters().values());
  auto unfused = Workspace<double>::for_training(plain);
  unfused.forward(x);
  for (const char* name : {"end", "middle"}) {
    const double scale = unfused.output(name).array().abs().maxCoeff();
    CHECK((fused.output(name).array() - unfused.output(name).array()).abs().maxCoeff() <= 1e-12 * scale);
  }
}

TEST_CASE_TEMPLATE("inference fuses each activation with each kind of convolution", Layer, Relu<float>, Relu6<float>,
                   Sigmoid<float>, Silu<float>, HardSwish<float>, Gelu<float>) {
  const auto build = [](bool show) {  // what is an output is not fused
    Network<float> net;
    Value x = net.input({11, 11, 8});
    std::size_t shown = 0;
    const auto add = [&](auto layer) {
      x = net.add(std::move(layer), x);
      if (show) net.output(x, concat("value", shown++));
    };
    for (const auto& [filters, options] :
         std::initializer_list<std::pair<Index, ConvOptions>>{{16, {.kernel = 3}},
                                                              {16, {.kernel = 3, .stride = 2}},
                                                              {16, {.kernel = 3, .groups = 16}},
                                                              {35, {}},
                                                              {40, {.kernel = 5, .groups = 5}}}) {
      add(Conv2d<float>(filters, options));
      add(BatchNorm<float>());
      add(Layer());
      add(Conv2d<float>(filters, options));
      add(Layer());
      add(BatchNorm<float>());
    }
    if (!show) net.output(x, "end");
    net.initialize(3);
    return net;
  };
  const Network<float> fused_net = build(false), plain_net = build(true);
  const auto nodes = fuse_for_inference(fused_net);
  CHECK(std::count_if(nodes.begin(), nodes.end(), [](const auto& node) { return !node.operation; }) == 1 + 2 * 10);
  const Tensor<float> x = gaussian<float>({2, 11, 11, 8}, 1);
  Workspace<float> fused(fused_net), plain(plain_net);
  fused.forward(x);
  plain.forward(x);
  const auto expected = plain.output("value29").array();
  CHECK((fused.output("end").array() - expected).abs().maxCoeff() <= 2e-5f * expected.abs().maxCoeff());
}

TEST_CASE("training fuses batch norms with the ReLU behind them and learns the same") {
  const auto build = [](bool show_norm) {
    Network<double> net;
    const Value image = net.input({7, 9, 3});
    const Value norm = net.add(BatchNorm<double>(), net.add(Conv2d<double>(5, {.kernel = 3}), image), "norm");
    const Value active = net.add(Relu<double>(), norm, "active");
    net.output(net.add(Conv2d<double>(2), net.add(BatchNorm<double>(), active)), "end");
    if (show_norm) net.output(norm, "norm");  // something reads it: it is not fused
    net.initialize(7);
    return net;
  };
  Network<double> fused_net = build(false), plain_net = build(true);
  const auto gone = [](const auto& nodes) {
    return std::count_if(nodes.begin(), nodes.end(), [](const auto& node) { return !node.operation; });
  };
  CHECK(gone(fuse_for_training(fused_net)) == 2);  // the input, and one batch norm
  CHECK(gone(fuse_for_training(plain_net)) == 1);
  const Tensor<double> x = gaussian<double>({2, 7, 9, 3}, 1), slope = gaussian<double>({2, 7, 9, 2}, 2);
  auto fused = Workspace<double>::for_training(fused_net), plain = Workspace<double>::for_training(plain_net);
  for (auto* workspace : {&fused, &plain}) {
    workspace->forward(x);
    copy(slope, workspace->output_gradient("end"));
  }
  CHECK((fused.output("end").array() - plain.output("end").array()).abs().maxCoeff() < 1e-12);
  plain.output_gradient("norm").fill(0);
  for (auto* net : {&fused_net, &plain_net}) net->parameters().gradients().fill(0);
  fused.backward();
  plain.backward();
  CHECK((fused_net.parameters().gradients().array() - plain_net.parameters().gradients().array()).abs().maxCoeff() <
        1e-12 * plain_net.parameters().gradients().array().abs().maxCoeff());
  CHECK((fused_net.parameters().values().array() == plain_net.parameters().values().array()).all());  // statistics
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
                       "workspace: input 0: expected a batch of samples [4, 4, 3], got [1, 4, 4, 1]", ShapeError);
  CHECK_THROWS_AS(workspace.backward(), Error);
  CHECK_THROWS_AS(static_cast<void>(net.output_index("none")), Error);
}
