#include "amdefect/nn/model_file.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "amdefect/detection/anchor_free/anchor_free_network.hpp"
#include "amdefect/nn/workspace.hpp"
#include "contains.hpp"
#include "error_of.hpp"
#include "nn/two_headed_network.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

namespace {

/// y = x power, with an attribute.
template <class T = float>
class Power : public Layer<T> {
 public:
  explicit Power(double exponent) : exponent_(exponent) {}
  explicit Power(const JsonReader& attributes) : Power(attributes.get<double>("exponent")) {}
  std::string kind() const override { return "power"; }
  JsonValue attributes() const override { return {{"exponent", exponent_}}; }
  Shape output_shape(const Shape& input) const override { return input; }
  void forward(Context<T>&, TensorView<const T> x, TensorView<T> y) const override {
    std::transform(x.begin(), x.end(), y.begin(),
                   [this](T value) { return std::pow(std::abs(value), static_cast<T>(exponent_)); });
  }
  void backward(Context<T>&, TensorView<const T>, TensorView<const T>, TensorView<const T>,
                TensorView<T>) const override {}

 private:
  double exponent_;
};
const RegisterLayer<Power> power("power");

/// Has no line that registers it.
class Unknown : public Power<float> {
 public:
  using Power<float>::Power;
  std::string kind() const override { return "unknown"; }
};

/// Pretends to be a ReLU.
class SteepRelu : public Relu<float> {};

/// Has an attribute that its constructor does not read.
template <class T>
class Forgetful : public Relu<T> {
 public:
  explicit Forgetful(int value = 0) : value_(value) {}
  std::string kind() const override { return "forgetful"; }
  JsonValue attributes() const override { return {{"value", value_}}; }

 private:
  int value_;
};
const RegisterLayer<Forgetful> forgetful("forgetful");

template <class T>
class Other : public Relu<T> {};
const RegisterLayer<Other> taken_twice("taken"), taken_again("taken");
const RegisterLayer<Forgetful> taken_by_another("taken");

template <class T>
void fill(Network<T>& net) {
  net.initialize(7);
  Random random(5);
  for (const Parameter& p : net.parameters().list())
    for (T& value : net.parameters().value(p)) value += static_cast<T>(random.uniform(0.1, 0.9));
}

/// Saves, loads and compares everything, the outputs bit for bit, in training mode and in inference.
template <class T>
void check_round_trip(Network<T>& net, Index height, Index width) {
  fill(net);
  const TemporaryFolder folder;
  const auto path = folder / "model.safetensors";
  save_model(net, path, {{"note", "mine"}});
  CHECK(read_safetensors(path).metadata().at("note") == "mine");
  Network<T> again = load_model<T>(path);
  CHECK(architecture_of(again).to_text() == architecture_of(net).to_text());
  REQUIRE(again.parameters().count() == net.parameters().count());
  for (std::size_t i = 0; i < net.parameters().count(); ++i) {
    CHECK(again.parameters()[i].name == net.parameters()[i].name);
    CHECK(again.parameters()[i].frozen == net.parameters()[i].frozen);
    CHECK(again.parameters()[i].weight_decay == net.parameters()[i].weight_decay);
  }
  CHECK((again.parameters().values().array() == net.parameters().values().array()).all());
  std::vector<Tensor<T>> x;
  Random random(1);
  for (const Value input : net.inputs()) {
    Shape shape = net.shape(input).with_batch(2);
    if (shape.rank() == 4) shape = {2, height, width, shape.back()};
    for (T& value : x.emplace_back(shape)) value = static_cast<T>(random.normal());
  }
  const std::vector<TensorView<const T>> inputs(x.begin(), x.end());
  Workspace<T> workspaces[] = {Workspace<T>(net), Workspace<T>(again), Workspace<T>::for_training(net),
                               Workspace<T>::for_training(again)};
  for (Workspace<T>& workspace : workspaces) workspace.forward(inputs);
  for (const std::size_t pair : {0u, 2u})
    for (const auto& output : net.outputs()) {
      const auto a = workspaces[pair].output(output.name), b = workspaces[pair + 1].output(output.name);
      CHECK(a.shape() == b.shape());
      CHECK(std::equal(a.begin(), a.end(), b.begin()));
    }
}

/// Every layer of the library with attributes that are not the default ones.
template <class T>
Network<T> every_layer() {
  Network<T> net;
  Value x = net.input({8, 9, 4}, "image");
  const Value code = net.input({3}, "code");
  x = net.add(Conv2d<T>(6, {.kernel = 3,
                            .kernel_w = 2,
                            .stride_w = 2,
                            .dilation = 2,
                            .groups = 2,
                            .padding = Padding::pixels(1, 2, 0, 3),
                            .bias = false,
                            .initializer = Initializer::he_normal}),
              x, "conv");
  x = net.add(BatchNorm<T>({.momentum = 0.7, .epsilon = 1e-4, .moving_statistics = true}), x);
  x = net.add(Relu<T>(), x);
  x = net.add(BatchNorm<T>(), net.add(Conv2d<T>(4, {.padding = Padding::valid()}), x));
  x = net.add(
      ConvTranspose2d<T>(
          4, {.kernel = 3, .stride = 2, .stride_w = 1, .groups = 2, .padding = Padding::pixels(1, 1, 1, 0)}, 1, 0),
      x);
  x = net.add(LeakyRelu<T>(0.125), net.add(GroupNorm<T>(2, 1e-4), net.add(LayerNorm<T>(1e-5), x)));
  x = net.add(MaxPool2d<T>({.pool = 2, .pool_w = 3, .stride = 1, .padding = Padding::same()}), x);
  x = net.add(AveragePool2d<T>({.pool = 2, .stride = 1, .stride_w = 2, .padding = Padding::pixels(1, 0, 0, 1)}), x);
  x = net.add(ResizeBilinear<T>({.height = 5, .scale = 1.5, .align_corners = true}), x);
  x = net.add(
      UpsampleNearest<T>(3),
      net.add(HardSwish<T>(), net.add(Silu<T>(), net.add(Relu6<T>(), net.add(Gelu<T>(), net.add(Tanh<T>(), x))))));
  const Value shared = net.add_shared(net.add(Conv2d<T>(4, {.kernel = 3}), x, "twice"), x, "again");
  x = net.add(Add<T>(), {x, shared});
  x = net.add(Concatenate<T>(-1), {net.add(Dropout<T>(0.25), x), net.add(Power<T>(1.5), shared)});
  net.output(x, "map");
  x = net.add(Sigmoid<T>(), net.add(GlobalAveragePool<T>(), x));
  x = net.add(Flatten<T>(), net.add(Reshape<T>({2, 4}), x));
  x = net.add(Concatenate<T>(1), {x, net.add(Dense<T>(5, false, Initializer::he_normal), code, "dense")});
  net.output(net.add(Softmax<T>(), x, "softmax"), "scores");
  Value tokens = net.add(ClassToken<T>(), net.input({5, 6}, "tokens"));
  tokens = net.add(MultiHeadAttention<T>(2, 0.125), net.add(LearnedPositions<T>(), tokens), "attention");
  tokens = net.add(SinePositions<T>(100), net.add(StochasticDepth<T>(0.25), tokens));
  tokens = net.add(Slice<T>(1, 2, 3), tokens);
  tokens = net.add(Transpose<T>({2, 1}), tokens);
  tokens = net.add(Pad<T>({{1, 2}, {0, 3}}, 0.375), tokens);
  tokens = net.add(BatchNorm<T>({.unbiased = true}), net.add(Multiply<T>(), {tokens, tokens}));
  tokens = net.add(Film<T>(), {tokens, net.add(Dense<T>(2 * net.shape(tokens).back()), net.add(Flatten<T>(), tokens))});
  net.output(tokens, "attended");
  net.parameters().set_trainable("conv.", false);
  net.parameters().set_trainable("batch_norm_1.", false);
  return net;
}

JsonValue small_architecture() {
  Sequential<float> net({6, 6, 2});
  net.add(Conv2d(3, {.kernel = 3})).add(Relu());
  return architecture_of(net);
}

/// The message for the small architecture after a piece of its text was replaced.
std::string error_after(const std::string& from, const std::string& to) {
  std::string text = small_architecture().to_text();
  REQUIRE_MESSAGE(text.find(from) != std::string::npos, text);
  text.replace(text.find(from), from.size(), to);
  return error_of([&] { build_network<float>(parse_json(text, "m"), "m"); });
}

}  // namespace

TEST_CASE("a model file brings back every layer of the library, in float and double") {
  Network<float> single = every_layer<float>();
  std::set<std::string> kinds;
  for (const auto& node : single.nodes())
    if (node.operation) kinds.insert(node.operation->kind());
  for (const std::string& kind : LayerRegistry<float>::instance().kinds())
    if (kind != "forgetful" && kind != "taken" && !kind.starts_with("example"))
      CHECK_MESSAGE(kinds.contains(kind), kind);
  check_round_trip(single, 8, 9);
  check_round_trip(single, 11, 7);
  Network<double> twice = every_layer<double>();
  check_round_trip(twice, 8, 9);
}

TEST_CASE("detectors survive as mere networks") {
  Network<float> two_headed = two_headed_network<float>(32);
  check_round_trip(two_headed, 32, 32);
  Network<float> anchor_free = anchor_free_network<float>(anchor_free_n());
  check_round_trip(anchor_free, 64, 96);
}

TEST_CASE("an architecture is one line of JSON, and precision is the reader's choice") {
  CHECK(small_architecture().to_text() ==
        R"({"version":1,"nodes":[{"name":"input","kind":"input","sample":[6,6,2]},)"
        R"({"name":"conv2d","kind":"conv2d","attributes":{"filters":3,"kernel":[3,3],"stride":[1,1],"dilation":[1,1],)"
        R"("groups":1,"padding":"same","bias":true,"initializer":"glorot_uniform"},"inputs":["input"]},)"
        R"({"name":"relu","kind":"relu","attributes":{},"inputs":["conv2d"]}],)"
        R"("outputs":[{"name":"output","node":"relu"}]})");
  const TemporaryFolder folder;
  Sequential<float> net({6, 6, 2});
  net.add(Conv2d(3, {.kernel = 3}), Relu());
  net.initialize(1);
  save_model(net, folder / "m.safetensors");
  const Network<double> precise = load_model<double>(folder / "m.safetensors");
  CHECK(precise.parameters().value("conv2d.kernel")[4] ==
        static_cast<double>(net.parameters().value("conv2d.kernel")[4]));
}

TEST_CASE("what a model file cannot hold is refused before anything is written") {
  const TemporaryFolder folder;
  const auto path = folder / "m.safetensors";
  const auto error = [&](auto operation) {
    Sequential<float> net({6, 6, 2});
    net.add(std::move(operation), "mine");
    net.initialize(1);
    return error_of([&] { save_model(net, path); });
  };
  CHECK(error(Unknown(2)) ==
        "architecture: cannot describe the node 'mine': no layer of the kind \"unknown\" is registered; in the program "
        "that uses it, write 'static const RegisterLayer<TheLayer> the_layer(\"unknown\");' below the class "
        "(docs/custom_layer.md)");
  CHECK(error(SteepRelu()) ==
        "architecture: cannot describe the node 'mine': its class is not the one that is registered as 'relu'");
  CHECK(error(Forgetful<float>(3)) ==
        "architecture: cannot describe the node 'mine': value: the forgetful made from 3 has 0; does its constructor "
        "read this attribute?");
  CHECK(error(Forgetful<float>()) == "no error");
  std::filesystem::remove(path);
  Sequential<float> net({6, 6, 2});
  net.add(Conv2d(3));
  CHECK(error_of([&] { save_model(net, path); }) ==
        "save_model: the network has no weights yet: call initialize() or load_weights() first");
  net.initialize(1);
  CHECK(error_of([&] {
          save_model(net, path, {{architecture_key, "x"}});
        }) == "save_model: the metadata holds 'amdefect.network' already, the key of the architecture");
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a layer of one's own has a name, and not that of a layer of the library") {
  const auto error_with = [](const std::string& kind) {
    return error_of([&] { const RegisterLayer<Forgetful> registered(kind); });
  };
  CHECK(error_with("").starts_with("layers: a layer is registered under an empty name"));
  CHECK(error_with("conv2d") == "layers: the library has a layer 'conv2d' already: another class needs another name");
  CHECK(error_of([] { const RegisterLayer<Conv2d> again("conv2d"); }) == "no error");
}

TEST_CASE("a broken architecture gives one clear error") {
  CHECK(error_after("\"version\":1", "\"version\":2") ==
        "m: is an architecture of version 2, expected 1; it was written by a newer version of this library");
  CHECK(error_after("\"version\":1", "\"version\":0") == "m: is an architecture of version 0, expected 1");
  CHECK(error_after("\"version\":1,", "") == "m: expected the key \"version\", found none");
  CHECK(error_after("\"version\"", "\"more\":1,\"version\"") ==
        "m: unknown key \"more\", expected version, nodes, outputs, frozen");
  CHECK(error_after("\"kind\":\"relu\"", "\"kind\":\"unknown\"")
            .starts_with("m: nodes[2].attributes: no layer of the kind \"unknown\" is registered; "));
  CHECK(error_after("\"kind\":\"relu\"", "\"kind\":\"taken\"") ==
        "m: nodes[2].attributes: two classes are registered as layers of the kind \"taken\"");
  CHECK(error_after("\"attributes\":{}", "\"attributes\":{\"slope\":1}") ==
        "m: nodes[2].attributes: a relu has no attribute \"slope\"");
  CHECK(error_after("\"inputs\":[\"conv2d\"]", "\"inputs\":[\"conv\"]") ==
        "m: nodes[2].inputs[0]: expected the name of a node before, found \"conv\"");
  CHECK(error_after("\"inputs\":[\"conv2d\"]", "\"inputs\":[\"relu\"]") ==
        "m: nodes[2].inputs[0]: expected the name of a node before, found \"relu\"");  // a cycle
  CHECK(error_after("\"inputs\":[\"conv2d\"]", "\"inputs\":[]") ==
        "m: nodes[2]: network: 'relu': relu: expected one "
        "input, got 0");
  CHECK(error_after("\"name\":\"relu\"", "\"name\":\"conv2d\"") ==
        "m: nodes[2]: network: there are two nodes named 'conv2d'");
  CHECK(error_after("\"name\":\"relu\"", "\"name\":\"\"") ==
        "m: nodes[2].name: expected a name, found an empty string");
  CHECK(error_after("\"node\":\"relu\"", "\"node\":\"none\"") ==
        "m: outputs[0].node: expected the name of a node before, found \"none\"");
  CHECK(error_after("\"groups\":1", "\"groups\":2") ==
        "m: nodes[1].attributes: conv2d: 3 filters do not divide into 2 groups");
  CHECK(error_after("\"kernel\":[3,3]", "\"kernel\":[3]") ==
        "m: nodes[1].attributes.kernel: expected [height, width], found 1 numbers");
  CHECK(error_after("\"filters\":3", "\"filters\":1099511627776") ==
        "m: nodes[1].attributes.filters: expected a size from 1 to 1048576, found 1099511627776");
  CHECK(error_after("\"padding\":\"same\"", "\"padding\":\"some\"") ==
        "m: nodes[1].attributes.padding: expected \"valid\", \"same\" or [top, bottom, left, right], found \"some\"");
  CHECK(error_after("glorot_uniform", "lucky") ==
        "m: nodes[1].attributes.initializer: expected an initializer such as \"he_normal\", found \"lucky\"");
  CHECK(error_after("[6,6,2]", "[6,6,-2]") == "m: nodes[0].sample[2]: expected a size from 0 to 2147483648, found -2");
  CHECK(error_after("[6,6,2]", "[2147483648,2147483648,2147483648]").starts_with("m: nodes[0]"));
  CHECK(error_after("[6,6,2]", "[2147483648,1048576,2]") ==
        "m: nodes[0]: the output [1, 2147483648, 1048576, 2] is too large");
  CHECK(error_after("\"version\":1", "\"version\":1,\"frozen\":[\"none\"]") ==
        "m: frozen[0]: parameters: there is no 'none'");
  CHECK(error_after("\"kind\":\"relu\",\"attributes\":{}", "\"shares\":\"input\"") ==
        "m: nodes[2]: network: 'input' is an input and has no weights to share");
  CHECK(contains(error_after("\"kind\":\"relu\",\"attributes\":{}", "\"shares\":\"input\",\"attributes\":{}"),
                 "\"attributes\""));
}

TEST_CASE("no text makes the reader of architectures fail otherwise than by a FileError") {
  const std::string valid = architecture_of(every_layer<float>()).to_text();
  constexpr std::string_view pieces[] = {
      "0",  "-1",   "9223372036854775807", "1e308", "[", "]", "{",         "}",      ",",
      "\"", "null", "[1048576,1048576]",   "true",  ":", "5", "\"image\"", "\"add\""};
  Random random(11);
  int accepted = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = valid;
    for (Index edits = 1 + random.integer(3); edits > 0; --edits) {
      const auto begin = static_cast<std::size_t>(random.integer(static_cast<Index>(text.size())));
      const auto& piece = pieces[random.integer(static_cast<Index>(std::size(pieces)))];
      const bool number = random.chance(0.7);  // mostly whole numbers, so that much of the text stays JSON
      const std::size_t from = number ? std::min(text.find_first_of("0123456789", begin), text.size() - 1) : begin;
      const std::size_t length = number ? text.find_first_not_of("0123456789", from) - from : 1;
      text.replace(from, length, piece);
    }
    try {
      build_network<float>(parse_json(text, "m"), "m");
      ++accepted;
    } catch (const FileError& error) {
      CHECK(std::string_view(error.what()).starts_with("m: "));
    }
  }
  CHECK(accepted > 0);
  CHECK(accepted < 1500);
}

TEST_CASE("load_model names the file and what is wrong with it") {
  const TemporaryFolder folder;
  const auto path = folder / "m.safetensors";
  Sequential<float> net({6, 6, 2});
  net.add(Conv2d(3, {.kernel = 3}));
  net.initialize(1);
  save_weights(path, net.parameters());
  CHECK(error_of([&] { load_model<float>(path); }) ==
        concat("model: ", path.string(),
               ": holds weights but no network ('amdefect.network' in its metadata); was it "
               "written by save_model?"));
  save_weights(path, net.parameters(), {{architecture_key, "{\"version\":1"}});
  CHECK(error_of([&] {
          load_model<float>(path);
        }).starts_with(concat("model: ", path.string(), ": amdefect.network: at byte 12: expected '}'")));
  std::string wider = architecture_of(net).to_text();
  wider.replace(wider.find("\"filters\":3"), 11, "\"filters\":4");
  save_weights(path, net.parameters(), {{architecture_key, wider}});
  CHECK(error_of([&] { load_model<float>(path); }) ==
        concat("weights: ", path.string(),
               " does not fit the network: 'conv2d.kernel' has shape [3, 3, 2, 3], expected "
               "[3, 3, 2, 4]; 'conv2d.bias' has shape [3], expected [4]"));
}
