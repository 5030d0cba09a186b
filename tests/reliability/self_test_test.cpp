#include "amdefect/nn/self_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>

#include "amdefect/detection/open_detector.hpp"
#include "contains.hpp"
#include "error_of.hpp"
#include "reliability/tiny_detector.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

namespace {

/// The file of a detector with a self-test, in which something is changed afterwards.
void save_with_test_of(const std::filesystem::path& path, const SafetensorsMetadata& test, const Network<float>& net,
                       const AnchorFreeDescription& described) {
  const std::shared_ptr<const Network<float>> borrowed(std::shared_ptr<void>(), &net);
  SafetensorsMetadata metadata = AnchorFreeDetector(borrowed, described).file_metadata();
  metadata.insert(test.begin(), test.end());
  write_safetensors(path, weight_entries(net.parameters()), metadata);
}

}  // namespace

TEST_CASE("a file whose weights, preprocessing or self-test were changed is refused, and opens without the test") {
  const TemporaryFolder folder;
  const auto path = folder / "model.safetensors";
  const auto net = tiny_network();
  const SafetensorsMetadata test = AnchorFreeDetector(net, tiny_description).self_test_metadata();
  REQUIRE(test.contains(self_test_key));
  const auto message = [&] { return error_of([&] { open_detector(path); }); };
  save_with_test_of(path, test, *net, tiny_description);
  CHECK(message() == "no error");

  AnchorFreeDescription other = tiny_description;
  other.pixel_scaling.scale = 66;
  save_with_test_of(path, test, *net, other);
  CHECK(contains(message(),
                 concat("detector: ", path.string(), ": fails its self-test, number 0 of the output 'score4'")));
  CHECK(open_detector(path, {}, {.self_test = false})->traits() == other.traits());

  net->parameters().value("stage2_down.kernel").array() *= 1.2F;
  save_with_test_of(path, test, *net, tiny_description);
  CHECK(contains(message(), "fails its self-test"));
  save_with_test_of(path, {}, *net, tiny_description);
  CHECK(message() == "no error");  // a file of before
  for (const char* broken : {"", "[]", R"({"score4":[1]})", R"({"score4":[1,2,3,4]})"}) {
    CAPTURE(broken);
    save_with_test_of(path, {{self_test_key, broken}}, *net, tiny_description);
    CHECK(contains(message(), path.string()));
  }
}

TEST_CASE("a self-test agrees, within a hundredth of its tolerance, whatever the machine, threads and algorithms") {
  // Written by another build; this test runs with each set of vector instructions.
  const SafetensorsFile file =
      read_safetensors(std::filesystem::path(AMDEFECT_TESTS_DIR) / "compatibility/0.2/anchor_free.safetensors");
  const AnchorFreeDescription described = anchor_free_description(DetectorFile(file));
  const auto net = std::make_shared<Network<float>>(anchor_free_network<float>(described.model));
  load_weights(file, net->parameters());
  const auto then = parse_json(file.metadata().at(self_test_key), "test");
  double worst = 0;
  for (const int threads : {1, 2, 5})
    for (const ConvAlgorithm algorithm : {ConvAlgorithm::automatic, ConvAlgorithm::reference, ConvAlgorithm::im2col,
                                          ConvAlgorithm::winograd, ConvAlgorithm::implicit_gemm})
      for (const SelfTestOutput& output :
           AnchorFreeDetector(net, described, {.threads = threads, .convolution = algorithm}).self_test()) {
        const auto before = JsonReader(then, "test").get<std::vector<double>>(output.name);
        for (std::size_t i = 0; i < before.size(); ++i)
          worst = std::max(worst, std::abs(output.numbers[i] - before[i]) / before[0]);
      }
  MESSAGE("largest difference, relative to the root mean square: ", worst);
  CHECK(worst < self_test_tolerance / 100);
}
