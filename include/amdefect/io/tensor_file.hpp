#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/tensor.hpp"
#include "amdefect/io/half_float.hpp"
#include "amdefect/io/json_text.hpp"

/// Files that hold named tensors, whatever their format: safetensors.hpp, torch_file.hpp.
namespace amdefect {

static_assert(std::endian::native == std::endian::little, "the data of these files is little endian");

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

/// A named tensor whose row-major elements are somebody else's bytes; the type is named as in safetensors.
struct TensorEntry {
  std::string name;
  std::string dtype;
  Shape shape;
  std::span<const std::byte> bytes;
};

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

/// A file of named tensors in memory. Moves; entries stay valid as long as it lives.
class TensorFile {
 public:
  const std::filesystem::path& path() const { return path_; }
  /// All tensors in the order of their data.
  std::span<const TensorEntry> entries() const { return entries_; }
  bool contains(std::string_view name) const { return index_.find(name) != index_.end(); }

  /// @throws FileError with the nearest names if there is no such tensor.
  const TensorEntry& entry(std::string_view name) const {
    const auto found = index_.find(name);
    require<FileError>(found != index_.end(), where(), "no tensor ", detail::json_quote(name), nearest(name));
    return entries_[found->second];
  }

  /// The elements as a new tensor; see `read`.
  template <class T>
  Tensor<T> tensor(std::string_view name) const {
    const TensorEntry& source = entry(name);
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
    const TensorEntry& source = entry(name);
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

 protected:
  /// `format` is the first word of messages.
  TensorFile(const char* format, std::filesystem::path path) : format_(format), path_(std::move(path)) {}
  TensorFile(TensorFile&&) = default;
  TensorFile& operator=(TensorFile&&) = default;
  ~TensorFile() = default;

  /// Adds an entry, whose bytes the derived class owns. @throws FileError if there is one of that name.
  void add(TensorEntry entry) {
    require<FileError>(index_.emplace(entry.name, entries_.size()).second, where(), "two tensors are called ",
                       detail::json_quote(entry.name));
    entries_.push_back(std::move(entry));
  }
  std::string where() const { return concat(format_, ": ", path_.string(), ": "); }

 private:
  /// @throws FileError unless elements of this type can be read from the tensor.
  template <class T>
  void require_type(const TensorEntry& source) const {
    const bool converted = std::floating_point<T> && detail::is_numeric(source.dtype);
    require<FileError>(converted || source.dtype == dtype_name<T>(), where(), "tensor ",
                       detail::json_quote(source.name), ": expected ",
                       std::floating_point<T> ? numeric_dtypes : dtype_name<T>(), ", found ",
                       detail::json_quote(source.dtype));
  }
  std::string nearest(std::string_view name) const {
    if (entries_.empty()) return "; the file has none";
    std::vector<std::pair<std::size_t, std::string_view>> candidates;
    for (const TensorEntry& item : entries_) candidates.emplace_back(detail::edit_distance(name, item.name), item.name);
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    candidates.resize(std::min<std::size_t>(candidates.size(), 3));
    std::string text = concat("; nearest of ", entries_.size(), ':');
    for (const auto& candidate : candidates) text += concat(' ', detail::json_quote(candidate.second));
    return text;
  }

  const char* format_;
  std::filesystem::path path_;
  std::vector<TensorEntry> entries_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

}  // namespace amdefect
