// How fast layers are read, compared with libhdf5's own reading of the same chunks (docs/peregrine.md):
//     layer_reading FILE.h5 CHANNEL LAYERS
// reads the first LAYERS layers of a channel of a Peregrine file in three ways and prints megabytes of pixels a second.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "amdefect/core/random.hpp"
#include "amdefect/data/block_order.hpp"
#include "amdefect/layers/layer_source.hpp"
#include "amdefect/peregrine/open_build.hpp"

using namespace amdefect;

namespace {

template <class Work>
double seconds(Work&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Slabs of whole chunks by H5Dread, as h5dump does.
void read_plainly(const std::string& file, const std::string& data_set, Index layers) {
  const Hdf5File opened(file);
  const Hdf5Storage storage = opened.storage(data_set);
  const Hdf5Turn turn;
  const Hdf5DataSet set(H5Dopen2(opened.id(), data_set.c_str(), H5P_DEFAULT));
  const Hdf5Space space(H5Dget_space(set.id()));
  const Index slab = storage.chunk.empty() ? 1 : storage.chunk[0];
  std::vector<std::uint8_t> values(static_cast<std::size_t>(slab * storage.shape[1] * storage.shape[2]));
  for (Index layer = 0; layer < layers; layer += slab) {
    const std::array<hsize_t, 3> at{static_cast<hsize_t>(layer), 0, 0};
    const std::array<hsize_t, 3> size{static_cast<hsize_t>(std::min(slab, layers - layer)),
                                      static_cast<hsize_t>(storage.shape[1]), static_cast<hsize_t>(storage.shape[2])};
    const Hdf5Space memory(H5Screate_simple(3, size.data(), nullptr));
    H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, at.data(), nullptr, size.data(), nullptr);
    require(H5Dread(set.id(), H5T_NATIVE_UINT8, memory.id(), space.id(), H5P_DEFAULT, values.data()) >= 0,
            "H5Dread fails");
  }
}

int run(const std::string& file, const std::string& channel, Index layers) {
  const Build build = open_peregrine(file, {.channels = {channel}});
  const Shape shape = build.shape();
  layers = std::min(layers, shape[0]);
  const double megabytes = static_cast<double>(layers * shape[1] * shape[2]) / 1e6;
  const double plain = seconds([&] { read_plainly(file, "slices/camera_data/" + channel, layers); });
  build.allow_whole_layers();
  const double sequential = seconds([&] {
    for (Index layer = 0; layer < layers; ++layer) build.read(build.whole_layer(layer));
  });
  std::cout << "plain H5Dread of slabs: " << megabytes / plain << " MB/s\n"
            << "layer by layer: " << megabytes / sequential << " MB/s, " << 100 * plain / sequential << " % of it\n";

  // Pieces in the order of a training, as many as hold the same number of pixels.
  std::vector<LayerPicture> pictures;
  const Index tile = std::min<Index>({512, shape[1], shape[2]});
  for (Index layer = 0; layer < layers; ++layer)
    for (const Index top : tile_starts(shape[1], tile))
      for (const Index left : tile_starts(shape[2], tile)) pictures.push_back({0, {layer, top, left, tile, tile}, {}});
  auto builds = std::make_shared<std::vector<Build>>();
  builds->push_back(open_peregrine(file, {.channels = {channel}}));
  const LayerSource source(builds, std::move(pictures));
  const BlockOrder blocks(source);
  Random random(1);
  std::vector<Index> order(static_cast<std::size_t>(megabytes * 1e6 / static_cast<double>(tile * tile)));
  blocks.arrange(order, BalancedSampler(source.size(), {}), random);
  const double pieces = seconds([&] {
    for (const Index sample : order) source.load(blocks.image(sample));
  });
  std::cout << "pieces of " << tile << 'x' << tile << " pixels in the order of a training: " << megabytes / pieces
            << " MB/s, " << pieces / sequential << " times as long as layer by layer\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc == 4) return run(argv[1], argv[2], std::stoll(argv[3]));
  std::cerr << "usage: layer_reading FILE.h5 CHANNEL LAYERS\n";
  return 2;
} catch (const Error& error) {
  std::cerr << "layer_reading: " << error.what() << '\n';
  return 1;
}
