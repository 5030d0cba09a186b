#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "amdefect/core/random.hpp"
#include "amdefect/layers/box_index.hpp"
#include "amdefect/peregrine/open_build.hpp"
#include "amdefect/peregrine/peregrine_writer.hpp"
#include "amdefect/peregrine/temporal_values.hpp"
#include "contains.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

namespace amdefect::peregrine_h5py_test {

/// Runs a script of the tests; false, loudly, where there is no h5py.
bool run_script(const std::string& script, const std::string& arguments) {
  const std::string command = "/usr/bin/python3 '" AMDEFECT_TESTS_DIR "/peregrine/" + script + "' " + arguments;
  const int status = std::system(command.c_str());
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  if (code == 77) MESSAGE("SKIPPED: there is no h5py to compare with (python3-h5py)");
  CAPTURE(command);
  if (code != 77) CHECK(code == 0);
  return code == 0;
}

/// Files of make_files.py, made once; empty where there is no h5py.
const std::filesystem::path& files() {
  static const TemporaryFolder folder;
  static const std::filesystem::path path =
      run_script("make_files.py", "'" + folder.path().string() + "'") ? folder.path() : std::filesystem::path();
  return path;
}

constexpr Index layers = 40, height = 70, width = 90;
std::uint8_t picture(Index channel, Index layer, Index y, Index x) {
  return static_cast<std::uint8_t>((7 * layer + 3 * y + 5 * x + 50 * channel) % 256);
}

TEST_CASE("h5py: its pictures are read pixel by pixel, however they are packed") {
  if (files().empty()) return;
  for (const std::string name : {"lzf", "gzip", "shuffled", "floats", "contiguous", "odd_chunks"}) {
    CAPTURE(name);
    const Build build = open_peregrine(files() / (name + ".h5"));
    REQUIRE(build.shape() == Shape{layers, height, width});
    REQUIRE(build.channels.size() == 2);
    bool equal = true;
    for (Index layer = 0; layer < layers; ++layer) {
      const Image image = build.read(build.whole_layer(layer));
      for (Index y = 0; y < height; ++y)
        for (Index x = 0; x < width; ++x)
          for (Index c = 0; c < 2; ++c) equal = equal && image(y, x, c) == picture(c, layer, y, x);
    }
    CHECK(equal);
    Random random(1);
    for (int i = 0; i < 200; ++i) {
      const Index h = 1 + random.integer(height), w = 1 + random.integer(width);
      const LayerWindow window{random.integer(layers), random.integer(height - h + 1), random.integer(width - w + 1), h,
                               w};
      const Image image = build.read(window);
      const Index y = random.integer(h), x = random.integer(w);
      REQUIRE(image(y, x, 1) == picture(1, window.layer, window.top + y, window.left + x));
    }
  }
}

TEST_CASE("h5py: its masks of booleans and its labels give the same boxes") {
  if (files().empty()) return;
  for (const std::string name : {"lzf", "gzip", "shuffled", "floats", "contiguous", "odd_chunks", "categorical"}) {
    CAPTURE(name);
    const Build build = open_peregrine(files() / (name + ".h5"), {.need_masks = true});
    CHECK(defect_classes(build) == std::vector<std::string>{"Recoater Streaking", "Spatter"});
    const std::vector<LayerBox> boxes = find_boxes(build, {"Spatter", "Recoater Streaking"}, {}, {0, layers});
    REQUIRE(boxes.size() == 41);
    CHECK(boxes[0] == LayerBox{0, 1, {25, 12, 75, 15, 150}});
    CHECK(boxes[20] == LayerBox{20, 0, {3, 5, 8, 9, 20}});
    CHECK(boxes[40] == LayerBox{39, 1, {25, 51, 75, 54, 150}});
  }
}

TEST_CASE("h5py: chunks that it could not pack, and those that it never wrote, are read") {
  if (files().empty()) return;
  const Build build = open_peregrine(files() / "sparse.h5");
  const auto file = std::make_shared<const Hdf5File>(files() / "sparse.h5");
  const Volume expected(std::make_shared<const Hdf5Chunks>(file, "expected"), std::make_shared<ChunkCache>(1 << 20));
  Chunk values(static_cast<std::size_t>(height * width));
  for (Index layer = 0; layer < layers; ++layer) {
    expected.read(build.whole_layer(layer), values);
    const Image image = build.read(build.whole_layer(layer));
    REQUIRE(std::equal(values.begin(), values.end(), image.bytes().begin()));
  }
  CHECK(values.front() == 9);  // what h5py fills with
  CHECK(find_boxes(build, {"Powder"}, {}, {0, layers}).empty());
}

TEST_CASE("h5py: sizes in millimetres, and pictures of 16 bits as grey levels of the range that they have") {
  if (files().empty()) return;
  const Build build = open_peregrine(files() / "categorical.h5");
  CHECK(build.name == "made by h5py");
  CHECK(build.geometry.mm_per_layer == doctest::Approx(0.05));  // 50 um
  CHECK(build.geometry.mm_per_column == doctest::Approx(250.0 / 90));
  CHECK(build.geometry.mm_per_row == doctest::Approx(200.0 / 70));
  const Image image = build.read(build.whole_layer(2));
  CHECK(image(3, 4, 0) == doctest::Approx(picture(0, 2, 3, 4) * 16 / 4095.0 * 255).epsilon(0.02));  // 12 bits
}

TEST_CASE("h5py: pictures of 16 bits and of floats keep their numbers where they are asked for") {
  if (files().empty()) return;
  const Build build = open_peregrine(files() / "categorical.h5", {.numbers = true});
  const Build levels = open_peregrine(files() / "categorical.h5");
  const BasicImage<float> image = build.read<float>(build.whole_layer(2));
  bool equal = true;
  for (Index y = 0; y < height; ++y)
    for (Index x = 0; x < width; ++x) equal = equal && image(y, x, 0) == 16 * static_cast<float>(picture(0, 2, y, x));
  CHECK(equal);
  CHECK(build.read(build.whole_layer(2)) == levels.read(build.whole_layer(2)));
  for (const std::string name : {"floats", "shuffled"}) {
    const Build floats = open_peregrine(files() / (name + ".h5"), {.numbers = true});
    const BasicImage<float> window = floats.read<float>({7, 50, 60, 3, 9});
    CHECK(window(2, 8, 1) == static_cast<float>(picture(1, 7, 52, 68)) / 255);
  }
}

TEST_CASE("h5py: a camera of another size needs a registration; the masks say which pixels are the build's") {
  if (files().empty()) return;
  const std::string path = (files() / "sizes.h5").string();
  CHECK(open_peregrine(path).channels.size() == 1);
  CHECK(error_of([&] { open_peregrine(path, {.channels = {"NIR/0"}}); }) ==
        path +
            ": the channel 'NIR/0' is [40, 35, 45], the build [40, 70, 90]: where they lie has to be said (sensors, "
            "docs/sensors.md)");
  const Build build = open_peregrine(path, {.numbers = true, .registrations = {{"NIR/0", {0.5, 0, 0, 0, 0.5, 0}}}});
  REQUIRE(build.channels.size() == 2);
  REQUIRE(build.shape() == Shape{layers, height, width});
  const BasicImage<float> image = build.read<float>({3, 20, 30, 4, 6});
  CHECK(image(2, 3, 0) == picture(0, 3, 22, 33));
  const auto nir = [](Index y, Index x) { return 200.0 * picture(0, 3, 2 * y, 2 * x); };
  // Column 33 and row 22 end a quarter before and begin a quarter behind the middle of (11, 16).
  CHECK(image(2, 3, 1) == doctest::Approx(0.75 * (0.75 * nir(11, 16) + 0.25 * nir(11, 17)) +
                                          0.25 * (0.75 * nir(10, 16) + 0.25 * nir(10, 17))));
}

TEST_CASE("h5py: channels may be missing where that is allowed, but not all of them") {
  if (files().empty()) return;
  const std::string path = (files() / "lzf.h5").string();
  const PeregrineOptions options{
      .channels = {"NIR/0", "visible/1", "visible/0"}, .left_out = {"visible/0"}, .may_lack = true};
  const Build build = open_peregrine(path, options);
  CHECK(build.missing_channels() == std::vector<std::string>{"NIR/0", "visible/0"});
  CHECK(build.read<float>({1, 2, 3, 1, 1})(0, 0, 1) == picture(1, 1, 2, 3));
  CHECK(error_of([&] { open_peregrine(path, {.channels = {"NIR/0"}, .may_lack = true}); }) ==
        path + ": has none of the channels NIR/0");
}

TEST_CASE("h5py: its values of each layer are read") {
  if (files().empty()) return;
  const std::vector<LayerValues> values = read_layer_values(files() / "gzip.h5");
  REQUIRE(values.size() == 1);
  CHECK(values[0].name == "oxygen");
  REQUIRE(values[0].values.size() == layers);
  CHECK(values[0].values[13] == doctest::Approx(13 / 39.0));
  CHECK(to_text(values[0]) == "oxygen: 0 to 1, mean 0.5");
}

TEST_CASE("h5py: a file without cameras and masks says what is missing") {
  if (files().empty()) return;
  const std::string path = (files() / "ids_only.h5").string();
  CHECK(error_of([&] { open_peregrine(path); }) ==
        path +
            ": there are no pictures (3-dimensional data sets in slices/camera_data) and masks of classes "
            "(slices/segmentation_results with class_names); it has slices/part_ids (int64 [40, 70, 90], contiguous)");
}

TEST_CASE("h5py: what is not there is named, with what is") {
  if (files().empty()) return;
  const std::string path = (files() / "lzf.h5").string();
  CHECK(error_of([&] { open_peregrine(path, {.channels = {"NIR/0"}}); }) ==
        path + ": has no channel 'NIR/0', but visible/0, visible/1");
  const Build build = open_peregrine(path);
  CHECK(error_of([&] { mask_of(build, "Debris"); }) ==
        path + ": has no masks of the class 'Debris', but of Powder, Printed, Recoater Streaking, Spatter");
}

TEST_CASE("h5py: it reads what ours writes, in every packing and both forms of masks") {
  const TemporaryFolder folder;
  for (const auto& [packing, name] : {std::pair(PeregrinePacking::lzf, "lzf"),
                                      {PeregrinePacking::gzip, "gzip"},
                                      {PeregrinePacking::contiguous, "contiguous"}})
    for (const bool floats : {false, true}) {
      const std::string path = (folder.path() / concat(name, floats ? "_floats" : "", ".h5")).string();
      PeregrineWriter writer(
          path, {.build_name = "made by amdefect", .shape = {40, 70, 90}, .chunk = {7, 30, 40}, .packing = packing});
      for (const Index channel : {0, 1})
        writer.add_camera(concat("visible/", channel), floats, [&](Index layer, std::span<std::uint8_t> pixels) {
          for (Index y = 0; y < height; ++y)
            for (Index x = 0; x < width; ++x)
              pixels[static_cast<std::size_t>(y * width + x)] = picture(channel, layer, y, x);
        });
      const auto label = [](Index layer, Index i) { return static_cast<std::uint8_t>((layer + i / 50) % 3); };
      if (floats)
        writer.add_labels({"Powder", "Printed", "Debris"}, [&](Index layer, std::span<std::uint8_t> pixels) {
          for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = label(layer, static_cast<Index>(i));
        });
      else
        writer.add_masks({"Powder", "Printed", "Debris"},
                         [&](Index number, Index layer, std::span<std::uint8_t> pixels) {
                           for (std::size_t i = 0; i < pixels.size(); ++i)
                             pixels[i] = label(layer, static_cast<Index>(i)) == number;
                         });
      writer.commit();
      if (!run_script("check_file.py", "'" + path + "'")) return;
      const Build build = open_peregrine(path, {.need_masks = true});
      CHECK(build.read({5, 6, 7, 8, 9})(1, 2, 1) == picture(1, 5, 7, 9));
    }
}

}  // namespace amdefect::peregrine_h5py_test
