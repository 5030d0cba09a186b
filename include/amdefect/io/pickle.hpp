#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/io/pickle_value.hpp"

namespace amdefect {

/// One pickled object. Texts stay where they are in the bytes, which must outlive it.
class Pickle {
 public:
  using Bytes = std::span<const std::uint8_t>;
  using Kind = PickleItems::Kind;

  /// Objects that a pickle may make, which bounds the memory: those of 40,000 tensors.
  static constexpr std::size_t most_objects = std::size_t{1} << 20;

  /// Reads an object from the beginning of the bytes; `where` begins all messages.
  /// @throws FileError for a pickle that is not one, or that holds anything but plain data, names and calls.
  ///
  /// The result of a call is not known, so what is added to it later, as to a `collections.defaultdict`, is passed
  /// over.
  Pickle(Bytes bytes, std::string where) : bytes_(bytes), where_(std::move(where)) {
    require<FileError>(bytes_.empty() || bytes_[0] == 0x80, where_, "the pickle is not of protocol 2 to 5, expected ",
                       "what torch.save writes without the option pickle_protocol");
    while (!done_) step();
    require<FileError>(stack_.size() == 1, where_, "the pickle leaves ", stack_.size(), " objects, expected one");
  }

  const PickleValue& root() const { return stack_.front(); }
  /// What such a thing holds, see `PickleItems`.
  const std::vector<PickleValue>& items(std::size_t index) const { return items_[index]; }
  /// All persistent objects, wherever they stand.
  const std::vector<PickleValue>& persistent() const { return persistent_; }
  /// Bytes that the object took.
  std::size_t size() const { return at_; }

 private:
  void step() {
    const std::uint8_t code = number<std::uint8_t>();
    switch (code) {
      case 0x80:  // PROTO
        number<std::uint8_t>();
        return;
      case 0x95:  // FRAME
        number<std::uint64_t>();
        return;
      case '.':
        done_ = true;
        return;
      case '(':
        return push(PickleMark{});
      case 'N':
        return push(std::monostate{});
      case 0x88:
        return push(true);
      case 0x89:
        return push(false);
      case 'J':
        return push(std::int64_t{number<std::int32_t>()});
      case 'K':
        return push(std::int64_t{number<std::uint8_t>()});
      case 'M':
        return push(std::int64_t{number<std::uint16_t>()});
      case 0x8a:
        return push(long_number(number<std::uint8_t>()));
      case 0x8b:
        return push(long_number(number<std::uint32_t>()));
      case 'G':
        return push(big_endian_double());
      case 'X':
      case 'B':  // bytes
      case 'T':  // bytes of Python 2
        return push(text(number<std::uint32_t>()));
      case 0x8c:
      case 'C':
      case 'U':
        return push(text(number<std::uint8_t>()));
      case 0x8d:
      case 0x8e:
      case 0x96:
        return push(text(number<std::uint64_t>()));
      case '}':
        return push(make(Kind::dictionary, {}));
      case ']':
      case 0x8f:  // a set
        return push(make(Kind::list, {}));
      case 0x91:  // a set that cannot change
        return push(make(Kind::list, pop_to_mark()));
      case ')':
        return push(make(Kind::tuple, {}));
      case 't':
        return push(make(Kind::tuple, pop_to_mark()));
      case 0x85:
      case 0x86:
      case 0x87:
        return push(make(Kind::tuple, pop(static_cast<std::size_t>(code - 0x84))));
      case 'a':
        return append(pop(1));
      case 'e':
      case 0x90:
        return append(pop_to_mark());
      case 's':
        return set(pop(2));
      case 'u':
        return set(pop_to_mark());
      case 'c': {
        const std::string_view module = line();
        return push(PickleName{module, line()});
      }
      case 0x93: {
        const std::vector<PickleValue> names = pop(2);
        const auto *module = names[0].get_if<std::string_view>(), *name = names[1].get_if<std::string_view>();
        require<FileError>(module && name, where_, "a name of Python in the pickle is no text");
        return push(PickleName{*module, *name});
      }
      case 'R':
      case 0x81:  // an object of a class
        return call(pop(2));
      case 0x92:  // with named arguments
        pop(1);
        return call(pop(2));
      case 'b':  // sets attributes of an object, such as `_metadata` of a state dict
        pop(1);
        return;
      case 'Q':
        push(make(Kind::persistent, pop(1)));
        persistent_.push_back(stack_.back());
        return;
      case 'q':
        return remember(number<std::uint8_t>());
      case 'r':
        return remember(number<std::uint32_t>());
      case 0x94:
        return remember(memo_.size());
      case 'h':
        return push_remembered(number<std::uint8_t>());
      case 'j':
        return push_remembered(number<std::uint32_t>());
      default:
        throw FileError(concat(where_, "the pickle holds the instruction ", static_cast<int>(code), " at byte ",
                               at_ - 1, ", expected plain data and tensors"));
    }
  }

  template <class T>
  T number() {
    const Bytes from = take(sizeof(T));
    T value;
    std::memcpy(&value, from.data(), sizeof value);
    return value;
  }
  Bytes take(std::size_t size) {
    require<FileError>(size <= bytes_.size() - at_, where_, "the pickle ends at byte ", bytes_.size(), ", expected ",
                       size, " more at byte ", at_);
    at_ += size;
    return bytes_.subspan(at_ - size, size);
  }
  std::string_view text(std::size_t size) {
    const Bytes from = take(size);
    return {reinterpret_cast<const char*>(from.data()), from.size()};
  }
  std::string_view line() {
    const auto rest = bytes_.subspan(at_);
    const auto end = static_cast<std::size_t>(std::find(rest.begin(), rest.end(), '\n') - rest.begin());
    const std::string_view name = text(end);
    take(1);
    return name;
  }
  /// Whole number of any size in two's complement. Those beyond 64 bits, a magic number of PyTorch among them, lose
  /// their upper bytes.
  std::int64_t long_number(std::size_t size) {
    const Bytes from = take(size);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < std::min<std::size_t>(from.size(), 8); ++i) value |= std::uint64_t{from[i]} << (8 * i);
    if (!from.empty() && from.size() < 8 && (from.back() & 0x80) != 0) value |= ~std::uint64_t{0} << (8 * from.size());
    return static_cast<std::int64_t>(value);
  }
  double big_endian_double() {
    const Bytes from = take(sizeof(double));
    std::uint64_t bits = 0;
    for (const std::uint8_t byte : from) bits = bits << 8 | byte;
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }

  /// @throws FileError for one object too many.
  void count_object() {
    require<FileError>(++objects_ <= most_objects, where_, "the pickle makes more than ", most_objects, " objects");
  }
  template <class T>
  void push(T value) {
    count_object();
    stack_.push_back({value});
  }
  PickleItems make(Kind kind, std::vector<PickleValue> items) {
    items_.push_back(std::move(items));
    return {kind, items_.size() - 1};
  }
  /// The last values, without a mark among them.
  std::vector<PickleValue> pop(std::size_t count) {
    require<FileError>(count <= stack_.size(), where_, "the pickle takes ", count, " objects at byte ", at_,
                       ", there are ", stack_.size());
    const auto first = stack_.end() - static_cast<std::ptrdiff_t>(count);
    for (auto value = first; value != stack_.end(); ++value)
      require<FileError>(!value->get_if<PickleMark>(), where_, "the pickle takes a mark for an object at byte ", at_);
    std::vector<PickleValue> values(first, stack_.end());
    stack_.erase(first, stack_.end());
    return values;
  }
  std::vector<PickleValue> pop_to_mark() {
    std::size_t count = 0;
    while (count < stack_.size() && !stack_[stack_.size() - 1 - count].get_if<PickleMark>()) ++count;
    std::vector<PickleValue> values = pop(count);
    require<FileError>(!stack_.empty(), where_, "the pickle has no mark before byte ", at_);
    stack_.pop_back();
    return values;
  }
  /// The items of the topmost object, or null for the result of a call. @throws FileError for other kinds.
  std::vector<PickleValue>* topmost(Kind kind) {
    const auto index = stack_.empty() ? std::nullopt : stack_.back().items(kind);
    if (index) return &items_[*index];
    require<FileError>(!stack_.empty() && stack_.back().items(Kind::call), where_,
                       "the pickle adds to an object that cannot hold it, at byte ", at_);
    return nullptr;
  }
  void append(const std::vector<PickleValue>& values) {
    if (std::vector<PickleValue>* list = topmost(Kind::list)) list->insert(list->end(), values.begin(), values.end());
  }
  void set(const std::vector<PickleValue>& pairs) {
    require<FileError>(pairs.size() % 2 == 0, where_, "the pickle has a key without a value at byte ", at_);
    if (std::vector<PickleValue>* dictionary = topmost(Kind::dictionary))
      dictionary->insert(dictionary->end(), pairs.begin(), pairs.end());
  }
  /// Of a function and its arguments. An ordered dictionary is a dictionary; other calls are kept as they are.
  void call(std::vector<PickleValue> function) {
    require<FileError>(function[1].items(Kind::tuple).has_value(), where_,
                       "the pickle calls without a tuple of arguments, at byte ", at_);
    const auto* name = function[0].get_if<PickleName>();
    if (name && name->module == "collections" && name->name == "OrderedDict")
      return push(make(Kind::dictionary, pairs_of(*function[1].items(Kind::tuple))));
    push(make(Kind::call, std::move(function)));
  }
  /// What Python 2 gives to an ordered dictionary: a list of lists of a key and a value.
  std::vector<PickleValue> pairs_of(std::size_t arguments) {
    std::vector<PickleValue> pairs;
    const auto list = items_[arguments].empty() ? std::nullopt : items_[arguments][0].items(Kind::list);
    if (!list) return pairs;
    for (const PickleValue& item : items_[*list]) {
      count_object();
      if (const auto pair = item.items(Kind::list); pair && items_[*pair].size() == 2)
        pairs.insert(pairs.end(), items_[*pair].begin(), items_[*pair].end());
    }
    return pairs;
  }
  void remember(std::size_t index) {
    require<FileError>(!stack_.empty() && index <= memo_.size(), where_, "the pickle remembers object ", index,
                       " at byte ", at_, ", expected at most ", memo_.size());
    count_object();
    if (index == memo_.size()) memo_.push_back(stack_.back());
    memo_[index] = stack_.back();
  }
  void push_remembered(std::size_t index) {
    require<FileError>(index < memo_.size(), where_, "the pickle asks for object ", index, " at byte ", at_,
                       ", it remembers ", memo_.size());
    count_object();
    stack_.push_back(memo_[index]);
  }

  Bytes bytes_;
  std::string where_;
  std::size_t at_ = 0, objects_ = 0;
  bool done_ = false;
  std::vector<PickleValue> stack_, memo_, persistent_;
  std::vector<std::vector<PickleValue>> items_;
};

}  // namespace amdefect
