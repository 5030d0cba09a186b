#include "amdefect/nn/weights.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "amdefect/nn/layers/batch_norm.hpp"
#include "error_of.hpp"

using namespace amdefect;

namespace {

Parameters<float> two_parameters(Index size) {
  Parameters<float> p;
  p.declare({.name = "a.kernel", .shape = {2, size}, .initializer = Initializer::glorot_uniform});
  p.declare({.name = "b.bias", .shape = {3}});
  p.allocate();
  initialize(p.value("a.kernel"), Initializer::glorot_uniform, Random(1));
  return p;
}

const std::filesystem::path path = std::filesystem::temp_directory_path() / "amdefect_weights_test.safetensors";

}  // namespace

TEST_CASE("weights survive a file, also in another precision") {
  const Parameters<float> saved = two_parameters(4);
  save_weights(path, saved, {{"note", "x"}});
  Parameters<float> loaded = two_parameters(4);
  loaded.value("a.kernel").fill(0);
  load_weights(path, loaded);
  CHECK((loaded.values().array() == saved.values().array()).all());
  Parameters<double> precise;
  precise.declare({.name = "a.kernel", .shape = {2, 4}});
  precise.declare({.name = "b.bias", .shape = {3}});
  load_weights(path, precise);
  CHECK(precise.value("a.kernel")[5] == static_cast<double>(saved.value("a.kernel")[5]));
  std::filesystem::remove(path);
}

TEST_CASE("a file that does not fit says all that is wrong and changes nothing") {
  Parameters<float> other;
  other.declare({.name = "a.kernel", .shape = {2, 5}});
  other.declare({.name = "c.scale", .shape = {1}});
  other.allocate();
  save_weights(path, other);
  Parameters<float> p = two_parameters(4);
  const float before = p.value("a.kernel")[0];
  CHECK_THROWS_WITH_AS(load_weights(path, p),
                       doctest::Contains("'a.kernel' has shape [2, 5], expected [2, 4]; missing 'b.bias' [3]; extra "
                                         "'c.scale' [1]"),
                       FileError);
  CHECK(p.value("a.kernel")[0] == before);
  std::filesystem::remove(path);
}

namespace {

/// A backbone as PyTorch would write it: other names, other layouts, a counter, and a classifier we do not have.
struct PytorchFile {
  std::vector<float> conv = numbers(8 * 3 * 2 * 5), depthwise = numbers(8 * 1 * 3 * 3), linear = numbers(4 * 6),
                     scale = numbers(8), extra = numbers(2);
  std::int64_t batches = 17;

  static std::vector<float> numbers(int count) {
    std::vector<float> values;
    for (int i = 0; i < count; ++i) values.push_back(static_cast<float>(i) - 2.5f);
    return values;
  }
  void write(const std::filesystem::path& file) const {
    const std::vector<TensorEntry> entries{
        safetensors_entry("conv1.weight", TensorView<const float>(conv.data(), {8, 3, 2, 5})),
        safetensors_entry("dw.weight", TensorView<const float>(depthwise.data(), {8, 1, 3, 3})),
        safetensors_entry("fc.weight", TensorView<const float>(linear.data(), {4, 6})),
        safetensors_entry("bn.weight", TensorView<const float>(scale.data(), {8})),
        safetensors_entry("bn.bias", TensorView<const float>(scale.data(), {8})),
        safetensors_entry("bn.running_mean", TensorView<const float>(scale.data(), {8})),
        safetensors_entry("bn.running_var", TensorView<const float>(scale.data(), {8})),
        safetensors_entry("bn.num_batches_tracked", TensorView<const std::int64_t>(&batches, {})),
        safetensors_entry("classifier.weight", TensorView<const float>(extra.data(), {1, 2}))};
    write_safetensors(file, entries);
  }
};

Parameters<double> backbone(bool with_head) {
  Parameters<double> p;
  p.declare({.name = "backbone.conv1.kernel", .shape = {2, 5, 3, 8}});
  p.declare({.name = "backbone.dw.kernel", .shape = {3, 3, 1, 8}});
  p.declare({.name = "backbone.fc.kernel", .shape = {6, 4}});
  p.declare({.name = "backbone.bn.gamma", .shape = {8}});
  p.declare({.name = "backbone.bn.beta", .shape = {8}});
  p.declare({.name = "backbone.bn.moving_mean", .shape = {8}, .statistic = true});
  p.declare({.name = "backbone.bn.moving_variance", .shape = {8}, .statistic = true});
  if (with_head) p.declare({.name = "head.kernel", .shape = {3, 2}});
  return p;
}

LoadOptions from_pytorch() {
  return {.name_in_file = [](std::string_view name) { return pytorch_name(replace_prefix("backbone.", "")(name)); },
          .layout = pytorch_layout,
          .ignore = [](std::string_view name) { return name.ends_with("num_batches_tracked"); }};
}

/// A file with one tensor "a" of that type.
template <class Stored>
void write_one(const std::string& dtype, const std::vector<Stored>& values) {
  const std::vector<TensorEntry> entries{
      {"a", dtype, {static_cast<Index>(values.size())}, std::as_bytes(std::span(values))}};
  write_safetensors(path, entries);
}

}  // namespace

TEST_CASE("weights of PyTorch find their parameters by rules for names and layouts") {
  const PytorchFile file;
  file.write(path);
  Parameters<double> p = backbone(true);
  p.allocate();
  p.value("head.kernel").fill(5);
  LoadOptions options = from_pytorch();
  CHECK(error_of([&] { load_weights(path, p, options); }) ==
        concat("weights: ", path.string(),
               " does not fit the network: missing 'head.kernel' [3, 2] ('head.weight' there); extra "
               "'classifier.weight' [1, 2]"));
  CHECK(p.value("backbone.fc.kernel").array().abs().maxCoeff() == 0);
  options.strict = false;
  const LoadReport report = load_weights(path, p, options);
  CHECK(report.to_text() ==
        "took 7 of 9 tensors; ignored 1; left 1: 'classifier.weight' (no parameter); without values in the file 1: "
        "'head.kernel'");
  CHECK(report.taken.size() == 7);
  CHECK(report.ignored == std::vector<std::string>{"bn.num_batches_tracked"});
  CHECK(report.missing == std::vector<std::string>{"head.kernel"});
  CHECK(report.misfits.empty());
  CHECK((p.value("head.kernel").array() == 5).all());
  for (Index o = 0; o < 8; ++o) {
    for (Index i = 0; i < 3; ++i)
      for (Index u = 0; u < 2; ++u)
        for (Index v = 0; v < 5; ++v)
          CHECK(p.value("backbone.conv1.kernel")(u, v, i, o) ==
                file.conv[static_cast<std::size_t>(((o * 3 + i) * 2 + u) * 5 + v)]);
    CHECK(p.value("backbone.dw.kernel")(2, 1, 0, o) == file.depthwise[static_cast<std::size_t>(o * 9 + 7)]);
  }
  for (Index o = 0; o < 4; ++o)
    for (Index i = 0; i < 6; ++i)
      CHECK(p.value("backbone.fc.kernel")(i, o) == file.linear[static_cast<std::size_t>(o * 6 + i)]);
  CHECK(p.value("backbone.bn.moving_variance")[3] == file.scale[3]);
  std::filesystem::remove(path);
}

TEST_CASE("without strictness what does not fit is told, and nothing is left without values") {
  PytorchFile file;
  file.write(path);
  LoadOptions options = from_pytorch();
  options.layout = nullptr;
  options.strict = false;
  Parameters<double> p = backbone(false);
  CHECK(error_of([&] { load_weights(path, p, options); }) ==
        concat("weights: ", path.string(),
               " does not fit the network: it has no values for 'backbone.conv1.kernel': call "
               "initialize() before load_weights()"));
  CHECK_FALSE(p.allocated());
  p.allocate();
  const LoadReport report = load_weights(path, p, options);
  CHECK(report.taken.size() == 4);
  CHECK(report.misfits ==
        std::vector<std::string>{"backbone.conv1.kernel", "backbone.dw.kernel", "backbone.fc.kernel"});
  CHECK(report.left[0].reason == "has shape [8, 3, 2, 5], expected [2, 5, 3, 8]");
  options.name_in_file = replace_prefix("backbone.", "somewhere.");
  const std::string none = error_of([&] { load_weights(path, p, options); });
  CHECK(
      none.starts_with(concat("weights: ", path.string(), " does not fit the network: no tensor is of use: it has '")));
  CHECK(none.find(" more; expected 'somewhere.conv1.kernel', 'somewhere.") != std::string::npos);
  CHECK(none.size() < path.string().size() + 300);
  options.layout = [](const Parameter&) { return WeightLayout::oihw; };
  options.name_in_file = from_pytorch().name_in_file;
  CHECK(error_of([&] { load_weights(path, p, options); }) ==
        "load_weights: the rule of layouts takes 'backbone.fc.kernel' [6, 4] for a kernel of 4 dimensions");
  std::filesystem::remove(path);
}

TEST_CASE("weights of every numeric type are converted, others and what is not finite are refused") {
  Parameters<float> p;
  p.declare({.name = "a", .shape = {2}});
  const auto check_values = [&](float first, float second) {
    load_weights(path, p);
    CHECK(p.value("a")[0] == first);
    CHECK(p.value("a")[1] == second);
  };
  write_one<std::uint16_t>("F16", {0x3C00, 0xC100});
  check_values(1, -2.5);
  write_one<std::uint16_t>("BF16", {0x3F80, 0xC020});
  check_values(1, -2.5);
  write_one<double>("F64", {0.1, -7});
  check_values(0.1f, -7);
  write_one<std::int64_t>("I64", {3, -4});
  check_values(3, -4);
  write_one<std::int32_t>("I32", {5, -6});
  check_values(5, -6);
  write_one<std::uint8_t>("U8", {5, 6});
  CHECK(error_of([&] { load_weights(path, p); }) ==
        concat("weights: ", path.string(),
               " does not fit the network: 'a' has type U8, expected F64, F32, F16, BF16, I64 or I32"));
  write_one<std::uint16_t>("F16", {0x3C00, 0x7C00});
  for (const bool strict : {true, false})
    CHECK(error_of([&] { load_weights(path, p, {.strict = strict}); }) ==
          concat("weights: ", path.string(),
                 " does not fit the network: 'a' holds a NaN or an infinity, expected finite numbers"));
  CHECK(p.value("a")[0] == 5);
  std::filesystem::remove(path);
}

TEST_CASE("PyTorch's names of our parameters") {
  CHECK(pytorch_name("a.b.kernel") == "a.b.weight");
  CHECK(pytorch_name("gamma") == "weight");
  CHECK(pytorch_name("n.beta") == "n.bias");
  CHECK(pytorch_name("n.bias") == "n.bias");
  CHECK(pytorch_name("kernel.moving_variance") == "kernel.running_var");
  CHECK(pytorch_name("x.my_kernel") == "x.my_kernel");
}

TEST_CASE("a negative variance is refused") {
  Parameters<float> saved, p;
  saved.declare({.name = "n.moving_variance", .shape = {3}});
  p.declare({.name = "n.moving_variance", .shape = {3}, .statistic = true, .variance = true});
  saved.allocate();
  p.allocate();
  CHECK(BatchNorm<float>().parameters({1, 3})[3].variance);
  saved.value("n.moving_variance")[0] = 2;
  save_weights(path, saved);
  load_weights(path, p);
  CHECK(p.value("n.moving_variance")[0] == 2);
  saved.value("n.moving_variance")[1] = -0.25F;
  save_weights(path, saved);
  CHECK_THROWS_WITH_AS(load_weights(path, p),
                       doctest::Contains("does not fit the network: 'n.moving_variance' holds -0.25, expected "
                                         "variances, which are not negative"),
                       FileError);
  CHECK(p.value("n.moving_variance")[1] == 0);
  std::filesystem::remove(path);
}
