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
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/printable.hpp"
#include "amdefect/io/file_bytes.hpp"
#include "amdefect/io/file_type.hpp"
#include "amdefect/io/json_text.hpp"
#include "amdefect/io/pickle.hpp"
#include "amdefect/io/strided_elements.hpp"
#include "amdefect/io/tensor_file.hpp"
#include "amdefect/io/torch_state_dict.hpp"
#include "amdefect/io/zip_archive.hpp"

namespace amdefect {

/// The tensors of a state dict that PyTorch wrote with `torch.save` (`.pth`, `.pt`): a zip archive of raw tensors and a
/// pickle or, before PyTorch 1.6, pickles with the tensors behind them. Nothing in the pickle is executed;
/// `TorchStateDict` says what may stand in it, and where the state dict may lie.
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

  void read_archive() {
    const ZipArchive archive(bytes_, where());
    std::string folder;
    for (const std::string_view name : archive.names())
      if (name.ends_with("/data.pkl")) folder = name.substr(0, name.size() - std::string_view("data.pkl").size());
    require<FileError>(!folder.empty(), where(), "the zip archive holds no data.pkl, expected what torch.save writes");
    require<FileError>(!archive.contains(folder + "constants.pkl"), where(), "holds TorchScript, ",
                       TorchStateDict::expected);
    if (archive.contains(folder + "byteorder")) require_little_endian(archive.member(folder + "byteorder"));
    const Pickle pickle(archive.member(folder + "data.pkl"), where());
    Storages storages;  // each is checked once, however many tensors share it
    add_tensors(TorchStateDict(pickle, where()), [&](std::string_view name) {
      const std::string key(name);
      const auto known = storages.find(key);
      return known != storages.end()
                 ? known->second
                 : storages.emplace(key, archive.member(concat(folder, "data/", key))).first->second;
    });
  }

  void require_little_endian(Bytes order) const {
    std::string_view name(reinterpret_cast<const char*>(order.data()), order.size());
    name = name.substr(0, name.find_last_not_of(" \r\n") + 1);
    require<FileError>(name == "little", where(), "the byte order of the tensors is '", printable(name),
                       "', expected 'little'");
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
    for (const PickleValue& value : object.persistent())  // those of an optimiser, too, whose data are skipped
      if (const auto storage = TorchStorage::from(object, value))
        element_sizes.emplace(storage->key, storage->element_size);
    Storages storages;
    const auto list = keys.root().items(Kind::list);
    require<FileError>(list.has_value(), where(), "the keys of the tensors' data are no list");
    for (const PickleValue& key : keys.items(*list)) {
      const auto* name = key.get_if<std::string_view>();
      const auto size = name ? element_sizes.find(*name) : element_sizes.end();
      require<FileError>(size != element_sizes.end(), where(), "there are data of an unknown type");
      std::uint64_t elements = 0;
      require<FileError>(rest.size() >= sizeof elements, where(), "the data end early (truncated?)");
      std::memcpy(&elements, rest.data(), sizeof elements);
      rest = rest.subspan(sizeof elements);
      require<FileError>(elements <= rest.size() / size->second, where(), "the data end early (truncated?)");
      storages.emplace(*name, rest.subspan(0, elements * size->second));
      rest = rest.subspan(elements * size->second);
    }
    add_tensors(TorchStateDict(object, where()), [&](std::string_view key) {
      const auto found = storages.find(key);
      require<FileError>(found != storages.end(), where(), "there are no data for ", detail::json_quote(key));
      return found->second;
    });
  }

  /// Adds all tensors; `find` gives the bytes of a storage by its key.
  template <class Find>
  void add_tensors(const TorchStateDict& state_dict, const Find& find) {
    for (const TorchTensor& tensor : state_dict.tensors()) add(make_entry(tensor, find(tensor.storage.key)));
  }

  /// The elements are a piece of the storage or, where they do not follow each other, a copy.
  TensorEntry make_entry(const TorchTensor& tensor, Bytes data) {
    const std::string which = concat(where(), "the tensor ", detail::json_quote(tensor.name), ' ');
    const std::size_t size = tensor.storage.element_size;
    const auto stored = static_cast<Index>(data.size() / size);
    require<FileError>(
        tensor.offset <= stored && detail::lies_below(stored - tensor.offset, tensor.shape, tensor.strides), which,
        tensor.shape, " at element ", tensor.offset, " does not lie in its storage of ", stored, " elements");
    data = data.subspan(static_cast<std::size_t>(tensor.offset) * size);
    if (!detail::is_contiguous(tensor.shape, tensor.strides)) data = copy_elements(which, tensor, data);
    const Bytes own = data.first(static_cast<std::size_t>(tensor.shape.elements()) * size);
    return {std::string(tensor.name), std::string(tensor.storage.dtype), tensor.shape, std::as_bytes(own)};
  }

  /// A stride of 0 repeats elements, so that a small file could ask for any amount of memory.
  Bytes copy_elements(const std::string& which, const TorchTensor& tensor, Bytes from) {
    constexpr std::size_t most = 4;
    const std::size_t size = tensor.storage.element_size;
    require<FileError>(static_cast<std::size_t>(tensor.shape.elements()) <= (most * bytes_.size() - copied_) / size,
                       which, tensor.shape, " repeats elements: expected copies of at most ", most,
                       " times the size of the file");
    copies_.push_back(detail::gather_elements(from, size, tensor.shape, tensor.strides));
    copied_ += copies_.back().size();
    return copies_.back();
  }

  std::vector<std::uint8_t> bytes_;
  std::vector<std::vector<std::uint8_t>> copies_;
  std::size_t copied_ = 0;  // bytes
};

/// Whether PyTorch wrote the file, by its first bytes; what is no regular file, a pipe for instance, it did not.
/// @throws FileError if it cannot be opened.
inline bool is_torch_file(const std::filesystem::path& path) {
  if (is_there(path) && !is_file(path)) return false;
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
