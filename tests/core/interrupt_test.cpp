#include "amdefect/core/interrupt.hpp"

#include <doctest/doctest.h>

using namespace amdefect;

TEST_CASE("a signal calls the target while the guard lives, and then all is as before") {
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGHUP, SIG_DFL);
  InterruptFlag flag;
  {
    const InterruptGuard guard(flag);
    CHECK_FALSE(flag);
    std::raise(SIGTERM);  // would end the program without the guard
    CHECK(flag);
    CHECK((std::signal(SIGTERM, SIG_DFL) == SIG_DFL));  // a second one ends it
  }
  CHECK((std::signal(SIGHUP, SIG_DFL) == SIG_DFL));
}

TEST_CASE("a signal that the program ignores stays ignored, as nohup wants it") {
  std::signal(SIGHUP, SIG_IGN);
  InterruptFlag flag;
  {
    const InterruptGuard guard(flag);
    std::raise(SIGHUP);
    CHECK_FALSE(flag);
  }
  CHECK((std::signal(SIGHUP, SIG_DFL) == SIG_IGN));
}

TEST_CASE("a signal waits while files are written, and then happens") {
  std::signal(SIGTERM, SIG_DFL);
  InterruptFlag flag;
  const InterruptGuard guard(flag);
  {
    const InterruptDelay delay;
    std::raise(SIGTERM);
    CHECK_FALSE(flag);
  }
  CHECK(flag);
  InterruptFlag again;
  {
    const InterruptDelay delay;  // nothing comes, nothing happens
  }
  CHECK_FALSE(again);
}

TEST_CASE("a signal that the program ignores does not wait") {
  std::signal(SIGHUP, SIG_IGN);
  {
    const InterruptDelay delay;
    std::raise(SIGHUP);
  }
  CHECK((std::signal(SIGHUP, SIG_DFL) == SIG_IGN));
}
