// How much memory a file can make a reader take: the multiples of docs/reliability.md.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "allocation_counter.hpp"
#include "amdefect/coco/coco_json.hpp"
#include "amdefect/data/sample_cache.hpp"
#include "amdefect/image/image_io.hpp"
#include "amdefect/io/json_reader.hpp"
#include "amdefect/io/safetensors.hpp"
#include "amdefect/nn/architecture.hpp"
#include "amdefect/nn/weights.hpp"
#include "contains.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

namespace {

constexpr std::size_t MiB = std::size_t{1} << 20;

std::string repeated(std::string_view text, std::size_t count) {
  std::string result;
  for (std::size_t i = 0; i < count; ++i) result += text;
  return result;
}

/// `entry(i)` for each i below `count`, with commas between them.
template <class Entry>
std::string list(std::size_t count, Entry&& entry) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += (i ? "," : "") + entry(i);
  return text;
}

std::vector<std::byte> safetensors_bytes(const std::string& header, std::uint64_t length) {
  std::vector<std::byte> bytes(8 + header.size());
  std::memcpy(bytes.data(), &length, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  return bytes;
}

/// With `data` bytes behind the header.
std::string safetensors_error(const std::string& header, std::size_t data = 0) {
  return error_of([&] { SafetensorsFile("x", safetensors_bytes(header + std::string(data, ' '), header.size())); });
}

}  // namespace

TEST_CASE("a JSON value takes at most 80 bytes for each byte of its text, and a small stack") {
  std::string longest = "[0" + repeated(",0", (1 << 17) + 1) + "]";  // just after the array has grown
  const std::string texts[] = {longest, "[[]" + repeated(",[]", 100'000) + "]",
                               "[[0]" + repeated(",[0]", 100'000) + "]",
                               "{" + list(50'000, [](std::size_t i) { return concat('"', i, "\":0"); }) + "}",
                               "[" + list(20'000, [](std::size_t) { return std::string("{\"\":0}"); }) + "]"};
  for (const std::string& text : texts) CHECK(peak_bytes_of([&] { parse_json(text, "x"); }) <= 80 * text.size() + MiB);
  const std::string deep = repeated("[", 100'000), deep_objects = repeated("{\"a\":", 100'000);
  for (const std::string& text : {deep, deep_objects}) {
    std::string error;
    CHECK(peak_bytes_of([&] { error = error_of([&] { parse_json(text, "x"); }); }) <= MiB);
    CHECK(contains(error, "expected at most 64 levels of nesting"));
  }
}

TEST_CASE("a COCO file takes at most 40 bytes for each of its bytes") {
  const TemporaryFolder folder;
  const auto empty = [](const char* name) { return concat('"', name, "\":[]"); };
  const auto bytes = [&](const std::string& text) {
    const auto path = folder.write("x.json", text);
    const std::size_t taken = peak_bytes_of([&] { read_coco_annotations(path, CocoStrictness::evaluation); });
    return std::pair(taken, 40 * text.size() + MiB);
  };
  const auto id = [](std::size_t i) { return concat("{\"id\":", i, '}'); };
  const auto annotation = [](std::size_t i) {
    return concat("{\"id\":", i, ",\"image_id\":1,\"category_id\":1,\"bbox\":[0,0,1,1]}");
  };
  for (const std::string& text :
       {concat("{\"images\":[", list(70'000, id), "],", empty("annotations"), ',', empty("categories"), '}'),
        concat("{\"categories\":[", list(70'000, id), "],", empty("annotations"), ',', empty("images"), '}'),
        concat("{\"annotations\":[", list(20'000, annotation), "],", empty("images"), ',', empty("categories"), '}'),
        concat("{\"other\":", repeated("[{\"a\":", 200), "1", repeated("}]", 200), ',', empty("images"), ',',
               empty("annotations"), ',', empty("categories"), '}')}) {
    const auto [taken, limit] = bytes(text);
    CHECK(taken <= limit);
  }
  const auto path = folder.write(
      "results.json", "[" + list(20'000, [](std::size_t) {
                        return std::string("{\"image_id\":1,\"category_id\":1,\"bbox\":[0,0,1,1],\"score\":1}");
                      }) + "]");
  CHECK(peak_bytes_of([&] { read_coco_results(path); }) <= 40 * std::filesystem::file_size(path) + MiB);
  const auto deep = folder.write("deep.json", "{\"info\":" + repeated("[", 100'000));
  std::string error;
  CHECK(peak_bytes_of([&] { error = error_of([&] { read_coco_annotations(deep); }); }) <= MiB);
  CHECK(contains(error, "is nested more than 500 levels deep"));
}

TEST_CASE("a safetensors file takes at most 32 bytes for each byte of its header") {
  const auto tensor = [](std::size_t i) {
    return concat('"', i, R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})");
  };
  const auto text = [](std::size_t i) { return concat('"', i, "\":\"\""); };
  for (const std::string& header :
       {"{" + list(20'000, tensor) + "}", "{\"__metadata__\":{" + list(70'000, text) + "}}"}) {
    CHECK(peak_bytes_of([&] { SafetensorsFile("x", safetensors_bytes(header, header.size())); }) <=
          32 * header.size() + MiB);
  }
  for (const std::uint64_t claimed : {std::uint64_t{100}, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
    std::string error;
    const auto read = [&] { error = error_of([&] { SafetensorsFile("x", safetensors_bytes("{}", claimed)); }); };
    CHECK(peak_bytes_of(read) <= MiB);
    CHECK(contains(error, concat("expected a header of ", claimed, " bytes, found 2")));
  }
}

TEST_CASE("offsets of safetensors that overlap or overflow are refused, and so are shapes beyond the data") {
  const auto u8 = [](const char* name, const char* shape, const char* offsets) {
    return concat('"', name, R"(":{"dtype":"U8","shape":[)", shape, R"(],"data_offsets":[)", offsets, "]}");
  };
  CHECK(contains(safetensors_error("{" + u8("a", "4", "0,4") + "," + u8("b", "4", "2,6") + "}", 6), "(they overlap)"));
  CHECK(contains(safetensors_error("{" + u8("a", "0", "9223372036854775807,9223372036854775807") + "}"), "(a gap)"));
  CHECK(contains(safetensors_error("{" + u8("a", "1", "0,9223372036854775808") + "}"), "at most 63 bits"));
  CHECK(contains(safetensors_error("{" + u8("a", "4294967296,4294967296", "0,0") + "}"), "does not fit in 64 bits"));
  CHECK(contains(safetensors_error("{" + u8("a", "1", "1,0") + "}"), "end before they begin"));
  CHECK(contains(safetensors_error("{" + u8("a", "9", "0,9") + "}"), "truncated"));
  // The data do not bound a shape of an unknown type.
  const std::string header = R"({"a":{"dtype":"Q9","shape":[1099511627776],"data_offsets":[0,0]}})";
  const SafetensorsFile file("x", safetensors_bytes(header, header.size()));
  std::string error;
  CHECK(peak_bytes_of([&] { error = error_of([&] { file.tensor<float>("a"); }); }) <= MiB);
  CHECK(contains(error, "found \"Q9\""));
  Parameters<float> parameters;
  parameters.declare({.name = "a", .shape = {Index{1} << 40}});
  CHECK(peak_bytes_of([&] { error = error_of([&] { load_weights(file, parameters); }); }) <= MiB);
  CHECK(contains(error, "has type Q9"));
}

TEST_CASE("an architecture has a bounded number of nodes") {
  const auto node = [](std::size_t i) { return concat(R"({"name":")", i, R"(","kind":"input","sample":[1]})"); };
  const std::string text = "{\"version\":1,\"nodes\":[" + list(10'001, node) + "],\"outputs\":[]}";
  const auto error = [](const std::string& json) {
    return error_of([&] { build_network<float>(parse_json(json, "x")); });
  };
  CHECK(contains(error(text), "expected at most 10000 nodes"));
  CHECK(contains(error("{\"version\":1,\"outputs\":[],\"nodes\":[{\"name\":\"" + repeated("n", 257) + "\"}]}"),
                 "expected a name of at most 256 bytes, found 257"));
}

TEST_CASE(
    "images of too many pixels are refused before they are decoded, and so is what unpacks to more than its pixels") {
  const auto chunk = [](std::string_view type, const Bytes& body) {
    Bytes bytes;
    detail::append_png_chunk(bytes, type, body);
    return bytes;
  };
  const auto png = [&](std::uint32_t width, std::uint32_t height, const Bytes& rows) {
    Bytes header;
    detail::append_big_endian(header, width, 4);
    detail::append_big_endian(header, height, 4);
    for (const int byte : {8, 0, 0, 0, 0}) header.push_back(static_cast<std::uint8_t>(byte));
    int size = 0;
    unsigned char* packed = detail::stb::stbi_zlib_compress(const_cast<unsigned char*>(rows.data()),
                                                            static_cast<int>(rows.size()), &size, 8);
    Bytes file{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    for (const Bytes& part : {chunk("IHDR", header), chunk("IDAT", Bytes(packed, packed + size)), chunk("IEND", {})})
      file.insert(file.end(), part.begin(), part.end());
    std::free(packed);
    return file;
  };
  std::string error;
  const Bytes huge = png(1 << 15, 1 << 15, Bytes(10));
  CHECK(peak_bytes_of([&] { error = error_of([&] { decode_image(huge, "x.png"); }); }) <= MiB);
  CHECK(error == "x.png: has 32768x32768 pixels, more than the 268435456 that are allowed");
  const Bytes sparse = png(1 << 14, 1 << 14, Bytes(10));
  CHECK(peak_bytes_of([&] { error = error_of([&] { decode_image(sparse, "x.png"); }); }) <= MiB);
  CHECK(error == concat("x.png: has 16384x16384 pixels, more than its ", sparse.size(), " bytes can hold"));
  const Bytes bomb = png(4, 4, Bytes(4 * MiB));
  CHECK(bomb.size() < 64 * 1024);
  CHECK(error_of([&] { decode_image(bomb, "x.png"); }) ==
        "x.png: cannot be decoded: its data unpack to more than 4x4 pixels");
  // A picture takes at most 32 bytes for each pixel besides the decoder's share (`DecodeMemory`).
  const Image image(300, 400, 4, 7);
  for (const Bytes& file : {encode_png(image), encode_png(Image16(300, 400, 4, 7))})
    CHECK(peak_bytes_of([&] { decode_image_as<std::uint16_t>(file, "x", ImageChannels::as_stored); }) <=
          32 * 300 * 400 + 4 * file.size() + MiB);
}

TEST_CASE("a file of the cache of samples is read as it was written or not at all, and takes no more than its bytes") {
  Sample sample{Image(2, 3, 1, 5), {{{0, 0, 1, 1}, 7}}};
  const Bytes whole = detail::encode_sample<std::uint8_t>("key", sample);
  const std::size_t pixels = whole.size() - sizeof(std::uint32_t) - 6;
  const std::size_t counts = pixels - sizeof(LabelledBox) - 4 * sizeof(Index);  // height, width, channels, objects
  const auto reads = [](Bytes bytes) {                                          // with the sum that belongs to them
    detail::append_number(bytes, crc32(bytes));
    bool read = false;
    CHECK(peak_bytes_of([&] { read = detail::decode_sample<std::uint8_t>("key", bytes) != nullptr; }) <= MiB);
    return read;
  };
  const Bytes content(whole.begin(), whole.end() - sizeof(std::uint32_t));
  CHECK(reads(content));
  const std::size_t key_size = sizeof detail::cache_magic<std::uint8_t>;
  for (const std::size_t at : {key_size, counts, counts + 8, counts + 16, counts + 24})
    for (const Index number :
         {Index{-1}, Index{0}, Index{1} << 20, Index{1} << 40, Index{1} << 62, ~(Index{1} << 63)}) {
      Bytes changed = content;
      std::memcpy(changed.data() + at, &number, sizeof number);
      CHECK_MESSAGE(!reads(changed), "a count of ", number, " at byte ", at);
    }
  Bytes square = content;  // 2^32 x 2^32 pixels, as a number of 64 bits none
  const Index side = Index{1} << 32;
  for (const std::size_t at : {counts, counts + 8}) std::memcpy(square.data() + at, &side, sizeof side);
  CHECK(!reads(square));
  for (std::size_t size = 0; size < content.size(); ++size)
    CHECK(!reads(Bytes(content.begin(), content.begin() + static_cast<long>(size))));
  for (const std::size_t at : {std::size_t{0}, key_size + sizeof(Index)}) {  // another version, another key
    Bytes changed = content;
    changed[at] ^= 1;
    CHECK(!reads(changed));
  }
}

TEST_CASE("a JPEG of more than 500 scans is refused, each of which takes the time of a whole picture") {
  const Bytes one = encode_jpeg(Image(8, 8, 1, 100));
  const auto start_of_scan = [](std::uint8_t a, std::uint8_t b) { return a == 0xff && b == 0xda; };
  const auto scan = std::adjacent_find(one.begin(), one.end(), start_of_scan), end = one.end() - 2;
  const auto with = [&](int scans) {
    Bytes bytes(one.begin(), end);
    for (int i = 1; i < scans; ++i) bytes.insert(bytes.end(), scan, end);
    bytes.insert(bytes.end(), end, one.end());
    return error_of([&] { decode_image(bytes, "x.jpg"); });
  };
  CHECK(with(500) == "no error");
  CHECK(with(501) == "x.jpg: broken JPEG file: more than 500 scans");
}
