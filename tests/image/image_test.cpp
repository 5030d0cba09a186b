#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "amdefect/image/image_io.hpp"
#include "random_image.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

namespace {

/// Four flat 16x16 quadrants, which JPEG keeps apart: 1 2 / 3 4.
Image quadrants() {
  Image image(32, 32, 1);
  for (Index y = 0; y < 32; ++y)
    for (Index x = 0; x < 32; ++x) image(y, x, 0) = static_cast<std::uint8_t>(50 * (1 + x / 16 + 2 * (y / 16)));
  return image;
}

void append(Bytes& bytes, std::uint32_t value, int count, bool little) {
  for (int i = 0; i < count; ++i)
    bytes.push_back(static_cast<std::uint8_t>(value >> (8 * (little ? i : count - 1 - i))));
}

/// A TIFF header with two entries, the second one the orientation.
Bytes tiff(int orientation, bool little) {
  Bytes bytes(2, little ? 'I' : 'M');
  append(bytes, 42, 2, little);
  append(bytes, 8, 4, little);
  append(bytes, 2, 2, little);
  for (const std::uint32_t tag : {0x010fu, 0x0112u}) {
    append(bytes, tag, 2, little);
    append(bytes, 3, 2, little);
    append(bytes, 1, 4, little);
    append(bytes, tag == 0x0112 ? static_cast<std::uint32_t>(orientation) : 7, 2, little);
    append(bytes, 0, 2, little);
  }
  append(bytes, 0, 4, little);
  return bytes;
}

Bytes with_exif(const Bytes& jpeg, const Bytes& block) {
  Bytes bytes(jpeg.begin(), jpeg.begin() + 2);
  append(bytes, 0xffe1, 2, false);
  append(bytes, static_cast<std::uint32_t>(2 + 6 + block.size()), 2, false);
  for (const char c : std::string("Exif\0\0", 6)) bytes.push_back(static_cast<std::uint8_t>(c));
  bytes.insert(bytes.end(), block.begin(), block.end());
  bytes.insert(bytes.end(), jpeg.begin() + 2, jpeg.end());
  return bytes;
}

void append_chunk(Bytes& png, const std::string& type, const Bytes& body) {
  append(png, static_cast<std::uint32_t>(body.size()), 4, false);
  Bytes content(type.begin(), type.end());
  content.insert(content.end(), body.begin(), body.end());
  png.insert(png.end(), content.begin(), content.end());
  append(png, crc32(content), 4, false);
}

/// The middles of the four quadrants, as the numbers 1 to 4.
std::vector<int> layout(const Image& image) {
  std::vector<int> numbers;
  for (const Index y : {8, 24})
    for (const Index x : {8, 24}) numbers.push_back((image(y, x, 0) + 25) / 50);
  return numbers;
}

Bytes bmp_24(Index width, Index height) {
  const Index row = (width * 3 + 3) / 4 * 4;
  Bytes bytes{'B', 'M'};
  for (const Index v : {54 + row * height, Index{0}, Index{54}, Index{40}, width, height})
    append(bytes, static_cast<std::uint32_t>(v), 4, true);
  append(bytes, 1, 2, true);
  append(bytes, 24, 2, true);
  bytes.resize(static_cast<std::size_t>(54 + row * height));
  return bytes;
}

std::string decode_error(const Bytes& bytes) {
  try {
    decode_image(bytes, "x");
  } catch (const FileError& error) {
    return error.what();
  }
  return "";
}

bool starts_with(const std::string& text, const std::string& start) { return text.rfind(start, 0) == 0; }

}  // namespace

TEST_CASE("PNG keeps every byte, for 1 to 4 channels and odd sizes") {
  const TemporaryFolder folder;
  for (const Index channels : {1, 2, 3, 4}) {
    const Image image = random_image(7, 5, channels);
    save_image(folder / "a.png", image);
    CHECK(load_image(folder / "a.png", ImageChannels::as_stored) == image);
  }
}

TEST_CASE("channels are converted on request: grey repeated, alpha dropped") {
  const Image grey = random_image(4, 6, 1), rgba = random_image(4, 6, 4);
  const Image from_grey = decode_image(encode_png(grey), "grey");
  const Image from_rgba = decode_image(encode_png(rgba), "rgba");
  REQUIRE(from_grey.shape() == Shape{4, 6, 3});
  REQUIRE(from_rgba.shape() == Shape{4, 6, 3});
  for (Index i = 0; i < 24; ++i)
    for (Index c = 0; c < 3; ++c) {
      CHECK(from_grey(i / 6, i % 6, c) == grey(i / 6, i % 6, 0));
      CHECK(from_rgba(i / 6, i % 6, c) == rgba(i / 6, i % 6, c));
    }
  CHECK(decode_image(encode_png(rgba), "rgba", ImageChannels::grey).shape() == Shape{4, 6, 1});
}

TEST_CASE("16-bit PNG: the upper byte counts") {
  // 2x1 grey pixels 0x12ff and 0xab00 in one stored (uncompressed) deflate block.
  Bytes png{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  append_chunk(png, "IHDR", {0, 0, 0, 2, 0, 0, 0, 1, 16, 0, 0, 0, 0});
  append_chunk(png, "IDAT", {0x78, 0x01, 1, 5, 0, 0xfa, 0xff, 0, 0x12, 0xff, 0xab, 0x00, 0x04, 0x4c, 0x01, 0xbd});
  append_chunk(png, "IEND", {});
  const Image image = decode_image(png, "deep.png", ImageChannels::as_stored);
  REQUIRE(image.shape() == Shape{1, 2, 1});
  CHECK(image(0, 0, 0) == 0x12);
  CHECK(image(0, 1, 0) == 0xab);
}

TEST_CASE("BMP is read, bottom row first, as blue, green, red") {
  Bytes bmp = bmp_24(3, 2);
  bmp[54] = 10, bmp[55] = 20, bmp[56] = 30;
  const Image image = decode_image(bmp, "x.bmp");
  REQUIRE(image.shape() == Shape{2, 3, 3});
  CHECK(image(1, 0, 0) == 30);
  CHECK(image(1, 0, 1) == 20);
  CHECK(image(1, 0, 2) == 10);
  bmp.erase(bmp.end() - 4, bmp.end());
  CHECK(starts_with(decode_error(bmp), "x: truncated BMP file"));
}

TEST_CASE("JPEG of each EXIF orientation, in both byte orders, comes out upright") {
  // The stored picture from which each orientation makes 1 2 / 3 4, by the EXIF standard: e.g. 6 means that the first
  // stored row is the right-hand side of the scene and the first column its top.
  const std::vector<std::vector<int>> shown = {{1, 2, 3, 4}, {2, 1, 4, 3}, {4, 3, 2, 1}, {3, 4, 1, 2},
                                               {1, 3, 2, 4}, {3, 1, 4, 2}, {4, 2, 3, 1}, {2, 4, 1, 3}};
  const Bytes jpeg = encode_jpeg(quadrants(), 95);
  CHECK(layout(decode_image(jpeg, "x")) == shown[0]);
  for (int orientation = 1; orientation <= 8; ++orientation)
    for (const bool little : {false, true}) {
      CAPTURE(orientation);
      CHECK(layout(decode_image(with_exif(jpeg, tiff(orientation, little)), "x")) ==
            shown[static_cast<std::size_t>(orientation - 1)]);
    }
  for (const int nonsense : {0, 9, 65535})
    CHECK(layout(decode_image(with_exif(jpeg, tiff(nonsense, true)), "x")) == shown[0]);
}

TEST_CASE("damaged EXIF is ignored, not fatal") {
  const Bytes jpeg = encode_jpeg(quadrants(), 95);
  const Bytes block = tiff(6, true);
  for (std::size_t size = 0; size < 32; ++size)  // the orientation entry ends at byte 34
    CHECK(layout(decode_image(with_exif(jpeg, Bytes(block.begin(), block.begin() + static_cast<long>(size))),
                              "x"))[1] == 2);
  Bytes wild = block;
  wild[4] = wild[5] = wild[6] = wild[7] = 0xff;  // directory offset
  CHECK(layout(decode_image(with_exif(jpeg, wild), "x"))[1] == 2);
}

TEST_CASE("the orientation of a PNG's eXIf chunk is applied") {
  const Image image = random_image(2, 3, 3);
  const Bytes plain = encode_png(image);
  Bytes png(plain.begin(), plain.begin() + 33);  // signature and IHDR
  append_chunk(png, "eXIf", tiff(6, false));
  png.insert(png.end(), plain.begin() + 33, plain.end());
  CHECK(decode_image(png, "x") == orient(image, Orientation::rotated_clockwise()));
}

TEST_CASE("truncated files of every length are refused, unless nothing is missing but the mark of the end") {
  const Image image = random_image(9, 11, 3);
  const auto check = [](const Bytes& whole, std::size_t mark_of_end) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(size);
      const Bytes part(whole.begin(), whole.begin() + static_cast<long>(size));
      if (size + mark_of_end < whole.size())
        CHECK(starts_with(decode_error(part), "x: "));
      else
        CHECK(decode_image(part, "x") == decode_image(whole, "x"));
    }
  };
  check(encode_png(image), 12);
  check(encode_jpeg(image), 2);
  check(bmp_24(5, 4), 1);  // what fills up the last row
}

TEST_CASE("damaged files are refused or decoded, never anything else") {
  const Image image = random_image(16, 16, 3);
  Random random(7);
  for (const Bytes& whole : {encode_png(image), encode_jpeg(image), bmp_24(5, 4)})
    for (int run = 0; run < 500; ++run) {
      Bytes damaged = whole;
      for (int i = 0; i < 3; ++i)
        damaged[static_cast<std::size_t>(random.integer(static_cast<Index>(damaged.size())))] =
            static_cast<std::uint8_t>(random.integer(256));
      decode_error(damaged);
    }
  Bytes png = encode_png(image);
  png[60] ^= 1;
  CHECK(starts_with(decode_error(png), "x: broken PNG file: wrong check sum at byte"));
}

TEST_CASE("a header that claims a huge image is refused before memory is taken") {
  Bytes png{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  append_chunk(png, "IHDR", {0, 0x80, 0, 0, 0, 0x80, 0, 0, 8, 2, 0, 0, 0});
  append_chunk(png, "IEND", {});
  CHECK(decode_error(png) == "x: has 8388608x8388608 pixels, more than the 268435456 that are allowed");
}

TEST_CASE("missing files, folders, empty and foreign files give one clear line") {
  const TemporaryFolder folder;
  const auto message = [](const std::filesystem::path& path) -> std::string {
    try {
      load_image(path);
    } catch (const FileError& error) {
      return error.what();
    }
    return "";
  };
  const std::string missing = (folder / "none.png").string();
  CHECK(message(missing) == missing + ": cannot be opened: No such file or directory");
  CHECK(message(folder.path()) == folder.path().string() + ": is a folder, expected a file");
  const std::string empty = folder.write("empty.png", "").string();
  CHECK(message(empty) == empty + ": is empty, expected an image");
  const std::string text = folder.write("text.jpg", "hello").string();
  CHECK(message(text) == text + ": is not an image of a known format (JPEG, PNG or BMP)");
  CHECK_THROWS_AS(save_image(folder / "a.gif", Image(1, 1, 1)), FileError);
  CHECK_THROWS_AS(save_image(folder / "no/such/folder/a.png", Image(1, 1, 1)), FileError);
  CHECK_THROWS_AS(save_image(folder / "a.png", Image(1, 1, 5)), ShapeError);
}

TEST_CASE("writing leaves no other file behind") {
  const TemporaryFolder folder;
  save_image(folder / "a.png", random_image(3, 3, 3));
  save_image(folder / "a.JPG", random_image(3, 3, 3));
  int files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) ++files;
  CHECK(files == 2);
}

TEST_CASE("the eight orientations of images and boxes agree and can be undone") {
  const Image image = random_image(5, 8, 2);
  for (int tag = 1; tag <= 8; ++tag) {
    const Orientation o = exif_orientation(tag);
    const Image turned = orient(image, o);
    // A box around one pixel lands around the pixel that holds its value.
    for (Index y = 0; y < 5; ++y)
      for (Index x = 0; x < 8; ++x) {
        const Box pixel{static_cast<double>(x), static_cast<double>(y), static_cast<double>(x + 1),
                        static_cast<double>(y + 1)};
        const Box moved = orient(pixel, 5, 8, o);
        REQUIRE(moved.width() == 1);
        REQUIRE(moved.height() == 1);
        for (Index c = 0; c < 2; ++c)
          CHECK(turned(static_cast<Index>(moved.y1), static_cast<Index>(moved.x1), c) == image(y, x, c));
      }
    // The two rotations by 90 degrees undo each other, all others undo themselves.
    const Orientation back = tag == 6 ? exif_orientation(8) : tag == 8 ? exif_orientation(6) : o;
    CHECK(orient(turned, back) == image);
  }
}

TEST_CASE("channels of two images are stacked") {
  const Image rgb = random_image(3, 4, 3), thermal = random_image(3, 4, 1, 2);
  const Image both = stack_channels(rgb, thermal);
  REQUIRE(both.shape() == Shape{3, 4, 4});
  CHECK(both(2, 1, 2) == rgb(2, 1, 2));
  CHECK(both(2, 1, 3) == thermal(2, 1, 0));
  CHECK_THROWS_AS(stack_channels(rgb, random_image(4, 3, 1)), ShapeError);
}

TEST_CASE("CRC-32 of the standard check string") {
  const std::string text = "123456789";
  CHECK(crc32(Bytes(text.begin(), text.end())) == 0xcbf43926u);
}

TEST_CASE("16-bit PNG files keep every bit") {
  const TemporaryFolder folder;
  for (const Index channels : {1, 3}) {
    Image16 image(5, 7, channels);
    for (std::size_t i = 0; i < image.values().size(); ++i) image.values()[i] = static_cast<std::uint16_t>(1 + 619 * i);
    const auto path = folder / "deep.png";
    save_image(path, image);
    CHECK(is_16_bit_image(path));
    CHECK(load_image_16(path, ImageChannels::as_stored) == image);
    const Image eight = load_image(path, ImageChannels::as_stored);  // the upper bits
    for (std::size_t i = 0; i < image.values().size(); ++i) CHECK(eight.bytes()[i] == image.values()[i] >> 8);
  }
  CHECK_THROWS_AS(save_image(folder / "deep.jpg", Image16(1, 1, 1)), FileError);
  CHECK_THROWS_AS(encode_png(Image16(1, 1, 5)), ShapeError);

  save_image(folder / "flat.png", Image(4, 4, 3, 51));
  CHECK_FALSE(is_16_bit_image(folder / "flat.png"));
  CHECK(load_image_16(folder / "flat.png") == Image16(4, 4, 3, 51 * 257));
  CHECK(to_8_bit(pixels(Image16(4, 4, 3, 51 * 257 + 100))) == Image(4, 4, 3, 51));
  CHECK(orient(Image16(2, 3, 1, 999), Orientation::rotated_clockwise()) == Image16(3, 2, 1, 999));
}
