#include "amdefect/detection/dense/dense_detector.hpp"

#include <doctest/doctest.h>

#include <thread>

#include "data/temporary_folder.hpp"

using namespace amdefect;

namespace {

const DenseDescription description{
    .model = {.channels = 1, .classes = 2, .stem = 8, .widths = {8, 8}, .blocks = {1, 1}, .pyramid = 8, .levels = 3},
    .labels = {{"pore", "a \"crack\""}, {3, 7}, 0.5},
    .score_threshold = 0.1};

Network<float> small_network() {
  Network<float> network = dense_network<float>(description.model);
  network.initialize(3);  // scores about 0.5 everywhere
  return network;
}

Tensor<std::uint8_t> noise(Index height, Index width) {
  Tensor<std::uint8_t> image({height, width, 1});
  Random random(5);
  for (auto& value : image) value = static_cast<std::uint8_t>(random.integer(256));
  return image;
}

}  // namespace

TEST_CASE("a detector comes back from its weights file, and serves threads at once") {
  const TemporaryFolder folder;
  const auto path = folder / "model.safetensors";
  const Network<float> network = small_network();
  save_weights(path, network.parameters(), metadata_of(description));
  CHECK(dense_description(read_safetensors(path)) == description);
  const auto detector = load_detector(path, {.threads = 1});
  CHECK(detector->labels() == description.labels);
  CHECK(detector->score_threshold() == 0.1);

  const Tensor<std::uint8_t> image = noise(45, 70);
  const std::vector<Detection> found = detector->detect(image, {});
  REQUIRE(!found.empty());
  CHECK(found.size() <= 300);
  for (const Detection& d : found) {
    CHECK(d.score > 0.1);
    CHECK(d.box.x1 >= 0);
    CHECK(d.box.y1 >= 0);
    CHECK(d.box.x2 <= 70);
    CHECK(d.box.y2 <= 45);
  }
  CHECK(detector->detect(image, {.max_detections = 2}).size() == 2);
  CHECK(detector->detect(image, {.min_score = 1.0}).empty());

  std::vector<std::vector<Detection>> results(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < results.size(); ++i)
    threads.emplace_back([&, i] {
      for (int repeat = 0; repeat < 3; ++repeat) results[i] = detector->detect(image, {});
    });
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) CHECK(result == found);
}

TEST_CASE("what is no dense detector is refused") {
  const TemporaryFolder folder;
  const auto path = folder / "model.safetensors";
  const Network<float> network = small_network();
  const auto text = [&] {
    try {
      load_detector(path);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  const auto with = [&](const std::string& json) {
    save_weights(path, network.parameters(), {{description_key, json}});
    return text();
  };
  const auto holds = [](const std::string& message, const char* part) {
    return message.find(part) != std::string::npos;
  };
  save_weights(path, network.parameters());
  CHECK(holds(text(), "no description of a detector"));
  CHECK(holds(with("{\"architecture\":\"paper\"}"), "architecture 'paper'"));
  CHECK(holds(with("{\"architecture\":\"dense\",\"colour\":1}"), "expected a known key, found \"colour\""));
  CHECK(holds(with("{\"architecture\":\"dense\",\"network\":{\"stem\":-1}}"), "expected a non-negative integer"));
  CHECK(holds(with("{\"score_threshold\":1.5.2}"), "expected a number"));
  CHECK(holds(with("{\"architecture\":\"dense\",\"class_names\":[\"a\"],\"category_ids\":[]}"), "not consistent"));
  CHECK(holds(with("{\"architecture\":\"dense\",\"class_names\":[\"a\"],\"category_ids\":[1]}"), "does not fit"));
  save_weights(path, network.parameters(), metadata_of(description));
  const auto detector = load_detector(path);
  CHECK_THROWS_AS(detector->detect(Tensor<std::uint8_t>({5, 5, 3}), {}), ShapeError);
  CHECK_THROWS_AS(detector->detect(Tensor<std::uint8_t>({0, 5, 1}), {}), ShapeError);
}

TEST_CASE("models are described by a short JSON text") {
  const DenseModel model = dense_model_of("{\"stem\": 8, \"widths\": [16, 32], \"blocks\": [2, 1]}");
  CHECK(model == DenseModel{.stem = 8, .widths = {16, 32}, .blocks = {2, 1}});
  CHECK(dense_model_of(to_json_text(dense_s())) == dense_s());
  CHECK_THROWS_AS(dense_model_of("{\"widths\": [16]}"), Error);
  CHECK_THROWS_AS(dense_model_of("{} x"), FileError);
}

TEST_CASE("pixels are centred and padded with zero") {
  const Tensor<std::uint8_t> image({1, 2, 1}, std::array<std::uint8_t, 2>{0, 192});
  Tensor<float> x({2, 3, 1});
  x.fill(9);
  scale_pixels(image.view(), x.view());
  CHECK(std::vector<float>(x.begin(), x.end()) == std::vector<float>{-2, 1, 0, 0, 0, 0});
  CHECK_THROWS_AS(scale_pixels(image.view(), x.slice(0, 1).reshape({1, 1, 3})), ShapeError);
}
