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
  scale_pixels(image.view(), x.view(), 0, 1);
  CHECK(std::vector<float>(x.begin(), x.end()) == std::vector<float>{1, 0, 0, 0, 0, 0});
  CHECK_THROWS_AS(scale_pixels(image.view(), x.slice(0, 1).reshape({1, 1, 3})), ShapeError);
}

TEST_CASE("tiles cover an image with the overlap asked for") {
  CHECK(tile_spans(100, 100, 20) == std::vector<TileSpan>{{0, 100, true, true}});
  CHECK(tile_spans(500, 0, 20) == std::vector<TileSpan>{{0, 500, true, true}});
  for (const Index size : {101, 180, 181, 1000}) {
    const auto spans = tile_spans(size, 100, 20);
    CHECK(spans.front().begin == 0);
    CHECK(spans.back().end == size);
    for (std::size_t i = 1; i < spans.size(); ++i) {
      CHECK(spans[i].size() <= 100);
      CHECK(spans[i].begin % 32 == 0);
      CHECK(spans[i - 1].end - spans[i].begin >= 20);
    }
  }
  CHECK(tile_spans(164, 100, 20).size() == 2);
  CHECK_THROWS_AS(tile_spans(200, 100, 100), Error);
  const TileSpan middle{100, 200, false, false};
  CHECK(is_cut(100.5, 110, middle, 20));
  CHECK(is_cut(190, 200, middle, 20));
  CHECK_FALSE(is_cut(110, 120, middle, 20));
  CHECK_FALSE(is_cut(100, 150, middle, 20));  // too long for the overlap: better cut than lost
  CHECK_FALSE(is_cut(0, 10, {0, 100, true, false}, 20));
}

TEST_CASE("a large image searched in tiles gives what the whole gives") {
  const auto network = std::make_shared<const Network<float>>(small_network());
  const DenseDetector detector(network, description, {.threads = 1});
  Tensor<std::uint8_t> image({200, 160, 1});
  image.fill(128);
  for (Index i = 0; i < 12; ++i)  // a few bright spots on grey: all else looks the same everywhere
    for (Index y = 0; y < 6; ++y)
      for (Index x = 0; x < 5; ++x) image(20 + 13 * i + y, (37 * i) % 140 + x, 0) = 250;
  // Without suppression every place must be there again; the overlap is wider than what a place sees.
  const DetectOptions whole{.min_score = 0.6, .nms_iou = 1, .max_detections = 100000, .tile = 0};
  const DetectOptions tiled{.min_score = 0.6, .nms_iou = 1, .max_detections = 100000, .tile = 128, .overlap = 96};
  const auto expected = detector.detect(image, whole), found = detector.detect(image, tiled);
  REQUIRE(!expected.empty());
  std::size_t same = 0;
  for (const Detection& d : expected)
    same += std::any_of(found.begin(), found.end(), [&](const Detection& other) {
      return other.label == d.label && iou(other.box, d.box) > 0.9 && std::abs(other.score - d.score) < 1e-3;
    });
  MESSAGE(same, " of ", expected.size(), " found again, ", found.size(), " in all");
  CHECK(100 * same >= 95 * expected.size());  // some boxes are longer than the overlap
}
