#pragma once

#include <hdf5.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/core/number_text.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/io/file_type.hpp"
#include "amdefect/peregrine/hdf5_handle.hpp"
#include "amdefect/peregrine/hdf5_probe.hpp"
#include "amdefect/peregrine/lzf.hpp"

namespace amdefect {

/// What kind of numbers a data set of HDF5 holds.
enum class Hdf5Numbers {
  bytes,  ///< of 8 bits, among them h5py's booleans (an enumeration)
  integers,
  floats,
  other  ///< text, records, ...
};

/// How a data set of HDF5 is stored.
struct Hdf5Storage {
  std::vector<Index> shape{};
  std::vector<Index> chunk{};  ///< empty: not in chunks
  Hdf5Numbers numbers = Hdf5Numbers::other;
  std::size_t element_bytes = 0;
  bool is_boolean = false, is_signed = false;
  std::vector<H5Z_filter_t> filters{};  ///< in the order in which they pack
  std::uint64_t stored_bytes = 0;       ///< in the file

  /// "uint8", "float32", "bool", ...
  std::string type_text() const {
    if (is_boolean) return "bool";
    if (numbers == Hdf5Numbers::other) return "no numbers";
    const char* kind = numbers == Hdf5Numbers::floats ? "float" : is_signed ? "int" : "uint";
    return concat(kind, 8 * element_bytes);
  }
  /// "contiguous", "chunks [35, 89, 89], lzf", ...
  std::string layout_text() const {
    if (chunk.empty()) return "contiguous";
    std::string text = concat("chunks ", Shape(chunk));
    for (const H5Z_filter_t filter : filters)
      text += filter == lzf_filter              ? ", lzf"
              : filter == H5Z_FILTER_DEFLATE    ? ", gzip"
              : filter == H5Z_FILTER_SHUFFLE    ? ", shuffle"
              : filter == H5Z_FILTER_FLETCHER32 ? ", fletcher32"
                                                : concat(", filter ", filter);
    return text;
  }
};

/// An HDF5 file that is read: its groups, attributes and data sets. Every function takes its `Hdf5Turn` itself.
class Hdf5File {
 public:
  /// @throws FileError for a file that is missing, no HDF5, cut off or damaged.
  explicit Hdf5File(std::filesystem::path path) : path_(std::move(path)) {
    require<FileError>(is_there(path_), path_.string(), ": there is no such file");
    require<FileError>(is_file(path_), path_.string(), ": is no plain file, expected one of HDF5");
    register_lzf();
    const Hdf5Turn turn;
    // Links into other files are not followed.
    if (H5Lis_registered(H5L_TYPE_EXTERNAL) > 0) H5Lunregister(H5L_TYPE_EXTERNAL);
    require<FileError>(H5Fis_hdf5(path_.c_str()) > 0, path_.string(), ": is no HDF5 file: its signature is missing");
    probe_hdf5(path_);
    file_ = Hdf5FileHandle(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
    if (!file_) fail("", "cannot be opened: it is cut off or damaged");
  }

  const std::filesystem::path& path() const { return path_; }
  hid_t id() const { return file_.id(); }

  /// @throws FileError that says what is wrong with an object ("" is the file), and why by libhdf5.
  [[noreturn]] void fail(const std::string& object, const std::string& problem) const {
    const std::string reason = hdf5_reason();
    throw FileError(concat(path_.string(), ": ", object, object.empty() ? "" : ": ", problem, reason));
  }

  /// Whether there is an object at a path from the root, like "slices/camera_data".
  bool has(const std::string& object) const {
    const Hdf5Turn turn;
    for (std::size_t end = object.find('/');; end = object.find('/', end + 1)) {
      if (H5Lexists(file_.id(), object.substr(0, end).c_str(), H5P_DEFAULT) <= 0) return false;
      if (end == std::string::npos) return H5Oexists_by_name(file_.id(), object.c_str(), H5P_DEFAULT) > 0;
    }
  }
  bool is_group(const std::string& object) const { return kind(object) == H5O_TYPE_GROUP; }
  bool is_data_set(const std::string& object) const { return kind(object) == H5O_TYPE_DATASET; }

  /// The names in a group, numbers in their order; none if it is no group. @throws FileError for a damaged one.
  std::vector<std::string> names(const std::string& group) const {
    std::vector<std::string> found;
    const Hdf5Turn turn;
    if (!is_group(group)) return found;
    const Hdf5Object opened(H5Oopen(file_.id(), group.c_str(), H5P_DEFAULT));
    const auto note = [](hid_t, const char* name, const H5L_info_t*, void* list) -> herr_t {
      static_cast<std::vector<std::string>*>(list)->emplace_back(name);
      return 0;
    };
    if (!opened || H5Literate(opened.id(), H5_INDEX_NAME, H5_ITER_INC, nullptr, note, &found) < 0)
      fail(group, "its members cannot be listed");
    std::stable_sort(found.begin(), found.end(), [](const std::string& a, const std::string& b) {
      const auto x = parse_number<Index>(a), y = parse_number<Index>(b);
      return x && y ? *x < *y : x.has_value() && !y;
    });
    return found;
  }

  /// The numbers of an attribute ("/" is the root); nothing if there is none, or it is no number.
  std::optional<double> number(const std::string& object, const std::string& name) const {
    const Hdf5Turn turn;
    const Hdf5Attribute attribute = open_attribute(object, name);
    if (!attribute) return std::nullopt;
    const Hdf5Type type(H5Aget_type(attribute.id()));
    const H5T_class_t kind = H5Tget_class(type.id());
    if (kind == H5T_STRING) {
      const std::vector<std::string> text = texts(object, name);
      return text.size() == 1 ? parse_number<double>(text.front()) : std::nullopt;
    }
    const Hdf5Space space(H5Aget_space(attribute.id()));
    double value = 0;
    if ((kind != H5T_INTEGER && kind != H5T_FLOAT) || H5Sget_simple_extent_npoints(space.id()) != 1 ||
        H5Aread(attribute.id(), H5T_NATIVE_DOUBLE, &value) < 0)
      return std::nullopt;
    return value;
  }
  /// The texts of an attribute; none if there is none, or it is no text.
  std::vector<std::string> texts(const std::string& object, const std::string& name) const {
    const Hdf5Turn turn;
    const Hdf5Attribute attribute = open_attribute(object, name);
    if (!attribute) return {};
    const Hdf5Type type(H5Aget_type(attribute.id()));
    const Hdf5Space space(H5Aget_space(attribute.id()));
    return read_texts(type, space, [&](hid_t memory, void* to) { return H5Aread(attribute.id(), memory, to); });
  }
  /// The texts of a data set; none if there is none, or it holds no text.
  std::vector<std::string> texts(const std::string& data_set) const {
    const Hdf5Turn turn;
    if (!has(data_set) || !is_data_set(data_set)) return {};
    const Hdf5DataSet opened(H5Dopen2(file_.id(), data_set.c_str(), H5P_DEFAULT));
    const Hdf5Type type(H5Dget_type(opened.id()));
    const Hdf5Space space(H5Dget_space(opened.id()));
    return read_texts(type, space, [&](hid_t memory, void* to) {
      return H5Dread(opened.id(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, to);
    });
  }
  /// All numbers of a data set. @throws FileError if it holds none, more than a number for each of many layers, or
  /// cannot be read.
  std::vector<double> numbers(const std::string& data_set) const {
    constexpr hssize_t most = 10'000'000;
    const Hdf5Turn turn;
    const Hdf5Storage stored = storage(data_set);
    const Hdf5DataSet opened = open(data_set);
    const Hdf5Space space(H5Dget_space(opened.id()));
    const hssize_t count = H5Sget_simple_extent_npoints(space.id());
    require<FileError>(stored.numbers != Hdf5Numbers::other && count >= 0 && count <= most, path_.string(), ": ",
                       data_set, ": expected at most ", most, " numbers, found ", stored.type_text(), ", ", count,
                       " of them");
    std::vector<double> values(static_cast<std::size_t>(count));
    if (H5Dread(opened.id(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
      fail(data_set, "its numbers cannot be read");
    return values;
  }
  /// @throws FileError for a data set whose description is damaged.
  Hdf5DataSet open(const std::string& data_set) const {
    const Hdf5Turn turn;
    // Without libhdf5's own cache of chunks, which would keep them a second time.
    const Hdf5Properties access(H5Pcreate(H5P_DATASET_ACCESS));
    H5Pset_chunk_cache(access.id(), 1, 0, 1);
    Hdf5DataSet opened(H5Dopen2(file_.id(), data_set.c_str(), access.id()));
    if (!opened) fail(data_set, "cannot be opened as a data set");
    return opened;
  }
  Hdf5Storage storage(const std::string& data_set) const {
    const Hdf5Turn turn;
    const Hdf5DataSet opened = open(data_set);
    Hdf5Storage storage;
    const Hdf5Space space(H5Dget_space(opened.id()));
    storage.shape = dimensions(data_set, space);
    const Hdf5Type type(H5Dget_type(opened.id()));
    const Hdf5Properties made(H5Dget_create_plist(opened.id()));
    if (!space || !type || !made) fail(data_set, "its description cannot be read");
    storage.element_bytes = H5Tget_size(type.id());
    const H5T_class_t kind = H5Tget_class(type.id());
    storage.is_boolean = kind == H5T_ENUM && storage.element_bytes == 1;
    storage.is_signed = kind == H5T_INTEGER && H5Tget_sign(type.id()) == H5T_SGN_2;
    storage.numbers = storage.is_boolean || (kind == H5T_INTEGER && storage.element_bytes == 1) ? Hdf5Numbers::bytes
                      : kind == H5T_INTEGER                                                     ? Hdf5Numbers::integers
                      : kind == H5T_FLOAT                                                       ? Hdf5Numbers::floats
                                                                                                : Hdf5Numbers::other;
    storage.stored_bytes = H5Dget_storage_size(opened.id());
    if (H5Pget_external_count(made.id()) > 0) fail(data_set, "its numbers are in another file, which is not read");
    if (H5Pget_layout(made.id()) != H5D_CHUNKED) return storage;
    std::vector<hsize_t> chunk(storage.shape.size());
    if (H5Pget_chunk(made.id(), static_cast<int>(chunk.size()), chunk.data()) != static_cast<int>(chunk.size()))
      fail(data_set, "its chunks have another number of dimensions");
    for (const hsize_t size : chunk) storage.chunk.push_back(static_cast<Index>(size));
    for (int i = 0, count = std::max(0, H5Pget_nfilters(made.id())); i < count; ++i) {
      unsigned flags = 0, configuration = 0;
      std::size_t values = 0;
      storage.filters.push_back(
          H5Pget_filter2(made.id(), static_cast<unsigned>(i), &flags, &values, nullptr, 0, nullptr, &configuration));
    }
    return storage;
  }

 private:
  H5O_type_t kind(const std::string& object) const {
    const Hdf5Turn turn;
    H5O_info_t info;
    if (!has(object)) return H5O_TYPE_UNKNOWN;
    return H5Oget_info_by_name(file_.id(), object.c_str(), &info, H5P_DEFAULT) < 0 ? H5O_TYPE_UNKNOWN : info.type;
  }
  Hdf5Attribute open_attribute(const std::string& object, const std::string& name) const {
    if (H5Aexists_by_name(file_.id(), object.c_str(), name.c_str(), H5P_DEFAULT) <= 0) return {};
    return Hdf5Attribute(H5Aopen_by_name(file_.id(), object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT));
  }
  std::vector<Index> dimensions(const std::string& data_set, const Hdf5Space& space) const {
    const int rank = H5Sget_simple_extent_ndims(space.id());
    if (rank < 0) fail(data_set, "its shape cannot be read");
    std::vector<hsize_t> sizes(static_cast<std::size_t>(rank));
    H5Sget_simple_extent_dims(space.id(), sizes.data(), nullptr);
    std::vector<Index> shape;
    for (const hsize_t size : sizes) {
      if (size > hsize_t{1} << 40) fail(data_set, concat("a dimension of ", size, " cannot be meant"));
      shape.push_back(static_cast<Index>(size));
    }
    return shape;
  }

  /// Texts of fixed or variable length.
  template <class Read>
  static std::vector<std::string> read_texts(const Hdf5Type& type, const Hdf5Space& space, Read&& read) {
    std::vector<std::string> found;
    const hssize_t count = H5Sget_simple_extent_npoints(space.id());
    if (!type || H5Tget_class(type.id()) != H5T_STRING || count < 1 || count > detail::most_texts) return found;
    if (H5Tis_variable_str(type.id()) > 0) {
      const Hdf5Type memory(H5Tcopy(type.id()));
      std::vector<char*> texts(static_cast<std::size_t>(count), nullptr);
      if (read(memory.id(), texts.data()) < 0) return found;
      for (const char* text : texts) found.emplace_back(text ? text : "");
      H5Dvlen_reclaim(memory.id(), space.id(), H5P_DEFAULT, texts.data());
      return found;
    }
    const std::size_t size = H5Tget_size(type.id());
    if (size == 0 || size > 16'000'000 / static_cast<std::size_t>(count)) return found;
    std::string texts(size * static_cast<std::size_t>(count), '\0');
    if (read(type.id(), texts.data()) < 0) return found;
    for (std::size_t i = 0; i < texts.size(); i += size) {
      std::string text = texts.substr(i, size);
      text.resize(std::min(text.find('\0'), text.size()));
      while (!text.empty() && text.back() == ' ') text.pop_back();
      found.push_back(std::move(text));
    }
    return found;
  }

  std::filesystem::path path_;
  Hdf5FileHandle file_;
};

}  // namespace amdefect
