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

TEST_CASE("open build: a camera lies where it lay in training only if the pixels are those of then") {
  const TemporaryFolder folder;
  const std::string path = write_build(folder);
  const auto open = [&](const CameraPlace& place) {
    return open_peregrine(path, {.channels = {"a"}, .earlier_places = {{"a", place}}});
  };
  CHECK(*open({{1, 0, 2, 0, 1, 0}, 8, 10, 8, 10}).channels[0].registration == Registration{1, 0, 2, 0, 1, 0});
  CHECK(error_of([&] {
          open({{0.5, 0, 0, 0, 0.5, 0}, 8, 10, 4, 5});
        }) ==
        path +
            ": the channel 'a' is [8, 10], the build [8, 10]; in training they were [4, 5] and [8, 10]: where they "
            "lie has to be said (sensors, docs/sensors.md)");
  const PeregrineOptions said{
      .channels = {"a"}, .registrations = {{"a", {}}}, .earlier_places = {{"a", {{}, 1, 1, 1, 1}}}};
  CHECK(*open_peregrine(path, said).channels[0].registration == Registration{});
}

TEST_CASE("open build: a detector's traits say which channels are opened, and how") {
  const SensorTraits trained{{"a", "dark"}, true, 0.2, {{"a", {{}, 8, 10, 8, 10}}}};
  const PeregrineOptions options = options_for(trained, {.channels = {"dark"}});
  CHECK(options.channels == trained.channel_names);
  CHECK(options.left_out == std::vector<std::string>{"a"});
  CHECK(options.may_lack);
  CHECK(!options.need_channels);
  CHECK(options.numbers);
  CHECK(options.earlier_places == trained.camera_places);
  CHECK(options_for({}, {.channels = {"x"}}).channels == std::vector<std::string>{"x"});
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
