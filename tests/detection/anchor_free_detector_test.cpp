#include "amdefect/detection/anchor_free/anchor_free_detector.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <thread>
#include <utility>

#include "amdefect/detection/open_detector.hpp"
#include "amdefect/io/file_bytes.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;

namespace {

const AnchorFreeDescription small_description{
    .model = {.channels = 1, .classes = 2, .stem = 8, .widths = {8, 8}, .blocks = {1, 1}, .pyramid = 8, .levels = 3},
    .labels = {{"pore", "a \"crack\""}, {3, 7}, 0.5},
    .score_threshold = 0.1};

Network<float> small_network(Index box_bins = 1) {
  AnchorFreeModel model = small_description.model;
  model.box_bins = box_bins;
  Network<float> network = anchor_free_network<float>(model);
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
  AnchorFreeDetector(std::make_shared<Network<float>>(small_network()), small_description)
      .save(path, {{"note", "mine"}});
  const SafetensorsFile file = read_safetensors(path);
  CHECK(file.metadata().at("note") == "mine");
  CHECK(anchor_free_description(DetectorFile(file)) == small_description);
  const auto detector = open_detector(path, {.threads = 1});
  CHECK(detector->traits() == small_description.traits());
  detector->save(folder / "again.safetensors", {{"note", "mine"}});
  CHECK(read_bytes(folder / "again.safetensors") == read_bytes(path));
  CHECK(detector->labels() == small_description.labels);
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

  // Images of different sizes, options and shapes of tiles at once, in another order in each thread.
  const Tensor<std::uint8_t> other = noise(101, 64);
  const std::vector<std::pair<const Tensor<std::uint8_t>*, DetectOptions>> jobs{
      {&image, {}},
      {&other, {}},
      {&image, {.flip_test = true}},
      {&other, {.soft_nms_sigma = 0.5, .tile = 64, .overlap = 32}}};
  std::vector<std::vector<Detection>> expected;
  for (const auto& [picture, options] : jobs) expected.push_back(detector->detect(*picture, options));
  CHECK(expected[0] == found);
  for (std::size_t i = 1; i < jobs.size(); ++i) CHECK(expected[i] != found);
  std::vector<int> wrong(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < wrong.size(); ++i)
    threads.emplace_back([&, i] {
      for (std::size_t turn = 0; turn < 3 * jobs.size(); ++turn) {
        const std::size_t job = (i + turn) % jobs.size();
        wrong[i] += detector->detect(*jobs[job].first, jobs[job].second) != expected[job];
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(4, 0));
}

TEST_CASE("what is no anchor-free detector is refused") {
  const TemporaryFolder folder;
  const auto path = folder / "model.safetensors";
  const auto network = std::make_shared<Network<float>>(small_network());
  const auto text = [&] { return error_of([&] { open_detector(path); }); };
  const auto with = [&](const std::string& json) {
    save_weights(path, network->parameters(), {{description_key, json}});
    return text();
  };
  const auto holds = [&](const std::string& message, const std::string& part) {
    CAPTURE(message);
    CHECK(message.find('\n') == std::string::npos);
    CHECK(message.find(path.string()) != std::string::npos);
    return message.find(part) != std::string::npos;
  };
  CHECK(holds(text(), "no such file"));
  save_weights(path, network->parameters());
  CHECK(holds(text(), "no description of a detector"));
  CHECK(holds(with("paper"), "expected a number"));
  CHECK(holds(with("[]"), "expected an object, found an array"));
  CHECK(holds(with("{}"), "expected the key \"architecture\""));
  CHECK(holds(with("{\"architecture\":\"dense\",\"colour\":1}"), "unknown key \"colour\""));
  CHECK(holds(with("{\"score_threshold\":1.5.2}"), "found"));
  const auto classes = [&](const std::string& names, const std::string& ids) {
    return with(R"({"architecture":"dense","class_names":)" + names + R"(,"category_ids":)" + ids + '}');
  };
  CHECK(holds(classes(R"(["a"])", "[]"), "class_names has 1 names, but category_ids 0 ids: expected one for each"));
  CHECK(holds(classes("[]", "[]"), "class_names is empty, expected at least one class"));
  CHECK(holds(classes(R"(["a","b"])", "[1,1]"), "category_ids has a category twice"));
  CHECK(holds(classes(R"(["a","a"])", "[1,2]"), "does not fit"));  // as COCO files may have them: the ids are others
  CHECK(holds(with(R"({"architecture":"dense","class_names":["a"],"category_ids":[1],"channels":0})"),
              "channels is 0, expected at least 1"));
  const std::string one_class = "{\"architecture\":\"dense\",\"class_names\":[\"a\"],\"category_ids\":[1]";
  CHECK(holds(with(one_class + "}"), "does not fit"));
  CHECK(holds(with(one_class + ",\"network\":{\"stem\":0}}"), "stem is 0, expected 1 to 4096"));
  CHECK(holds(with(one_class + ",\"network\":{\"stem\":-1}}"), "stem is -1, expected 1 to 4096"));
  CHECK(holds(with(one_class + ",\"network\":{\"stem\":\"a\"}}"), "network.stem: expected an integer, found a string"));
  CHECK(holds(with(one_class + ",\"pixel_scaling\":{\"offset\":0,\"scale\":0}}"), "scale at least 1e-06"));
  CHECK(holds(with(one_class + ",\"score_threshold\":7}"), "score_threshold is 7, expected 0 to 1"));

  for (const float value : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    float& weight = network->parameters().value("score8.kernel")[1];
    const float good = std::exchange(weight, value);
    AnchorFreeDetector(network, small_description).save(path);
    CHECK(holds(text(), "'score8.kernel' holds a NaN or an infinity"));
    weight = good;
  }
  AnchorFreeDetector(network, small_description).save(path);
  const auto size = std::filesystem::file_size(path);
  for (const auto cut : {size - 1, size / 2, size / 100, std::uintmax_t{9}, std::uintmax_t{8}, std::uintmax_t{0}}) {
    std::filesystem::resize_file(path, cut);
    CHECK(holds(text(), "expected"));
  }
}

TEST_CASE("wrong images and options are refused") {
  const AnchorFreeDetector detector(std::make_shared<const Network<float>>(small_network()), small_description,
                                    {.threads = 1});
  const auto with_image = [&](TensorView<const std::uint8_t> image) {
    return error_of([&] { detector.detect(image, {}); });
  };
  const std::string expected = "detector: expected an image [height, width, 1], got ";
  CHECK(with_image(Tensor<std::uint8_t>({5, 5, 3})) == expected + "[5, 5, 3]");
  CHECK(with_image(Tensor<std::uint8_t>({0, 5, 1})) == expected + "[0, 5, 1]");
  CHECK(with_image(Tensor<std::uint8_t>({5, 5})) == expected + "[5, 5]");
  CHECK(with_image({nullptr, {5, 5, 1}}) == expected + "a null pointer for [5, 5, 1]");
  CHECK(with_image({}).starts_with(expected));
  const auto with = [&](const DetectOptions& options) {
    return error_of([&] { detector.detect(noise(5, 5), options); });
  };
  const double no_number = std::numeric_limits<double>::quiet_NaN();
  CHECK(with({.min_score = 1.5}) == "detect: min_score is 1.5, expected 0 to 1");
  CHECK(with({.min_score = no_number}).find("min_score is nan") != std::string::npos);
  CHECK(with({.nms_iou = -1}) == "detect: nms_iou is -1, expected 0 to 1");
  CHECK(with({.soft_nms_sigma = no_number}).find("soft_nms_sigma is nan") != std::string::npos);
  CHECK(with({.soft_nms_sigma = -1}).find("soft_nms_sigma is -1") != std::string::npos);
  CHECK(with({.max_detections = -1}).find("max_detections is -1") != std::string::npos);
  CHECK(with({.tile = 100, .overlap = 90}).find("tile of 100 pixels") != std::string::npos);
  CHECK(with({.max_detections = 0}) == "no error");
}

TEST_CASE_TEMPLATE("outputs averaged over mirror images are the means of those of the four images", Bins,
                   std::integral_constant<Index, 1>, std::integral_constant<Index, 8>) {
  constexpr Index bins = Bins::value;
  const Network<float> network = small_network(bins);
  Workspace<float> workspace(network, {.threads = 1});
  Tensor<float> x({1, 32, 48, 1});
  Random random(8);
  for (float& value : x) value = static_cast<float>(random.normal());
  const Tensor<float> before = x.clone();
  std::vector<Tensor<float>> memory;
  const std::vector<TensorView<const float>> means = flip_averaged_outputs(workspace, x.view(), memory);
  CHECK(std::equal(x.begin(), x.end(), before.begin()));
  REQUIRE(means.size() == network.outputs().size());

  std::vector<Tensor<float>> expected;
  for (const auto& mean : means) expected.emplace_back(mean.shape());
  for (const bool across : {false, true})
    for (const bool down : {false, true}) {
      const auto flipped = [&](Index i, Index size, bool flip) { return flip ? size - 1 - i : i; };
      for (Index row = 0; row < 32; ++row)
        for (Index column = 0; column < 48; ++column)
          x(0, row, column, 0) = before(0, flipped(row, 32, down), flipped(column, 48, across), 0);
      workspace.forward(x);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        Tensor<float>& sum = expected[i];
        for (Index row = 0; row < sum.dim(1); ++row)
          for (Index column = 0; column < sum.dim(2); ++column)
            for (Index c = 0; c < sum.dim(3); ++c) {
              const bool opposite =
                  i % 2 == 1 && (c / bins % 2 == 0 ? across : down);  // left and right, top and bottom
              sum(0, row, column, c) +=
                  workspace.output(i)(0, flipped(row, sum.dim(1), down), flipped(column, sum.dim(2), across),
                                      opposite ? (c + 2 * bins) % (4 * bins) : c) /
                  4;
            }
      }
    }
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK((expected[i].array() - means[i].array()).abs().maxCoeff() < 1e-5F);
}

TEST_CASE("with flip_test the objects of a mirrored image are the mirrored objects") {
  const AnchorFreeDetector detector(std::make_shared<const Network<float>>(small_network()), small_description,
                                    {.threads = 1});
  constexpr Index height = 64, width = 96;  // multiples of the largest stride: no padding, which is not mirrored
  const Tensor<std::uint8_t> image = noise(height, width);
  Tensor<std::uint8_t> mirrored(image.shape());
  for (Index y = 0; y < height; ++y)
    for (Index x = 0; x < width; ++x) mirrored(y, x, 0) = image(y, width - 1 - x, 0);
  // Whether each of `detections` is in `others`, as large and nearly as good, at the mirrored place.
  const auto all_among = [&](const std::vector<Detection>& detections, const std::vector<Detection>& others) {
    return std::all_of(detections.begin(), detections.end(), [&](const Detection& d) {
      const Box box{width - d.box.x2, d.box.y1, width - d.box.x1, d.box.y2};
      return std::any_of(others.begin(), others.end(), [&](const Detection& other) {
        return other.label == d.label && std::abs(other.score - d.score) < 1e-5 && iou(other.box, box) > 0.9999;
      });
    });
  };
  // Without suppression and threshold, so that rounding decides nothing.
  DetectOptions options{.min_score = 0.0, .nms_iou = 1, .max_detections = 3000, .flip_test = true};
  const auto found = detector.detect(image, options), found_mirrored = detector.detect(mirrored, options);
  CHECK(found.size() == 2 * (16 * 24 + 8 * 12 + 4 * 6));
  CHECK(all_among(found, found_mirrored));
  CHECK(all_among(found_mirrored, found));
  options.flip_test = false;
  CHECK_FALSE(all_among(detector.detect(image, options), detector.detect(mirrored, options)));
}

TEST_CASE("models are described by a short JSON text") {
  const AnchorFreeModel model = anchor_free_model_of("{\"stem\": 8, \"widths\": [16, 32], \"blocks\": [2, 1]}");
  CHECK(model == AnchorFreeModel{.stem = 8, .widths = {16, 32}, .blocks = {2, 1}});
  CHECK(anchor_free_model_of(to_json(anchor_free_s()).to_text()) == anchor_free_s());
  CHECK(anchor_free_model_of("{\"box_bins\": 16}") == AnchorFreeModel{.box_bins = 16});
  CHECK_THROWS_AS(anchor_free_model_of("{\"widths\": [16]}"), Error);
  CHECK_THROWS_AS(anchor_free_model_of("{} x"), FileError);
}

TEST_CASE("a large image searched in tiles gives what the whole gives") {
  const auto network = std::make_shared<const Network<float>>(small_network());
  const AnchorFreeDetector detector(network, small_description, {.threads = 1});
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

TEST_CASE("pixels of 16 bits and floating point are seen as those of 8 bits") {
  const AnchorFreeDetector detector(std::make_shared<const Network<float>>(small_network()), small_description,
                                    {.threads = 1});
  const Tensor<std::uint8_t> image = noise(45, 70);
  Tensor<std::uint16_t> deep(image.shape());
  Tensor<float> real(image.shape());
  for (Index i = 0; i < image.size(); ++i) {
    deep[i] = static_cast<std::uint16_t>(257 * image[i]);
    real[i] = static_cast<float>(image[i]);
  }
  const auto expected = detector.detect(image, {});
  REQUIRE(!expected.empty());
  CHECK(detector.detect(deep, {}) == expected);
  CHECK(detector.detect(real, {}) == expected);
  ++deep[1000];  // less than a grey level
  CHECK(detector.detect(deep, {}) != expected);

  // Values of another range with the scaling that suits them.
  AnchorFreeDescription other = small_description;
  other.pixel_scaling = {.offset = 0.128, .scale = 0.064};
  const AnchorFreeDetector small_values(std::make_shared<const Network<float>>(small_network()), other, {.threads = 1});
  for (float& value : real) value /= 1000;
  const auto found = small_values.detect(real, {});
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    CHECK(found[i].score == doctest::Approx(expected[i].score).epsilon(1e-3));
}
