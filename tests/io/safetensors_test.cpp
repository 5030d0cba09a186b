#include "amdefect/io/safetensors.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "amdefect/core/random.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

namespace {

std::vector<std::byte> file_bytes(std::string header, const std::vector<std::byte>& data) {
  const std::uint64_t length = header.size();
  std::vector<std::byte> bytes(8 + header.size() + data.size());
  std::memcpy(bytes.data(), &length, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  std::copy(data.begin(), data.end(), bytes.begin() + static_cast<std::ptrdiff_t>(8 + header.size()));
  return bytes;
}

SafetensorsFile parse(const std::string& header, std::size_t data_size) {
  return SafetensorsFile("f.safetensors", file_bytes(header, std::vector<std::byte>(data_size)));
}

/// The message of the FileError that `action` must throw.
template <class Action>
std::string file_error(Action&& action) {
  try {
    action();
  } catch (const FileError& error) {
    return error.what();
  }
  return "no error";
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const std::string valid =
    R"({"__metadata__":{"op":"x"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
    R"("b":{"dtype":"F64","shape":[],"data_offsets":[24,32]},"c":{"dtype":"I32","shape":[0,4],"data_offsets":[32,32]}}  )";

}  // namespace

TEST_CASE("safetensors: what was written is read back") {
  const TemporaryFolder folder;
  const auto path = folder / "weights.safetensors";
  Tensor<float> weights(Shape{2, 3});
  Tensor<double> moments(Shape{4});
  Tensor<std::int32_t> labels(Shape{1});
  for (Index i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i) * 0.1f;
  for (Index i = 0; i < moments.size(); ++i) moments[i] = 1.0 / static_cast<double>(i + 3);
  labels[0] = -7;
  const std::string odd_name = "layer \"0\"\\\n\t\x01 \xC3\xBC \xF0\x9F\x94\xA5";
  const std::vector<TensorEntry> entries = {safetensors_entry("labels", labels.view()),
                                            safetensors_entry(odd_name, weights.view()),
                                            safetensors_entry("m", moments.view())};
  write_safetensors(path, entries, {{"config", R"({"a": [1, "b"]})"}, {odd_name, odd_name}});

  const SafetensorsFile file = read_safetensors(path);
  CHECK(file.metadata() == SafetensorsMetadata{{"config", R"({"a": [1, "b"]})"}, {odd_name, odd_name}});
  REQUIRE(file.entries().size() == 3);
  CHECK(file.entries()[0].name == "m");  // wide types first, so that everything is aligned
  CHECK(file.entries()[2].shape == Shape{2, 3});
  CHECK(file.contains(odd_name));
  CHECK_FALSE(file.contains("__metadata__"));
  const Tensor<float> same = file.tensor<float>(odd_name);
  const Tensor<double> widened = file.tensor<double>(odd_name);
  const Tensor<float> narrowed = file.tensor<float>("m");
  for (Index i = 0; i < 6; ++i) CHECK((same[i] == weights[i] && widened[i] == static_cast<double>(weights[i])));
  for (Index i = 0; i < 4; ++i) CHECK(narrowed[i] == static_cast<float>(moments[i]));
  CHECK(file.tensor<std::int32_t>("labels")[0] == -7);

  std::ifstream in(path, std::ios::binary);
  const std::string first((std::istreambuf_iterator<char>(in)), {});
  write_safetensors(path, entries, file.metadata());
  std::ifstream again(path, std::ios::binary);
  CHECK(first == std::string((std::istreambuf_iterator<char>(again)), {}));
  CHECK(first[0] % 8 == 0);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);  // no temporary file is left
}

TEST_CASE("safetensors: reading a tensor checks name, type and shape") {
  const SafetensorsFile file = parse(valid, 32);
  CHECK(file.entries()[1].shape == Shape{});
  CHECK(file.tensor<double>("b").size() == 1);
  CHECK(file.tensor<std::int32_t>("c").shape() == Shape{0, 4});
  const std::string missing = file_error([&] { file.tensor<float>("aa"); });
  CHECK(missing == R"(safetensors: f.safetensors: no tensor "aa"; nearest of 3: "a" "b" "c")");
  CHECK(file.tensor<float>("c").shape() == Shape{0, 4});
  CHECK(file_error([&] { file.tensor<std::int32_t>("a"); }) ==
        R"(safetensors: f.safetensors: tensor "a": expected I32, found "F32")");
  Tensor<float> other(Shape{3, 2});
  CHECK_THROWS_WITH_AS(file.read("a", other.view()),
                       R"(safetensors: f.safetensors: tensor "a": expected shape [3, 2], found [2, 3])", ShapeError);
}

TEST_CASE("the names that are nearest to a missing one are those with the fewest edits") {
  CHECK(detail::edit_distance("kitten", "sitting") == 3);
  CHECK(detail::edit_distance("", "abc") == 3);
  CHECK(detail::edit_distance("abc", "") == 3);
  CHECK(detail::edit_distance("kernel", "ernel2") == 2);
}

TEST_CASE("safetensors: a file of another writer may hold types we cannot convert") {
  const SafetensorsFile file = parse(
      R"({"q":{"data_offsets":[0,3],"dtype":"F4_NEW","shape":[6]}, "h":{"shape":[4],"data_offsets":[3,7],"dtype":"F8_E4M3"}})",
      7);
  CHECK(file.entry("q").bytes.size() == 3);
  CHECK(file_error([&] { file.tensor<float>("h"); }) ==
        R"(safetensors: f.safetensors: tensor "h": expected F64, F32, F16, BF16, I64 or I32, found "F8_E4M3")");
}

TEST_CASE("safetensors: half precision and integers are read as float and double") {
  const std::uint16_t half[] = {0x3C00, 0xC000, 0x0001, 0x83FF, 0x7BFF, 0x0000, 0x3555, 0xFC00};
  const std::uint16_t brain[] = {0x3F80, 0xC040, 0x0001, 0x7F7F};
  const std::int64_t whole[] = {-3, std::int64_t{1} << 40};
  const std::int32_t small[] = {7, -2147483647};
  const TemporaryFolder folder;
  const auto path = folder / "types.safetensors";
  const std::vector<TensorEntry> entries{{"half", "F16", {8}, std::as_bytes(std::span(half))},
                                         {"brain", "BF16", {4}, std::as_bytes(std::span(brain))},
                                         safetensors_entry("whole", TensorView<const std::int64_t>(whole, {2})),
                                         safetensors_entry("small", TensorView<const std::int32_t>(small, {2}))};
  write_safetensors(path, entries);
  const SafetensorsFile file = read_safetensors(path);
  const Tensor<float> f = file.tensor<float>("half");
  CHECK(f[0] == 1);
  CHECK(f[1] == -2);
  CHECK(f[2] == 0x1p-24f);          // the smallest subnormal number
  CHECK(f[3] == -1023 * 0x1p-24f);  // the largest one
  CHECK(f[4] == 65504);
  CHECK(f[5] == 0);
  CHECK(f[6] == 0x1.554p-2f);
  CHECK(f[7] == -std::numeric_limits<float>::infinity());
  const Tensor<double> b = file.tensor<double>("brain");
  CHECK(b[0] == 1);
  CHECK(b[1] == -3);
  CHECK(b[2] == 0x1p-133);
  CHECK(b[3] == 0x1.FEp127);
  CHECK(file.tensor<double>("whole")[1] == 0x1p40);
  CHECK(file.tensor<float>("whole")[0] == -3);
  CHECK(file.tensor<float>("small")[0] == 7);
  CHECK(file.tensor<double>("small")[1] == -2147483647.0);
  CHECK_THROWS_AS(file.tensor<std::int32_t>("whole"), FileError);
}

TEST_CASE("safetensors: names may use every JSON escape") {
  const SafetensorsFile file =
      parse(R"( {"\u00fc\uD83D\ude00\"\\\/\b\f\n\r\t\u0000":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}} )", 1);
  CHECK(file.entries()[0].name == std::string("\xC3\xBC\xF0\x9F\x98\x80\"\\/\b\f\n\r\t\0", 15));
}

TEST_CASE("safetensors: what the format does not allow is refused with one line") {
  const auto tensor = [](const std::string& inside) { return "{\"t\":{" + inside + "}}"; };
  const auto offsets = [&](const std::string& shape, const std::string& range) {
    return tensor("\"dtype\":\"F32\",\"shape\":" + shape + ",\"data_offsets\":" + range);
  };
  const auto two = [](const std::string& first, const std::string& second) {
    return R"({"s":{"dtype":"U8","shape":[4],"data_offsets":)" + first +
           R"(},"t":{"dtype":"U8","shape":[4],"data_offsets":)" + second + "}}";
  };
  struct Bad {
    std::string header, message;
  };
  const std::vector<Bad> cases = {
      {"", "expected '{', found the end of the text"},
      {"[]", "expected '{', found \"[]\""},
      {"{", "expected a string, found the end"},
      {"{} x", "expected the end of the text, found \"x\""},
      {"{\"t\"}", "expected ':'"},
      {"{\"t\":1}", "expected '{', found \"1}\""},
      {"{\"a\":{},}", "dtype is missing"},
      {"{\"__metadata__\":{\"a\":1}}", "expected a string, found \"1}}\""},
      {"{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", "the metadata key \"a\" appears twice"},
      {"{\"__metadata__\":{},\"__metadata__\":{}}", "the name \"__metadata__\" appears twice"},
      {"{\"\xff\":{}}", "expected text in UTF-8"},
      {"{\"\n\":{}}", "control character"},
      {R"({"\x":{}})", "expected one of"},
      {R"({"\u12g4":{}})", "expected four hexadecimal digits, found \"g\""},
      {R"({"\ud800":{}})", "expected surrogates in pairs"},
      {R"({"\ud800A":{}})", "expected surrogates in pairs"},
      {R"({"\udc00":{}})", "expected surrogates in pairs"},
      {"{\"unterminated", "expected the end of a string"},
      {tensor("\"dtype\":\"F32\",\"shape\":[1]"), "tensor \"t\": data_offsets is missing"},
      {tensor("\"dtype\":\"F32\",\"data_offsets\":[0,8]"), "tensor \"t\": shape is missing"},
      {tensor("\"dtype\":\"F32\",\"dtype\":\"F32\""), "tensor \"t\": dtype appears twice"},
      {tensor("\"kind\":1"), "expected dtype, shape or data_offsets, found \"kind\""},
      {tensor("\"dtype\":7"), "expected a string"},
      {offsets("[2]", "[0]"), "expected 2 data_offsets, found 1"},
      {offsets("[2]", "[0,8,9]"), "expected 2 data_offsets, found 3"},
      {offsets("[-2]", "[0,8]"), "expected a non-negative integer, found \"-2]"},
      {offsets("[2.0]", "[0,8]"), "expected ']', found \".0]"},
      {offsets("[1e9]", "[0,8]"), "expected ']', found \"e9]"},
      {offsets("[02]", "[0,8]"), "without leading zeros"},
      {offsets("[9223372036854775808]", "[0,8]"), "expected an integer of at most 63 bits"},
      {offsets("[4294967296,4294967296]", "[0,8]"), "does not fit in 64 bits"},
      {offsets("[4611686018427387904]", "[0,8]"), "expected 4611686018427387904 elements of 4 bytes"},
      {offsets("[1,1,1,1,1,1,2]", "[0,8]"), "tensor \"t\": shape: at most 6 dimensions are supported, got 7"},
      {offsets("[[[[[[[[[2]]]]]]]]]", "[0,8]"), "expected a non-negative integer"},
      {offsets("[2}", "[0,8]"), "expected ']'"},
      {offsets("[3]", "[0,8]"), "tensor \"t\": expected 3 elements of 4 bytes for F32[3], found 8 bytes"},
      {offsets("[2]", "[8,0]"), "tensor \"t\": data_offsets [8, 0] end before they begin"},
      {offsets("[2]", "[8,16]"), "tensor \"t\": expected its data at offset 0 where the previous tensor ends, found 8"},
      {offsets("[3]", "[0,12]"), "tensor \"t\": expected data up to offset 12, found only 8 bytes (truncated file?)"},
      {offsets("[1]", "[0,4]"), "expected 4 bytes of data after the header, found 8"},
      {two("[0,4]", "[2,6]"), "expected its data at offset 4 where the previous tensor ends, found 2 (they overlap)"},
      {two("[4,8]", "[4,8]"), "tensor \"s\": expected its data at offset 0"},
      {R"({"t":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"\u0074":{}})", "the name \"t\" appears twice"},
      {std::string(100000, '['), "expected '{'"},
      {"{\"t\":" + std::string(100000, '{'), "expected a string"},
  };
  for (const Bad& bad : cases) {
    const std::string message = file_error([&] { parse(bad.header, 8); });
    INFO(message);
    CHECK_MESSAGE(holds(message, bad.message), bad.message);
    CHECK(message.starts_with("safetensors: f.safetensors: "));
    CHECK_FALSE(holds(message, "\n"));
  }
}

TEST_CASE("safetensors: truncated and missing files") {
  const std::vector<std::byte> whole = file_bytes(valid, std::vector<std::byte>(32));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto end = whole.begin() + static_cast<std::ptrdiff_t>(size);
    CHECK_THROWS_AS(SafetensorsFile("cut", std::vector<std::byte>(whole.begin(), end)), FileError);
  }
  const std::vector<std::byte> ones(16, std::byte{255});
  CHECK(holds(file_error([&] { SafetensorsFile("f", ones); }),
              "expected a header of 18446744073709551615 bytes, found 8"));
  const TemporaryFolder folder;
  CHECK(holds(file_error([&] { read_safetensors(folder / "none"); }), "none: no such file"));
  CHECK(holds(file_error([&] { read_safetensors(folder.path()); }), "not a regular file"));
}

TEST_CASE("safetensors: what cannot be written leaves the old file alone") {
  const TemporaryFolder folder;
  const auto path = folder / "w.safetensors";
  Tensor<float> old(Shape{1});
  old[0] = 5;
  const TensorEntry good = safetensors_entry("w", old.view());
  write_safetensors(path, std::vector{good});
  const auto refused = [&](TensorEntry bad, SafetensorsMetadata metadata = {}) {
    return file_error([&] { write_safetensors(path, std::vector{good, std::move(bad)}, metadata); });
  };
  CHECK(holds(refused(good), "the name \"w\" is taken"));
  CHECK(holds(refused({"__metadata__", "F32", Shape{1}, good.bytes}), "is taken"));
  CHECK(holds(refused({"\xff", "F32", Shape{1}, good.bytes}), "is not UTF-8"));
  CHECK(holds(refused({"v", "F33", Shape{1}, good.bytes}), "unknown dtype \"F33\""));
  CHECK(holds(refused({"v", "F32", Shape{2}, good.bytes}), "expected 2 elements of 4 bytes for F32[2], got 4 bytes"));
  CHECK(holds(refused({"v", "F32", Shape{1}, good.bytes}, {{"k", "\xc0\x80"}}), "the metadata of \"k\" is not UTF-8"));
  CHECK(read_safetensors(path).tensor<float>("w")[0] == 5);
  CHECK(holds(file_error([&] { write_safetensors(folder / "no" / "w", std::vector{good}); }), "cannot create "));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("safetensors: mutated files are read or refused, never worse") {
  const std::vector<std::byte> whole = file_bytes(valid, std::vector<std::byte>(32));
  const std::string marks = "{}[]\",:\\u0123456789 d\xC3";
  int read = 0, refused = 0;
  for (std::uint64_t round = 0; round < 20000; ++round) {
    Random random(7, round);
    std::vector<std::byte> bytes = whole;
    for (Index edits = 1 + random.integer(4); edits > 0; --edits) {
      const auto size = static_cast<Index>(bytes.size());
      const auto at = bytes.begin() + random.integer(size);
      const auto mark =
          static_cast<std::byte>(marks[static_cast<std::size_t>(random.integer(static_cast<Index>(marks.size())))]);
      switch (random.integer(5)) {
        case 0:
          *at = static_cast<std::byte>(random.integer(256));
          break;
        case 1:
          *at = mark;
          break;
        case 2:
          bytes.insert(at, mark);
          break;
        case 3:
          bytes.erase(at);
          break;
        default:
          std::copy_n(bytes.begin() + random.integer(size - 8), 8, bytes.begin() + random.integer(size - 8));
      }
      const std::uint64_t length = bytes.size() - 8 - 32;  // mostly keep the lengths consistent, to get further inside
      if (random.chance(0.9)) std::memcpy(bytes.data(), &length, 8);
    }
    try {
      const SafetensorsFile file("fuzz", std::move(bytes));
      for (const TensorEntry& entry : file.entries())
        if (entry.dtype == "F32" || entry.dtype == "F64") CHECK(file.tensor<float>(entry.name).shape() == entry.shape);
      ++read;
    } catch (const FileError& error) {
      CHECK(std::string_view(error.what()).find('\n') == std::string_view::npos);
      ++refused;
    }
  }
  CHECK(read > 500);
  CHECK(refused > 5000);
}
