#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "amdefect/core/shape.hpp"

namespace amdefect {

void add_layers_command(CLI::App& program);

/// The options of how boxes are made of masks (MaskBoxOptions), in a group of the help.
void add_mask_box_options(CLI::App& command, Index& least_area, Index& join, const std::string& group = "Options");

}  // namespace amdefect
