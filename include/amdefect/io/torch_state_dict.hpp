#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/printable.hpp"
#include "amdefect/core/shape.hpp"
#include "amdefect/io/json_text.hpp"
#include "amdefect/io/pickle.hpp"

namespace amdefect {

/// What the elements of tensors lie in: the key of the bytes in the file, and the type, named as in safetensors.
struct TorchStorage {
  std::string_view key, dtype;
  std::size_t element_size = 0;

  /// By the name of its class in Python, without a key; nothing for one that is not known. Complex and quantised
  /// numbers are known, so that they can be skipped.
  static std::optional<TorchStorage> of_class(const PickleName& type) {
    constexpr std::array<std::pair<std::string_view, TorchStorage>, 15> known{
        {{"FloatStorage", {{}, "F32", 4}},
         {"DoubleStorage", {{}, "F64", 8}},
         {"HalfStorage", {{}, "F16", 2}},
         {"BFloat16Storage", {{}, "BF16", 2}},
         {"LongStorage", {{}, "I64", 8}},
         {"IntStorage", {{}, "I32", 4}},
         {"ShortStorage", {{}, "I16", 2}},
         {"CharStorage", {{}, "I8", 1}},
         {"ByteStorage", {{}, "U8", 1}},
         {"BoolStorage", {{}, "BOOL", 1}},
         {"ComplexFloatStorage", {{}, "C64", 8}},
         {"ComplexDoubleStorage", {{}, "C128", 16}},
         {"QInt8Storage", {{}, "QI8", 1}},
         {"QUInt8Storage", {{}, "QU8", 1}},
         {"QInt32Storage", {{}, "QI32", 4}}}};
    for (const auto& [name, storage] : known)
      if (type.module == "torch" && type.name == name) return storage;
    return std::nullopt;
  }
  /// From a persistent object: ('storage', class, key, device, elements). Nothing if it is none, or of an unknown
  /// class.
  static std::optional<TorchStorage> from(const Pickle& pickle, const PickleValue& persistent) {
    const auto object = persistent.items(PickleItems::Kind::persistent);
    const auto tuple = object ? pickle.items(*object)[0].items(PickleItems::Kind::tuple) : std::nullopt;
    if (!tuple || pickle.items(*tuple).size() < 5) return std::nullopt;
    const auto* type = pickle.items(*tuple)[1].get_if<PickleName>();
    const auto* key = pickle.items(*tuple)[2].get_if<std::string_view>();
    std::optional<TorchStorage> storage = type && key ? of_class(*type) : std::nullopt;
    if (storage) storage->key = *key;
    return storage;
  }
};

/// A tensor as the pickle describes it: element (i, j, ...) is `offset` + i strides[0] + j strides[1] + ... of its
/// storage.
struct TorchTensor {
  std::string_view name;
  TorchStorage storage;
  Index offset = 0;
  Shape shape;
  std::vector<Index> strides;
};

/// The state dict in the pickle of a file of PyTorch: what a checkpoint holds under the first of `keys` that holds
/// tensors, else the object itself.
///
/// Beside the state dict there may be anything. Objects that Python would make by a call, of numpy, of argparse, or of
/// `os.system`, are passed over and never made, so that a harmful one does no harm and is not looked for either. In the
/// state dict only tensors may be such objects.
class TorchStateDict {
 public:
  static constexpr std::array<std::string_view, 7> keys{"state_dict", "model_state_dict", "model",    "net",
                                                        "network",    "state_dict_ema",   "model_ema"};

  /// The end of messages about a file that holds none.
  static constexpr std::string_view expected = "expected a state dict: torch.save(model.state_dict(), path)";

  /// `where` begins all messages. @throws FileError if there is none, or one with an object that is no plain tensor.
  TorchStateDict(const Pickle& pickle, std::string where) : pickle_(pickle), where_(std::move(where)) {
    const std::vector<PickleValue>& items = pickle_.items(find());
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
      const auto* name = items[i].get_if<std::string_view>();
      const auto call = items[i + 1].items(Kind::call);
      if (name && call) tensors_.push_back(tensor(*name, *call));
    }
  }

  /// In the order of the file.
  const std::vector<TorchTensor>& tensors() const { return tensors_; }

 private:
  using Kind = PickleItems::Kind;

  /// The items of the state dict.
  std::size_t find() const {
    const auto root = pickle_.root().items(Kind::dictionary);
    for (const std::string_view key : keys)
      if (const auto nested = root ? dictionary_at(*root, key) : std::nullopt; nested && holds_tensors(*nested))
        return *nested;
    if (root && holds_tensors(*root)) return *root;
    throw FileError(concat(where_, root ? keys_of(*root) : object_text(pickle_.root()), ", ", expected));
  }
  /// That a dictionary holds no tensors, and what it holds.
  std::string keys_of(std::size_t dictionary) const {
    constexpr std::size_t shown = 5;
    const std::vector<PickleValue>& items = pickle_.items(dictionary);
    std::string text = "holds no tensors by their names, nor a dictionary of such under";
    for (const std::string_view& key : keys) text += concat(&key == keys.data() ? " " : ", ", key);
    text += items.empty() ? "; it is empty" : "; it has";
    for (std::size_t i = 0; i + 1 < std::min(items.size(), 2 * shown); i += 2) {
      const auto* name = items[i].get_if<std::string_view>();
      const auto call = items[i + 1].items(Kind::call);
      text += concat(i > 0 ? ", " : " ", name ? concat('"', printable(*name), '"') : "a key that is no text",
                     call ? concat(" (an object of ", called(*call), ')') : "");
    }
    if (items.size() / 2 > shown) text += concat(" and ", items.size() / 2 - shown, " more");
    return text;
  }
  /// What stands in place of a dictionary.
  std::string object_text(const PickleValue& value) const {
    const auto call = value.items(Kind::call);
    if (!call) return "holds no tensors by their names";
    return arguments_of_tensor(*call) ? "holds a single tensor"
                                      : concat("holds a whole model or another object, of ", called(*call));
  }
  /// The dictionary under that key of another one; of several the last, as in Python.
  std::optional<std::size_t> dictionary_at(std::size_t dictionary, std::string_view key) const {
    const std::vector<PickleValue>& items = pickle_.items(dictionary);
    for (std::size_t i = items.size() / 2 * 2; i > 0; i -= 2)
      if (const auto* name = items[i - 2].get_if<std::string_view>(); name && *name == key)
        return items[i - 1].items(Kind::dictionary);
    return std::nullopt;
  }
  bool holds_tensors(std::size_t dictionary) const {
    const std::vector<PickleValue>& items = pickle_.items(dictionary);
    for (std::size_t i = 0; i + 1 < items.size(); i += 2)
      if (const auto call = items[i + 1].items(Kind::call);
          call && items[i].get_if<std::string_view>() && arguments_of_tensor(*call))
        return true;
    return false;
  }

  /// The arguments of a call that makes a plain tensor, or null for another call.
  const std::vector<PickleValue>* arguments_of_tensor(std::size_t call) const {
    const auto arguments = [&](std::size_t of) { return &pickle_.items(*pickle_.items(of)[1].items(Kind::tuple)); };
    if (is_call_of(call, "_rebuild_parameter") && !arguments(call)->empty())
      call = arguments(call)->front().items(Kind::call).value_or(call);
    return is_call_of(call, "_rebuild_tensor_v2") && arguments(call)->size() >= 4 ? arguments(call) : nullptr;
  }
  bool is_call_of(std::size_t call, std::string_view function) const {
    const auto* name = pickle_.items(call)[0].get_if<PickleName>();
    return name && name->module == "torch._utils" && name->name == function;
  }
  /// What a call is of, for messages. Old files say what a model's class is by ('module', class, file, source).
  std::string called(std::size_t call) const {
    const PickleValue* function = &pickle_.items(call)[0];
    while (const auto inner = function->items(Kind::call)) function = &pickle_.items(*inner)[0];
    if (const auto object = function->items(Kind::persistent))
      if (const auto tuple = pickle_.items(*object)[0].items(Kind::tuple); tuple && pickle_.items(*tuple).size() > 1)
        function = &pickle_.items(*tuple)[1];
    const auto* name = function->get_if<PickleName>();
    return name ? printable(concat(name->module, '.', name->name)) : "an object without a name";
  }

  TorchTensor tensor(std::string_view name, std::size_t call) const {
    const std::string which = concat(where_, "the tensor ", detail::json_quote(name), ' ');
    const auto* arguments = arguments_of_tensor(call);
    require<FileError>(arguments, where_, "the entry ", detail::json_quote(name), " wants to call ", called(call),
                       ", expected a plain tensor; nothing of it was run");
    const auto* offset = (*arguments)[1].get_if<std::int64_t>();
    require<FileError>(offset && *offset >= 0, which, "has no place in its storage, expected a number from 0 on");
    const std::vector<Index> sizes = numbers_of(which, "sizes", (*arguments)[2]);
    std::vector<Index> strides = numbers_of(which, "strides", (*arguments)[3]);
    require<FileError>(sizes.size() == strides.size(), which, "has ", sizes.size(), " sizes and ", strides.size(),
                       " strides");
    const auto storage = TorchStorage::from(pickle_, (*arguments)[0]);
    require<FileError>(storage.has_value(), which, "has a storage that is not known, expected a plain tensor");
    try {
      return {name, *storage, *offset, Shape(sizes), std::move(strides)};
    } catch (const ShapeError& error) {
      throw FileError(concat(which, "is too large: ", error.what()));
    }
  }
  /// A tuple of at most as many whole numbers from 0 on as a shape has.
  std::vector<Index> numbers_of(const std::string& which, const char* what, const PickleValue& value) const {
    const auto tuple = value.items(Kind::tuple);
    require<FileError>(tuple.has_value(), which, "has no ", what);
    require<FileError>(pickle_.items(*tuple).size() <= Shape::max_rank, which, "has ", pickle_.items(*tuple).size(),
                       " dimensions, expected at most ", Shape::max_rank);
    std::vector<Index> numbers;
    for (const PickleValue& item : pickle_.items(*tuple)) {
      const auto* number = item.get_if<std::int64_t>();
      require<FileError>(number, which, "has ", what, " that are no whole numbers");
      require<FileError>(*number >= 0, which, "has ", *number, " among its ", what, ", expected numbers from 0 on");
      numbers.push_back(*number);
    }
    return numbers;
  }

  const Pickle& pickle_;
  std::string where_;
  std::vector<TorchTensor> tensors_;
};

}  // namespace amdefect
