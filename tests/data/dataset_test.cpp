#include <doctest/doctest.h>

#include <string>
#include <thread>

#include "amdefect/coco/coco_split.hpp"
#include "amdefect/data/coco_source.hpp"
#include "amdefect/data/sample_cache.hpp"
#include "contains.hpp"
#include "data_set_files.hpp"
#include "error_of.hpp"
#include "outside_data.hpp"
#include "temporary_folder.hpp"

using namespace amdefect;
namespace fs = std::filesystem;

namespace {

/// Counts how often it is asked.
class CountingSource : public SampleSource {
 public:
  Index size() const override { return 4; }
  std::shared_ptr<const Sample> load(Index index) const override {
    ++loads;
    auto sample = std::make_shared<Sample>();
    sample->image = Image(3, 5, 2, static_cast<std::uint8_t>(10 + index));
    sample->objects = {{Box{0.5, 1, 2, 3.25}, index}};
    sample->placement.left = placement;
    return sample;
  }
  std::string key(Index index) const override { return concat("sample ", index, version); }
  mutable std::atomic<int> loads = 0;
  std::string version;
  Index placement = 0;
};

bool right(const Sample& sample, Index index) {
  return sample.image == Image(3, 5, 2, static_cast<std::uint8_t>(10 + index)) &&
         sample.objects == std::vector<LabelledBox>{{Box{0.5, 1, 2, 3.25}, index}};
}

}  // namespace

TEST_CASE("a source yields images with boxes and class indices in ascending order of ids") {
  const TemporaryFolder folder;
  folder.write("train/_annotations.coco.json",
               coco_text({"a.png", "b.png"}, R"(,{"id":8,"image_id":1,"category_id":0,"bbox":[0,0,1,1]},)"
                                             R"({"id":9,"image_id":1,"category_id":3,"bbox":[0,0,1,1],"iscrowd":1})"));
  save(folder / "train/a.png", 50);
  save(folder / "train/b.png", 60);
  const CocoSplits splits = read_coco_splits(folder.path());
  const CocoSource source(splits.at("train"));
  REQUIRE(source.size() == 2);
  const auto first = source.load(0), second = source.load(1);
  CHECK(first->image == Image(6, 8, 3, 50));
  CHECK(first->objects == std::vector<LabelledBox>{{Box{1, 2, 4, 3}, 2}, {Box{0, 0, 1, 1}, 0}});
  CHECK(second->objects == std::vector<LabelledBox>{{Box{1, 2, 4, 4}, 2}});
  CHECK(CocoSource(splits.at("train"), {.channels = ImageChannels::grey}).load(0)->image == Image(6, 8, 1, 50));
  CHECK(CocoSource(splits.at("train"), {.box_offset = 0.5}).load(1)->objects[0].box == Box{1.5, 2.5, 4.5, 4.5});
  CHECK(source.key(0) != source.key(1));

  save(folder / "train/a.png", 50, 6, 8);
  CHECK(contains(error_of([&] { source.load(0); }), "images[0] (id 1): is 8x6 by its entry, but "));
  for (const auto& [height, width] : {std::pair<Index, Index>{6, 9}, {7, 8}}) {  // a side that differs is enough
    save(folder / "train/a.png", 50, width, height);
    CHECK(contains(error_of([&] { source.load(0); }), "images[0] (id 1): is 8x6 by its entry, but "));
  }
  folder.write("train/a.png", "no image");
  CHECK(contains(error_of([&] { source.load(0); }), "a.png: is not an image"));
}

TEST_CASE("images of 16 bits come as they are, through a cache as well") {
  const TemporaryFolder folder;
  folder.write("train/_annotations.coco.json", coco_text({"a.png", "b.png"}));
  fs::create_directories(folder / "train");
  save_image(folder / "train/a.png", Image16(6, 8, 3, 12345));
  save(folder / "train/b.png", 60);
  const CocoSplits splits = read_coco_splits(folder.path());
  CHECK(has_16_bit_images(splits.at("train")));
  const auto source = std::make_shared<BasicCocoSource<std::uint16_t>>(splits.at("train"));
  const CocoSource eight(splits.at("train"));
  CHECK(source->key(0) != eight.key(0));
  CHECK(eight.load(0)->image == Image(6, 8, 3, 12345 >> 8));
  for (int turn = 0; turn < 2; ++turn) {  // the second one reads what the first one kept on the disk
    const BasicCachedSource<std::uint16_t> cached(source, {.memory_bytes = 6 * 8 * 3 * 2, .folder = folder / "cache"});
    CHECK(cached.load(0)->image == Image16(6, 8, 3, 12345));
    CHECK(cached.load(1)->image == Image16(6, 8, 3, 60 * 257));
    CHECK(cached.load(1)->objects == eight.load(1)->objects);
    CHECK(cached.bytes_in_memory() == 6 * 8 * 3 * 2);
  }
}

TEST_CASE("pictures of further folders become extra channels") {
  const TemporaryFolder folder;
  folder.write("train/_annotations.coco.json", coco_text({"a.png"}));
  save(folder / "train/images/a.png", 50);
  save(folder / "train/thermal/a.jpg", 128);
  save(folder / "train/images/side/a.png", 30);
  const CocoSplits splits = read_coco_splits(folder.path());
  const CocoSource source(splits.at("train"), {.extra_image_folders = {"thermal", "side"}});
  CHECK(source.channels() == 5);
  const auto sample = source.load(0);
  REQUIRE(sample->image.shape() == Shape{6, 8, 5});
  CHECK(sample->image(2, 3, 0) == 50);
  CHECK(sample->image(2, 3, 3) == 128);
  CHECK(sample->image(2, 3, 4) == 30);
  CHECK(ResizedSource(std::make_shared<CocoSource>(source), 12, 12).load(0)->image.shape() == Shape{12, 12, 5});
  CHECK(contains(error_of([&] { CocoSource(splits.at("train"), {.extra_image_folders = {"depth"}}); }),
                 "images[0] (id 1): there is no picture \"depth/a.png\" for the extra channel"));
  save(folder / "depth/a.png", 70);  // beside the splits, then in a folder named as it is
  const TemporaryFolder elsewhere;
  save(elsewhere / "a.png", 90);
  const CocoSource far(splits.at("train"), {.extra_image_folders = {"depth", elsewhere.path().string()}});
  CHECK(far.load(0)->image(2, 3, 3) == 70);
  CHECK(far.load(0)->image(2, 3, 4) == 90);
  const std::filesystem::path file = folder / "train/images/a.png";
  const Image all = with_extra_channels(load_image(file), file, {"thermal", elsewhere.path().string()});
  CHECK(all.shape() == Shape{6, 8, 5});
  CHECK(all(2, 3, 4) == 90);
  save(folder / "train/images/side/a.png", 30, 9, 6);
  CHECK(contains(error_of([&] { source.load(0); }), "side/a.png: is 9x6 pixels large, but "));
}

TEST_CASE("resizing a source moves its boxes along") {
  const auto source = std::make_shared<CountingSource>();
  const auto sample = ResizedSource(source, 10, 10).load(2);
  CHECK(sample->image.shape() == Shape{10, 10, 2});
  CHECK(sample->objects[0].box == Box{1, 4, 4, 8.5});  // twice as large, 2 rows of filling above
  CHECK(sample->placement.unmap(Box{1, 4, 4, 8.5}) == Box{0.5, 1, 2, 3.25});
  CHECK(source->load(2)->placement.unmap(Box{1, 4, 4, 8.5}) == Box{1, 4, 4, 8.5});
  CHECK(ResizedSource(source, 3, 10, FitMode::stretch).load(2)->objects[0].box == Box{1, 1, 4, 3.25});
  CHECK(ResizedSource(source, 10, 10).key(1) != ResizedSource(source, 10, 10, FitMode::stretch).key(1));
}

TEST_CASE("the memory cache loads each sample once, within its budget") {
  const auto source = std::make_shared<CountingSource>();
  const CachedSource cache(source, {});
  for (int round = 0; round < 3; ++round)
    for (Index i = 0; i < 4; ++i) CHECK(right(*cache.load(i), i));
  CHECK(source->loads == 4);
  CHECK(cache.bytes_in_memory() == 4 * 30);

  source->loads = 0;
  const CachedSource small(source, {.memory_bytes = 70});
  for (int round = 0; round < 3; ++round)
    for (Index i = 0; i < 4; ++i) CHECK(right(*small.load(i), i));
  CHECK(source->loads == 2 + 3 * 2);
  CHECK(small.bytes_in_memory() == 60);
}

TEST_CASE("the disk cache survives damage, other keys and concurrent use") {
  const TemporaryFolder folder;
  const auto source = std::make_shared<CountingSource>();
  source->placement = 17;
  const CacheOptions options{.memory_bytes = 0, .folder = folder / "deep/cache"};
  const auto load_all = [&] {
    source->loads = 0;
    const CachedSource cache(source, options);
    for (Index i = 0; i < 4; ++i) {
      CHECK(right(*cache.load(i), i));
      CHECK(cache.load(i)->placement.left == 17);
    }
    return source->loads.load();
  };
  const auto files = [&] {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(options.folder)) found.push_back(entry.path());
    return found;
  };
  CHECK(load_all() == 4);
  CHECK(load_all() == 0);
  CHECK(files().size() == 4);

  const Bytes whole = read_bytes(files()[0]);
  for (std::size_t size = 0; size < whole.size(); size += 7) {  // half-written
    write_bytes(files()[0], std::span(whole).first(size));
    CHECK(load_all() == 1);
  }
  for (std::size_t at = 0; at < whole.size(); at += 5) {  // damaged
    Bytes damaged = whole;
    damaged[at] ^= 0x10;
    write_bytes(files()[0], damaged);
    CHECK(load_all() == 1);
  }
  // An entry of another key in this place (a collision of the hash).
  write_bytes(files()[0], read_bytes(files()[1]));
  CHECK(load_all() == 1);

  source->version = " changed";
  CHECK(load_all() == 4);
  CHECK(load_all() == 0);

  for (const fs::path& file : files()) fs::remove(file);
  source->loads = 0;
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      const CachedSource cache(source, options);  // as another process would
      for (int round = 0; round < 5; ++round)
        for (Index i = 0; i < 4; ++i) good += right(*cache.load(i), i);
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 80);
  CHECK(files().size() == 4);  // nothing half-written is left

  folder.write("file", "");
  CHECK(contains(error_of([&] { CachedSource(source, {.folder = folder / "file"}); }), "cannot make the folder"));
}

TEST_CASE("the LPBF data set is read") {
  const fs::path root = outside_data("lpbf");
  if (root.empty()) return;
  const CocoSplits splits = read_coco_splits(root);
  CHECK(splits.at("train").size() == 702);
  CHECK(splits.at("valid").size() == 87);
  CHECK(splits.at("train").coco.annotations.size() == 16077);
  CHECK(splits.at("valid").coco.annotations.size() == 3067);
  CHECK(!splits.test);
  std::vector<std::size_t> some(20);
  std::iota(some.begin(), some.end(), std::size_t{0});
  const auto source = std::make_shared<CocoSource>(detail::select_images(splits.at("valid"), "some", some));
  const CachedSource cache(std::make_shared<ResizedSource>(source, 416, 416), {});
  for (Index i = 0; i < source->size(); ++i) {
    const auto sample = cache.load(i);
    CHECK(sample->image.shape() == Shape{416, 416, 3});
    CHECK(sample->objects.size() == source->objects(i).size());
    for (const LabelledBox& object : sample->objects) CHECK(object.label == 1);
  }
  CHECK(cache.bytes_in_memory() == 20 * 416 * 416 * 3);
}
