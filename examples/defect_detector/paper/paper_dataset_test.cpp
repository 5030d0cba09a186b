#include "paper/paper_dataset.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "amdefect/data/sample_cache.hpp"
#include "amdefect/train/data_loader.hpp"
#include "outside_data.hpp"

using namespace amdefect;

namespace {

Sample with_boxes(const std::vector<LabelledBox>& objects) { return {Image(50, 100, 3, 51), objects, {}}; }

class OneSample : public SampleSource {
 public:
  explicit OneSample(std::vector<LabelledBox> objects) : objects_(std::move(objects)) {}
  Index size() const override { return 2; }
  std::shared_ptr<const Sample> load(Index index) const override {
    auto sample = std::make_shared<Sample>();
    sample->image = Image(8, 8, 4, static_cast<std::uint8_t>(51 * (index + 1)));
    sample->objects = objects_;
    return sample;
  }
  std::string key(Index) const override { return ""; }

 private:
  std::vector<LabelledBox> objects_;
};

}  // namespace

TEST_CASE("boxes fill the slots in order: normalised, clipped, degenerate ones left out, the rest zero") {
  Tensor<double> classes({4, 3}), boxes({4, 4});
  classes.fill(9);
  boxes.fill(9);
  fill_paper_targets(with_boxes({{Box{10, 5, 30, 25}, 2},
                                 {Box{120, 5, 130, 25}, 1},  // outside
                                 {Box{7, 7, 7, 9}, 1},       // no width
                                 {Box{-20, 40, 50, 90}, 0}}),
                     classes.view(), boxes.view());
  const std::vector<double> expected_classes{0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0};
  const std::vector<double> expected_boxes{0.1, 0.1, 0.3, 0.5, 0, 0.8, 0.5, 1, 0, 0, 0, 0, 0, 0, 0, 0};
  CHECK(std::vector<double>(classes.begin(), classes.end()) == expected_classes);
  CHECK(std::vector<double>(boxes.begin(), boxes.end()) == expected_boxes);
}

TEST_CASE("boxes beyond the last slot are left out") {
  Tensor<float> classes({2, 2}), boxes({2, 4});
  fill_paper_targets(with_boxes(std::vector<LabelledBox>(5, {Box{0, 0, 50, 50}, 1})), classes.view(), boxes.view());
  CHECK(classes.array().sum() == 2);
  CHECK(boxes(1, 2) == 0.5f);
  CHECK_THROWS_AS(fill_paper_targets(with_boxes({{Box{0, 0, 1, 1}, 2}}), classes.view(), boxes.view()), ShapeError);
  CHECK_THROWS_AS(fill_paper_targets(with_boxes({}), classes.view(), classes.view()), ShapeError);
}

TEST_CASE("the data set yields pixels / 255 and targets, several times per epoch when asked") {
  const auto source = std::make_shared<OneSample>(std::vector<LabelledBox>{{Box{0, 0, 4, 8}, 1}});
  const PaperDataset<double> data(source, {8, 8, 4}, {.classes = 2, .slots = 3, .outputs = 3});
  CHECK(data.size() == 6);
  Batch<double> batch(data, 2);
  Batch<double>::Scratch scratch;
  Random random(1);
  batch.load(data, 1, random, 0, scratch);
  batch.load(data, 4, random, 1, scratch);
  CHECK(batch.x()(0, 7, 7, 3) == 0.4);
  CHECK(batch.x()(1, 0, 0, 0) == 0.2);
  CHECK(batch.target(0)(1, 0, 1) == 1);
  CHECK(batch.target(1)(1, 0, 2) == 0.5);
  CHECK(batch.target(1)(1, 1, 2) == 0);
}

TEST_CASE("augmented samples depend on seed, epoch and sample alone") {
  const auto source = std::make_shared<OneSample>(std::vector<LabelledBox>{{Box{0, 0, 4, 8}, 1}});
  const PaperDataset<float> data(source, {8, 8, 4}, {.classes = 2, .augment = {.flip_x = 0.5, .brightness = 0.3}});
  const auto sum = [&](int workers) {
    DataLoader<float> loader(data, {.batch_size = 2, .seed = 4, .workers = workers});
    std::vector<float> sums;
    for (Index epoch = 0; epoch < 4; ++epoch) {
      loader.start_epoch(epoch);
      while (const auto* batch = loader.next()) sums.push_back(batch->x().array().sum());
    }
    return sums;
  };
  CHECK(sum(0) == sum(3));
  CHECK(sum(0)[0] != sum(0)[1]);
}

TEST_CASE("options without meaning are refused") {
  const auto source = std::make_shared<OneSample>(std::vector<LabelledBox>{});
  CHECK_THROWS_AS(PaperDataset<float>(source, {8, 8, 4}, {.classes = 0}), Error);
  CHECK_THROWS_AS(PaperDataset<float>(source, {8, 8, 4}, {.augment = {.flip_y = 2}}), Error);
  CHECK_THROWS_AS(PaperDataset<float>(source, {8, 9, 4}, {.augment = {.rotate = 1}}), Error);
}

TEST_CASE("LPBF: more boxes than slots are reported, and an epoch loads") {
  const std::filesystem::path root = outside_data("lpbf");
  if (root.empty()) return;
  const CocoSplits splits = read_coco_splits(root);
  CHECK(slot_warning(CocoSource(splits.at("train")), "train", 100) ==
        "train: 4 of 702 images have more than 100 boxes (up to 123); 55 boxes get no slot");
  const auto source =
      std::make_shared<CocoSource>(detail::select_images(splits.at("valid"), "some", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  CHECK(slot_warning(*source, "valid", 100).empty());
  const auto cache = std::make_shared<CachedSource>(std::make_shared<ResizedSource>(source, 416, 416), CacheOptions{});
  const PaperDataset<float> data(cache, {416, 416, 3}, {.classes = 2, .augment = paper_augmentation(), .outputs = 2});
  DataLoader<float> loader(data, {.batch_size = 8, .workers = 2});
  double slots = 0;
  loader.start_epoch(0);
  while (const auto* batch = loader.next()) slots += batch->target(0).array().sum();
  std::size_t boxes = 0;
  for (Index i = 0; i < source->size(); ++i) boxes += source->objects(i).size();
  CHECK(slots == 2 * static_cast<double>(boxes));
}
