#pragma once

// All layers of the library.
#include "amdefect/nn/layers/activations.hpp"
#include "amdefect/nn/layers/batch_norm.hpp"
#include "amdefect/nn/layers/conv2d.hpp"
#include "amdefect/nn/layers/dense.hpp"
#include "amdefect/nn/layers/dropout.hpp"
#include "amdefect/nn/layers/layer_norm.hpp"
#include "amdefect/nn/layers/merge.hpp"
#include "amdefect/nn/layers/multi_head_attention.hpp"
#include "amdefect/nn/layers/multiply.hpp"
#include "amdefect/nn/layers/pooling.hpp"
#include "amdefect/nn/layers/reshape.hpp"
#include "amdefect/nn/layers/slice.hpp"
#include "amdefect/nn/layers/softmax.hpp"
#include "amdefect/nn/layers/stochastic_depth.hpp"
#include "amdefect/nn/layers/tokens.hpp"
#include "amdefect/nn/layers/upsample.hpp"
