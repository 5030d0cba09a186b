#include "amdefect/io/terminal.hpp"

#include <doctest/doctest.h>

#include <sstream>

using namespace amdefect;

TEST_CASE("a count is one line at the end, or a line that is rewritten") {
  for (const bool live : {false, true}) {
    std::ostringstream out;
    const auto show = show_count(out, "detecting: ", live);
    for (Index done = 1; done <= 3; ++done) show(done, 3);
    CHECK(out.str() == (live ? "\rdetecting: 1/3\rdetecting: 2/3\rdetecting: 3/3\n" : "detecting: 3/3\n"));
  }
}

TEST_CASE("a stream that is none of the standard ones is no terminal") {
  std::ostringstream out;
  CHECK_FALSE(is_terminal(out));
  show_count(out, "read: ")(1, 2);
  CHECK(out.str().empty());
}
