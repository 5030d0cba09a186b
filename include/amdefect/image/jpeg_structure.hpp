#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "amdefect/image/image_header.hpp"

namespace amdefect::detail {

/// Refuses what some versions of stb_image do not check: Huffman tables of more than 256 codes, which they write beyond
/// their own tables, and ones that reach beyond their segment.
inline void check_huffman_tables(const ByteReader& reader, std::size_t at, std::size_t end) {
  while (at < end) {
    std::size_t codes = 0;
    for (std::size_t length = 1; length <= 16; ++length) codes += reader.byte(at + length);
    reader.check(codes <= 256, "Huffman table of ", codes, " codes at byte ", at);
    reader.check(at + 17 + codes <= end, "the Huffman table at byte ", at, " reaches beyond its segment");
    at += 17 + codes;
  }
}

/// Follows the segments of a JPEG file up to the end-of-image marker.
class JpegWalk {
 public:
  explicit JpegWalk(const ByteReader& reader) : reader_(reader) {}

  ImageHeader run() {
    for (;;) {
      skip_padding();
      reader_.check(reader_.byte(at_) == 0xff, "expected a marker at byte ", at_);
      while (reader_.byte(at_) == 0xff) ++at_;
      const std::uint8_t marker = reader_.byte(at_++);
      if (marker == end_of_image) return finish();
      if (stands_alone(marker)) continue;
      read_segment(marker);
      if (marker == start_of_scan && !skip_scan()) return finish();
    }
  }

 private:
  static constexpr std::uint8_t huffman = 0xc4, start_of_scan = 0xda, end_of_image = 0xd9, app1 = 0xe1, app14 = 0xee;

  /// Each of them takes the time of a whole picture, whatever its length. Programs write up to about 20.
  static constexpr int most_scans = 500;

  static bool stands_alone(std::uint8_t marker) { return marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8); }
  /// Start of frame, of any kind of coding; the three left out are tables and extensions. 0xf7 is that of JPEG-LS.
  static bool starts_frame(std::uint8_t marker) {
    return (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) || marker == 0xf7;
  }

  /// Some programs fill up with zeros between segments.
  void skip_padding() {
    const std::size_t start = at_;
    while (reader_.byte(at_) == 0) ++at_;
    if (at_ == start) return;
    keep(start);
    kept_to_ = at_;
  }
  /// Appends what stands between the last byte kept and `end`.
  void keep(std::size_t end) {
    const auto part = reader_.part(kept_to_, end - kept_to_);
    header_.rewritten.insert(header_.rewritten.end(), part.begin(), part.end());
  }

  void read_segment(std::uint8_t marker) {
    const std::size_t length = reader_.number(at_, 2, false);
    reader_.check(length >= 2, "segment of length ", length, " at byte ", at_);
    const auto body = reader_.part(at_ + 2, length - 2);
    if (marker == app1 && reader_.has_text(at_ + 2, std::string_view("Exif\0\0", 6)) && length >= 8)
      header_.orientation = read_exif_orientation(body.subspan(6));
    if (marker == app14 && reader_.has_text(at_ + 2, "Adobe")) adobe_ = true;
    if (marker == huffman) check_huffman_tables(reader_, at_ + 2, at_ + length);
    if (starts_frame(marker)) read_frame(marker);
    if (marker == start_of_scan) {
      reader_.check(++scans_ <= most_scans, "more than ", most_scans, " scans");
      whole_scan_ = sequential_ && scans_ == 1 && reader_.byte(at_ + 2) == channels_;
    }
    at_ += length;
  }

  void read_frame(std::uint8_t marker) {
    reader_.support(marker != 0xf7, "of the kind JPEG-LS, which is not read");
    reader_.support(marker != 0xc3, "with lossless coding, which is not read");
    reader_.support(marker < 0xc5 || marker > 0xc7, "with hierarchical coding, which is not read");
    reader_.support(marker < 0xc8, "with arithmetic coding, which is not read");
    const int bits = reader_.byte(at_ + 2);
    reader_.support(bits == 8, "of ", bits, " bits per value, of which only 8 are read");
    header_.height = reader_.number(at_ + 3, 2, false);
    header_.width = reader_.number(at_ + 5, 2, false);
    channels_ = reader_.byte(at_ + 7);
    reader_.support(header_.height > 0, "that tells its height behind the picture (DNL), which is not read");
    reader_.support(channels_ == 1 || channels_ == 3 || channels_ == 4, "of ", channels_,
                    " channels, expected 1, 3 or 4");
    sequential_ = marker != 0xc2;
  }

  /// Goes to the marker behind coded data, which holds one or more of 0xff only before 0x00 (stuffing) or a restart
  /// marker. False if the file ends first, which is forgiven where this scan may be the whole picture.
  bool skip_scan() {
    for (; at_ + 1 < reader_.size(); ++at_) {
      if (reader_.byte(at_) != 0xff) continue;
      std::size_t behind = at_ + 1;
      while (behind < reader_.size() && reader_.byte(behind) == 0xff) ++behind;
      if (behind == reader_.size()) break;
      if (reader_.byte(behind) != 0 && !stands_alone(reader_.byte(behind))) return true;
      at_ = behind;
    }
    if (!whole_scan_) reader_.truncated();
    at_ = reader_.size();
    while (reader_.byte(at_ - 1) == 0xff) --at_;
    open_ = true;
    return false;
  }

  ImageHeader finish() {
    const bool plain_cmyk = channels_ == 4 && !adobe_;
    if (kept_to_ == 0 && !plain_cmyk && !open_) return header_;
    keep(at_);
    if (plain_cmyk) mark_as_adobe();
    if (open_) {
      header_.added_end = header_.rewritten.size();
      for (const std::uint8_t byte : {std::uint8_t{0xff}, end_of_image}) header_.rewritten.push_back(byte);
    }
    return header_;
  }
  /// Four channels are cyan, magenta, yellow and black, stored as Adobe does (255: no ink), also where its marker is
  /// missing: so do Pillow and ImageMagick. The decoder would take them for YCbCr.
  void mark_as_adobe() {
    constexpr std::uint8_t marker[] = {0xff, app14, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 0};
    header_.rewritten.insert(header_.rewritten.begin() + 2, std::begin(marker), std::end(marker));
  }

  const ByteReader& reader_;
  ImageHeader header_;
  std::size_t at_ = 2;
  std::size_t kept_to_ = 0;  ///< up to here the file is in `rewritten`, without padding
  int channels_ = 0, scans_ = 0;
  bool adobe_ = false, sequential_ = false;
  bool whole_scan_ = false;  ///< the last scan is the first one and has all channels in full
  bool open_ = false;        ///< the file ends with coded data
};

inline ImageHeader check_jpeg(const ByteReader& reader) { return JpegWalk(reader).run(); }

}  // namespace amdefect::detail
