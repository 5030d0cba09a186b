#include "amdefect/nn/layers.hpp"

#define AMDEFECT_COMPILE_HERE
#include "amdefect/nn/architecture.hpp"
#include "amdefect/nn/layer_registry.hpp"
#include "amdefect/nn/workspace.hpp"
