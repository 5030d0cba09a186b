#include "layers/layer_files.hpp"

#include <algorithm>

#include "amdefect/core/number_text.hpp"

namespace amdefect {

bool is_layer_file(const std::filesystem::path& path) {
  const std::string ending = ascii_lower(path.extension().string());
  return ending == ".h5" || ending == ".hdf5";
}

LayerFileOptions options_for(const SensorTraits& trained, LayerFileOptions options) {
  const ChosenChannels chosen = choose_channels(trained, options.channels);
  options.channels = chosen.names;
  options.left_out = chosen.left_out;
  options.may_lack = trained.channel_dropout > 0;
  options.numbers |= trained.own_numbers;
  for (const auto& [name, registration] : trained.registrations)
    if (std::find(options.channels.begin(), options.channels.end(), name) != options.channels.end())
      options.registrations.try_emplace(name, registration);  // a list says otherwise of a machine of its own
  return options;
}

}  // namespace amdefect
