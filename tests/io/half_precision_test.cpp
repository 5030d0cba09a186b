#include "amdefect/io/half_precision.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "amdefect/io/safetensors.hpp"
#include "error_of.hpp"

using namespace amdefect;

TEST_CASE("half precision: every number is its own nearest one, and what lies between two goes to the nearer") {
  for (std::uint32_t bits = 0; bits < 0x7C00; ++bits)
    for (const std::uint32_t sign : {0u, 0x8000u}) {
      const auto here = static_cast<std::uint16_t>(bits | sign), next = static_cast<std::uint16_t>(here + 1);
      const auto value = static_cast<float>(Float16{here});
      REQUIRE(Float16::nearest(value).bits == here);
      if (next == (0x7C00 | sign)) continue;
      const float middle = (value + static_cast<float>(Float16{next})) / 2;
      REQUIRE(Float16::nearest(middle).bits == (here % 2 == 0 ? here : next));
      REQUIRE(Float16::nearest(std::nextafter(middle, 0.0F)).bits == here);
      REQUIRE(Float16::nearest(std::nextafter(middle, sign == 0 ? 1e9F : -1e9F)).bits == next);
    }
  CHECK(Float16::nearest(65519.996F).bits == 0x7BFF);
  CHECK(Float16::nearest(-65520.0F).bits == 0xFC00);
  CHECK(Float16::nearest(std::numeric_limits<float>::infinity()).bits == 0x7C00);
  CHECK(std::isnan(static_cast<float>(Float16::nearest(std::numeric_limits<float>::quiet_NaN()))));
}

TEST_CASE("half precision: kernels are halved, vectors and integers stay") {
  Tensor<float> kernel({1, 2}), norm({2});
  Tensor<std::int64_t> counts({1, 1});
  kernel[0] = 1.0F / 3;
  kernel[1] = -2;
  norm[0] = 1e-9F;
  const TensorEntry entries[] = {safetensors_entry("kernel", kernel.view()), safetensors_entry("norm", norm.view()),
                                 safetensors_entry("counts", counts.view())};
  const HalfPrecision half(entries);
  REQUIRE(half.entries().size() == 3);
  CHECK(half.entries()[0].dtype == "F16");
  CHECK(half.entries()[0].bytes.size() == 4);
  Tensor<float> read({1, 2});
  detail::convert_elements("F16", half.entries()[0].bytes, read.view());
  CHECK(read[0] == 0.333251953125F);
  CHECK(read[1] == -2);
  CHECK(half.entries()[1].dtype == "F32");
  CHECK(half.entries()[2].dtype == "I64");
  kernel[1] = -70000;
  CHECK(error_of([&] { HalfPrecision(std::span(entries)); }) ==
        "half precision: tensor 'kernel' holds -70000, expected numbers below 65520");
}
