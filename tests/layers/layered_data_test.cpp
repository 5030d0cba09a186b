#include "amdefect/layers/layered_data.hpp"

#include <doctest/doctest.h>

#include <set>

#include "amdefect/data/block_order.hpp"
#include "contains.hpp"
#include "error_of.hpp"
#include "temporary_folder.hpp"

namespace amdefect {

namespace layered_data_test {

/// A volume in memory, in chunks, that counts how often one is read.
class MemoryChunks final : public ChunkReader {
 public:
  MemoryChunks(Shape shape, Shape chunk, std::uint8_t (*value)(Index layer, Index y, Index x))
      : shape_(shape), chunk_(chunk), value_(value) {}
  Shape shape() const override { return shape_; }
  Shape chunk_shape() const override { return chunk_; }
  std::string name() const override { return "memory"; }
  Chunk read_chunk(Index layer, Index top, Index left) const override {
    ++reads;
    Chunk chunk;
    for (Index k = layer; k < layer + chunk_[0]; ++k)
      for (Index y = top; y < top + chunk_[1]; ++y)
        for (Index x = left; x < left + chunk_[2]; ++x) chunk.push_back(value_(k, y, x));
    return chunk;
  }
  mutable Index reads = 0;

 private:
  Shape shape_, chunk_;
  std::uint8_t (*value_)(Index, Index, Index);
};

const Shape shape{100, 24, 30};
std::uint8_t picture(Index layer, Index y, Index x) { return static_cast<std::uint8_t>(layer + 2 * y + 5 * x); }
/// A square of 6 x 6 pixels in every fifth layer.
std::uint8_t square(Index layer, Index y, Index x) { return layer % 5 == 0 && y >= 9 && y < 15 && x >= 10 && x < 16; }

Build make_build(const TemporaryFolder& folder, const std::string& name = "build.h5") {
  Build build{folder.write(name, name), name};
  build.cache = std::make_shared<ChunkCache>(1 << 20);
  const auto volume = [&](auto value) {
    return std::make_shared<const Volume>(std::make_shared<const MemoryChunks>(shape, Shape{8, 7, 9}, value),
                                          build.cache);
  };
  build.channels = {{"visible/0", volume(picture)}};
  build.masks = {{"Powder", volume(square), std::uint8_t{0}}, {"Debris", volume(square), std::nullopt}};
  return build;
}

}  // namespace layered_data_test

using namespace layered_data_test;

TEST_CASE("volume: windows across chunks, and each chunk once as long as the cache holds it") {
  const auto reader = std::make_shared<const MemoryChunks>(shape, Shape{8, 7, 9}, picture);
  const Volume volume(reader, std::make_shared<ChunkCache>(1 << 20));
  Chunk values(10 * 12);
  for (Index layer = 16; layer < 24; ++layer) {
    volume.read({layer, 3, 5, 10, 12}, values);
    for (Index i = 0; i < 120; ++i)
      REQUIRE(values[static_cast<std::size_t>(i)] == picture(layer, 3 + i / 12, 5 + i % 12));
  }
  CHECK(reader->reads == 4);
  CHECK(error_of([&] {
          volume.read({0, 20, 0, 5, 5}, values);
        }) == "memory: there is no window of 5x5 pixels at row 20, column 0 of layer 0 in the shape [100, 24, 30]");
  CHECK(error_of([&] { volume.read({100, 0, 0, 5, 5}, values); }) != "no error");
}

TEST_CASE("chunk cache: it stays within its bytes, and keeps what was used last") {
  ChunkCache cache(1000);
  const auto load = [&](Index chunk) { return cache.get(0, chunk, [] { return Chunk(300); }); };
  load(0), load(1), load(0), load(2);
  CHECK(cache.used() <= 1000);
  CHECK(cache.loads() == 3);
  load(0);
  CHECK(cache.loads() == 3);
  load(1);
  CHECK(cache.loads() == 4);
}

TEST_CASE("box index: kept beside the file, and made anew for another file, other options or a damaged index") {
  const TemporaryFolder folder;
  const Build build = make_build(folder);
  const auto kept = folder / "build.h5.boxes.json";
  const BoxIndex index = open_box_index(build, {"Debris"}, {});
  REQUIRE(index.boxes.size() == 20);
  CHECK(index.in_layer(35).front() == LayerBox{35, 0, {10, 9, 16, 15, 36}});
  CHECK(index.in_layer(36).empty());
  REQUIRE(read_box_index(kept, index.origin));
  CHECK(read_box_index(kept, index.origin)->boxes == index.boxes);
  CHECK(!read_box_index(kept, box_index_origin(build, {"Debris"}, {.least_area = 21})));
  CHECK(!read_box_index(kept, box_index_origin(build, {"Powder"}, {})));
  const std::string text = folder.read("build.h5.boxes.json");
  folder.write("build.h5.boxes.json", text.substr(0, text.size() / 2));
  CHECK(!read_box_index(kept, index.origin));
  folder.write("build.h5", "another file");
  CHECK(!read_box_index(kept, box_index_origin(build, {"Debris"}, {})));
  CHECK(contains(error_of([&] { open_box_index(build, {"Holes"}); }),
                 "has no masks of the class 'Holes', but of Powder, Debris"));
}

TEST_CASE("layered data: splits do not share layers, and pieces carry the boxes of their place") {
  const TemporaryFolder folder;
  std::vector<Build> builds;
  builds.push_back(make_build(folder));
  const LayeredData data =
      layered_data(std::move(builds), {.classes = {"Debris"}, .tile = 16, .split = {.sections = 1, .gap = 2}});
  std::set<std::uint64_t> train(data.splits.train->image_checksums.begin(), data.splits.train->image_checksums.end());
  for (const auto* split : {&data.splits.valid, &data.splits.test})
    for (const std::uint64_t checksum : (*split)->image_checksums) CHECK(!train.contains(checksum));
  const auto source = data.pictures.open(*data.splits.train);
  REQUIRE(source->size() == data.splits.train->size());
  CHECK(data.pictures.channels == 1);
  Index boxes = 0;
  for (Index i = 0; i < source->size(); ++i) {
    const auto sample = source->load(i);
    REQUIRE(sample->image.height() == 16);
    boxes += static_cast<Index>(sample->objects.size());
    CHECK(sample->objects == source->objects(i));
  }
  CHECK(boxes == static_cast<Index>(data.splits.train->coco.annotations.size()));
  // Layer 5: pieces begin at rows 0 and 8, columns 0 and 14.
  const Index pieces = 4, layer = 5;
  CHECK(source->name(layer * pieces + 2).ends_with("layer_00005_y8_x0"));
  CHECK(source->load(layer * pieces + 2)->image(1, 3, 0) == picture(5, 9, 3));
  REQUIRE(source->objects(layer * pieces + 2).size() == 1);
  CHECK(source->objects(layer * pieces + 2)[0].box.y1 == 1);
}

TEST_CASE("layered data: with several builds, one of them may be the test split") {
  const TemporaryFolder folder;
  std::vector<Build> builds;
  for (const std::string name : {"a.h5", "b.h5", "c.h5"}) builds.push_back(make_build(folder, name));
  const LayeredData data =
      layered_data(std::move(builds), {.classes = {"Debris"}, .tile = 0, .by_build = true, .most_valid = 7});
  CHECK(data.splits.train->size() == 100);
  CHECK(data.splits.valid->size() == 7);
  CHECK(data.splits.test->coco.images.front().file_name == "c.h5/layer_00000_y0_x0");
}

TEST_CASE(
    "block order: samples of a block are neighbours, every number is there once, and the order is that of its seed") {
  const TemporaryFolder folder;
  std::vector<Build> builds;
  builds.push_back(make_build(folder));
  const LayeredData data =
      layered_data(std::move(builds), {.classes = {"Debris"}, .tile = 16, .split = {.sections = 1}});
  const auto source = data.pictures.open(*data.splits.train);
  const BlockOrder blocks(*source);
  const BalancedSampler sampler(source->size(), {});
  const auto order_of = [&](std::uint64_t seed) {
    std::vector<Index> order(256);
    Random random(seed);
    blocks.arrange(order, sampler, random);
    return order;
  };
  const std::vector<Index> order = order_of(1);
  CHECK(order == order_of(1));
  CHECK(order != order_of(2));
  CHECK(std::set<Index>(order.begin(), order.end()).size() == order.size());
  std::vector<Index> place(static_cast<std::size_t>(source->size()));
  const auto lists = source->blocks();
  for (std::size_t block = 0; block < lists.size(); ++block)
    for (const Index image : lists[block]) place[static_cast<std::size_t>(image)] = static_cast<Index>(block);
  for (std::size_t i = 0; i < order.size(); i += 64) {
    std::set<Index> open;
    for (std::size_t k = i; k < i + 64; ++k) open.insert(place[static_cast<std::size_t>(blocks.image(order[k]))]);
    CHECK(open.size() <= 8);
  }
}

}  // namespace amdefect
