#include "amdefect/core/tensor.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <new>
#include <sstream>

using namespace amdefect;

TEST_CASE("a tensor is aligned, zero and row-major") {
  Tensor<float> tensor({2, 3, 4});
  CHECK(reinterpret_cast<std::uintptr_t>(tensor.data()) % tensor_alignment == 0);
  CHECK(tensor.array().abs().maxCoeff() == 0);
  tensor(1, 2, 3) = 7;
  CHECK(tensor[23] == 7);
  CHECK(tensor.matrix().rows() == 6);
  CHECK(tensor.matrix()(5, 3) == 7);
}

TEST_CASE("shapes of batches and of their samples") {
  const Shape shape{4, 3, 2};
  CHECK(shape.front() == 4);
  CHECK(shape.back() == 2);
  CHECK(shape.elements() == 24);
  CHECK(shape.with_batch(9) == Shape{9, 3, 2});
  CHECK(shape.sample() == Shape{3, 2});
  CHECK(shape.batched(5) == Shape{5, 4, 3, 2});
  CHECK(Shape{}.sample() == Shape{});
  CHECK(Shape{}.elements() == 1);
}

TEST_CASE("views share memory, clones do not") {
  Tensor<double> tensor({4, 2});
  TensorView<double> tail = tensor.slice(2, 4);
  tail(0, 0) = 3;
  CHECK(tensor(2, 0) == 3);
  CHECK(TensorView<double>{}.size() == 0);
  CHECK(tensor.reshape({2, 2, 2})(1, 0, 0) == 3);
  Tensor<double> other = tensor.clone();
  other[0] = 9;
  CHECK(tensor[0] == 0);
  const Tensor<double> moved = std::move(other);
  CHECK(moved[0] == 9);
}

TEST_CASE("memory is used again as long as it is large enough") {
  Tensor<float> memory;
  const TensorView<float> first = ensure_capacity(memory, {2, 3});
  CHECK(first.shape() == Shape{2, 3});
  CHECK(first.data() == memory.data());
  CHECK(memory.size() == 6);
  const TensorView<float> second = ensure_capacity(memory, {5});
  CHECK(second.shape() == Shape{5});
  CHECK(second.data() == first.data());
  const TensorView<float> larger = ensure_capacity(memory, {7});
  CHECK(larger.data() == memory.data());
  CHECK(memory.size() == 7);
}

TEST_CASE("shape errors name the operation and both shapes") {
  Tensor<float> tensor({2, 3});
  CHECK_THROWS_WITH_AS(tensor.reshape({4, 2}), "reshape: [2, 3] has 6 elements, [4, 2] has 8", ShapeError);
  CHECK_THROWS_AS(tensor.slice(1, 3), ShapeError);
  CHECK_THROWS_WITH_AS(copy(tensor, Tensor<float>({3, 2}).view()), "copy: expected shape [3, 2], got [2, 3]",
                       ShapeError);
  CHECK_THROWS_AS(Tensor<float>({1, -1}), ShapeError);
  CHECK_THROWS_AS(Shape({Index{1} << 40, Index{1} << 40}), ShapeError);
  CHECK_THROWS_AS(Tensor<double>({Index{1} << 61}), ShapeError);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which end a program that asks for so much memory
TEST_CASE("a tensor may have as many bytes as an index can tell, if the machine has them") {
  constexpr Index most = std::numeric_limits<Index>::max() / Index{sizeof(float)};
  CHECK_THROWS_AS(Tensor<float>({most}), std::bad_alloc);
  CHECK_THROWS_AS(Tensor<float>({most + 1}), ShapeError);
}
#endif

TEST_CASE("printing shortens long dimensions") {
  Tensor<float> tensor({2, 9});
  for (Index i = 0; i < tensor.size(); ++i) tensor[i] = static_cast<float>(i);
  std::ostringstream out;
  out << tensor;
  CHECK(out.str() == "Tensor[2, 9] [[0, 1, 2, ..., 6, 7, 8],\n [9, 10, 11, ..., 15, 16, 17]]");
  out.str("");
  out << Tensor<float>();
  CHECK(out.str() == "Tensor[] (empty)");
  out.str("");
  out << Tensor<int>({7});  // as long as if it were shortened
  CHECK(out.str() == "Tensor[7] [0, 0, 0, 0, 0, 0, 0]");
}
