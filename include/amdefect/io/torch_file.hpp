#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/printable.hpp"
#include "amdefect/io/file_bytes.hpp"
#include "amdefect/io/pickle.hpp"
#include "amdefect/io/safetensors_header.hpp"
#include "amdefect/io/tensor_file.hpp"
#include "amdefect/io/zip_archive.hpp"

namespace amdefect {

/// The tensors of a state dict that PyTorch wrote with `torch.save` (`.pth`, `.pt`): a zip archive of raw tensors and a
/// pickle or, before PyTorch 1.6, pickles with the tensors behind them. Of the pickle only plain data and tensors are
/// read; nothing in it is executed, and a file that wants more than that is refused.
///
/// The state dict may be the object itself or lie in a dictionary under `state_dict`, `model_state_dict` or `model`.
class TorchFile : public TensorFile {
 public:
  using Bytes = std::span<const std::uint8_t>;

  /// Bytes from the beginning of a file that tell its format.
  static constexpr std::size_t first_bytes = 14;
  /// Whether a file begins as PyTorch's begin: like a zip archive, or with a pickled magic number.
  static bool is_torch(Bytes bytes) {
    constexpr std::array<std::uint8_t, first_bytes> magic{0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c,
                                                          0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};
    return ZipArchive::is_archive(bytes) ||
           (bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin()));
  }

  /// Takes the bytes of a file; `path` names it in messages. @throws FileError for anything else than is said above.
  TorchFile(std::filesystem::path path, std::vector<std::uint8_t> bytes)
      : TensorFile("torch", std::move(path)), bytes_(std::move(bytes)) {
    require<FileError>(is_torch(bytes_), where(), "expected a file that torch.save wrote");
    if (ZipArchive::is_archive(bytes_))
      read_archive();
    else
      read_pickles();
  }

 private:
  using Kind = PickleItems::Kind;
  using Storages = std::map<std::string, Bytes, std::less<>>;

  /// What a tensor of the pickle refers to.
  struct Storage {
    std::string_view key, dtype;
  };

  void read_archive() {
    const ZipArchive archive(bytes_, where());
    std::string folder;
    for (const auto& [name, bytes] : archive.members())
      if (name.ends_with("/data.pkl")) folder = name.substr(0, name.size() - std::string_view("data.pkl").size());
    require<FileError>(!folder.empty(), where(), "the zip archive holds no data.pkl, expected what torch.save writes");
    if (archive.contains(folder + "byteorder")) {
      const Bytes order = archive.member(folder + "byteorder");
      require<FileError>(std::string_view(reinterpret_cast<const char*>(order.data()), order.size()) == "little",
                         where(), "the tensors are not little endian");
    }
    const Pickle pickle(archive.member(folder + "data.pkl"), where());
    Storages storages;  // each is checked once, however many tensors share it
    add_tensors(pickle, [&](const Storage& storage) {
      const std::string key(storage.key);
      const auto known = storages.find(key);
      return known != storages.end()
                 ? known->second
                 : storages.emplace(key, archive.member(concat(folder, "data/", key))).first->second;
    });
  }

  /// The form of before PyTorch 1.6: magic number, version, system, the object, the keys of its storages, and for each
  /// its number of elements and its data.
  void read_pickles() {
    Bytes rest = bytes_;
    const auto next = [&] {
      Pickle pickle(rest, where());
      rest = rest.subspan(pickle.size());
      return pickle;
    };
    for (int i = 0; i < 3; ++i) next();
    const Pickle object = next(), keys = next();
    std::map<std::string, std::size_t, std::less<>> element_sizes;
    for (const auto& found : tensors_of(object)) {
      const Storage storage = recipe(object, found.second).storage;
      element_sizes.emplace(storage.key, dtype_size(storage.dtype));
    }
    Storages storages;
    const auto list = keys.root().items(Kind::list);
    require<FileError>(list.has_value(), where(), "the keys of the tensors' data are no list");
    for (const PickleValue& key : keys.items(*list)) {
      const auto* name = key.get_if<std::string_view>();
      const auto size = name ? element_sizes.find(*name) : element_sizes.end();
      require<FileError>(size != element_sizes.end(), where(), "there are data that no tensor uses");
      std::uint64_t elements = 0;
      require<FileError>(rest.size() >= sizeof elements, where(), "the data end early (truncated?)");
      std::memcpy(&elements, rest.data(), sizeof elements);
      rest = rest.subspan(sizeof elements);
      require<FileError>(elements <= rest.size() / size->second, where(), "the data end early (truncated?)");
      storages.emplace(*name, rest.subspan(0, elements * size->second));
      rest = rest.subspan(elements * size->second);
    }
    add_tensors(object, [&](const Storage& storage) {
      const auto found = storages.find(storage.key);
      require<FileError>(found != storages.end(), where(), "there are no data for ", detail::json_quote(storage.key));
      return found->second;
    });
  }

  using NamedTensors = std::vector<std::pair<std::string_view, std::size_t>>;

  /// Names and calls of the tensors of a dictionary, or nothing if it is none.
  static NamedTensors tensors_in(const Pickle& pickle, const PickleValue& value) {
    NamedTensors tensors;
    const auto dictionary = value.items(Kind::dictionary);
    if (!dictionary) return tensors;
    const std::vector<PickleValue>& items = pickle.items(*dictionary);
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
      const auto* name = items[i].get_if<std::string_view>();
      const auto tensor = items[i + 1].items(Kind::call);
      if (name && tensor) tensors.emplace_back(*name, *tensor);
    }
    return tensors;
  }
  /// Those of the state dict.
  NamedTensors tensors_of(const Pickle& pickle) const {
    NamedTensors tensors = tensors_in(pickle, pickle.root());
    if (const auto root = pickle.root().items(Kind::dictionary); tensors.empty() && root)
      for (const std::string_view wanted : {"state_dict", "model_state_dict", "model"})
        for (std::size_t i = 0; tensors.empty() && i + 1 < pickle.items(*root).size(); i += 2)
          if (const auto* name = pickle.items(*root)[i].get_if<std::string_view>(); name && *name == wanted)
            tensors = tensors_in(pickle, pickle.items(*root)[i + 1]);
    require<FileError>(!tensors.empty(), where(),
                       "holds no tensors by their names, expected a state dict: torch.save(model.state_dict(), path)");
    return tensors;
  }

  /// How a tensor is made: the arguments of the call, and the first of them.
  struct Recipe {
    const std::vector<PickleValue>* arguments;
    Storage storage;
  };

  Recipe recipe(const Pickle& pickle, std::size_t call) const {
    const PickleName* function = pickle.items(call)[0].get_if<PickleName>();
    const auto* arguments = &pickle.items(*pickle.items(call)[1].items(Kind::tuple));
    if (is_function(*function, "_rebuild_parameter") && !arguments->empty())
      if (const auto tensor = (*arguments)[0].items(Kind::call)) {
        function = pickle.items(*tensor)[0].get_if<PickleName>();
        arguments = &pickle.items(*pickle.items(*tensor)[1].items(Kind::tuple));
      }
    require<FileError>(is_function(*function, "_rebuild_tensor_v2") && arguments->size() >= 4, where(),
                       "wants to call ", printable(concat(function->module, '.', function->name)),
                       ", expected a state dict of plain tensors; nothing of it was run");
    return {arguments, storage_of(pickle, (*arguments)[0])};
  }
  static bool is_function(const PickleName& function, std::string_view name) {
    return function.module == "torch._utils" && function.name == name;
  }

  /// A persistent object: ('storage', class, key, device, elements).
  Storage storage_of(const Pickle& pickle, const PickleValue& value) const {
    const auto persistent = value.items(Kind::persistent);
    const auto tuple = persistent ? pickle.items(*persistent)[0].items(Kind::tuple) : std::nullopt;
    require<FileError>(tuple && pickle.items(*tuple).size() >= 5, where(), "a tensor has no storage");
    const std::vector<PickleValue>& parts = pickle.items(*tuple);
    const auto* type = parts[1].get_if<PickleName>();
    const auto* key = parts[2].get_if<std::string_view>();
    require<FileError>(type && key, where(), "a tensor's storage is not as PyTorch writes it");
    return {*key, dtype_of(*type)};
  }

  std::string_view dtype_of(const PickleName& type) const {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 10> types{{{"FloatStorage", "F32"},
                                                                                   {"DoubleStorage", "F64"},
                                                                                   {"HalfStorage", "F16"},
                                                                                   {"BFloat16Storage", "BF16"},
                                                                                   {"LongStorage", "I64"},
                                                                                   {"IntStorage", "I32"},
                                                                                   {"ShortStorage", "I16"},
                                                                                   {"CharStorage", "I8"},
                                                                                   {"ByteStorage", "U8"},
                                                                                   {"BoolStorage", "BOOL"}}};
    for (const auto& [name, dtype] : types)
      if (type.module == "torch" && type.name == name) return dtype;
    throw FileError(concat(where(), "holds a ", printable(concat(type.module, '.', type.name)),
                           ", expected the storage of plain tensors"));
  }

  /// Adds all tensors; `find` gives the bytes of a storage.
  template <class Find>
  void add_tensors(const Pickle& pickle, const Find& find) {
    for (const auto& [name, call] : tensors_of(pickle)) {
      const Recipe made = recipe(pickle, call);
      add(make_entry(pickle, name, made, find(made.storage)));
    }
  }

  /// A tensor must be a contiguous piece of its storage.
  TensorEntry make_entry(const Pickle& pickle, std::string_view name, const Recipe& made, Bytes data) const {
    const std::string which = concat(where(), "the tensor ", detail::json_quote(name), ' ');
    const auto* offset = (*made.arguments)[1].get_if<std::int64_t>();
    const auto sizes = numbers_of(pickle, (*made.arguments)[2]), strides = numbers_of(pickle, (*made.arguments)[3]);
    require<FileError>(offset && *offset >= 0 && sizes && strides && sizes->size() == strides->size(), which,
                       "has no shape of at most ", Shape::max_rank, " dimensions");
    const Shape shape(*sizes);
    Index step = 1;
    for (std::size_t axis = shape.rank(); shape.elements() > 0 && axis-- > 0; step *= shape[axis])
      require<FileError>(shape[axis] == 1 || (*strides)[axis] == step, which,
                         "is not contiguous; save it as tensor.contiguous()");
    const auto size = static_cast<Index>(dtype_size(made.storage.dtype));
    const Index stored = static_cast<Index>(data.size()) / size;
    require<FileError>(*offset <= stored && shape.elements() <= stored - *offset, which, shape, " at element ", *offset,
                       " does not lie in its storage of ", stored, " elements");
    const Bytes own =
        data.subspan(static_cast<std::size_t>(*offset * size), static_cast<std::size_t>(shape.elements() * size));
    return {std::string(name), std::string(made.storage.dtype), shape, std::as_bytes(own)};
  }

  /// A tuple of at most as many whole numbers from 0 on as a shape has.
  static std::optional<std::vector<Index>> numbers_of(const Pickle& pickle, const PickleValue& value) {
    const auto tuple = value.items(Kind::tuple);
    if (!tuple || pickle.items(*tuple).size() > Shape::max_rank) return std::nullopt;
    std::vector<Index> numbers;
    for (const PickleValue& item : pickle.items(*tuple)) {
      const auto* number = item.get_if<std::int64_t>();
      if (!number || *number < 0) return std::nullopt;
      numbers.push_back(*number);
    }
    return numbers;
  }

  std::vector<std::uint8_t> bytes_;
};

/// Whether PyTorch wrote the file, by its first bytes. @throws FileError if it cannot be opened.
inline bool is_torch_file(const std::filesystem::path& path) {
  std::array<std::uint8_t, TorchFile::first_bytes> bytes{};
  std::ifstream in(path, std::ios::binary);
  require<FileError>(in.is_open(), "weights: ", path.string(), " cannot be opened: ", std::strerror(errno));
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return TorchFile::is_torch(
      std::span(bytes).first(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0))));
}

/// Reads a whole file of PyTorch. @throws FileError if it is missing, unreadable or not as `TorchFile` says.
inline TorchFile read_torch(const std::filesystem::path& path) { return {path, read_bytes(path)}; }

}  // namespace amdefect
