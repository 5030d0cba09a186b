#include "amdefect/nn/architecture.hpp"
#include "amdefect/nn/workspace.hpp"

#define AMDEFECT_COMPILE_HERE
#include "amdefect/amdefect.hpp"
