// Kinds of JPEG, PNG and BMP files that other programs write and every viewer shows, and what is said of all others.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "amdefect/image/image_io.hpp"
#include "contains.hpp"
#include "error_of.hpp"
#include "random_image.hpp"

using namespace amdefect;

namespace {

void append(Bytes& bytes, std::int64_t value, int count) {
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}
void append(Bytes& bytes, const Bytes& more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

struct Bmp {
  Index width = 0, height = 0;
  int bits = 0, compression = 0, header_size = 40;
  Bytes behind_header{}, rows{};

  Bytes file() const {
    Bytes bytes{'B', 'M'};
    const auto offset = 14 + header_size + static_cast<std::int64_t>(behind_header.size());
    for (const std::int64_t value : {std::int64_t{0}, std::int64_t{0}, offset, std::int64_t{header_size}})
      append(bytes, value, 4);
    const int size_bytes = header_size == 12 ? 2 : 4;
    append(bytes, width, size_bytes);
    append(bytes, height, size_bytes);
    append(bytes, 1, 2);
    append(bytes, bits, 2);
    if (header_size > 12) append(bytes, compression, 4);
    bytes.resize(14 + static_cast<std::size_t>(header_size));
    append(bytes, behind_header);
    append(bytes, rows);
    return bytes;
  }
  Image image() const { return decode_image(file(), "x.bmp"); }
  std::string error() const {
    return error_of([&] { image(); });
  }
};

/// Palette: colour i is (i, 2 i, 3 i) as red, green, blue.
Bytes palette(int colours, int entry = 4) {
  Bytes bytes;
  for (int i = 0; i < colours; ++i) append(bytes, 3 * i | 2 * i << 8 | i << 16, entry);
  return bytes;
}
/// The red channel, which is the index into that palette, in rows from the top.
std::string reds(const Image& image) {
  std::string text;
  for (Index y = 0; y < image.height(); ++y) {
    for (Index x = 0; x < image.width(); ++x) {
      CHECK(image(y, x, 1) == 2 * image(y, x, 0));
      CHECK(image(y, x, 2) == 3 * image(y, x, 0));
      text += static_cast<char>('0' + image(y, x, 0));
    }
    text += '/';
  }
  return text;
}

std::size_t find(const Bytes& bytes, std::uint8_t marker) {
  for (std::size_t i = 0; i + 1 < bytes.size(); ++i)
    if (bytes[i] == 0xff && bytes[i + 1] == marker) return i;
  return 0;
}
std::string jpeg_error(Bytes jpeg, std::size_t offset_in_frame, std::uint8_t value) {
  jpeg[find(jpeg, 0xc0) + offset_in_frame] = value;
  return error_of([&] { decode_image(jpeg, "x.jpg"); });
}

/// An 8x8 JPEG of four channels: the blocks of a 16x8 picture of three channels without colour, read as cyan, magenta,
/// yellow and, as difference of the two luminances, black.
Bytes cmyk_jpeg(std::uint8_t first, std::uint8_t second) {
  Image image(8, 16, 3, first);
  for (Index y = 0; y < 8; ++y)
    for (Index x = 8; x < 16; ++x)
      for (Index c = 0; c < 3; ++c) image(y, x, c) = second;
  Bytes jpeg = encode_jpeg(image, 100);
  const std::size_t scan = find(jpeg, 0xda), frame = find(jpeg, 0xc0);
  jpeg[scan + 3] = 14, jpeg[scan + 4] = 4;
  jpeg.insert(jpeg.begin() + static_cast<long>(scan) + 11, {4, 0x00});
  jpeg[frame + 3] = 20, jpeg[frame + 8] = 8, jpeg[frame + 9] = 4;
  jpeg.insert(jpeg.begin() + static_cast<long>(frame) + 19, {4, 0x11, 0});
  return jpeg;
}

}  // namespace

TEST_CASE("BMP with run lengths of 8 bits: runs, pixels as they are, steps, ends") {
  Bmp bmp{.width = 5, .height = 3, .bits = 8, .compression = 1, .behind_header = palette(10)};
  bmp.rows = {3, 7, 0, 0, /* next row */ 0, 3, 1, 2, 3, 0, 2, 9, 0, 0, /* next row */ 0, 2, 2, 0, 1, 5, 0, 1};
  CHECK(reds(bmp.image()) == "00500/12399/77700/");
  bmp.rows = {1, 4, 0, 2, 1, 1, 1, 6, 0, 1};
  CHECK(reds(bmp.image()) == "00000/00600/40000/");
  bmp.rows = {200, 1, 0, 0, 5, 2, 0, 0, 5, 3};  // a run beyond the row; the mark of the end is missing
  CHECK(reds(bmp.image()) == "33333/22222/11111/");
  bmp.rows = {5, 1, 0, 0, 5, 2, 0, 0, 4, 3};
  CHECK(bmp.error() == "x.bmp: truncated BMP file (104 bytes)");
  bmp.rows = {0, 9, 1, 1};
  CHECK(bmp.error() == "x.bmp: truncated BMP file (98 bytes)");
}

TEST_CASE("BMP with run lengths of 4 bits") {
  Bmp bmp{.width = 5, .height = 2, .bits = 4, .compression = 2, .behind_header = palette(16)};
  bmp.rows = {5, 0x12, 0, 0, 0, 5, 0x98, 0x76, 0x50, 0, 0, 1};
  CHECK(reds(bmp.image()) == "98765/12121/");
}

TEST_CASE("run lengths cannot claim more memory than an image may have") {
  Bmp bmp{.width = 1 << 20, .height = 1 << 20, .bits = 8, .compression = 1, .behind_header = palette(2)};
  bmp.rows = {0, 1};
  CHECK(bmp.error() == "x.bmp: has 1048576x1048576 pixels, more than the 268435456 that are allowed");
}

TEST_CASE("BMP of every header that programs write, upside down or not, with gaps and short palettes") {
  Bmp bmp{.width = 3, .height = 2, .bits = 8, .behind_header = palette(4), .rows = {1, 2, 3, 0, 3, 0, 1, 0}};
  for (const int size : {12, 40, 52, 56, 64, 108, 124}) {
    CAPTURE(size);
    bmp.header_size = size;
    bmp.behind_header = palette(4, size == 12 ? 3 : 4);
    CHECK(reds(bmp.image()) == "301/123/");
  }
  bmp.header_size = 40;
  append(bmp.behind_header, Bytes(4 * 400));  // the pixels may begin anywhere
  CHECK(reds(bmp.image()) == "301/123/");
  bmp.height = -2;
  CHECK(reds(bmp.image()) == "123/301/");
  bmp.rows.pop_back();  // not a pixel
  CHECK(reds(bmp.image()) == "123/301/");
  bmp.rows.pop_back();
  CHECK(bmp.error() == "x.bmp: truncated BMP file (1676 bytes)");
  bmp.rows = {200, 2, 3, 0, 3, 0, 1, 0};  // a colour that the palette does not have is black
  bmp.behind_header = palette(4);
  CHECK(reds(bmp.image()) == "023/301/");

  Bmp colour{.width = 1, .height = 1, .bits = 24, .behind_header = palette(2), .rows = {30, 20, 10, 0}};
  for (const int size : {40, 64, 124}) {
    colour.header_size = size;
    const Image image = colour.image();
    CHECK(image(0, 0, 0) == 10);
    CHECK(image(0, 0, 2) == 30);
  }
}

TEST_CASE("BMP with bit masks, behind the header or in it") {
  Bmp bmp{.width = 1, .height = 1, .bits = 32, .compression = 3, .rows = {1, 2, 3, 4}};
  append(bmp.behind_header, 0xff, 4);
  append(bmp.behind_header, 0xff00, 4);
  append(bmp.behind_header, 0xff0000, 4);
  const auto check = [&] {
    const Image image = bmp.image();
    CHECK(image(0, 0, 0) == 1);
    CHECK(image(0, 0, 1) == 2);
    CHECK(image(0, 0, 2) == 3);
  };
  check();
  append(bmp.behind_header, 0xff000000, 4);
  bmp.compression = 6;
  check();
}

TEST_CASE("what is not read of BMP is named") {
  Bmp bmp{.width = 2, .height = 2, .bits = 8, .behind_header = palette(4), .rows = Bytes(16)};
  const auto with = [&](int bits, int compression, int header = 40) {
    bmp.bits = bits, bmp.compression = compression, bmp.header_size = header;
    return bmp.error();
  };
  CHECK(with(0, 4) == "x.bmp: is a BMP file of 0 bits per pixel, expected 1, 4, 8, 16, 24 or 32");
  CHECK(with(2, 0) == "x.bmp: is a BMP file of 2 bits per pixel, expected 1, 4, 8, 16, 24 or 32");
  CHECK(with(24, 4) == "x.bmp: is a BMP file with a JPEG file inside, which is not read");
  CHECK(with(24, 5) == "x.bmp: is a BMP file with a PNG file inside, which is not read");
  CHECK(with(1, 3, 64) == "x.bmp: is a BMP file with Huffman coding, which is not read");
  CHECK(with(24, 4, 64) == "x.bmp: is a BMP file of 24 bits with run-length coding, which is not read");
  CHECK(with(32, 11) == "x.bmp: is a BMP file with a compression of the kind 11, which is not read");
  CHECK(with(24, 1) == "x.bmp: broken BMP file: compression of the kind 1 with 24 bits per pixel");
  CHECK(with(8, 0, 41) == "x.bmp: is a BMP file with a header of 41 bytes, which is not read");
}

TEST_CASE("JPEG of four channels is CMYK, with Adobe's marker or without") {
  const Bytes plain = cmyk_jpeg(200, 250);  // cyan 200, magenta and yellow 128, black 128 + 250 - 200
  Bytes marked = plain;
  const Bytes marker{0xff, 0xee, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 0};
  marked.insert(marked.begin() + 2, marker.begin(), marker.end());
  for (const Bytes& jpeg : {plain, marked}) {
    const Image image = decode_image(jpeg, "cmyk.jpg");
    REQUIRE(image.shape() == Shape{8, 8, 3});
    CHECK(image(4, 4, 0) == doctest::Approx(200.0 * 178 / 255).epsilon(0.02));
    CHECK(image(4, 4, 1) == doctest::Approx(128.0 * 178 / 255).epsilon(0.02));
    CHECK(image(4, 4, 2) == doctest::Approx(128.0 * 178 / 255).epsilon(0.02));
  }
}

TEST_CASE("JPEG with zeros between its segments, without its end, or with garbage behind it") {
  const Image image = random_image(19, 23, 3);
  const Bytes whole = encode_jpeg(image);
  const Image expected = decode_image(whole, "x.jpg");
  for (const std::uint8_t marker : {std::uint8_t{0xdb}, std::uint8_t{0xc0}, std::uint8_t{0xda}}) {
    Bytes padded = whole;
    padded.insert(padded.begin() + static_cast<long>(find(padded, marker)), 5, std::uint8_t{0});
    CHECK(decode_image(padded, "x.jpg") == expected);
  }
  const Bytes stuffing{0xff, 0x00};
  const auto stuffed =
      std::search(whole.begin() + static_cast<long>(find(whole, 0xda)), whole.end(), stuffing.begin(), stuffing.end());
  REQUIRE(stuffed != whole.end());
  Bytes filled = whole;
  filled.insert(filled.begin() + (stuffed - whole.begin()), 2, std::uint8_t{0xff});
  CHECK(decode_image(filled, "x.jpg") == expected);
  Bytes more = whole;
  append(more, 0x12345678, 4);
  CHECK(decode_image(more, "x.jpg") == expected);
  Bytes open(whole.begin(), whole.end() - 2);
  CHECK(decode_image(open, "x.jpg") == expected);
  open.push_back(0xff);
  CHECK(decode_image(open, "x.jpg") == expected);
  open.resize(open.size() - 4);
  CHECK(error_of([&] { decode_image(open, "x.jpg"); }) ==
        concat("x.jpg: truncated JPEG file (", open.size(), " bytes)"));
}

TEST_CASE("Huffman tables of JPEG are whole, and what a file uses without defining it is 0") {
  const Bytes jpeg = encode_jpeg(random_image(8, 8, 3));
  const std::size_t table = find(jpeg, 0xc4) + 4;
  Bytes alone(jpeg.begin(), jpeg.begin() + static_cast<long>(table + 17 + 12));  // of the first segment, only its first
  alone[table - 2] = 0, alone[table - 1] = 2 + 17 + 11;                          // table, and a code too few
  alone.insert(alone.end(), jpeg.begin() + static_cast<long>(find(jpeg, 0xda)), jpeg.end());
  CHECK(error_of([&] { decode_image(alone, "x.jpg"); }) ==
        concat("x.jpg: broken JPEG file: the Huffman table at byte ", table, " reaches beyond its segment"));

  Bytes undefined(jpeg.begin(), jpeg.begin() + static_cast<long>(table - 4));
  undefined.insert(undefined.end(), jpeg.begin() + static_cast<long>(find(jpeg, 0xda)), jpeg.end());
  CHECK_NOTHROW(decode_image(undefined, "x.jpg"));
  void* const dirty = std::malloc(30000);
  std::memset(dirty, 0xff, 30000);
  std::free(dirty);
  std::unique_ptr<void, void (*)(void*)> clean(detail::DecodeMemory::allocate(30000), std::free);
  const auto* const bytes = static_cast<const std::uint8_t*>(clean.get());
  CHECK(std::all_of(bytes, bytes + 30000, [](std::uint8_t byte) { return byte == 0; }));
}

TEST_CASE("what is not read of JPEG is named") {
  const Bytes jpeg = encode_jpeg(random_image(8, 8, 3));
  CHECK(jpeg_error(jpeg, 1, 0xc3) == "x.jpg: is a JPEG file with lossless coding, which is not read");
  CHECK(jpeg_error(jpeg, 1, 0xc5) == "x.jpg: is a JPEG file with hierarchical coding, which is not read");
  CHECK(jpeg_error(jpeg, 1, 0xc9) == "x.jpg: is a JPEG file with arithmetic coding, which is not read");
  CHECK(jpeg_error(jpeg, 1, 0xca) == "x.jpg: is a JPEG file with arithmetic coding, which is not read");
  CHECK(jpeg_error(jpeg, 1, 0xcf) == "x.jpg: is a JPEG file with arithmetic coding, which is not read");
  CHECK(jpeg_error(jpeg, 1, 0xf7) == "x.jpg: is a JPEG file of the kind JPEG-LS, which is not read");
  CHECK(jpeg_error(jpeg, 4, 12) == "x.jpg: is a JPEG file of 12 bits per value, of which only 8 are read");
  CHECK(jpeg_error(jpeg, 6, 0) ==
        "x.jpg: is a JPEG file that tells its height behind the picture (DNL), which is not read");
  CHECK(jpeg_error(jpeg, 9, 2) == "x.jpg: is a JPEG file of 2 channels, expected 1, 3 or 4");
}

TEST_CASE("JPEG with Huffman tables of too many codes is refused, of whatever length they are") {
  for (const bool short_codes : {true, false}) {
    Bytes jpeg = encode_jpeg(random_image(8, 8, 3));
    const auto lengths = jpeg.begin() + static_cast<long>(find(jpeg, 0xc4)) + 5;  // behind marker, length and class
    std::fill(lengths, lengths + 16, std::uint8_t{0});
    lengths[short_codes ? 0 : 14] = 255;
    lengths[15] = 2;
    CHECK(contains(error_of([&] { decode_image(jpeg, "x.jpg"); }), "Huffman table of 257 codes"));
  }
}

TEST_CASE("PNG without its end, with a damaged remark, or with garbage behind it") {
  const Image image = random_image(5, 6, 3);
  const Bytes whole = encode_png(image);
  Bytes bytes(whole.begin(), whole.end() - 12);
  CHECK(decode_image(bytes, "x.png") == image);
  const Bytes remark{0, 0, 0, 3, 't', 'E', 'X', 't', 'a', 0, 'b', 1, 2, 3, 4};
  append(bytes, Bytes(remark.begin(), remark.end() - 5));  // cut within it
  CHECK(decode_image(bytes, "x.png") == image);
  bytes = whole;
  bytes.insert(bytes.begin() + 33, remark.begin(), remark.end());  // its check sum is wrong
  append(bytes, 0x12345678, 4);
  CHECK(decode_image(bytes, "x.png") == image);
  bytes.resize(bytes.size() - 20);  // within the pixels
  CHECK(error_of([&] { decode_image(bytes, "x.png"); }) ==
        concat("x.png: truncated PNG file (", bytes.size(), " bytes)"));

  Bytes apple(whole.begin(), whole.begin() + 8);
  append(apple, Bytes{0, 0, 0, 4, 'C', 'g', 'B', 'I', 0x50, 0, 0x20, 6, 0x2c, 0xb8, 0x77, 0x66});
  append(apple, Bytes(whole.begin() + 8, whole.end()));
  CHECK(error_of([&] { decode_image(apple, "x.png"); }) ==
        "x.png: is a PNG file in Apple's own variant (CgBI), which is not read");
}

TEST_CASE("the content counts, not the name, and files of other formats are called by their names") {
  const Image image = random_image(3, 4, 3);
  CHECK(decode_image(encode_png(image), "a.jpg") == image);
  using namespace std::string_view_literals;
  const auto said = [](std::string_view start) {
    Bytes bytes(start.begin(), start.end());
    bytes.resize(200);
    return error_of([&] { decode_image(bytes, "x.png"); });
  };
  CHECK(said("GIF89a") == "x.png: is a GIF file, expected JPEG, PNG or BMP");
  CHECK(said("II*\0"sv) == "x.png: is a TIFF file, expected JPEG, PNG or BMP");
  CHECK(said("MM\0*"sv) == "x.png: is a TIFF file, expected JPEG, PNG or BMP");
  CHECK(said("RIFF\1\2\3\4WEBPVP8 ") == "x.png: is a WebP file, expected JPEG, PNG or BMP");
  CHECK(said("\0\0\0\x20"
             "ftypavif"sv) == "x.png: is an AVIF file, expected JPEG, PNG or BMP");
  CHECK(said("\0\0\0\x20"
             "ftypheic"sv) == "x.png: is a HEIC file, expected JPEG, PNG or BMP");
  CHECK(said("\0\0\0\x0cjP  \r\n"sv) == "x.png: is a JPEG 2000 file, expected JPEG, PNG or BMP");
  CHECK(said("P6\n3 4\n") == "x.png: is a PBM, PGM, PPM or PAM file, expected JPEG, PNG or BMP");
  CHECK(said("version https://git-lfs.github.com/spec/v1\n") ==
        "x.png: is a pointer of Git LFS, not the image itself (git lfs pull), expected JPEG, PNG or BMP");
  CHECK(said("<!DOCTYPE html>") == "x.png: is an HTML page, expected JPEG, PNG or BMP");
  CHECK(said("what?") == "x.png: is not an image of a known format (JPEG, PNG or BMP)");
}
