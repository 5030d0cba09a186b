#include "amdefect/io/torch_file.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "contains.hpp"
#include "error_of.hpp"

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

TEST_CASE("state dicts of PyTorch, of today and of before 1.6, and those in a checkpoint") {
  for (const char* name : {"state.pth", "state_old.pth", "checkpoint.pth"}) {
    CAPTURE(name);
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
}

TEST_CASE("what is no state dict is refused, and nothing in it is run") {
  std::filesystem::remove("attacked");
  CHECK(contains(error_of_file("attack.pth"), "wants to call posix.system, expected a state dict of plain tensors"));
  CHECK_FALSE(std::filesystem::exists("attacked"));
  CHECK(contains(error_of_file("tensor.pth"), "holds no tensors by their names, expected a state dict"));
  CHECK(contains(error_of_file("transposed.pth"), "the tensor \"x\" is not contiguous"));
  CHECK(contains(error_of_file("seven_dimensions.pth"), "has no shape of at most 6 dimensions"));
  CHECK(contains(error_of_file("module.pth"), "torch.save(model.state_dict(), path)"));
  CHECK(contains(error_of_bytes({'a', 'b'}), "expected a file that torch.save wrote"));
}

TEST_CASE("damage of a file of PyTorch is found, wherever it is cut off or a byte of a tensor changes") {
  for (const char* name : {"state.pth", "state_old.pth"}) {
    CAPTURE(name);
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
