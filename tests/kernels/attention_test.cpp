#include "amdefect/kernels/reference/attention.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using namespace amdefect;

namespace {

template <class T>
std::vector<T> random_values(Index size, std::uint64_t seed) {
  Random random(seed);
  std::vector<T> values(static_cast<std::size_t>(size));
  for (T& value : values) value = static_cast<T>(random.normal(0, 1));
  return values;
}

template <class T>
std::vector<T> attend(const AttentionGeometry& g, const std::vector<T>& qkv, int threads) {
  const Execution execution{.threads = threads};
  std::vector<T> out(static_cast<std::size_t>(g.batch * g.tokens * g.width()));
  std::vector<T> scratch(static_cast<std::size_t>(attention_scratch<T>(execution, g, false)));
  attention_forward(execution, g, qkv.data(), out.data(), scratch.data());
  return out;
}

template <class T>
double largest_difference(const std::vector<T>& a, const std::vector<T>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, static_cast<double>(std::abs(a[i] - b[i])));
  return largest;
}

}  // namespace

TEST_CASE_TEMPLATE("attention in blocks gives what plain loops give", T, float, double) {
  const AttentionGeometry sizes[] = {{1, 1, 1, 1}, {2, 5, 3, 4}, {1, 64, 2, 8}, {2, 131, 2, 5}, {1, 200, 1, 64}};
  for (const AttentionGeometry& g : sizes) {
    CAPTURE(g.tokens);
    const std::vector<T> qkv = random_values<T>(g.batch * g.tokens * 3 * g.width(), 7);
    std::vector<T> expected(static_cast<std::size_t>(g.batch * g.tokens * g.width()));
    reference::attention_forward(g, qkv.data(), expected.data());
    const std::vector<T> one = attend(g, qkv, 1);
    CHECK(largest_difference(one, expected) < (sizeof(T) == sizeof(float) ? 5e-6 : 1e-14));
    CHECK(attend(g, qkv, 3) == one);
  }
}

TEST_CASE("the memory of attention grows with the number of tokens, not with its square") {
  const auto scratch = [](Index tokens) {
    return attention_scratch<float>({.threads = 1}, {.tokens = tokens, .head_size = 64}, true);
  };
  CHECK(scratch(20000) < 11 * scratch(2000));
}

TEST_CASE_TEMPLATE("softmax of rows", T, float, double) {
  for (const Index columns : {1, 3, 8, 16, 37}) {
    std::vector<T> x = random_values<T>(4 * columns, 3);
    for (T& value : x) value *= 100;  // exp of it would overflow
    std::vector<T> y = x;
    softmax_rows(4, columns, T(0.5), y.data());
    for (Index row = 0; row < 4; ++row) {
      const auto first = static_cast<std::size_t>(row * columns), size = static_cast<std::size_t>(columns);
      double most = -1e300, sum = 0;
      for (std::size_t i = first; i < first + size; ++i) most = std::max(most, static_cast<double>(x[i]));
      for (std::size_t i = first; i < first + size; ++i) sum += std::exp((static_cast<double>(x[i]) - most) / 2);
      for (std::size_t i = first; i < first + size; ++i)
        CHECK(static_cast<double>(y[i]) ==
              doctest::Approx(std::exp((static_cast<double>(x[i]) - most) / 2) / sum).epsilon(1e-5));
    }
  }
}
