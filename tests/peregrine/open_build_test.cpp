#include "amdefect/peregrine/open_build.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "amdefect/peregrine/peregrine_writer.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

namespace amdefect::open_build_test {

/// A file with the cameras "a" of bytes that are 7, and "dark" of floats that are 0.
std::string write_build(const TemporaryFolder& folder) {
  const std::string path = (folder.path() / "b.h5").string();
  PeregrineWriter writer(path, {.shape = {6, 8, 10}});
  writer.add_camera("a", false,
                    [](Index, std::span<std::uint8_t> pixels) { std::fill(pixels.begin(), pixels.end(), 7); });
  writer.add_camera("dark", true, [](Index, std::span<std::uint8_t>) {});
  writer.commit();
  return path;
}

TEST_CASE("open build: a registration of what is no channel is refused") {
  const TemporaryFolder folder;
  const std::string path = write_build(folder);
  const auto error = [&](const std::vector<std::string>& channels, const std::string& placed, bool may_lack) {
    return error_of([&] {
      open_peregrine(path,
                     {.channels = channels, .numbers = true, .registrations = {{placed, {}}}, .may_lack = may_lack});
    });
  };
  CHECK(error({"a"}, "dark", true) ==
        path + ": it is said where 'dark' lies (sensors), expected one of the channels a");
  CHECK(error({}, "drak", false) ==
        path + ": it is said where 'drak' lies (sensors), expected one of the channels a, dark");
  CHECK(error({"a", "NIR"}, "NIR", true) == "no error");  // a channel, even where it is missing
  CHECK(open_peregrine(path, {.numbers = true, .registrations = {{"dark", {}}}}).channels[1].registration);
}

TEST_CASE("open build: a camera that is dark where its range is looked for is refused where that range is needed") {
  const TemporaryFolder folder;
  const std::string path = write_build(folder);
  CHECK(error_of([&] { open_peregrine(path); }) ==
        path + ": 'slices/camera_data/dark': the rows that should tell its largest number hold nothing but 0");
  const Build build = open_peregrine(path, {.numbers = true});
  CHECK(build.read<float>(build.whole_layer(3))(2, 1, 1) == 0);
  CHECK(build.read(build.whole_layer(3))(2, 1, 1) == 0);
  CHECK(build.read(build.whole_layer(3))(2, 1, 0) == 7);
}

}  // namespace amdefect::open_build_test
