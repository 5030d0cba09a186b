#pragma once

#include <hdf5.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/layers/volume.hpp"
#include "amdefect/peregrine/hdf5_file.hpp"

namespace amdefect {

/// The numbers that become 0 and 255, where a data set does not hold bytes.
struct GreyRange {
  double black = 0, white = 255;
};

/// The grey levels of numbers by a range.
class GreyLevels {
 public:
  explicit GreyLevels(const GreyRange& range)
      : black_(static_cast<float>(range.black)), scale_(static_cast<float>(255 / (range.white - range.black))) {}

  std::uint8_t operator()(float number) const {
    const float level = (number - black_) * scale_ + 0.5F;
    return level >= 255 ? 255 : level > 0 ? static_cast<std::uint8_t>(level) : 0;  // NaN: 0
  }

 private:
  float black_, scale_;
};

/// Reads the chunks of a data set [layers, height, width] of an HDF5 file: 8 bits as they are, all else as grey levels
/// of a range, or as numbers.
///
/// Chunks without a filter and those of h5py's LZF are read as they are stored, and unpacked without holding up other
/// threads; all others, and what is not stored in chunks, libhdf5 reads.
class Hdf5Chunks final : public ChunkReader {
 public:
  /// @throws FileError for a data set that is none of layers of numbers.
  Hdf5Chunks(std::shared_ptr<const Hdf5File> file, std::string data_set, GreyRange range = {}, bool numbers = false)
      : file_(std::move(file)), name_(std::move(data_set)), grey_levels_(range), storage_(file_->storage(name_)) {
    numbers_ = numbers && storage_.numbers != Hdf5Numbers::bytes;
    if (storage_.shape.size() != 3 || storage_.numbers == Hdf5Numbers::other ||
        *std::min_element(storage_.shape.begin(), storage_.shape.end()) < 1)
      throw FileError(concat(where(), ": expected numbers [layers, height, width], found ", storage_.type_text(), ' ',
                             Shape(storage_.shape)));
    shape_ = Shape(storage_.shape);
    require<FileError>(shape_[1] <= (Index{1} << 31) / shape_[2], where(), ": layers of ", shape_[1], 'x', shape_[2],
                       " pixels cannot be meant");
    chunk_ = storage_.chunk.empty() ? contiguous_chunk() : Shape(storage_.chunk);
    for (std::size_t axis = 0; axis < 3; ++axis)
      require<FileError>(chunk_[axis] > 0, where(), ": has chunks of ", chunk_);
    require<FileError>(chunk_.elements() <= largest_chunk, where(), ": has chunks of ", chunk_,
                       ", which are too large to be read: at most ", largest_chunk, " values");
    const Hdf5Turn turn;
    data_set_ = file_->open(name_);
    const Hdf5Type type(H5Dget_type(data_set_.id()));
    direct_ =
        !storage_.chunk.empty() &&
        (storage_.numbers == Hdf5Numbers::bytes || H5Tequal(type.id(), H5T_NATIVE_FLOAT) > 0) &&
        std::all_of(storage_.filters.begin(), storage_.filters.end(), [](H5Z_filter_t f) { return f == lzf_filter; }) &&
        storage_.filters.size() <= 1;
    const Hdf5Properties made(H5Dget_create_plist(data_set_.id()));
    unsigned chunk_options = 0;  // chunks at the borders may be stored without their filters
    if (!storage_.chunk.empty() && H5Pget_chunk_opts(made.id(), &chunk_options) >= 0 && chunk_options != 0)
      direct_ = false;
    memory_type_ =
        storage_.numbers == Hdf5Numbers::bytes ? Hdf5Type(H5Tcopy(type.id())) : Hdf5Type(H5Tcopy(H5T_NATIVE_FLOAT));
    std::vector<std::uint8_t> fill(value_bytes());
    if (H5Pget_fill_value(made.id(), memory_type_.id(), fill.data()) < 0) fill.assign(value_bytes(), 0);
    fill_number_ = storage_.numbers == Hdf5Numbers::bytes ? static_cast<float>(fill.front()) : number_at(fill, 0);
    fill_ = storage_.numbers == Hdf5Numbers::bytes ? fill.front() : grey_levels_(fill_number_);
  }

  Shape shape() const override { return shape_; }
  Shape chunk_shape() const override { return chunk_; }
  std::string name() const override { return where(); }
  std::uint8_t fill_value() const override { return fill_; }
  bool holds_numbers() const override { return numbers_; }
  float fill_number() const override { return fill_number_; }
  std::uint8_t grey_level(float number) const override { return grey_levels_(number); }
  const Hdf5Storage& storage() const { return storage_; }

  Chunk read_chunk(Index layer, Index top, Index left) const override {
    const std::array<hsize_t, 3> at{static_cast<hsize_t>(layer), static_cast<hsize_t>(top), static_cast<hsize_t>(left)};
    std::vector<std::uint8_t> raw = direct_ ? read_direct(at) : read_by_library(at);
    if (raw.empty() || numbers_ || storage_.numbers == Hdf5Numbers::bytes) return raw;
    return to_levels(raw);
  }

  /// The numbers of a layer as they are, for a look at their range. @throws FileError
  std::vector<float> read_numbers(Index layer, Index row) const {
    std::vector<float> values(static_cast<std::size_t>(shape_[2]));
    const std::array<hsize_t, 3> start{static_cast<hsize_t>(layer), static_cast<hsize_t>(row), 0},
        count{1, 1, static_cast<hsize_t>(shape_[2])};
    const Hdf5Turn turn;
    read(start, count, count, H5T_NATIVE_FLOAT, values.data());
    return values;
  }

 private:
  static constexpr Index largest_chunk = Index{1} << 29;
  using Corner = std::array<hsize_t, 3>;

  std::string where() const { return concat(file_->path().string(), ": ", name_); }
  [[noreturn]] void fail(const Corner& at, const std::string& problem) const {
    file_->fail(concat(name_, ": the chunk at layer ", at[0], ", row ", at[1], ", column ", at[2]), problem);
  }
  /// Rows of about a megabyte, where nothing is stored in chunks.
  Shape contiguous_chunk() const {
    const Index rows = std::max<Index>(1, (Index{1} << 20) / (shape_[2] * static_cast<Index>(storage_.element_bytes)));
    return {1, std::min(rows, shape_[1]), shape_[2]};
  }
  std::size_t value_bytes() const { return storage_.numbers == Hdf5Numbers::bytes ? 1 : sizeof(float); }
  std::size_t chunk_bytes() const { return static_cast<std::size_t>(chunk_.elements()) * value_bytes(); }

  /// How large a chunk is in the file; 0 if it is not there, which libhdf5 calls a failure in files of some kinds.
  hsize_t stored_bytes(const Corner& at) const {
    hsize_t bytes = 0;
    if (H5Dget_chunk_storage_size(data_set_.id(), at.data(), &bytes) >= 0) return bytes;
    if (hdf5_reason().find("not allocated") == std::string::npos) fail(at, "cannot be looked up");
    return 0;
  }

  /// A chunk as the file has it; empty where it has none.
  std::vector<std::uint8_t> read_direct(const Corner& at) const {
    const std::size_t whole = chunk_bytes();
    std::vector<std::uint8_t> stored;
    std::uint32_t skipped = 0;
    {
      const Hdf5Turn turn;
      const hsize_t bytes = stored_bytes(at);
      if (bytes == 0) return {};
      if (bytes > 2 * whole + 4096) fail(at, concat("claims ", bytes, " bytes, expected at most ", whole));
      stored.resize(bytes);
      if (H5Dread_chunk(data_set_.id(), H5P_DEFAULT, at.data(), &skipped, stored.data()) < 0)
        fail(at, concat("its ", bytes, " bytes cannot be read"));
    }
    if (storage_.filters.empty() || (skipped & 1U) != 0) {
      if (stored.size() == whole) return stored;
      throw FileError(concat(where(), ": the chunk at layer ", at[0], ", row ", at[1], ", column ", at[2], ": has ",
                             stored.size(), " bytes, expected ", whole));
    }
    std::vector<std::uint8_t> unpacked(whole);
    require<FileError>(unpack_lzf(stored, unpacked), where(), ": the chunk at layer ", at[0], ", row ", at[1],
                       ", column ", at[2], ": its LZF data are damaged: expected ", whole, " bytes");
    return unpacked;
  }

  /// A chunk as libhdf5 unpacks and converts it.
  std::vector<std::uint8_t> read_by_library(const Corner& at) const {
    const Hdf5Turn turn;
    if (!storage_.chunk.empty() && stored_bytes(at) == 0) return {};
    Corner size{}, inside{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      size[axis] = static_cast<hsize_t>(chunk_[axis]);
      inside[axis] = std::min(size[axis], static_cast<hsize_t>(shape_[axis]) - at[axis]);
    }
    std::vector<std::uint8_t> values(chunk_bytes());
    read(at, inside, size, memory_type_.id(), values.data());
    return values;
  }
  /// The `inside` values from `at` on, into the corner of memory for `size` of them.
  void read(const Corner& at, const Corner& inside, const Corner& size, hid_t type, void* to) const {
    const Hdf5Space from(H5Dget_space(data_set_.id())), memory(H5Screate_simple(3, size.data(), nullptr));
    const Corner origin{};
    if (H5Sselect_hyperslab(from.id(), H5S_SELECT_SET, at.data(), nullptr, inside.data(), nullptr) < 0 ||
        H5Sselect_hyperslab(memory.id(), H5S_SELECT_SET, origin.data(), nullptr, inside.data(), nullptr) < 0 ||
        H5Dread(data_set_.id(), type, memory.id(), from.id(), H5P_DEFAULT, to) < 0)
      fail(at, "cannot be read");
  }

  static float number_at(const std::vector<std::uint8_t>& raw, std::size_t i) {
    float value = 0;
    std::memcpy(&value, raw.data() + i * sizeof value, sizeof value);
    return value;
  }
  Chunk to_levels(const std::vector<std::uint8_t>& raw) const {
    Chunk levels(raw.size() / sizeof(float));
    const GreyLevels level = grey_levels_;  // a copy: writing bytes might change a member, for all that compilers know
    for (std::size_t i = 0; i < levels.size(); ++i) levels[i] = level(number_at(raw, i));
    return levels;
  }

  std::shared_ptr<const Hdf5File> file_;
  std::string name_;
  GreyLevels grey_levels_;
  Hdf5Storage storage_;
  Shape shape_, chunk_;
  Hdf5DataSet data_set_;
  Hdf5Type memory_type_;
  bool direct_ = false, numbers_ = false;
  std::uint8_t fill_ = 0;
  float fill_number_ = 0;
};

}  // namespace amdefect
