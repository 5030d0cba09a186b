#include "amdefect/core/parallel.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

using namespace amdefect;

// ctest runs this with OMP_NUM_THREADS=3 as well.
TEST_CASE("0 threads stand for OpenMP's default, which OMP_NUM_THREADS sets") {
#ifdef _OPENMP
  if (const char* set = std::getenv("OMP_NUM_THREADS")) CHECK(resolve_threads(0) == std::stoi(set));
  const int usual = omp_get_max_threads();
  omp_set_num_threads(5);
  CHECK(resolve_threads(0) == 5);
  omp_set_num_threads(usual);
  CHECK(resolve_threads(7) == 7);
#else
  CHECK(resolve_threads(7) == 1);
#endif
  CHECK(resolve_threads(0) >= 1);
  std::vector<int> calls(100);
  parallel_for(0, 100, [&](Index begin, Index end, int) {
    for (Index i = begin; i < end; ++i) calls[static_cast<std::size_t>(i)] += resolve_threads(4) > 0;
  });
  CHECK(calls == std::vector<int>(100, 1));
  parallel_for(0, 0, [&](Index, Index, int) { FAIL("nothing to do"); });
}
