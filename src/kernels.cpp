#define AMDEFECT_COMPILE_HERE
#include "amdefect/kernels/activation.hpp"
#include "amdefect/kernels/batch_norm.hpp"
#include "amdefect/kernels/conv2d.hpp"
#include "amdefect/kernels/gemm.hpp"
#include "amdefect/kernels/pixel_sums.hpp"
#include "amdefect/kernels/pooling.hpp"
#include "amdefect/kernels/relu.hpp"
