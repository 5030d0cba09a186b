#include "amdefect/peregrine/temporal_values.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "amdefect/io/file_bytes.hpp"
#include "amdefect/peregrine/peregrine_writer.hpp"
#include "contains.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

namespace amdefect::temporal_values_test {

const double unknown = std::numeric_limits<double>::quiet_NaN();

std::string write_build(const TemporaryFolder& folder) {
  const std::string path = (folder.path() / "b.h5").string();
  PeregrineWriter writer(path, {.shape = {4, 8, 10}});
  writer.add_camera("visible/0", false, [](Index, std::span<std::uint8_t>) {});
  writer.add_temporal("oxygen", {0.25, 0.5, unknown, 1.5});
  writer.add_temporal("flow", {40, 30, 20, 10});
  writer.add_temporal("torn", {1, 2});
  writer.commit();
  return path;
}

TEST_CASE("temporal values: a number of each layer, by name; what has another length is left aside") {
  const TemporaryFolder folder;
  const std::string path = write_build(folder);
  const std::vector<LayerValues> all = read_layer_values(path);
  REQUIRE(all.size() == 2);
  CHECK(all[0].name == "flow");
  CHECK(all[0].values == std::vector<double>{40, 30, 20, 10});
  const std::vector<LayerValues> chosen = read_layer_values(path, {"oxygen", "flow"});
  REQUIRE(chosen.size() == 2);
  CHECK(chosen[0].values[3] == 1.5);
  CHECK(std::isnan(chosen[0].values[2]));

  const Hdf5File file(path);
  const PeregrineLayout layout = discover_layout(file);
  const std::string text = to_text(layout, all);
  CHECK(contains(text,
                 "values of each layer:\n  flow: 10 to 40, mean 25\n  oxygen: 0.25 to 1.5, mean 0.75, unknown in "
                 "1 layer\n"));
  CHECK(contains(text, "note: temporal/torn is left aside: expected a number for each layer, found float64 [2]\n"));
  CHECK(to_text(LayerValues{"gone", {unknown, unknown}}) == "gone: unknown in 2 layers");
}

TEST_CASE("temporal values: what is not there, or cannot be read, is said in one line") {
  const TemporaryFolder folder;
  const std::string path = write_build(folder);
  CHECK(error_of([&] { read_layer_values(path, {"torn"}); }) ==
        path + ": has no values of each layer called 'torn', but flow, oxygen");
  const Hdf5File file(path);
  CHECK(contains(error_of([&] { file.numbers("temporal/none"); }), path + ": temporal/none: cannot be opened"));
  CHECK(contains(error_of([&] { file.numbers("temporal"); }), path + ": temporal: cannot be opened as a data set"));
}

}  // namespace amdefect::temporal_values_test
