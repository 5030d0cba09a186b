#include "amdefect/core/interrupt.hpp"

#include <doctest/doctest.h>

using namespace amdefect;

TEST_CASE("a signal calls the target while the guard lives, and then the default is back") {
  InterruptFlag flag;
  {
    const InterruptGuard guard(flag);
    CHECK_FALSE(flag);
    std::raise(SIGTERM);  // would end the program without the guard
    CHECK(flag);
    CHECK((std::signal(SIGTERM, SIG_DFL) == SIG_DFL));  // a second one ends it
  }
  CHECK((std::signal(SIGINT, SIG_DFL) == SIG_DFL));
}
