#include "amdefect/io/torch_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "contains.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

namespace {

std::filesystem::path file(const char* name) {
  return std::filesystem::path(AMDEFECT_TESTS_DIR) / "io" / "torch_files" / name;
}
std::string error_of_file(const char* name) {
  return error_of([&] { read_torch(file(name)); });
}
std::string error_of_bytes(std::vector<std::uint8_t> bytes) {
  return error_of([&] { TorchFile("x.pth", std::move(bytes)); });
}

}  // namespace

TEST_CASE("state dicts of PyTorch, of today and of before 1.6, and those in a checkpoint beside whatever") {
  std::filesystem::remove("attacked");
  for (const char* name : {"state.pth", "state_old.pth", "checkpoint.pth", "checkpoint_old.pth", "beside.pth",
                           "beside_protocol_4.pth", "little.pth"}) {
    CAPTURE(std::string(name));
    CHECK(is_torch_file(file(name)));
    const TorchFile torch = read_torch(file(name));
    CHECK(torch.entries().size() == 9);
    const Tensor<float> weight = torch.tensor<float>("conv.weight");
    CHECK(weight.shape() == Shape{2, 3, 2, 2});
    CHECK((weight[0] == 0 && weight[1] == 0.125F && weight[23] == 2.875F));
    CHECK(torch.tensor<float>("conv.bias")[1] == -1.5F);
    CHECK(torch.tensor<float>("half")[0] == 1.5F);
    CHECK(torch.tensor<float>("brain")[1] == -2.0F);
    CHECK(torch.tensor<double>("double")[1] == 1e-9);
    CHECK(torch.tensor<std::int64_t>("count")[0] == 7);
    CHECK(torch.entry("count").shape.rank() == 0);
    CHECK(torch.entry("empty").shape == Shape{0, 3});
    CHECK(torch.tensor<float>("head")[1] == 1);
    CHECK(torch.tensor<float>("tail").shape() == Shape{4});
    CHECK(torch.tensor<float>("tail")[0] == 2);
  }
  CHECK_FALSE(std::filesystem::exists("attacked"));
}

TEST_CASE("tensors that lie anyhow in their storage have the values that PyTorch gives them") {
  const TorchFile strided = read_torch(file("strided.pth")), expected = read_torch(file("contiguous.pth"));
  CHECK(strided.entries().size() == 5);
  for (const TensorEntry& entry : expected.entries()) {
    CAPTURE(entry.name);
    const Tensor<float> found = strided.tensor<float>(entry.name), values = expected.tensor<float>(entry.name);
    CHECK(found.shape() == values.shape());
    CHECK(std::equal(found.begin(), found.end(), values.begin()));
  }
}

TEST_CASE("strides that leave the storage are found, however large they are") {
  constexpr Index most = std::numeric_limits<Index>::max();
  CHECK(detail::lies_below(6, {3, 2}, std::vector<Index>{1, 3}));
  CHECK_FALSE(detail::lies_below(5, {3, 2}, std::vector<Index>{1, 3}));
  CHECK(detail::lies_below(1, {most}, std::vector<Index>{0}));
  CHECK(detail::lies_below(1, {1, 1}, std::vector<Index>{most, most}));
  CHECK(detail::lies_below(0, {0, most}, std::vector<Index>{most, most}));
  CHECK_FALSE(detail::lies_below(0, {1}, std::vector<Index>{1}));
  CHECK_FALSE(detail::lies_below(0, {}, std::vector<Index>{}));
  CHECK_FALSE(detail::lies_below(100, {3, 3}, std::vector<Index>{most, most}));
  CHECK_FALSE(detail::lies_below(100, {Index{1} << 40}, std::vector<Index>{Index{1} << 40}));
}

TEST_CASE("sizes that cannot be are told with the tensor and the number") {
  const auto error = [](const std::vector<Index>& sizes) {
    std::string numbers;
    for (const Index size : sizes)
      numbers += concat("\x8a\010", std::string(reinterpret_cast<const char*>(&size), sizeof size));
    const std::string text = concat(
        "\x80\002}U\001actorch._utils\n_rebuild_tensor_v2\n((U\007storagectorch\nFloatStorage\nU\0010U\003cpuK\004tQ",
        std::string("K\0", 2), '(', numbers, "t(", numbers, "t\x89NtRs.");
    return error_of([&] {
      const Pickle pickle(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()), "x: ");
      TorchStateDict(pickle, "x: ");
    });
  };
  CHECK(error({2, 2}) == "no error");
  CHECK(error({2, -3}) == "x: the tensor \"a\" has -3 among its sizes, expected numbers from 0 on");
  CHECK(
      contains(error({Index{1} << 62, 4}), "x: the tensor \"a\" is too large: shape: the number of elements of [4611"));
}

TEST_CASE("a pipe is not waited for") {
  const TemporaryFolder folder;
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_FALSE(is_torch_file(folder / "pipe"));
  CHECK(contains(error_of([&] { read_torch(folder / "pipe"); }), "is a pipe or a device, expected a file"));
}

TEST_CASE("what is no state dict is refused, and nothing in it is run") {
  std::filesystem::remove("attacked");
  CHECK(contains(error_of_file("attack_inside.pth"),
                 "the entry \"y\" wants to call posix.system, expected a plain tensor; nothing of it was run"));
  CHECK(contains(error_of_file("attack.pth"),
                 "holds no tensors by their names, nor a dictionary of such under "
                 "state_dict, model_state_dict, model, net, network, state_dict_ema, "
                 "model_ema; it has \"x\" (an object of posix.system), expected a state"));
  CHECK_FALSE(std::filesystem::exists("attacked"));
  CHECK(contains(error_of_file("tensor.pth"), "holds a single tensor, expected a state dict"));
  CHECK(contains(error_of_file("too_large.pth"),
                 "the tensor \"x\" [100000, 10000, 2] repeats elements: expected copies of at most 4 times the size"));
  CHECK(contains(error_of_file("seven_dimensions.pth"), "the tensor \"x\" has 7 dimensions, expected at most 6"));
  for (const char* name : {"module.pth", "module_old.pth"})
    CHECK(contains(error_of_file(name),
                   "holds a whole model or another object, of torch.nn.modules.linear.Linear, expected a state dict: "
                   "torch.save(model.state_dict(), path)"));
  CHECK(contains(error_of_file("module_inside.pth"),
                 "it has \"epoch\", \"model\" (an object of torch.nn.modules.linear.Linear), \"a\", \"b\", \"c\" and 1 "
                 "more, expected a state dict"));
  CHECK(contains(error_of_file("script.pt"), "holds TorchScript, expected a state dict"));
  CHECK(contains(error_of_file("protocol_1.pth"), "the pickle is not of protocol 2 to 5"));
  CHECK(contains(error_of_file("big.pth"), "the byte order of the tensors is 'big', expected 'little'"));
  CHECK(contains(error_of_bytes({'a', 'b'}), "expected a file that torch.save wrote"));
}

TEST_CASE("damage of a file of PyTorch is found, wherever it is cut off or a byte of a tensor changes") {
  for (const char* name : {"state.pth", "state_old.pth"}) {
    CAPTURE(std::string(name));
    const Bytes whole = read_bytes(file(name));
    for (std::size_t size = 0; size < whole.size(); size += 7) {
      CAPTURE(size);
      CHECK(error_of_bytes({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}) != "no error");
    }
  }
  Bytes bytes = read_bytes(file("state.pth"));
  const float element = 2.75F;  // of conv.weight
  const auto* first = reinterpret_cast<const std::uint8_t*>(&element);
  const auto found = std::search(bytes.begin(), bytes.end(), first, first + sizeof element);
  REQUIRE(found != bytes.end());
  *found ^= 1;
  CHECK(contains(error_of_bytes(bytes), "is damaged: its checksum is wrong"));
}

TEST_CASE("an ordered dictionary of Python 2 has its items as an argument") {
  const std::string text =
      "\x80\002ccollections\nOrderedDict\n"
      "](](U\001aK\007e](U\001bK\010ee\x85R.";
  const Pickle pickle(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()), "x: ");
  const auto items = pickle.items(*pickle.root().items(PickleItems::Kind::dictionary));
  REQUIRE(items.size() == 4);
  CHECK(*items[2].get_if<std::string_view>() == "b");
  CHECK(*items[3].get_if<std::int64_t>() == 8);
}

TEST_CASE("a pickle makes a bounded number of objects") {
  const Bytes old = read_bytes(file("state_old.pth"));
  Bytes bytes(old.begin(), old.begin() + TorchFile::first_bytes);
  bytes.resize(std::size_t{1} << 21, '}');  // an empty dictionary for each byte
  CHECK(contains(error_of_bytes(bytes), "the pickle makes more than 1048576 objects"));
}

TEST_CASE("a compressed archive and one of something else are told from PyTorch's") {
  Bytes bytes = read_bytes(file("state.pth"));
  const std::uint8_t entry[] = {'P', 'K', 1, 2};
  const auto found = std::search(bytes.begin(), bytes.end(), entry, entry + sizeof entry);
  REQUIRE(found != bytes.end());
  found[10] = 8;  // the method "deflate"
  CHECK(contains(error_of_bytes(bytes), "is compressed, expected it to be stored"));
  Bytes other = read_bytes(file("state.pth"));
  const std::string pickle = "data.pkl";
  for (auto at = other.begin(); (at = std::search(at, other.end(), pickle.begin(), pickle.end())) != other.end(); ++at)
    at[0] = 'x';
  CHECK(contains(error_of_bytes(other), "holds no data.pkl"));
}
