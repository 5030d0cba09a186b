#include "amdefect/peregrine/open_build.hpp"
#include "amdefect/peregrine/peregrine_writer.hpp"
#include "amdefect/peregrine/temporal_values.hpp"
#include "layers/layer_files.hpp"
#include "synth/synth_layers.hpp"

namespace amdefect {

Build open_layer_file(const std::filesystem::path& path, const PeregrineOptions& options) {
  return open_peregrine(path, options);
}

std::string describe_layer_file(const std::filesystem::path& path) {
  const Hdf5File file(path);
  const PeregrineLayout layout = discover_layout(file);
  return to_text(layout, read_layer_values(file, layout));
}

void write_synth_layers(const std::filesystem::path& path, const SynthLayersOptions& options) {
  require<FileError>(options.overwrite || !is_there(path), path.string(),
                     ": is there already; choose another name, or allow to overwrite");
  if (path.has_parent_path()) make_folder(path.parent_path());
  const synth::LayerScene scene(options.shape, options.seed);
  PeregrineWriter writer(path, {.build_name = concat("generated with seed ", options.seed),
                                .shape = options.shape,
                                .packing = options.packing == "lzf"    ? PeregrinePacking::lzf
                                           : options.packing == "gzip" ? PeregrinePacking::gzip
                                                                       : PeregrinePacking::contiguous});
  for (const Index camera : {0, 1})
    writer.add_camera(concat("visible/", camera), options.floats,
                      [&](Index layer, std::span<std::uint8_t> pixels) { scene.render_camera(camera, layer, pixels); });
  if (options.masks == "classes")
    writer.add_masks(synth::layer_classes, [&](Index label, Index layer, std::span<std::uint8_t> pixels) {
      scene.render_mask(label, layer, pixels);
    });
  else
    writer.add_labels(synth::layer_classes,
                      [&](Index layer, std::span<std::uint8_t> pixels) { scene.render_labels(layer, pixels); });
  writer.add_ids("part_ids", [&](Index layer, std::span<std::uint8_t> pixels) { scene.render_parts(layer, pixels); });
  writer.add_temporal("layer_times", std::vector<double>(static_cast<std::size_t>(options.shape[0]), 60));
  writer.commit();
}

}  // namespace amdefect
