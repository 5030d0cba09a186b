#include "amdefect/kernels/conv2d.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "integers.hpp"
#include "scratch_block.hpp"

using namespace amdefect;

namespace {

/// Random sizes that cover groups, dilation, any stride, borders and kernels larger than the image.
ConvGeometry random_geometry(Random& random) {
  ConvGeometry g;
  const Index kinds = random.integer(4);
  const bool depthwise = kinds == 0;
  g.groups = depthwise ? 1 + random.integer(70) : kinds == 1 ? 1 + random.integer(4) : 1;
  g.in_c = g.groups * (depthwise ? 1 : 1 + random.integer(40));
  g.out_c = depthwise && random.chance(0.7) ? g.in_c : g.groups * (1 + random.integer(70));
  if (depthwise && g.out_c > 200) g.out_c = g.in_c * 2;
  g.batch = 1 + random.integer(3);
  g.in_h = 1 + random.integer(20);
  g.in_w = 1 + random.integer(20);
  g.kernel_h = 1 + random.integer(5);
  g.kernel_w = random.chance(0.6) ? g.kernel_h : 1 + random.integer(5);
  g.stride_h = 1 + random.integer(3);
  g.stride_w = random.chance(0.6) ? g.stride_h : 1 + random.integer(4);
  g.dilation_h = random.chance(0.7) ? 1 : 1 + random.integer(3);
  g.dilation_w = random.chance(0.7) ? 1 : 1 + random.integer(3);
  const bool same = random.chance(0.5);
  const Index pads[] = {random.integer(4), random.integer(4), random.integer(4), random.integer(4)};
  const PaddingMode mode = same ? PaddingMode::same : PaddingMode::explicit_pads;
  const WindowAxis h = window_axis(g.in_h, g.kernel_h, g.stride_h, g.dilation_h, mode, pads[0], pads[1]);
  const WindowAxis w = window_axis(g.in_w, g.kernel_w, g.stride_w, g.dilation_w, mode, pads[2], pads[3]);
  g.out_h = h.out;
  g.out_w = w.out;
  g.pad_top = h.before;
  g.pad_left = w.before;
  return g;
}

template <class T>
void check_exact(const Execution& execution, const ConvGeometry& g, Random& random) {
  CAPTURE(g.batch);
  CAPTURE(g.in_h);
  CAPTURE(g.in_w);
  CAPTURE(g.in_c);
  CAPTURE(g.out_h);
  CAPTURE(g.out_w);
  CAPTURE(g.out_c);
  CAPTURE(g.kernel_h);
  CAPTURE(g.kernel_w);
  CAPTURE(g.stride_h);
  CAPTURE(g.stride_w);
  CAPTURE(g.dilation_h);
  CAPTURE(g.dilation_w);
  CAPTURE(g.pad_top);
  CAPTURE(g.pad_left);
  CAPTURE(g.groups);
  CAPTURE(static_cast<int>(execution.convolution));
  const auto x = integers<T>(g.input_size(), random), kernel = integers<T>(g.kernel_size(), random),
             dy = integers<T>(g.output_size(), random), bias = integers<T>(g.out_c, random),
             scale = integers<T>(g.out_c, random), shift = integers<T>(g.out_c, random);
  ConvEpilogue<T> epilogue;
  if (random.chance(0.5)) epilogue.bias = bias.data();
  if (random.chance(0.5)) epilogue.activation = random.chance(0.5) ? Activation::relu : Activation::relu6;
  if (random.chance(0.5))
    epilogue.scale = scale.data(), epilogue.shift = shift.data();
  else if (random.chance(0.3))
    epilogue.activation = Activation::hard_swish;  // behind the registers
  epilogue.add_to_output = !AMDEFECT_BASELINE::detail::is_depthwise(g) && random.chance(0.5);

  const auto before = integers<T>(g.output_size(), random);
  Tensor<T> expected = before.clone(), y = before.clone();
  reference::conv2d_forward(g, x.data(), kernel.data(), epilogue, expected.data());
  auto scratch = scratch_block<T>(conv2d_forward_scratch<T>(execution, g));
  conv2d_forward(execution, g, x.data(), kernel.data(), epilogue, y.data(), scratch.data());
  CHECK(equal(y, expected));

  const PreparedKernel prepared = conv2d_prepared<T>(execution, g);
  Tensor<T> form = scratch_block<T>(prepared.size);
  conv2d_prepare(execution, g, kernel.data(), form.data());
  for (int time = 0; time < 2; ++time) {
    y = before.clone();
    scratch = scratch_block<T>(prepared.scratch);
    conv2d_forward_prepared(execution, g, x.data(), form.data(), epilogue, y.data(), scratch.data());
    CHECK(equal(y, expected));
  }

  Tensor<T> expected_dx({g.input_size()}), dx = scratch_block<T>(g.input_size());
  reference::conv2d_backward_input(g, dy.data(), kernel.data(), expected_dx.data());
  scratch = scratch_block<T>(conv2d_backward_input_scratch<T>(execution, g));
  conv2d_backward_input(execution, g, dy.data(), kernel.data(), dx.data(), scratch.data());
  CHECK(equal(dx, expected_dx));

  Tensor<T> expected_dkernel = integers<T>(g.kernel_size(), random), dkernel = expected_dkernel.clone();
  reference::conv2d_backward_kernel(g, x.data(), dy.data(), expected_dkernel.data());
  scratch = scratch_block<T>(conv2d_backward_kernel_scratch<T>(execution, g));
  conv2d_backward_kernel(execution, g, x.data(), dy.data(), dkernel.data(), scratch.data());
  CHECK(equal(dkernel, expected_dkernel));
}

}  // namespace

TEST_CASE_TEMPLATE("convolution: im2col and implicit_gemm equal the reference exactly on integers", T, float, double) {
  Random random(1);
  for (int trial = 0; trial < 150; ++trial) {
    const ConvGeometry g = random_geometry(random);
    for (const ConvAlgorithm algorithm : {ConvAlgorithm::im2col, ConvAlgorithm::implicit_gemm})
      check_exact<T>({.threads = 1 + trial % 3, .convolution = algorithm}, g, random);
  }
}

TEST_CASE_TEMPLATE("convolution: depthwise kernels of all widths, strides and borders equal the reference", T, float,
                   double) {
  Random random(3);
  for (int trial = 0; trial < 200; ++trial) {
    ConvGeometry g;
    g.batch = 1 + random.integer(2);
    g.in_c = g.out_c = g.groups = 2 + random.integer(70);
    g.kernel_h = 1 + random.integer(7), g.kernel_w = 1 + random.integer(7);
    g.stride_h = 1 + random.integer(2), g.stride_w = 1 + random.integer(2);
    g.pad_top = random.integer(g.kernel_h), g.pad_left = random.integer(g.kernel_w);
    g.in_h = 1 + random.integer(12), g.in_w = 1 + random.integer(30);
    g.out_h = (g.in_h + g.pad_top) / g.stride_h, g.out_w = (g.in_w + g.pad_left) / g.stride_w;
    if (g.out_h == 0 || g.out_w == 0) continue;
    check_exact<T>({.threads = 1 + trial % 3}, g, random);
  }
}

TEST_CASE("convolution: depthwise kernels equal the reference where rows and channels are computed in several parts") {
  Random random(4);
  for (const Index kernel : {3, 5})
    for (const Index stride : {1, 2})
      for (const Index channels : {72, 130}) {
        ConvGeometry g;
        g.in_c = g.out_c = g.groups = channels;
        g.kernel_h = g.kernel_w = kernel;
        g.stride_h = g.stride_w = stride;
        g.pad_top = g.pad_left = (kernel - stride + 1) / 2;
        g.out_h = 3 + random.integer(9), g.out_w = 57 + random.integer(30);
        g.in_h = g.out_h * stride, g.in_w = g.out_w * stride;
        check_exact<float>({.threads = 2}, g, random);
        std::swap(g.in_h, g.in_w), std::swap(g.out_h, g.out_w);
        check_exact<float>({.threads = 1}, g, random);
        g.batch = 3;
        g.in_h = g.in_w = 15, g.out_h = g.out_w = (15 - 1) / stride + 1;
        check_exact<float>({.threads = 3}, g, random);
        if (kernel != 3) continue;
        g.batch = 6, g.in_h = 15, g.in_w = 171, g.out_h = 14 / stride + 1, g.out_w = 170 / stride + 1;
        CHECK(AMDEFECT_BASELINE::detail::DepthwiseGradientPlan<float>(g).groups == 1);
        check_exact<float>({.threads = 3}, g, random);
      }
}

TEST_CASE("convolution: depthwise kernels equal the reference where results are larger than the cache") {
  Random random(5);
  for (const Index stride : {1, 2}) {  // of both the input gradient has 9 MB, of the first the result, too
    const ConvGeometry g{.in_h = 150,
                         .in_w = 160,
                         .in_c = 96,
                         .out_h = 150 / stride,
                         .out_w = 160 / stride,
                         .out_c = 96,
                         .kernel_h = 3,
                         .kernel_w = 3,
                         .stride_h = stride,
                         .stride_w = stride,
                         .pad_top = 1,
                         .pad_left = 1,
                         .groups = 96};
    check_exact<float>({.threads = 2}, g, random);
  }
}

TEST_CASE("convolution: long sums and wide matrices equal the reference exactly on integers") {
  Random random(2);
  for (const ConvGeometry& g : {
           ConvGeometry{.in_h = 4, .in_w = 4, .in_c = 600, .out_h = 4, .out_w = 4, .out_c = 70},
           ConvGeometry{.in_h = 6, .in_w = 5, .in_c = 520, .out_h = 6, .out_w = 5, .out_c = 530},
           ConvGeometry{.in_h = 14, .in_w = 15, .in_c = 300, .out_h = 14, .out_w = 15, .out_c = 401},
           // rows that share the sets of the L1 cache, which are copied; the last ones in many bands
           ConvGeometry{.in_h = 5, .in_w = 7, .in_c = 1024, .out_h = 5, .out_w = 7, .out_c = 70},
           ConvGeometry{.in_h = 5, .in_w = 7, .in_c = 33, .out_h = 5, .out_w = 7, .out_c = 2048},
           ConvGeometry{
               .in_h = 9, .in_w = 9, .in_c = 512, .out_h = 5, .out_w = 5, .out_c = 33, .stride_h = 2, .stride_w = 2},
           ConvGeometry{.in_h = 31, .in_w = 23, .in_c = 1024, .out_h = 31, .out_w = 23, .out_c = 90},
           ConvGeometry{.batch = 6,
           .in_h = 5,
           .in_w = 6,
           .in_c = 512,
           .out_h = 3,
           .out_w = 3,
           .out_c = 33,
           .stride_h = 2,
           .stride_w = 2},
           ConvGeometry{.in_h = 5,
           .in_w = 5,
           .in_c = 300,
           .out_h = 5,
           .out_w = 5,
           .out_c = 33,
           .kernel_h = 3,
           .kernel_w = 3,
           .pad_top = 1,
           .pad_left = 1},
           ConvGeometry{.in_h = 9,
           .in_w = 9,
           .in_c = 300,
           .out_h = 5,
           .out_w = 5,
           .out_c = 33,
           .kernel_h = 3,
           .kernel_w = 3,
           .dilation_h = 2,
           .dilation_w = 2},
           ConvGeometry{.in_h = 40,
           .in_w = 37,
           .in_c = 3,
           .out_h = 20,
           .out_w = 19,
           .out_c = 64,
           .kernel_h = 7,
           .kernel_w = 7,
           .stride_h = 2,
           .stride_w = 2,
           .pad_top = 3,
           .pad_left = 3},
       })
    for (const ConvAlgorithm algorithm : {ConvAlgorithm::im2col, ConvAlgorithm::implicit_gemm})
      for (const int threads : {1, 2, 3}) check_exact<float>({.threads = threads, .convolution = algorithm}, g, random);
}

TEST_CASE_TEMPLATE("convolution: few channels, which leave vectors of the last panel empty, equal the reference", T,
                   float, double) {
  Random random(5);
  for (const Index channels : {1, 4, 8, 12, 16, 17, 24, 40, 48})
    for (const Index other : {3, 16, 33})
      for (const Index stride : {1, 2}) {
        ConvGeometry g{.batch = 2, .in_h = 9, .in_w = 10, .in_c = other, .out_c = channels};
        g.kernel_h = g.kernel_w = 3;
        g.stride_h = g.stride_w = stride;
        g.pad_top = g.pad_left = 2 - stride;
        g.out_h = (g.in_h - 1) / stride + 1, g.out_w = (g.in_w - 1) / stride + 1;
        check_exact<T>({.threads = 1, .convolution = ConvAlgorithm::implicit_gemm}, g, random);
        std::swap(g.in_c, g.out_c);  // few channels of the input gradient
        check_exact<T>({.threads = 2, .convolution = ConvAlgorithm::im2col}, g, random);
      }
}

TEST_CASE_TEMPLATE("convolution: 1x1 kernels with few outputs equal the reference", T, float, double) {
  Random random(6);
  for (const Index outputs : {1, 2, 3, 4, 5, 6, 7, 8, 9})
    for (const Index channels : {1, 3, 8, 15, 16, 17, 32, 39, 96})
      for (const Index columns : {1, 3, 16, 29, 130}) {  // fewer pixels than a tile to several blocks
        ConvGeometry g{.batch = 1 + random.integer(2), .in_h = 1 + random.integer(3), .in_w = columns};
        g.in_c = channels, g.out_c = outputs;
        g.out_h = g.in_h, g.out_w = g.in_w;
        for (const int threads : {1, 3}) check_exact<T>({.threads = threads}, g, random);
      }
}

TEST_CASE("convolution: 1x1 kernels with few outputs read each pixel for its own outputs alone") {
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (const Index channels : {16, 21, 47})
    for (const Index outputs : {1, 3, 4, 7})
      for (Index strange = 0; strange < 37; ++strange)
        for (const float value : {nan, infinity}) {
          const ConvGeometry g{.in_w = 37, .in_c = channels, .out_w = 37, .out_c = outputs};
          Tensor<float> x({g.input_size()}), kernel({g.kernel_size()}), y({g.output_size()});
          x.fill(1);
          kernel.fill(1);
          std::fill_n(x.data() + strange * channels, channels, value);
          Tensor<float> scratch = scratch_block<float>(conv2d_forward_scratch<float>({.threads = 1}, g));
          conv2d_forward<float>({.threads = 1}, g, x.data(), kernel.data(), {}, y.data(), scratch.data());
          bool as_expected = true;
          for (Index i = 0; i < y.size(); ++i) {
            const float expected = i / outputs == strange ? value : static_cast<float>(channels);
            as_expected = as_expected && (y[i] == expected || (std::isnan(y[i]) && std::isnan(expected)));
          }
          CHECK(as_expected);
        }
}

TEST_CASE_TEMPLATE("convolution: kernel gradients by packed factors equal the reference", T, float, double) {
  namespace kernels = AMDEFECT_BASELINE::detail;
  Random random(3);
  for (int trial = 0; trial < 60; ++trial) {
    ConvGeometry g{.batch = 1 + random.integer(3),
                   .in_h = 1 + random.integer(20),
                   .in_w = 1 + random.integer(20),
                   .in_c = 1 + random.integer(trial % 10 == 0 ? 600 : 70),
                   .out_c = 1 + random.integer(90),
                   .kernel_h = trial % 2 == 0 ? 1 : 1 + random.integer(4),
                   .kernel_w = trial % 2 == 0 ? 1 : 1 + random.integer(4),
                   .stride_h = 1 + random.integer(3),
                   .stride_w = 1 + random.integer(3),
                   .dilation_h = 1 + random.integer(2),
                   .dilation_w = 1 + random.integer(2)};
    g.pad_top = random.integer(g.kernel_h);
    g.pad_left = random.integer(g.kernel_w);
    g.out_h = (g.in_h - 1) / g.stride_h + 1;  // the last windows may leave the image
    g.out_w = (g.in_w - 1) / g.stride_w + 1;
    const Execution execution{.threads = 1 + trial % 3};
    const auto x = integers<T>(g.input_size(), random), dy = integers<T>(g.output_size(), random);
    Tensor<T> expected = integers<T>(g.kernel_size(), random), dkernel = expected.clone();
    reference::conv2d_backward_kernel(g, x.data(), dy.data(), expected.data());
    auto scratch = scratch_block<T>(kernels::packed_backward_kernel_scratch<T>(execution, g));
    kernels::packed_backward_kernel(execution, g, x.data(), dy.data(), dkernel.data(), scratch.data());
    CHECK(equal(dkernel, expected));
  }
  ConvGeometry large{.in_h = 6, .in_w = 5, .in_c = 520, .out_h = 6, .out_w = 5, .out_c = 530};
  CHECK(kernels::packed_gradient_pays(large));  // `automatic` takes it, see the sums above
  large.groups = 10;
  CHECK(!kernels::packed_gradient_pays(large));
}

TEST_CASE("convolution: the limit of scratch memory is kept") {
  Random random(3);
  const ConvGeometry g{.in_h = 8,
                       .in_w = 8,
                       .in_c = 32,
                       .out_h = 8,
                       .out_w = 8,
                       .out_c = 32,
                       .kernel_h = 3,
                       .kernel_w = 3,
                       .pad_top = 1,
                       .pad_left = 1};
  for (const ConvAlgorithm algorithm : {ConvAlgorithm::automatic, ConvAlgorithm::im2col, ConvAlgorithm::winograd}) {
    Execution execution{.threads = 2, .convolution = algorithm};
    CHECK(conv2d_forward_scratch<float>(execution, g) > 0);
    for (const std::size_t limit : {std::size_t{0}, std::size_t{60000}, std::size_t{100000}}) {
      execution.scratch_limit = limit;
      CHECK(static_cast<std::size_t>(conv2d_forward_scratch<float>(execution, g)) * sizeof(float) <= limit);
      CHECK(static_cast<std::size_t>(conv2d_backward_input_scratch<float>(execution, g)) * sizeof(float) <= limit);
      CHECK(static_cast<std::size_t>(conv2d_backward_kernel_scratch<float>(execution, g)) * sizeof(float) <= limit);
    }
    execution.scratch_limit = 0;
    check_exact<float>(execution, g, random);
  }
}

TEST_CASE("convolution: what was planned outside of a parallel loop fits inside") {
  Random random(4);
  const ConvGeometry g{.batch = 4,
                       .in_h = 16,
                       .in_w = 16,
                       .in_c = 16,
                       .out_h = 16,
                       .out_w = 16,
                       .out_c = 16,
                       .kernel_h = 3,
                       .kernel_w = 3,
                       .pad_top = 1,
                       .pad_left = 1};
  Execution execution{.threads = 4};
  const PreparedKernel largest = conv2d_prepared<float>(execution, g);
  REQUIRE(largest.algorithm == ConvAlgorithm::winograd);
  for (const bool limited : {false, true}) {
    const std::size_t bytes = static_cast<std::size_t>(largest.size + largest.scratch) * sizeof(float);
    execution.scratch_limit = limited ? bytes - 1 : bytes;  // of four threads; one needs less
    const PreparedKernel prepared = conv2d_prepared<float>(execution, g);
    CHECK((prepared.algorithm == ConvAlgorithm::winograd) == !limited);
    const Index memory[] = {conv2d_forward_scratch<float>(execution, g),
                            conv2d_backward_input_scratch<float>(execution, g),
                            conv2d_backward_kernel_scratch<float>(execution, g)};
    parallel_for(2, 2, [&](Index, Index, int) {
      const PreparedKernel inside = conv2d_prepared<float>(execution, g);
      CHECK(inside.algorithm == prepared.algorithm);
      CHECK(inside.size == prepared.size);
      CHECK(inside.scratch == prepared.scratch);
      CHECK(conv2d_forward_scratch<float>(execution, g) == memory[0]);
      CHECK(conv2d_backward_input_scratch<float>(execution, g) == memory[1]);
      CHECK(conv2d_backward_kernel_scratch<float>(execution, g) == memory[2]);
    });
    const auto x = integers<float>(g.input_size(), random), kernel = integers<float>(g.kernel_size(), random);
    Tensor<float> form = scratch_block<float>(prepared.size), expected({g.output_size()}), y({g.output_size()}),
                  inside({g.output_size()});
    reference::conv2d_forward(g, x.data(), kernel.data(), {}, expected.data());
    conv2d_prepare(execution, g, kernel.data(), form.data());
    const auto forward = [&](Tensor<float>& to) {
      Tensor<float> scratch = scratch_block<float>(prepared.scratch);
      conv2d_forward_prepared(execution, g, x.data(), form.data(), ConvEpilogue<float>{}, to.data(), scratch.data());
    };
    forward(y);
    parallel_for(2, 2, [&](Index begin, Index, int) {
      if (begin == 0) forward(inside);
    });
    CHECK(equal(inside, y));
    if (limited) CHECK(equal(y, expected));
  }
}
