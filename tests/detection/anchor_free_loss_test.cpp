#include "amdefect/detection/anchor_free/anchor_free_loss.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <tuple>

#include "amdefect/core/random.hpp"
#include "amdefect/detection/anchor_free/decode.hpp"
#include "error_of.hpp"

using namespace amdefect;

namespace {

const AnchorFreeModel loss_model{.classes = 2, .widths = {8, 8}, .blocks = {1, 1}, .levels = 3};

AnchorFreeModel with_bins(Index bins) {
  AnchorFreeModel result = loss_model;
  result.box_bins = bins;
  return result;
}

std::vector<LocationGrid> grids(Index height, Index width, Index bins = 1) {
  std::vector<LocationGrid> result;
  for (Index level = 0; level < loss_model.levels; ++level)
    result.push_back(
        {loss_model.stride(level), height / loss_model.stride(level), width / loss_model.stride(level), bins});
  return result;
}

/// Random outputs for a batch of two images of 32 x 48 pixels, and objects of all sizes in the first.
struct Case {
  explicit Case(Index bins = 1) : objects({2, 4, 5}), parts(bins > 1 ? 3 : 2) {
    Random random(1);
    for (const LocationGrid& grid : grids(32, 48))
      for (const Index channels : {loss_model.classes, 4 * bins}) {
        outputs.emplace_back(Shape{2, grid.rows, grid.columns, channels});
        for (double& value : outputs.back()) value = random.normal();
        gradients.emplace_back(outputs.back().shape()).fill(7);  // to be overwritten
      }
    const double list[4][5] = {{4, 5, 9.5, 8, 0}, {20, 3, 41, 30, 1}, {1, 2, 45, 31, 0}, {0, 0, 0, 0, -1}};
    for (Index i = 0; i < 20; ++i) objects[i] = list[i / 5][i % 5];
    for (Index i = 0; i < 4; ++i) objects(1, i, 4) = -1;
  }
  /// Calls `use` with the arguments of a loss function.
  template <class Use>
  std::vector<double> with_arguments(bool learn, Use use) {
    const std::vector<TensorView<const double>> out(outputs.begin(), outputs.end()), targets{objects.view()};
    std::vector<TensorView<double>> slopes(outputs.size());
    if (learn) slopes = {gradients.begin(), gradients.end()};
    use(LossArguments<double>{out, targets, slopes, parts});
    return parts;
  }
  std::vector<double> evaluate(bool learn = false) {
    return with_arguments(learn, [](const auto& a) { anchor_free_loss<double>(loss_model).evaluate(a); });
  }
  std::vector<Tensor<double>> outputs, gradients;
  Tensor<double> objects;
  std::vector<double> parts;  // of the loss
};

using Locations = std::vector<Location>;

/// The locations of an object, by their order in the grid.
Locations places_of(std::size_t object, const std::vector<AssignedLocation>& positives) {
  Locations locations;
  for (const AssignedLocation& positive : positives)
    if (positive.object == object) locations.push_back(positive.location);
  std::sort(locations.begin(), locations.end(), [](const Location& a, const Location& b) {
    return std::tie(a.level, a.row, a.column) < std::tie(b.level, b.row, b.column);
  });
  return locations;
}

}  // namespace

TEST_CASE("objects of every size have candidates near their middle, the nearest location at least") {
  const auto all = grids(256, 256);
  const auto candidates = [&](const Box& box) { return candidate_locations(box, all, {}); };
  CHECK(candidates({101, 101, 103, 103}) == Locations{{0, 25, 25}});  // 2 x 2 pixels, no location in it
  // 16 x 12 belongs to stride 4, where it has 4 x 3 locations; the next level has 2 x 1.
  const Locations small = candidates({40, 40, 56, 52});
  CHECK(std::count_if(small.begin(), small.end(), [](const Location& p) { return p.level == 0; }) == 12);
  CHECK(std::count_if(small.begin(), small.end(), [](const Location& p) { return p.level == 1; }) == 2);
  CHECK(std::none_of(small.begin(), small.end(), [](const Location& p) { return p.level == 2; }));
  CHECK(candidate_locations({40, 40, 56, 52}, all, {.radius = 1.5}).size() == 2 * 3 + 2);
  // 256 x 256 is for the coarsest level, and the one below it competes.
  const Locations large = candidates({0, 0, 256, 256});
  CHECK(large.front().level == 1);
  CHECK(large.back().level == 2);
  for (const Box& bad : {Box{5, 5, 5, 9}, Box{9, 9, 3, 3}, Box{-50, -50, -10, -10}, Box{300, 300, 310, 310}})
    CHECK(candidates(bad).empty());
}

TEST_CASE("the locations with the best score and box answer, and learn how good their object is seen") {
  const auto all = grids(64, 64);
  const std::vector<LabelledBox> objects{{{20, 20, 32, 32}, 0}};  // 9 locations at stride 4, 1 + 4 coarser ones
  const auto predict = [](const Location& location, const LabelledBox&) {
    if (location == Location{0, 6, 6}) return LocationPrediction{0.5, 0.8};
    if (location == Location{1, 3, 3}) return LocationPrediction{0.25, 0.8};
    return LocationPrediction{0.5, 0.4};
  };
  const auto positives = assign_locations(all, objects, predict, {.most_locations = 3});
  REQUIRE(positives.size() == 3);
  CHECK(positives[0].location == Location{0, 6, 6});
  CHECK(positives[0].quality == doctest::Approx(0.8));
  CHECK(positives[1].location == Location{1, 3, 3});
  CHECK(positives[1].quality == doctest::Approx(0.4));       // half the score
  CHECK(positives[2].quality == doctest::Approx(0.8 / 64));  // half the IoU, to the 6th power
  const auto blind = assign_locations(all, objects, [](const auto&...) { return LocationPrediction{0, 0}; });
  REQUIRE(!blind.empty());
  CHECK(blind[0].quality > 0);  // a network that sees nothing yet learns all the same
}

TEST_CASE("where two objects want a location, the one whose box fits better has it") {
  const auto all = grids(64, 64);
  const std::vector<LabelledBox> objects{{{24, 24, 28, 28}, 0}, {{18, 18, 34, 34}, 1}};  // both around (26, 26)
  const auto fits = [](double first, double second) {
    return [=](const Location&, const LabelledBox& object) {
      return LocationPrediction{0.5, object.label == 0 ? first : second};
    };
  };
  const Location shared{0, 6, 6};
  const auto contains = [](const Locations& locations, const Location& location) {
    return std::find(locations.begin(), locations.end(), location) != locations.end();
  };
  const auto small_wins = assign_locations(all, objects, fits(0.7, 0.6)),
             large_wins = assign_locations(all, objects, fits(0.5, 0.6));
  CHECK(contains(places_of(0, small_wins), shared));
  CHECK_FALSE(contains(places_of(1, small_wins), shared));
  CHECK_FALSE(contains(places_of(0, large_wins), shared));
  CHECK(contains(places_of(1, large_wins), shared));
}

TEST_CASE("gradients of the anchor-free loss are those of finite differences") {
  const std::pair<Index, AnchorFreeLossOptions> cases[] = {
      {1, {}},
      {1, {.box_loss = BoxLoss::diou, .score_loss = ScoreLoss::focal}},
      {1, {.class_weights = {0.5, 3}}},
      {8, {}},
      {8, {.distribution_weight = 2, .class_weights = {0.5, 3}}}};
  for (const auto& [bins, options] : cases) {
    Case c(bins);
    AnchorFreeLoss<double> loss(with_bins(bins), options);
    std::vector<AnchorFreeLoss<double>::Target> targets;  // constants of the loss, though chosen by the outputs
    c.with_arguments(true, [&](const auto& a) {
      targets = loss.assign(a);
      loss.evaluate(a, targets);
    });
    REQUIRE(targets.size() > 5);
    const auto value = [&] {
      const auto parts = c.with_arguments(false, [&](const auto& a) { loss.evaluate(a, targets); });
      return std::accumulate(parts.begin(), parts.end(), 0.0);
    };
    constexpr double step = 1e-6;
    std::array<double, 2> largest{};  // of the scores, of the boxes
    for (std::size_t output = 0; output < c.outputs.size(); ++output)
      for (Index i = 0; i < c.outputs[output].size(); ++i) {
        double& at = c.outputs[output][i];
        const double before = at;
        at = before + step;
        const double above = value();
        at = before - step;
        const double below = value();
        at = before;
        CHECK(c.gradients[output][i] == doctest::Approx((above - below) / (2 * step)).epsilon(1e-5).scale(1e-2));
        largest[output % 2] = std::max(largest[output % 2], std::abs(c.gradients[output][i]));
      }
    CHECK(largest[0] > 1e-3);
    CHECK(largest[1] > 1e-3);
  }
}

TEST_CASE("class weights weigh scores and boxes of a class") {
  Case c;
  for (Index i = 0; i < 4; ++i) c.objects(0, i, 4) = i < 3 ? 1 : -1;  // all of class 1
  const auto parts = [&](std::vector<double> weights) {
    return c.with_arguments(false, [&](const auto& a) {
      anchor_free_loss<double>(loss_model, {.class_weights = std::move(weights)}).evaluate(a);
    });
  };
  const auto plain = parts({}), same = parts({1, 1}), first = parts({2, 1}), second = parts({1, 2});
  CHECK(same[0] == doctest::Approx(plain[0]));
  CHECK(same[1] == doctest::Approx(plain[1]));
  CHECK(first[1] == doctest::Approx(plain[1]));
  CHECK(second[1] == doctest::Approx(2 * plain[1]));
  CHECK(first[0] + second[0] == doctest::Approx(3 * plain[0]));
  CHECK_THROWS_WITH_AS(parts({1}), "anchor-free loss: 1 class weights for 2 classes", Error);
  CHECK_THROWS_AS(parts({1, 0}), Error);
}

TEST_CASE("boxes count by their quality, 0.05 at least, as a share of all, which counts 1 at least") {
  Case c;
  const auto box_loss = [&](const std::vector<double>& qualities) {
    std::vector<AnchorFreeLoss<double>::Target> targets;
    for (const double quality : qualities) targets.push_back({0, {0, 4, 8}, {{20, 3, 41, 30}, 1}, quality});
    return c.with_arguments(false, [&](const auto& a) { AnchorFreeLoss<double>(loss_model).evaluate(a, targets); })[1];
  };
  const double whole = box_loss({1});
  CHECK(whole > 0.1);
  CHECK(box_loss({0.5}) == doctest::Approx(0.5 * whole));
  CHECK(box_loss({0}) == doctest::Approx(0.05 * whole));
  CHECK(box_loss({0.8, 0.8}) == doctest::Approx(whole));
}

TEST_CASE("the loss does not depend on the number of threads") {
  const AnchorFreeModel one{.classes = 2, .widths = {8}, .blocks = {1}, .levels = 1};
  Tensor<double> scores({5, 48, 40, 2}), boxes({5, 48, 40, 4}), objects({5, 1, 5});  // enough to be shared
  Random random(2);
  for (double& value : scores) value = random.normal();
  for (double& value : boxes) value = random.normal();
  for (Index i = 0; i < 5; ++i)
    for (Index j = 0; j < 5; ++j)
      objects(i, 0, j) = std::array{20.0, 30.0, 40.0, 60.0, 1.0}[static_cast<std::size_t>(j)];
  const auto run = [&](int threads) {
    Tensor<double> dscores(scores.shape()), dboxes(boxes.shape());
    std::vector<double> parts(2);
    const std::vector<TensorView<const double>> outputs{scores.view(), boxes.view()}, targets{objects.view()};
    const std::vector<TensorView<double>> gradients{dscores.view(), dboxes.view()};
    anchor_free_loss<double>(one, {.class_weights = {0.5, 3}, .threads = threads})
        .evaluate({outputs, targets, gradients, parts});
    parts.insert(parts.end(), dscores.begin(), dscores.end());
    parts.insert(parts.end(), dboxes.begin(), dboxes.end());
    return parts;
  };
  const std::vector<double> expected = run(1);
  CHECK(run(2) == expected);
  CHECK(run(3) == expected);
}

TEST_CASE("outputs that are not those of the model are refused") {
  Case plain, bins(8);
  const auto evaluate = [](Case& c, Index box_bins) {
    c.with_arguments(true, [&](const auto& a) { anchor_free_loss<double>(with_bins(box_bins)).evaluate(a); });
  };
  CHECK_THROWS_AS(evaluate(plain, 8), ShapeError);
  CHECK_THROWS_AS(evaluate(bins, 1), ShapeError);
  CHECK_THROWS_AS(AnchorFreeLoss<double>(with_bins(3)), Error);
}

TEST_CASE("an image without objects teaches low scores and no boxes") {
  Case c;
  c.objects.fill(-1);
  const auto parts = c.evaluate(true);
  CHECK(parts[0] > 0);
  CHECK(parts[1] == 0);
  CHECK((c.gradients[0].array() > 0).all());
  CHECK((c.gradients[1].array() == 0).all());
}

TEST_CASE("edges with bins are the means of their distributions, which learn to be narrow") {
  Case c(8);
  c.outputs[1].fill(-50);
  double* location = &c.outputs[1](0, 2, 3, 0);  // (14, 10), stride 4
  for (const Index at : {0 * 8 + 1, 1 * 8 + 0, 2 * 8 + 2, 2 * 8 + 3, 3 * 8 + 5})
    location[at] = 50;  // 1, 0, 2.5, 5 strides
  const Box box = grids(32, 48, 8)[0].decode(2, 3, location);
  CHECK(box.x1 == doctest::Approx(14 - 4));
  CHECK(box.y1 == doctest::Approx(10));
  CHECK(box.x2 == doctest::Approx(14 + 10));
  CHECK(box.y2 == doctest::Approx(10 + 20));
  for (Index i = 0; i < 5; ++i)
    c.objects(0, 0, i) = std::array{10.0, 10.0, 24.0, 30.0, 0.0}[static_cast<std::size_t>(i)];
  AnchorFreeLoss<double> loss(with_bins(8));
  const AnchorFreeLoss<double>::Target target{0, {0, 2, 3}, {box, 0}, 1};
  const auto distribution = [&] {
    return c.with_arguments(false, [&](const auto& a) { loss.evaluate(a, {&target, 1}); });
  };
  // Three edges are certain; the third lies between two bins, so its entropy, log 2, is the least.
  CHECK(distribution()[1] == doctest::Approx(0));
  CHECK(distribution()[2] == doctest::Approx(0.25 * std::log(2) / 4));
  location[2 * 8 + 1] = location[2 * 8 + 4] = 50;  // the same mean, but wider
  CHECK(distribution()[1] == doctest::Approx(0));
  CHECK(distribution()[2] == doctest::Approx(0.25 * std::log(4) / 4));
}

TEST_CASE("decoding gives back the boxes behind the outputs, the best first") {
  const auto all = grids(32, 32);
  std::vector<Tensor<float>> outputs;
  for (const LocationGrid& grid : all) {
    outputs.emplace_back(Shape{1, grid.rows, grid.columns, 2}).fill(-10);
    outputs.emplace_back(Shape{1, grid.rows, grid.columns, 4});
  }
  const auto distance = [](double strides) { return static_cast<float>(std::log(std::exp(strides) - 1)); };
  outputs[0](0, 2, 3, 1) = 1;  // stride 4, location (14, 10)
  outputs[4](0, 1, 0, 0) = 2;  // stride 16, location (8, 24)
  for (Index edge = 0; edge < 4; ++edge) outputs[1](0, 2, 3, edge) = distance(0.5 + 0.25 * static_cast<double>(edge));
  for (Index edge = 0; edge < 4; ++edge) outputs[5](0, 1, 0, edge) = distance(0.5);
  const std::vector<TensorView<const float>> views(outputs.begin(), outputs.end());
  const auto found = decode_anchor_free<float>(loss_model, views, 0, 0.1, 10);
  REQUIRE(found.size() == 2);
  CHECK(found[0].label == 0);
  CHECK(found[0].score == doctest::Approx(1 / (1 + std::exp(-2.0))));
  CHECK(found[0].box.x1 == doctest::Approx(0));
  CHECK(found[0].box.y2 == doctest::Approx(32));
  CHECK(found[1].label == 1);
  CHECK(found[1].box.x1 == doctest::Approx(12));
  CHECK(found[1].box.y1 == doctest::Approx(7));
  CHECK(found[1].box.x2 == doctest::Approx(18));
  CHECK(found[1].box.y2 == doctest::Approx(15));
  CHECK(decode_anchor_free<float>(loss_model, views, 0, 0.1, 1).size() == 1);
  CHECK(decode_anchor_free<float>(loss_model, views, 0, 0.9, 10).empty());

  const std::string expected = "anchor-free detector: the network gives a NaN as a ";
  const auto error = [&] { return error_of([&] { decode_anchor_free<float>(loss_model, views, 0, 0.1, 10); }); };
  outputs[1](0, 2, 3, 2) = std::numeric_limits<float>::quiet_NaN();
  CHECK(error().starts_with(expected + "box"));
  outputs[4](0, 0, 0, 1) = std::numeric_limits<float>::quiet_NaN();
  CHECK(error().starts_with(expected + "score"));
}
