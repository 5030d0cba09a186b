#pragma once

/// All losses: plain functions `loss(pred, target, dpred, reduction, options)` that return the value and overwrite
/// `dpred` with the gradient. With `reduction.scale` as their weights, several of them add up to one.
#include "amdefect/losses/bce.hpp"
#include "amdefect/losses/box_losses.hpp"
#include "amdefect/losses/cross_entropy.hpp"
#include "amdefect/losses/distribution_focal.hpp"
#include "amdefect/losses/focal.hpp"
#include "amdefect/losses/mse.hpp"
#include "amdefect/losses/smooth_l1.hpp"
