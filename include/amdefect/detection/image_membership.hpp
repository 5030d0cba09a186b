#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "amdefect/io/json_reader.hpp"
#include "amdefect/io/safetensors.hpp"

namespace amdefect {

/// Key of an ImageMembership in the metadata of a detector's file: a JSON object of three strings, 16 hexadecimal
/// digits for each image.
inline constexpr const char* images_key = "amdefect.images";

/// Which images a detector was trained, validated and tested with, by checksums of their files' contents, so that an
/// image is known again whatever its name, folder, id or split. It travels with the weights.
struct ImageMembership {
  std::vector<std::uint64_t> train{}, valid{}, test{};

  bool empty() const { return train.empty() && valid.empty() && test.empty(); }
  /// The name of the split that an image was in, the first of train, valid and test; empty for an unknown one.
  std::string_view split_of(std::uint64_t checksum) const {
    for (const auto& [name, images] : {std::pair("train", &train), {"valid", &valid}, {"test", &test}})
      if (std::binary_search(images->begin(), images->end(), checksum)) return name;
    return "";
  }
};

namespace detail {

inline std::string hexadecimal(std::span<const std::uint64_t> checksums) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(16 * checksums.size());
  for (const std::uint64_t checksum : checksums)
    for (int shift = 60; shift >= 0; shift -= 4) text += digits[(checksum >> shift) & 15];
  return text;
}

}  // namespace detail

/// The value of `images_key`.
inline std::string to_text(const ImageMembership& membership) {
  return JsonValue{{"train", detail::hexadecimal(membership.train)},
                   {"valid", detail::hexadecimal(membership.valid)},
                   {"test", detail::hexadecimal(membership.test)}}
      .to_text();
}

/// What a detector's file says of it; empty for files of before, which say nothing. @throws FileError for another text.
inline ImageMembership read_membership(const SafetensorsFile& file) {
  ImageMembership membership;
  const auto found = file.metadata().find(images_key);
  if (found == file.metadata().end()) return membership;
  const std::string where = concat(file.path().string(), ": ", images_key);
  const JsonValue json = parse_json(found->second, where);
  const JsonReader reader(json, where);
  reader.allow_only({"train", "valid", "test"});
  for (const auto& [name, images] :
       {std::pair("train", &membership.train), {"valid", &membership.valid}, {"test", &membership.test}}) {
    const auto text = reader.get<std::string>(name);
    for (std::size_t i = 0; i < text.size(); i += 16) {
      const std::string_view digits = std::string_view(text).substr(i, 16);
      const auto [end, problem] =
          std::from_chars(digits.data(), digits.data() + digits.size(), images->emplace_back(), 16);
      if (digits.size() < 16 || problem != std::errc{} || end != digits.data() + digits.size())
        reader.at(name).fail("expected 16 hexadecimal digits for each image");
    }
    std::sort(images->begin(), images->end());
  }
  return membership;
}

}  // namespace amdefect
