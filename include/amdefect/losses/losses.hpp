#pragma once

/// All losses. Each is a plain function `loss(pred, target, dpred, reduction, options)` that returns the value and
/// overwrites `dpred` with the gradient, and, called with its options alone, `loss(options)`, an OutputLoss for a
/// trainer. `weighted_sum` adds up those of several outputs.
#include "amdefect/losses/binary_cross_entropy.hpp"
#include "amdefect/losses/box_losses.hpp"
#include "amdefect/losses/cross_entropy.hpp"
#include "amdefect/losses/distribution_focal.hpp"
#include "amdefect/losses/focal.hpp"
#include "amdefect/losses/mean_squared_error.hpp"
#include "amdefect/losses/smooth_l1.hpp"
#include "amdefect/losses/weighted_sum.hpp"
