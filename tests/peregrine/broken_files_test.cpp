#include <doctest/doctest.h>

#include <chrono>
#include <fstream>
#include <sstream>

#include "amdefect/core/random.hpp"
#include "amdefect/io/file_bytes.hpp"
#include "amdefect/layers/box_index.hpp"
#include "amdefect/peregrine/open_build.hpp"
#include "amdefect/peregrine/peregrine_writer.hpp"
#include "amdefect/peregrine/temporal_values.hpp"
#include "contains.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

namespace amdefect::broken_files_test {

void write_file(const std::filesystem::path& path, PeregrinePacking packing) {
  PeregrineWriter writer(path, {.shape = {12, 40, 40}, .chunk = {5, 16, 16}, .packing = packing});
  writer.add_camera("visible/0", false, [](Index layer, std::span<std::uint8_t> pixels) {
    for (std::size_t i = 0; i < pixels.size(); ++i)
      pixels[i] = static_cast<std::uint8_t>(i / 40 + static_cast<std::size_t>(layer));
  });
  writer.add_masks({"Powder", "Debris"}, [](Index label, Index, std::span<std::uint8_t> pixels) {
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = (i % 40 < 10) == (label == 1);
  });
  writer.add_temporal("oxygen", std::vector<double>(12, 0.5));
  writer.commit();
}

/// Reads all that there is. Returns what was said of it, or the number of boxes and the sum of all pixels.
std::string outcome(const std::filesystem::path& path) try {
  const PeregrineLayout layout = discover_layout(Hdf5File(path));
  static_cast<void>(to_text(layout, read_layer_values(path)));
  const Build build = open_peregrine(path, {.need_masks = true});
  const Shape shape = build.shape();
  if (shape.elements() > 1'000'000) return "large";
  std::size_t sum = 0;
  for (Index layer = 0; layer < shape[0]; ++layer)
    for (const std::uint8_t level : build.read(build.whole_layer(layer)).bytes()) sum += level;
  return concat(find_boxes(build, defect_classes(build), {}, {0, shape[0]}).size(), " boxes, ", sum);
} catch (const Error& error) {
  const std::string line = error.what();
  CHECK(line.find('\n') == std::string::npos);
  CHECK(line.find(path.string()) != std::string::npos);
  return line;
}

TEST_CASE("broken files: cut off anywhere, they give one line") {
  const TemporaryFolder folder;
  for (const PeregrinePacking packing : {PeregrinePacking::lzf, PeregrinePacking::gzip, PeregrinePacking::contiguous}) {
    write_file(folder.path() / "whole.h5", packing);
    const Bytes bytes = read_bytes(folder.path() / "whole.h5");
    CHECK(contains(outcome(folder.path() / "whole.h5"), "12 boxes"));
    for (std::size_t i = 0; i < 20; ++i) {
      const std::size_t length = bytes.size() * i / 20 + i % 3;
      CAPTURE(length);
      write_bytes(folder.path() / "cut.h5", std::span(bytes).first(length));
      const std::string said = outcome(folder.path() / "cut.h5");
      CAPTURE(said);
      CHECK((contains(said, "is no HDF5 file") || contains(said, "cannot be opened: it is cut off or damaged")));
    }
  }
}

TEST_CASE("broken files: with changed bytes, they give one line, or other numbers") {
  const TemporaryFolder folder;
  for (const PeregrinePacking packing : {PeregrinePacking::lzf, PeregrinePacking::gzip}) {
    write_file(folder.path() / "whole.h5", packing);
    const Bytes bytes = read_bytes(folder.path() / "whole.h5");
    const std::string sound = outcome(folder.path() / "whole.h5");
    Random random(3);
    int refused = 0, other = 0;
    for (int i = 0; i < 200; ++i) {
      Bytes changed = bytes;
      for (int k = 0; k < 1 + i % 4; ++k)
        changed[static_cast<std::size_t>(random.integer(static_cast<Index>(bytes.size())))] ^=
            static_cast<std::uint8_t>(1 + random.integer(255));
      write_bytes(folder.path() / "changed.h5", changed);
      const std::string said = outcome(folder.path() / "changed.h5");
      refused += contains(said, "changed.h5");
      other += said != sound;
    }
    CHECK(refused > 0);
    CHECK(other > refused);  // what nobody can see: a pixel is another
  }
}

TEST_CASE("broken files: LZF data that do not unpack to a chunk are named") {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "build.h5";
  write_file(path, PeregrinePacking::lzf);
  // Another length in place of the packed data of the first chunk, of which libhdf5 knows nothing.
  {
    register_lzf();
    const Hdf5Turn turn;
    const Hdf5FileHandle file(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT));
    const Hdf5DataSet set(H5Dopen2(file.id(), "slices/camera_data/visible/0", H5P_DEFAULT));
    const std::array<hsize_t, 3> corner{5, 16, 0};
    const Bytes junk{0xff, 0xff, 0xff, 1, 2, 3};
    REQUIRE(H5Dwrite_chunk(set.id(), H5P_DEFAULT, 0, corner.data(), junk.size(), junk.data()) >= 0);
    const std::array<hsize_t, 3> next{0, 0, 0};  // claims not to be packed
    REQUIRE(H5Dwrite_chunk(set.id(), H5P_DEFAULT, 1, next.data(), junk.size(), junk.data()) >= 0);
  }
  const Build build = open_peregrine(path);
  const std::string where = path.string() + ": slices/camera_data/visible/0: the chunk at layer ";
  CHECK(error_of([&] {
          build.read({6, 20, 3, 2, 2});
        }) == where + "5, row 16, column 0: its LZF data are damaged: expected 1280 bytes");
  CHECK(error_of([&] { build.read({0, 0, 0, 2, 2}); }) == where + "0, row 0, column 0: has 6 bytes, expected 1280");
  CHECK(build.read({6, 3, 20, 1, 1})(0, 0, 0) == 9);  // the others are sound
}

TEST_CASE("broken files: what is no file of HDF5 is told apart") {
  const TemporaryFolder folder;
  folder.write("text.h5", "not at all");
  folder.write("empty.h5", "");
  const auto problem = [&](const std::string& name) { return error_of([&] { Hdf5File(folder.path() / name); }); };
  CHECK(contains(problem("text.h5"), "text.h5: is no HDF5 file: its signature is missing"));
  CHECK(contains(problem("empty.h5"), "empty.h5: is no HDF5 file"));
  CHECK(contains(problem("none.h5"), "none.h5: there is no such file"));
  CHECK(contains(problem(""), ": is no plain file"));
}

TEST_CASE("broken files: a writer that does not get to its end leaves nothing") {
  const TemporaryFolder folder;
  {
    PeregrineWriter writer(folder.path() / "build.h5", {.shape = {3, 8, 8}});
    writer.add_temporal("oxygen", {1, 2, 3});
  }
  CHECK(std::filesystem::is_empty(folder.path()));
  CHECK(contains(error_of([&] { PeregrineWriter(folder.path() / "none" / "build.h5", {}); }),
                 "build.h5: cannot be created"));
}

}  // namespace amdefect::broken_files_test
