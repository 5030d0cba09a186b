#pragma once

#include <CLI/CLI.hpp>

#include "amdefect/layers/mask_regions.hpp"

namespace amdefect {

void add_layers_command(CLI::App& program);

/// The options of how boxes are made of masks.
void add_mask_box_options(CLI::App& command, MaskBoxOptions& options);

}  // namespace amdefect
