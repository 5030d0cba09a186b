#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "amdefect/coco/coco_entry.hpp"
#include "amdefect/coco/json_bytes.hpp"
#include "amdefect/core/error.hpp"

namespace amdefect::detail {

/// Streams a COCO file: hands every object of the wanted lists to `sink` and keeps nothing else, whatever else the file
/// holds. `Sink` has `start(list)` (a key that is repeated starts its list anew, as in Python) and `add(list, entry)`.
template <class Sink>
class CocoParser final : public nlohmann::json_sax<nlohmann::json> {
 public:
  /// Without `lists` the file itself is one list, called `results` in messages.
  CocoParser(const std::filesystem::path& path, std::vector<std::string> lists, Sink& sink)
      : file_(path.string()),
        lists_(std::move(lists)),
        entry_depth_(lists_.empty() ? 2 : 3),
        sink_(sink),
        bytes_(path) {
    seen_.resize(lists_.size());
    list_ = lists_.size();
  }

  /// @throws FileError for anything but well-formed JSON with all the lists in it.
  void parse() {
    nlohmann::json::sax_parse(bytes_.begin(), bytes_.end(), this);
    for (std::size_t i = 0; i < lists_.size(); ++i)
      require<FileError>(seen_[i], file_, ": has no \"", lists_[i], "\" list");
  }

  bool null() override { return scalar(CocoValue::Kind::null, 0, 0); }
  bool boolean(bool value) override { return scalar(CocoValue::Kind::boolean, value, value); }
  bool number_integer(number_integer_t value) override {
    return scalar(CocoValue::Kind::integer, value, static_cast<double>(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    const bool fits = value <= static_cast<number_unsigned_t>(std::numeric_limits<number_integer_t>::max());
    return scalar(fits ? CocoValue::Kind::integer : CocoValue::Kind::real, static_cast<number_integer_t>(value),
                  static_cast<double>(value));
  }
  bool number_float(number_float_t value, const string_t&) override { return scalar(CocoValue::Kind::real, 0, value); }
  bool string(string_t& value) override {
    if (in_entry()) entry_[field_].text.swap(value);
    return scalar(CocoValue::Kind::text, 0, 0);
  }
  bool binary(binary_t&) override { return false; }

  bool key(string_t& name) override {
    bytes_.mark();
    if (depth_ == 1 && entry_depth_ == 3) list_ = find_list(name);
    if (wanted() && depth_ == entry_depth_) field_ = coco_field(name);
    return true;
  }

  bool start_object(std::size_t) override {
    if (depth_ == 0)
      require<FileError>(entry_depth_ == 3, file_, ": is a JSON object, expected a list of results ",
                         "(JSON Lines are not read)");
    if (starts_entry()) {
      entry_.restart(file_, list_name(), index_++);
      field_ = CocoField::other;
    } else if (depth_ > 0) {
      require_entry("an object");
    }
    return open(CocoValue::Kind::object);
  }
  bool end_object() override {
    if (--depth_ == entry_depth_ - 1 && wanted()) sink_.add(list_, entry_);
    whole_ = depth_ == 0;
    return true;
  }

  bool start_array(std::size_t) override {
    if (depth_ == 0)
      require<FileError>(entry_depth_ == 2, file_, ": is a JSON list, expected an object with \"images\", ",
                         "\"annotations\" and \"categories\"");
    if (wanted() && depth_ == entry_depth_ - 2) {
      if (!lists_.empty()) seen_[list_] = true;
      index_ = 0;
      sink_.start(list_);
    } else {
      require_entry("a list");
    }
    if (in_entry() && field_ == CocoField::bbox) entry_.clear_box();
    return open(CocoValue::Kind::list);
  }
  bool end_array() override {
    whole_ = --depth_ == 0;
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error) override {
    require<FileError>(!whole_, file_, ": has more behind the end of its JSON, expected one ",
                       lists_.empty() ? "list of results" : "object with all lists", " (JSON Lines are not read)");
    std::string what = error.what();
    what = what.substr(what.find("] ") + 2);  // without "[json.exception.parse_error.101] "
    if (what.size() > 200) what = what.substr(0, 200) + "...";
    const bool inside = wanted() && depth_ >= entry_depth_;
    throw FileError(concat(inside ? entry_.where() : file_, ": not valid JSON: ", what));
  }

 private:
  static constexpr std::size_t deepest = 500;

  std::size_t find_list(const std::string& name) const {
    return static_cast<std::size_t>(std::find(lists_.begin(), lists_.end(), name) - lists_.begin());
  }
  std::string list_name() const { return lists_.empty() ? "results" : lists_[list_]; }
  /// Whether the current list is one of those to be read.
  bool wanted() const { return lists_.empty() || list_ < lists_.size(); }
  bool starts_entry() const { return wanted() && depth_ == entry_depth_ - 1; }
  bool in_entry() const { return wanted() && depth_ == entry_depth_ && field_ != CocoField::other; }
  bool in_box() const {
    return wanted() && depth_ == entry_depth_ + 1 && field_ == CocoField::bbox &&
           entry_[CocoField::bbox].kind == CocoValue::Kind::list;
  }

  [[noreturn]] void fail_box(CocoValue::Kind found) const {
    entry_.fail("\"bbox\" holds ", kind_name(found), ", expected the numbers [x, y, width, height]");
  }
  void require_entry(const char* found) const {
    if (depth_ == 0) throw FileError(concat(file_, ": holds ", found, ", expected a COCO file"));
    if (wanted() && depth_ == entry_depth_ - 2)
      throw FileError(concat(file_, ": \"", list_name(), "\" is ", found, ", expected a list"));
    if (starts_entry())
      throw FileError(concat(file_, ": ", list_name(), '[', index_, "] is ", found, ", expected an object"));
  }

  bool scalar(CocoValue::Kind kind, std::int64_t integer, double real) {
    bytes_.mark();
    require_entry(kind_name(kind));
    if (in_entry()) {
      CocoValue& value = entry_[field_];
      value.kind = kind;
      value.integer = integer;
      value.real = real;
    } else if (in_box()) {
      if (kind != CocoValue::Kind::integer && kind != CocoValue::Kind::real) fail_box(kind);
      entry_.add_box_number(real);
    }
    return true;
  }

  bool open(CocoValue::Kind kind) {
    bytes_.mark();
    if (in_entry()) entry_[field_].kind = kind;
    if (in_box()) fail_box(kind);
    require<FileError>(++depth_ <= deepest, file_, ": is nested more than ", deepest, " levels deep");
    return true;
  }

  std::string file_;
  std::vector<std::string> lists_;
  std::vector<bool> seen_;
  std::size_t entry_depth_;  ///< how many brackets are open inside of an entry
  Sink& sink_;
  JsonBytes bytes_;
  std::size_t depth_ = 0, list_ = 0, index_ = 0;
  bool whole_ = false;  ///< the last bracket is closed
  CocoField field_ = CocoField::other;
  CocoEntry entry_;
};

}  // namespace amdefect::detail
