#include "amdefect/nn/weights.hpp"

#include <doctest/doctest.h>

#include <filesystem>

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
