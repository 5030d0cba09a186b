#include "amdefect/kernels/pooling.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "amdefect/core/random.hpp"

using namespace amdefect;

namespace {

/// The definition of pooling, window by window and channel by channel.
template <class T>
struct Definition {
  const PoolGeometry& g;

  Index pixel(Index image, Index h, Index w, Index c) const {
    return ((image * g.in_h + h) * g.in_w + w) * g.channels + c;
  }

  /// Calls body(output element, elements of its window in row-major order).
  template <class Body>
  void for_each_window(const Body& body) const {
    for (Index image = 0; image < g.batch; ++image)
      for (Index i = 0; i < g.out_h; ++i)
        for (Index j = 0; j < g.out_w; ++j)
          for (Index c = 0; c < g.channels; ++c) {
            std::vector<std::size_t> window;
            for (Index h = i * g.stride_h - g.pad_top; h < i * g.stride_h - g.pad_top + g.pool_h; ++h)
              for (Index w = j * g.stride_w - g.pad_left; w < j * g.stride_w - g.pad_left + g.pool_w; ++w)
                if (h >= 0 && h < g.in_h && w >= 0 && w < g.in_w)
                  window.push_back(static_cast<std::size_t>(pixel(image, h, w, c)));
            body(static_cast<std::size_t>(((image * g.out_h + i) * g.out_w + j) * g.channels + c), window);
          }
  }
};

PoolGeometry geometry(Index batch, Index size, Index channels, Index pool, Index stride, Index pad) {
  const Index out = (size + 2 * pad - pool) / stride + 1;
  return {batch, size, size + 1, channels, out, (size + 1 + 2 * pad - pool) / stride + 1,
          pool,  pool, stride,   stride,   pad, pad};
}

template <class T>
void compare_with_definition(const PoolGeometry& g, int threads) {
  Random random(static_cast<std::uint64_t>(g.channels));
  const auto elements = [](Index count) { return std::vector<T>(static_cast<std::size_t>(count)); };
  std::vector<T> x = elements(g.batch * g.in_h * g.in_w * g.channels);
  std::vector<T> dy = elements(g.batch * g.out_h * g.out_w * g.channels);
  for (T& value : x) value = static_cast<T>(random.integer(5));  // few values, so that windows have several largest
  for (T& value : dy) value = static_cast<T>(4 * (random.integer(9) - 4));
  std::vector<T> largest(dy.size()), mean(dy.size()), dx_max(x.size(), T(9)), dx_mean(x.size(), T(9));
  max_pool_forward(threads, g, x.data(), largest.data());
  average_pool_forward(threads, g, x.data(), mean.data());
  max_pool_backward(threads, g, x.data(), largest.data(), dy.data(), dx_max.data());
  average_pool_backward(threads, g, dy.data(), dx_mean.data());

  std::vector<T> expected_largest(dy.size()), expected_mean(dy.size()), expected_max(x.size()), expected_dx(x.size());
  Definition<T>{g}.for_each_window([&](std::size_t out, const std::vector<std::size_t>& window) {
    const auto area = static_cast<T>(window.size());
    std::size_t best = window.front();
    T sum = 0;
    for (const std::size_t in : window) {
      if (x[in] > x[best]) best = in;
      sum += x[in];
      expected_dx[in] += dy[out] / area;
    }
    expected_largest[out] = x[best];
    expected_mean[out] = sum / area;
    expected_max[best] += dy[out];
  });
  CHECK(largest == expected_largest);
  CHECK(mean == expected_mean);
  CHECK(dx_max == expected_max);
  CHECK(dx_mean == expected_dx);
}

}  // namespace

TEST_CASE_TEMPLATE("pooling and its gradients equal the definition for any window and number of channels", T, float,
                   double) {
  for (const Index channels : {1, 3, 8, 16, 17, 33, 64, 100, 130})
    for (const Index batch : {1, 2, 3})
      for (const int threads : {1, 2, 3}) {
        CAPTURE(channels);
        CAPTURE(batch);
        compare_with_definition<T>(geometry(batch, 12, channels, 2, 2, 0), threads);
        compare_with_definition<T>(geometry(batch, 11, channels, 2, 2, 0), threads);
        compare_with_definition<T>(geometry(batch, 11, channels, 3, 2, 1), threads);
        compare_with_definition<T>(geometry(batch, 9, channels, 5, 1, 2), threads);
        compare_with_definition<T>(geometry(batch, 9, channels, 2, 3, 0), threads);  // some pixels lie in no window
        for (const PoolGeometry& tiled : {PoolGeometry{batch, 8, 6, channels, 4, 3, 2, 2, 2, 2, 0, 0},
                                          PoolGeometry{batch, 7, 5, channels, 4, 3, 2, 2, 2, 2, 0, 0},
                                          PoolGeometry{batch, 7, 5, channels, 4, 3, 2, 2, 2, 2, 1, 1}})
          compare_with_definition<T>(tiled, threads);  // every pixel lies in one window
      }
}
