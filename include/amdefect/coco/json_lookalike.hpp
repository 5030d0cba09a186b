#pragma once

#include <array>
#include <string_view>

namespace amdefect::detail {

/// What a file is that somebody took for JSON, as far as its first bytes tell, as the end of a sentence; else empty.
inline std::string_view json_lookalike(std::string_view bytes) {
  struct Signature {
    std::string_view text, name;
  };
  using namespace std::string_view_literals;
  constexpr std::array<Signature, 18> known{{
      {"\x1f\x8b", "compressed by gzip (unpack it with gunzip)"},
      {"BZh", "compressed by bzip2 (unpack it with bunzip2)"},
      {"\xfd"
       "7zXZ",
       "compressed by xz (unpack it with unxz)"},
      {"\x28\xb5\x2f\xfd", "compressed by Zstandard (unpack it with unzstd)"},
      {"PK\x03\x04", "a ZIP archive (unpack it)"},
      {"7z\xbc\xaf", "a 7-Zip archive (unpack it)"},
      {"\xff\xfe\0\0"sv, "text in UTF-32 (save it as UTF-8)"},
      {"\0\0\xfe\xff"sv, "text in UTF-32 (save it as UTF-8)"},
      {"\xff\xfe", "text in UTF-16 (save it as UTF-8)"},
      {"\xfe\xff", "text in UTF-16 (save it as UTF-8)"},
      {"{\0"sv, "text in UTF-16 (save it as UTF-8)"},
      {"\0{"sv, "text in UTF-16 (save it as UTF-8)"},
      {"version https://git-lfs", "a pointer of Git LFS, not the file itself (git lfs pull)"},
      {"<!DOCTYPE", "an HTML page"},
      {"<!doctype", "an HTML page"},
      {"<html", "an HTML page"},
      {"<?xml", "an XML file, perhaps of Pascal VOC"},
      {"<annotation", "an XML file, perhaps of Pascal VOC"},
  }};
  for (const Signature& signature : known)
    if (bytes.starts_with(signature.text)) return signature.name;
  return "";
}

}  // namespace amdefect::detail
