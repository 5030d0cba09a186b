#pragma once

#include <cctype>
#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "amdefect/io/safetensors.hpp"
#include "amdefect/kernels/geometry.hpp"

namespace amdefect::reference_check {

/// One reference file: its tensors, and its attributes read as generously as they may be written.
class ReferenceCase {
 public:
  using Names = std::initializer_list<const char*>;

  explicit ReferenceCase(const std::filesystem::path& path) : file_(read_safetensors(path)) {}

  const SafetensorsFile& file() const { return file_; }
  std::filesystem::path folder() const { return file_.path().parent_path(); }
  /// What is computed; cases of published networks name their model instead.
  std::string op() const { return text({"op"}, find({"model"}) ? "model" : ""); }
  std::string name() const { return text({"case"}, file_.path().stem().string()); }
  bool has(std::string_view tensor) const { return file_.contains(tensor); }

  /// The first of these attributes that is given.
  std::optional<std::string> find(Names names) const {
    for (const char* name : names)
      if (const auto found = file_.metadata().find(name); found != file_.metadata().end()) return found->second;
    return std::nullopt;
  }
  std::string text(Names names, const std::string& otherwise) const { return find(names).value_or(otherwise); }
  /// @throws Error if the attribute is given, but no number.
  double number(Names names, double otherwise) const {
    const std::optional<std::string> given = find(names);
    if (!given) return otherwise;
    char* end = nullptr;
    const double value = std::strtod(given->c_str(), &end);
    require(end != given->c_str() && *end == '\0', "attribute ", *names.begin(), ": expected a number, found '", *given,
            "'");
    return value;
  }
  bool flag(Names names, bool otherwise) const {
    const std::string given = text(names, otherwise ? "1" : "0");
    return given == "1" || given == "true" || given == "True";
  }

  /// Height and width: `stride = 2`, `stride = 2,1`, `stride = (2, 1)`, or `stride_h` and `stride_w`.
  std::pair<Index, Index> sizes(const std::string& name, Names others, Index otherwise) const {
    std::optional<std::string> both = find({name.c_str()});
    if (!both) both = find(others);
    const std::vector<Index> values = both ? integers(*both) : std::vector<Index>{otherwise};
    require(values.size() == 1 || values.size() == 2, "attribute ", name, ": expected one or two integers, found '",
            both.value_or(""), "'");
    const auto side = [&](const char* suffix, Index value) {
      return static_cast<Index>(number({(name + suffix).c_str()}, static_cast<double>(value)));
    };
    return {side("_h", values.front()), side("_w", values.back())};
  }

  /// TensorFlow's rule by its name, or the pixels themselves.
  Padding padding() const {
    const std::string given = text({"padding", "pad", "pads"}, "valid");
    if (given == "same" || given == "SAME") return Padding::same();
    if (given == "valid" || given == "VALID") return Padding::valid();
    std::vector<Index> p = integers(text({"pads_tblr"}, given));
    if (p.size() == 1) return Padding::pixels(p[0]);
    if (p.size() == 2) return Padding::pixels(p[0], p[0], p[1], p[1]);
    require(p.size() == 4, "attribute padding: expected same, valid or pixels, found '", given, "'");
    return Padding::pixels(p[0], p[1], p[2], p[3]);
  }

  /// The tensor names of a comma list such as `outputs`.
  std::vector<std::string> list(const char* attribute) const {
    std::vector<std::string> names(1);
    for (const char c : text({attribute}, "")) {
      if (c == ',')
        names.emplace_back();
      else if (c != ' ')
        names.back() += c;
    }
    std::erase(names, "");
    return names;
  }

  /// All whole numbers of a text, in order.
  static std::vector<Index> integers(const std::string& text) {
    std::vector<Index> values;
    for (const char* at = text.c_str(); *at != '\0';) {
      char* end = nullptr;
      const bool starts = std::isdigit(static_cast<unsigned char>(*at)) || *at == '-';
      const Index value = starts ? std::strtoll(at, &end, 10) : 0;
      if (starts && end != at) values.push_back(value);
      at = starts && end != at ? end : at + 1;
    }
    return values;
  }

 private:
  SafetensorsFile file_;
};

}  // namespace amdefect::reference_check
