#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/io/checksum.hpp"
#include "amdefect/io/json_text.hpp"

namespace amdefect {

/// The members of a zip archive in memory (PKWARE's APPNOTE.TXT, ZIP64 included). Those that are stored, not
/// compressed, can be read, as PyTorch writes them.
class ZipArchive {
 public:
  using Bytes = std::span<const std::uint8_t>;

  /// Whether a file begins like an archive with at least one member.
  static bool is_archive(Bytes bytes) { return bytes.size() >= 4 && std::memcmp(bytes.data(), "PK\3\4", 4) == 0; }

  /// `where` begins all messages. @throws FileError for anything that is not such an archive.
  ZipArchive(Bytes bytes, std::string where) : bytes_(bytes), where_(std::move(where)) {
    const Directory directory = find_directory();
    std::uint64_t at = directory.offset;
    for (std::uint64_t member = 0; member < directory.members; ++member) at = read_member(at);
  }

  bool contains(std::string_view name) const { return members_.find(name) != members_.end(); }
  /// In the order of their names.
  std::vector<std::string_view> names() const {
    std::vector<std::string_view> names;
    for (const auto& member : members_) names.push_back(member.first);
    return names;
  }

  /// @throws FileError if there is no such member, it is compressed, or its checksum is wrong.
  Bytes member(std::string_view name) const {
    const auto found = members_.find(name);
    require<FileError>(found != members_.end(), where_, "there is no member ", detail::json_quote(name));
    const Member& member = found->second;
    require<FileError>(!member.compressed, where_, "the member ", detail::json_quote(name),
                       " is compressed, expected it to be stored");
    require<FileError>(crc32(member.bytes) == member.checksum, where_, "the member ", detail::json_quote(name),
                       " is damaged: its checksum is wrong");
    return member.bytes;
  }

 private:
  struct Directory {
    std::uint64_t offset, members;
  };
  struct Member {
    Bytes bytes;  // as they lie in the file
    std::uint32_t checksum;
    bool compressed;
  };

  template <class T>
  T number(std::uint64_t at) const {
    require<FileError>(at <= bytes_.size() && sizeof(T) <= bytes_.size() - at, where_, "the zip archive ends at byte ",
                       bytes_.size(), ", expected ", sizeof(T), " more at byte ", at, " (truncated?)");
    T value;
    std::memcpy(&value, bytes_.data() + at, sizeof value);
    return value;
  }
  void expect_signature(std::uint64_t at, std::uint32_t signature, const char* what) const {
    require<FileError>(number<std::uint32_t>(at) == signature, where_, "expected ", what, " of a zip archive at byte ",
                       at);
  }

  /// The end record is the last one, behind it a comment of at most 64 KiB.
  Directory find_directory() const {
    constexpr std::uint64_t end_size = 22, longest_comment = 65535;
    constexpr std::uint32_t end_signature = 0x06054b50, unknown32 = ~0u;
    const std::uint64_t size = bytes_.size();
    std::uint64_t at = size;
    for (std::uint64_t back = end_size; back <= std::min(size, end_size + longest_comment); ++back)
      if (number<std::uint32_t>(size - back) == end_signature) {
        at = size - back;
        break;
      }
    require<FileError>(at < size, where_, "the zip archive has no directory at its end (truncated?)");
    Directory directory{number<std::uint32_t>(at + 16), number<std::uint16_t>(at + 10)};
    if (directory.offset != unknown32 && directory.members != 0xffff) return directory;
    expect_signature(at - std::min<std::uint64_t>(at, 20), 0x07064b50, "the place of the ZIP64 directory");
    const auto large = number<std::uint64_t>(at - 20 + 8);
    expect_signature(large, 0x06064b50, "the ZIP64 end record");
    return {number<std::uint64_t>(large + 48), number<std::uint64_t>(large + 32)};
  }

  /// Reads one entry of the directory; returns the place of the next one.
  std::uint64_t read_member(std::uint64_t at) {
    expect_signature(at, 0x02014b50, "an entry of the directory");
    const auto method = number<std::uint16_t>(at + 10);
    const auto checksum = number<std::uint32_t>(at + 16);
    std::uint64_t stored = number<std::uint32_t>(at + 20), size = number<std::uint32_t>(at + 24);
    std::uint64_t local = number<std::uint32_t>(at + 42);
    const std::uint64_t name_size = number<std::uint16_t>(at + 28), extra_size = number<std::uint16_t>(at + 30);
    const std::uint64_t end = at + 46 + name_size + extra_size + number<std::uint16_t>(at + 32);
    require<FileError>(end <= bytes_.size(), where_, "an entry of the zip archive's directory leaves the file");
    std::string name(reinterpret_cast<const char*>(bytes_.data()) + at + 46, name_size);
    read_large_numbers(at + 46 + name_size, extra_size, {&size, &stored, &local});
    expect_signature(local, 0x04034b50, "a member");
    const std::uint64_t begin = local + 30 + number<std::uint16_t>(local + 26) + number<std::uint16_t>(local + 28);
    require<FileError>(begin <= bytes_.size() && stored <= bytes_.size() - begin, where_, "the member ",
                       detail::json_quote(name), " of ", stored, " bytes leaves the file");
    const Member member{bytes_.subspan(begin, stored), checksum, method != 0 || stored != size};
    require<FileError>(members_.emplace(name, member).second, where_, "there are two members ",
                       detail::json_quote(name));
    return end;
  }

  /// ZIP64: numbers that do not fit into 32 bits stand in an extra field, in this order.
  void read_large_numbers(std::uint64_t at, std::uint64_t size, std::initializer_list<std::uint64_t*> numbers) const {
    for (const std::uint64_t end = at + size; at + 4 <= end;) {
      const auto kind = number<std::uint16_t>(at);
      const std::uint64_t next = at + 4 + number<std::uint16_t>(at + 2);
      require<FileError>(next <= end, where_, "an extra field of the zip archive leaves its entry");
      std::uint64_t from = at + 4;
      for (std::uint64_t* value : numbers)
        if (kind == 1 && *value == 0xffffffff && from + 8 <= next) {
          *value = number<std::uint64_t>(from);
          from += 8;
        }
      at = next;
    }
  }

  Bytes bytes_;
  std::string where_;
  std::map<std::string, Member, std::less<>> members_;
};

}  // namespace amdefect
