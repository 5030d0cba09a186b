#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/io/json_text.hpp"

namespace amdefect {

/// Bytes per element of a safetensors dtype such as "F32"; 0 for one this library does not know.
inline std::size_t dtype_size(std::string_view dtype) {
  using Known = std::pair<std::string_view, std::size_t>;
  constexpr std::array<Known, 15> known{{{"F64", 8},
                                         {"I64", 8},
                                         {"U64", 8},
                                         {"F32", 4},
                                         {"I32", 4},
                                         {"U32", 4},
                                         {"F16", 2},
                                         {"BF16", 2},
                                         {"I16", 2},
                                         {"U16", 2},
                                         {"I8", 1},
                                         {"U8", 1},
                                         {"BOOL", 1},
                                         {"F8_E4M3", 1},
                                         {"F8_E5M2", 1}}};
  for (const auto& [name, size] : known)
    if (name == dtype) return size;
  return 0;
}

/// One line of a safetensors header: where the bytes [begin, end) of a tensor lie, counted from the end of the header.
struct SafetensorsInfo {
  std::string name;
  std::string dtype;
  Shape shape;
  Index begin = 0, end = 0;
};

/// The parsed header: tensors in the order of their data, and the free text of `__metadata__`.
struct SafetensorsHeader {
  std::vector<SafetensorsInfo> tensors;
  std::map<std::string, std::string> metadata;
};

namespace detail {

/// Reads and checks one header; `file` names the file in messages.
class SafetensorsHeaderParser {
 public:
  SafetensorsHeaderParser(std::string_view text, std::string_view file)
      : file_(concat("safetensors: ", file, ": ")), where_(file_ + "header "), json_(text, where_) {}

  SafetensorsHeader parse(Index data_size) {
    json_.expect('{');
    json_.list('}', [&] { entry(); });
    json_.expect_end();
    check_layout(data_size);
    return std::move(header_);
  }

 private:
  void entry() {
    std::string name = json_.string();
    require<FileError>(names_.insert(name).second, file_, "the name ", json_quote(name), " appears twice");
    json_.expect(':');
    json_.expect('{');
    if (name == "__metadata__")
      json_.list('}', [&] { metadata_item(); });
    else
      header_.tensors.push_back(tensor(std::move(name)));
  }

  void metadata_item() {
    std::string key = json_.string();
    json_.expect(':');
    std::string value = json_.string();
    const auto [item, is_new] = header_.metadata.emplace(std::move(key), std::move(value));
    require<FileError>(is_new, file_, "the metadata key ", json_quote(item->first), " appears twice");
  }

  SafetensorsInfo tensor(std::string name) {
    std::optional<std::string> dtype;
    std::optional<std::vector<Index>> shape, offsets;
    json_.list('}', [&] {
      const std::string key = json_.string();
      json_.expect(':');
      const bool repeated =
          (key == "dtype" && dtype) || (key == "shape" && shape) || (key == "data_offsets" && offsets);
      require<FileError>(!repeated, file_, "tensor ", json_quote(name), ": ", key, " appears twice");
      if (key == "dtype")
        dtype = json_.string();
      else if (key == "shape")
        shape = integers();
      else if (key == "data_offsets")
        offsets = integers();
      else
        json_.fail("dtype, shape or data_offsets", json_quote(key));
    });
    require<FileError>(dtype && shape && offsets, file_, "tensor ", json_quote(name), ": ",
                       !dtype ? "dtype" : (!shape ? "shape" : "data_offsets"), " is missing");
    require<FileError>(offsets->size() == 2, file_, "tensor ", json_quote(name), ": expected 2 data_offsets, found ",
                       offsets->size());
    const Shape checked = checked_shape(name, *shape);
    return {std::move(name), std::move(*dtype), checked, (*offsets)[0], (*offsets)[1]};
  }

  std::vector<Index> integers() {
    std::vector<Index> values;
    json_.expect('[');
    json_.list(']', [&] { values.push_back(json_.integer()); });
    return values;
  }

  Shape checked_shape(const std::string& name, const std::vector<Index>& dims) const {
    try {
      return Shape(dims);
    } catch (const ShapeError& error) {
      throw FileError(concat(file_, "tensor ", json_quote(name), ": ", error.what()));
    }
  }

  /// The data of all tensors must fill the rest of the file without gap or overlap, each as large as its shape says.
  void check_layout(Index data_size) {
    auto& tensors = header_.tensors;
    std::sort(tensors.begin(), tensors.end(),
              [](const auto& a, const auto& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
    Index covered = 0;
    for (const SafetensorsInfo& info : tensors) {
      check_size(info);
      require<FileError>(info.begin == covered, file_, "tensor ", json_quote(info.name),
                         ": expected its data at offset ", covered, " where the previous tensor ends, found ",
                         info.begin, info.begin < covered ? " (they overlap)" : " (a gap)");
      require<FileError>(info.end <= data_size, file_, "tensor ", json_quote(info.name),
                         ": expected data up to offset ", info.end, ", found only ", data_size,
                         " bytes (truncated file?)");
      covered = info.end;
    }
    require<FileError>(covered == data_size, file_, "expected ", covered, " bytes of data after the header, found ",
                       data_size);
  }

  void check_size(const SafetensorsInfo& info) const {
    require<FileError>(info.begin <= info.end, file_, "tensor ", json_quote(info.name), ": data_offsets [", info.begin,
                       ", ", info.end, "] end before they begin");
    const auto size = static_cast<Index>(dtype_size(info.dtype));
    if (size == 0) return;  // an unknown dtype: nothing to compare with
    const Index elements = info.shape.elements();
    require<FileError>(elements <= std::numeric_limits<Index>::max() / size && elements * size == info.end - info.begin,
                       file_, "tensor ", json_quote(info.name), ": expected ", elements, " elements of ", size,
                       " bytes for ", info.dtype, info.shape, ", found ", info.end - info.begin, " bytes");
  }

  std::string file_, where_;
  JsonText json_;
  SafetensorsHeader header_;
  std::set<std::string> names_;
};

}  // namespace detail

/// Parses the JSON header of a safetensors file and checks it against the number of bytes that follow it.
/// `file` names the file in messages. @throws FileError for anything the format does not allow.
inline SafetensorsHeader parse_safetensors_header(std::string_view text, std::string_view file, Index data_size) {
  return detail::SafetensorsHeaderParser(text, file).parse(data_size);
}

}  // namespace amdefect
