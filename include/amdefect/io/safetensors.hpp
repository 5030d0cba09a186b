#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/tensor.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/io/half_float.hpp"
#include "amdefect/io/json_text.hpp"
#include "amdefect/io/safetensors_header.hpp"

/// The safetensors format (https://github.com/huggingface/safetensors): the length of the header (8 bytes, little
/// endian), a JSON header, the raw little-endian data. Anyone's Python reads these files.
namespace amdefect {

static_assert(std::endian::native == std::endian::little, "safetensors data is little endian");

/// Free text that travels with the tensors, e.g. a model's configuration.
using SafetensorsMetadata = std::map<std::string, std::string>;

/// The safetensors name of an element type.
template <class T>
constexpr std::string_view dtype_name() {
  if constexpr (std::same_as<T, double>) return "F64";
  if constexpr (std::same_as<T, float>) return "F32";
  if constexpr (std::same_as<T, std::int64_t>) return "I64";
  if constexpr (std::same_as<T, std::int32_t>) return "I32";
  if constexpr (std::same_as<T, std::uint64_t>) return "U64";
  if constexpr (std::same_as<T, std::uint8_t>) return "U8";
  return "";
}

/// A named tensor whose row-major elements are somebody else's bytes.
struct SafetensorsEntry {
  std::string name;
  std::string dtype;
  Shape shape;
  std::span<const std::byte> bytes;
};

/// An entry for `write_safetensors`; the elements are borrowed until then.
template <class T>
SafetensorsEntry safetensors_entry(std::string name, TensorView<T> tensor) {
  static_assert(!dtype_name<std::remove_const_t<T>>().empty(), "this element type has no safetensors name here");
  return {std::move(name), std::string(dtype_name<std::remove_const_t<T>>()), tensor.shape(),
          std::as_bytes(tensor.span())};
}

/// What is read as float or double.
inline constexpr std::string_view numeric_dtypes = "F64, F32, F16, BF16, I64 or I32";

namespace detail {

/// Levenshtein distance: single-character edits that turn one text into the other.
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, substituted}));
    }
  }
  return row.back();
}

/// Whether `convert_elements` reads it.
inline bool is_numeric(std::string_view dtype) {
  constexpr std::array<std::string_view, 6> names{"F64", "F32", "F16", "BF16", "I64", "I32"};
  return std::find(names.begin(), names.end(), dtype) != names.end();
}

/// Elements stored as `Stored` into a tensor of `T`; the bytes need not be aligned.
template <class Stored, class T>
void convert_elements(std::span<const std::byte> bytes, TensorView<T> out) {
  for (Index i = 0; i < out.size(); ++i) {
    Stored value;
    std::memcpy(&value, bytes.data() + static_cast<std::size_t>(i) * sizeof(Stored), sizeof(Stored));
    out[i] = static_cast<T>(value);
  }
}

/// Elements of a numeric dtype into a tensor of float or double.
template <std::floating_point T>
void convert_elements(std::string_view dtype, std::span<const std::byte> bytes, TensorView<T> out) {
  if (dtype == "F32") convert_elements<float>(bytes, out);
  if (dtype == "F64") convert_elements<double>(bytes, out);
  if (dtype == "F16") convert_elements<Float16>(bytes, out);
  if (dtype == "BF16") convert_elements<BFloat16>(bytes, out);
  if (dtype == "I32") convert_elements<std::int32_t>(bytes, out);
  if (dtype == "I64") convert_elements<std::int64_t>(bytes, out);
}

}  // namespace detail

/// A whole safetensors file in memory. Moves; entries stay valid as long as it lives.
class SafetensorsFile {
 public:
  /// Takes the bytes of a file; `path` names it in messages. @throws FileError for anything the format does not allow.
  SafetensorsFile(std::filesystem::path path, std::vector<std::byte> bytes)
      : path_(std::move(path)), bytes_(std::move(bytes)) {
    constexpr std::size_t prefix = sizeof(std::uint64_t);
    require<FileError>(bytes_.size() >= prefix, where(), "expected at least ", prefix, " bytes, found ", bytes_.size());
    std::uint64_t length = 0;
    std::memcpy(&length, bytes_.data(), prefix);
    require<FileError>(length <= bytes_.size() - prefix, where(), "expected a header of ", length, " bytes, found ",
                       bytes_.size() - prefix, " bytes after its length (truncated, or not a safetensors file)");
    const std::string_view text(reinterpret_cast<const char*>(bytes_.data() + prefix), length);
    const auto data = std::span<const std::byte>(bytes_).subspan(prefix + length);
    SafetensorsHeader header = parse_safetensors_header(text, path_.string(), static_cast<Index>(data.size()));
    metadata_ = std::move(header.metadata);
    for (SafetensorsInfo& info : header.tensors) {
      const auto begin = static_cast<std::size_t>(info.begin), end = static_cast<std::size_t>(info.end);
      index_.emplace(info.name, entries_.size());
      entries_.push_back({std::move(info.name), std::move(info.dtype), info.shape, data.subspan(begin, end - begin)});
    }
  }
  SafetensorsFile(SafetensorsFile&&) = default;
  SafetensorsFile& operator=(SafetensorsFile&&) = default;

  const std::filesystem::path& path() const { return path_; }
  const SafetensorsMetadata& metadata() const { return metadata_; }
  /// All tensors in the order of their data.
  std::span<const SafetensorsEntry> entries() const { return entries_; }
  bool contains(std::string_view name) const { return index_.find(name) != index_.end(); }

  /// @throws FileError with the nearest names if there is no such tensor.
  const SafetensorsEntry& entry(std::string_view name) const {
    const auto found = index_.find(name);
    require<FileError>(found != index_.end(), where(), "no tensor ", detail::json_quote(name), nearest(name));
    return entries_[found->second];
  }

  /// The elements as a new tensor; see `read`.
  template <class T>
  Tensor<T> tensor(std::string_view name) const {
    const SafetensorsEntry& source = entry(name);
    require_type<T>(source);  // of another one the file does not bound the shape
    Tensor<T> result(source.shape);
    read(name, result.view());
    return result;
  }

  /// Copies the elements into `out`. Float and double are read from F64, F32, F16, BF16, I64 and I32, rounded where
  /// they must be; other types must be the same.
  /// @throws FileError for a missing name or another type, ShapeError for another shape.
  template <class T>
  void read(std::string_view name, TensorView<T> out) const {
    const SafetensorsEntry& source = entry(name);
    require<ShapeError>(source.shape == out.shape(), where(), "tensor ", detail::json_quote(name), ": expected shape ",
                        out.shape(), ", found ", source.shape);
    require_type<T>(source);
    if constexpr (std::floating_point<T>) {
      if (source.dtype != dtype_name<T>()) {
        detail::convert_elements(source.dtype, source.bytes, out);
        return;
      }
    }
    if (!out.empty()) std::memcpy(out.data(), source.bytes.data(), source.bytes.size());
  }

 private:
  /// @throws FileError unless elements of this type can be read from the tensor.
  template <class T>
  void require_type(const SafetensorsEntry& source) const {
    const bool converted = std::floating_point<T> && detail::is_numeric(source.dtype);
    require<FileError>(converted || source.dtype == dtype_name<T>(), where(), "tensor ",
                       detail::json_quote(source.name), ": expected ",
                       std::floating_point<T> ? numeric_dtypes : dtype_name<T>(), ", found ",
                       detail::json_quote(source.dtype));
  }
  std::string where() const { return concat("safetensors: ", path_.string(), ": "); }
  std::string nearest(std::string_view name) const {
    if (entries_.empty()) return "; the file has none";
    std::vector<std::pair<std::size_t, std::string_view>> candidates;
    for (const SafetensorsEntry& item : entries_)
      candidates.emplace_back(detail::edit_distance(name, item.name), item.name);
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    candidates.resize(std::min<std::size_t>(candidates.size(), 3));
    std::string text = concat("; nearest of ", entries_.size(), ':');
    for (const auto& candidate : candidates) text += concat(' ', detail::json_quote(candidate.second));
    return text;
  }

  std::filesystem::path path_;
  std::vector<std::byte> bytes_;
  std::vector<SafetensorsEntry> entries_;
  std::map<std::string, std::size_t, std::less<>> index_;
  SafetensorsMetadata metadata_;
};

/// Reads a whole safetensors file. @throws FileError if it is missing, unreadable or not in the format.
inline SafetensorsFile read_safetensors(const std::filesystem::path& path) {
  const auto check = [&](bool ok, const char* problem) {
    require<FileError>(ok, "safetensors: ", path.string(), ": ", problem);
  };
  std::error_code error;
  check(std::filesystem::exists(path, error), "no such file");
  check(std::filesystem::is_regular_file(path, error), "not a regular file");
  const auto size = std::filesystem::file_size(path, error);
  std::ifstream in(path, std::ios::binary);
  check(!error && in, "cannot be opened");
  std::vector<std::byte> bytes(size);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  check(in.gcount() == static_cast<std::streamsize>(size), "could not be read to its end");
  return SafetensorsFile(path, std::move(bytes));
}

namespace detail {

/// The JSON header for entries in the order of their data, padded so that the data starts at a multiple of 8 bytes.
inline std::string safetensors_header_text(std::span<const SafetensorsEntry* const> entries,
                                           const SafetensorsMetadata& metadata) {
  std::string text = "{";
  const auto comma = [&] { return text.size() > 1 ? "," : ""; };
  if (!metadata.empty()) {
    text += "\"__metadata__\":{";
    for (auto item = metadata.begin(); item != metadata.end(); ++item)
      text += concat(item == metadata.begin() ? "" : ",", json_quote(item->first), ':', json_quote(item->second));
    text += '}';
  }
  std::size_t offset = 0;
  for (const SafetensorsEntry* entry : entries) {
    text += concat(comma(), json_quote(entry->name), ":{\"dtype\":", json_quote(entry->dtype), ",\"shape\":[");
    for (std::size_t axis = 0; axis < entry->shape.rank(); ++axis) text += concat(axis ? "," : "", entry->shape[axis]);
    text += concat("],\"data_offsets\":[", offset, ',', offset + entry->bytes.size(), "]}");
    offset += entry->bytes.size();
  }
  text += '}';
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

}  // namespace detail

/// Writes tensors and metadata so that the file at `path` is either complete or as it was before.
///
/// Wider element types come first, which keeps every tensor aligned; otherwise the order is that of `entries`, so the
/// same input gives the same bytes. @throws FileError if a name is given twice or is not UTF-8, if the bytes of an
/// entry do not fit its dtype and shape, or if the file cannot be written.
inline void write_safetensors(const std::filesystem::path& path, std::span<const SafetensorsEntry> entries,
                              const SafetensorsMetadata& metadata = {}) {
  const std::string where = concat("safetensors: ", path.string(), ": ");
  std::set<std::string_view> names{"__metadata__"};
  std::vector<const SafetensorsEntry*> order;
  for (const SafetensorsEntry& entry : entries) {
    const std::string name = detail::json_quote(entry.name);
    require<FileError>(detail::is_utf8(entry.name), where, "the name ", name, " is not UTF-8");
    require<FileError>(names.insert(entry.name).second, where, "the name ", name, " is taken");
    const std::size_t size = dtype_size(entry.dtype);
    require<FileError>(size > 0, where, "tensor ", name, ": unknown dtype ", detail::json_quote(entry.dtype));
    require<FileError>(static_cast<std::size_t>(entry.shape.elements()) * size == entry.bytes.size(), where, "tensor ",
                       name, ": expected ", entry.shape.elements(), " elements of ", size, " bytes for ", entry.dtype,
                       entry.shape, ", got ", entry.bytes.size(), " bytes");
    order.push_back(&entry);
  }
  for (const auto& [key, value] : metadata)
    require<FileError>(detail::is_utf8(key) && detail::is_utf8(value), where, "the metadata of ",
                       detail::json_quote(key), " is not UTF-8");
  std::stable_sort(order.begin(), order.end(),
                   [](const auto* a, const auto* b) { return dtype_size(a->dtype) > dtype_size(b->dtype); });

  const std::string header = detail::safetensors_header_text(order, metadata);
  const std::uint64_t length = header.size();
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(header);
  for (const SafetensorsEntry* entry : order) file.write(entry->bytes);
  file.commit();
}

}  // namespace amdefect
