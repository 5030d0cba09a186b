#pragma once

#include <fcntl.h>
#include <hdf5.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "amdefect/core/shape.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/layers/build.hpp"
#include "amdefect/peregrine/lzf.hpp"

namespace amdefect {

/// How the data sets of a PeregrineWriter are stored.
enum class PeregrinePacking { lzf, gzip, contiguous };

/// What a PeregrineWriter needs to know first.
struct PeregrineHeader {
  std::string build_name = "build";
  Shape shape{100, 512, 512};  ///< [layers, height, width]
  LayerGeometry geometry{.mm_per_column = 0.1, .mm_per_row = 0.1, .mm_per_layer = 0.05};
  std::array<Index, 3> chunk{35, 89, 89};  ///< cut to the shape
  PeregrinePacking packing = PeregrinePacking::lzf;
};

/// Writes a file in the layout of ORNL's Peregrine, data set by data set, of any size: in memory is one slab of chunks.
/// The file appears under its name with `commit`.
class PeregrineWriter {
 public:
  /// Writes the pixels [height, width] of a layer, all of them.
  using Render = std::function<void(Index layer, std::span<std::uint8_t> pixels)>;

  /// @throws FileError if the file cannot be made, Error for a shape that is none of layers.
  PeregrineWriter(std::filesystem::path path, PeregrineHeader header)
      : path_(std::move(path)), header_(std::move(header)) {
    const Shape& shape = header_.shape;
    require(shape.rank() == 3 && shape.elements() > 0, "peregrine: cannot write layers of the shape ", shape);
    for (std::size_t axis = 0; axis < 3; ++axis) {
      require(header_.chunk[axis] > 0, "peregrine: the chunks must be larger than 0");
      header_.chunk[axis] = std::min(header_.chunk[axis], shape[axis]);
    }
    register_lzf();
    temporary_ = path_.parent_path() / concat(temporary_file_start, ::getpid(), '_', path_.filename().string());
    const Hdf5Turn turn;
    file_ = Hdf5FileHandle(H5Fcreate(temporary_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
    check(static_cast<bool>(file_), "created");
    write_attributes();
  }
  ~PeregrineWriter() {
    file_ = {};
    std::error_code none;
    if (!committed_) std::filesystem::remove(temporary_, none);
  }
  PeregrineWriter(const PeregrineWriter&) = delete;
  PeregrineWriter& operator=(const PeregrineWriter&) = delete;

  /// A camera ("visible/0") of bytes, or of 32-bit numbers from 0 to 1. @throws FileError
  void add_camera(const std::string& name, bool floats, const Render& render) {
    write_layers("slices/camera_data/" + name, floats ? H5T_NATIVE_FLOAT : H5T_NATIVE_UINT8, floats, render);
  }
  /// A mask of 0 and 1 for each class, as h5py stores booleans. @throws FileError
  void add_masks(const std::vector<std::string>& class_names,
                 const std::function<void(Index, Index, std::span<std::uint8_t>)>& render) {
    Hdf5Type boolean;
    {
      const Hdf5Turn turn;
      boolean = Hdf5Type(H5Tenum_create(H5T_NATIVE_INT8));
      for (const auto& [word, value] : {std::pair("FALSE", std::int8_t{0}), {"TRUE", std::int8_t{1}}})
        check(H5Tenum_insert(boolean.id(), word, &value) >= 0, "written");
    }
    for (std::size_t i = 0; i < class_names.size(); ++i)
      write_layers(concat("slices/segmentation_results/", i), boolean.id(), false,
                   [&](Index layer, std::span<std::uint8_t> pixels) { render(static_cast<Index>(i), layer, pixels); });
    name_classes("slices/segmentation_results", class_names);
  }
  /// One data set with the number of a class in each pixel. @throws FileError
  void add_labels(const std::vector<std::string>& class_names, const Render& render) {
    write_layers("slices/segmentation_results", H5T_NATIVE_UINT8, false, render);
    name_classes("slices/segmentation_results", class_names);
  }
  /// Numbers of parts or samples, 0 outside. @throws FileError
  void add_ids(const std::string& name, const Render& render) {
    write_layers("slices/" + name, H5T_NATIVE_UINT8, false, render);
  }
  /// A number of each layer. @throws FileError
  void add_temporal(const std::string& name, const std::vector<double>& values) {
    const Hdf5Turn turn;
    const hsize_t size = values.size();
    const Hdf5Space space(H5Screate_simple(1, &size, nullptr));
    const Hdf5Properties groups = with_groups();
    const Hdf5DataSet set(H5Dcreate2(file_.id(), ("temporal/" + name).c_str(), H5T_NATIVE_DOUBLE, space.id(),
                                     groups.id(), H5P_DEFAULT, H5P_DEFAULT));
    check(set && H5Dwrite(set.id(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0, "written");
  }

  /// Completes the file. @throws FileError, and then there is none of the name, or that of before.
  void commit() {
    {
      const Hdf5Turn turn;
      check(H5Fflush(file_.id(), H5F_SCOPE_GLOBAL) >= 0 && H5Fclose(std::exchange(file_, {}).release()) >= 0,
            "written");
    }
    const int descriptor = ::open(temporary_.c_str(), O_RDONLY | O_CLOEXEC);  // libhdf5 does not wait for the disk
    const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
    if (descriptor >= 0) ::close(descriptor);
    require<FileError>(synced, path_.string(), ": cannot be written to the disk");
    std::error_code failure;
    std::filesystem::rename(temporary_, path_, failure);
    require<FileError>(!failure, path_.string(), ": cannot be given its name: ", failure.message());
    committed_ = true;
  }

 private:
  void check(bool good, const char* what) const {
    if (!good) throw FileError(concat(path_.string(), ": cannot be ", what, hdf5_reason()));
  }
  static Hdf5Properties with_groups() {
    Hdf5Properties links(H5Pcreate(H5P_LINK_CREATE));
    H5Pset_create_intermediate_group(links.id(), 1);
    return links;
  }

  void write_attributes() const {
    const auto& [mm_per_column, mm_per_row, mm_per_layer] = header_.geometry;
    const auto height = static_cast<double>(header_.shape[1]), width = static_cast<double>(header_.shape[2]);
    write_text("/", "core/build_name", header_.build_name);
    write_number("core/number_of_layers", static_cast<double>(header_.shape[0]));
    write_number("material/layer_thickness", mm_per_layer);
    write_text("/", "material/layer_thickness/units", "mm");
    write_number("printer/x_real_dimension", mm_per_column * width);
    write_number("printer/y_real_dimension", mm_per_row * height);
    write_number("printer/x_camera_dimension", width);
    write_number("printer/y_camera_dimension", height);
  }
  void write_number(const char* name, double number) const {
    const Hdf5Space scalar(H5Screate(H5S_SCALAR));
    const Hdf5Attribute attribute(
        H5Acreate2(file_.id(), name, H5T_NATIVE_DOUBLE, scalar.id(), H5P_DEFAULT, H5P_DEFAULT));
    check(attribute && H5Awrite(attribute.id(), H5T_NATIVE_DOUBLE, &number) >= 0, "written");
  }
  void write_text(const std::string& object, const char* name, const std::string& text) const {
    const Hdf5Space scalar(H5Screate(H5S_SCALAR));
    const Hdf5Type type(H5Tcopy(H5T_C_S1));
    H5Tset_size(type.id(), H5T_VARIABLE);
    H5Tset_cset(type.id(), H5T_CSET_UTF8);
    const Hdf5Attribute attribute(H5Acreate_by_name(file_.id(), object.c_str(), name, type.id(), scalar.id(),
                                                    H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    const char* const start = text.c_str();
    check(attribute && H5Awrite(attribute.id(), type.id(), &start) >= 0, "written");
  }
  void name_classes(const std::string& object, const std::vector<std::string>& names) const {
    std::string text;
    for (const std::string& name : names) {
      require(name.find(',') == std::string::npos, "peregrine: the class name '", name, "' has a comma in it");
      text += (text.empty() ? "" : ",") + name;
    }
    const Hdf5Turn turn;
    write_text(object, "class_names", text);
  }

  Hdf5DataSet create(const std::string& path, hid_t type) const {
    const Hdf5Turn turn;
    std::array<hsize_t, 3> size{}, chunk{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      size[axis] = static_cast<hsize_t>(header_.shape[axis]);
      chunk[axis] = static_cast<hsize_t>(header_.chunk[axis]);
    }
    const Hdf5Space space(H5Screate_simple(3, size.data(), nullptr));
    const Hdf5Properties stored(H5Pcreate(H5P_DATASET_CREATE)), links = with_groups();
    const std::array<unsigned, 3> lzf_values{lzf_filter_version, lzf_version,
                                             static_cast<unsigned>(chunk[0] * chunk[1] * chunk[2] * H5Tget_size(type))};
    if (header_.packing != PeregrinePacking::contiguous)
      check(H5Pset_chunk(stored.id(), 3, chunk.data()) >= 0, "written in such chunks");
    if (header_.packing == PeregrinePacking::gzip) check(H5Pset_deflate(stored.id(), 4) >= 0, "packed by gzip");
    if (header_.packing == PeregrinePacking::lzf)
      check(H5Pset_filter(stored.id(), lzf_filter, H5Z_FLAG_OPTIONAL, lzf_values.size(), lzf_values.data()) >= 0,
            "packed by LZF");
    Hdf5DataSet made(H5Dcreate2(file_.id(), path.c_str(), type, space.id(), links.id(), stored.id(), H5P_DEFAULT));
    check(static_cast<bool>(made), "given a data set");
    return made;
  }

  /// All layers of a data set, slab by slab; a slab of zeros is left out.
  void write_layers(const std::string& path, hid_t type, bool floats, const Render& render) const {
    const Hdf5DataSet set = create(path, type);
    const Index layers = header_.shape[0], height = header_.shape[1], width = header_.shape[2], pixels = height * width;
    const Index slab = header_.chunk[0], band = header_.chunk[1];
    std::vector<std::uint8_t> values(static_cast<std::size_t>(slab * pixels));
    std::vector<std::uint8_t> part;
    for (Index first = 0; first < layers; first += slab) {
      const Index count = std::min(slab, layers - first);
      std::fill(values.begin(), values.end(), std::uint8_t{0});
      for (Index k = 0; k < count; ++k)
        render(first + k,
               std::span(values).subspan(static_cast<std::size_t>(k * pixels), static_cast<std::size_t>(pixels)));
      if (std::all_of(values.begin(), values.end(), [](std::uint8_t v) { return v == 0; })) continue;
      for (Index top = 0; top < height; top += band) {
        const Index rows = std::min(band, height - top);
        pack(values, {count, height, width}, top, rows, part);
        write_part(set, floats, {first, top, 0}, {count, rows, width}, part);
      }
    }
  }
  /// The rows [top, top + rows) of all layers of a slab.
  static void pack(const std::vector<std::uint8_t>& slab, const Shape& shape, Index top, Index rows,
                   std::vector<std::uint8_t>& part) {
    part.clear();
    for (Index layer = 0; layer < shape[0]; ++layer) {
      const auto begin = slab.begin() + (layer * shape[1] + top) * shape[2];
      part.insert(part.end(), begin, begin + rows * shape[2]);
    }
  }
  void write_part(const Hdf5DataSet& set, bool floats, const std::array<Index, 3>& at, const std::array<Index, 3>& size,
                  const std::vector<std::uint8_t>& values) const {
    std::vector<float> numbers(floats ? values.size() : 0);
    if (floats)
      std::transform(values.begin(), values.end(), numbers.begin(),
                     [](std::uint8_t v) { return static_cast<float>(v) / 255; });
    const Hdf5Turn turn;
    const Hdf5Space file(H5Dget_space(set.id()));
    const Hdf5Type stored(H5Dget_type(set.id()));
    std::array<hsize_t, 3> start{}, count{};
    std::copy(at.begin(), at.end(), start.begin());
    std::copy(size.begin(), size.end(), count.begin());
    const Hdf5Space memory(H5Screate_simple(3, count.data(), nullptr));
    const void* const from = floats ? static_cast<const void*>(numbers.data()) : values.data();
    check(H5Sselect_hyperslab(file.id(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr) >= 0 &&
              H5Dwrite(set.id(), stored.id(), memory.id(), file.id(), H5P_DEFAULT, from) >= 0,
          "written");
  }

  std::filesystem::path path_, temporary_;
  PeregrineHeader header_;
  Hdf5FileHandle file_;
  bool committed_ = false;
};

}  // namespace amdefect
