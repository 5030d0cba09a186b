#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/tensor.hpp"
#include "amdefect/io/atomic_file.hpp"
#include "amdefect/io/json_text.hpp"
#include "amdefect/io/safetensors_header.hpp"
#include "amdefect/io/tensor_file.hpp"

/// The safetensors format (https://github.com/huggingface/safetensors): the length of the header (8 bytes, little
/// endian), a JSON header, the raw little-endian data. Anyone's Python reads these files.
namespace amdefect {

/// Free text that travels with the tensors, e.g. a model's configuration.
using SafetensorsMetadata = std::map<std::string, std::string>;

/// An entry for `write_safetensors`; the elements are borrowed until then.
template <class T>
TensorEntry safetensors_entry(std::string name, TensorView<T> tensor) {
  static_assert(!dtype_name<std::remove_const_t<T>>().empty(), "this element type has no safetensors name here");
  return {std::move(name), std::string(dtype_name<std::remove_const_t<T>>()), tensor.shape(),
          std::as_bytes(tensor.span())};
}

/// A whole safetensors file in memory. Moves; entries stay valid as long as it lives.
class SafetensorsFile : public TensorFile {
 public:
  /// Takes the bytes of a file; `path` names it in messages. @throws FileError for anything the format does not allow.
  SafetensorsFile(std::filesystem::path path, std::vector<std::byte> bytes)
      : TensorFile("safetensors", std::move(path)), bytes_(std::move(bytes)) {
    constexpr std::size_t prefix = sizeof(std::uint64_t);
    require<FileError>(bytes_.size() >= prefix, where(), "expected at least ", prefix, " bytes, found ", bytes_.size());
    std::uint64_t length = 0;
    std::memcpy(&length, bytes_.data(), prefix);
    require<FileError>(length <= bytes_.size() - prefix, where(), "expected a header of ", length, " bytes, found ",
                       bytes_.size() - prefix, " bytes after its length (truncated, or not a safetensors file)");
    const std::string_view text(reinterpret_cast<const char*>(bytes_.data() + prefix), length);
    const auto data = std::span<const std::byte>(bytes_).subspan(prefix + length);
    SafetensorsHeader header = parse_safetensors_header(text, this->path().string(), static_cast<Index>(data.size()));
    metadata_ = std::move(header.metadata);
    for (SafetensorsInfo& info : header.tensors) {
      const auto begin = static_cast<std::size_t>(info.begin), end = static_cast<std::size_t>(info.end);
      add({std::move(info.name), std::move(info.dtype), info.shape, data.subspan(begin, end - begin)});
    }
  }

  const SafetensorsMetadata& metadata() const { return metadata_; }

 private:
  std::vector<std::byte> bytes_;
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
inline std::string safetensors_header_text(std::span<const TensorEntry* const> entries,
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
  for (const TensorEntry* entry : entries) {
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
inline void write_safetensors(const std::filesystem::path& path, std::span<const TensorEntry> entries,
                              const SafetensorsMetadata& metadata = {}) {
  const std::string where = concat("safetensors: ", path.string(), ": ");
  std::set<std::string_view> names{"__metadata__"};
  std::vector<const TensorEntry*> order;
  for (const TensorEntry& entry : entries) {
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
  for (const TensorEntry* entry : order) file.write(entry->bytes);
  file.commit();
}

}  // namespace amdefect
