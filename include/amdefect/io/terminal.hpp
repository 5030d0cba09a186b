#pragma once

#include <unistd.h>

#include <functional>
#include <iostream>
#include <ostream>
#include <string>
#include <utility>

#include "amdefect/core/shape.hpp"

namespace amdefect {

/// Whether a stream writes to a terminal; only std::cout, std::cerr and std::clog can.
inline bool is_terminal(const std::ostream& out) {
  if (&out == &std::cout) return isatty(STDOUT_FILENO) == 1;
  return (&out == &std::cerr || &out == &std::clog) && isatty(STDERR_FILENO) == 1;
}

/// Shows how many items of some work are done, "detecting: 3/20" with "detecting: ": a line that is rewritten if
/// `live`, else one line at the end. The stream must outlive what is returned.
inline std::function<void(Index done, Index total)> show_count(std::ostream& out, std::string what, bool live) {
  return [&out, what = std::move(what), live](Index done, Index total) {
    if (live || done == total)
      out << (live ? "\r" : "") << what << done << '/' << total << (done == total ? "\n" : "") << std::flush;
  };
}
/// Live where the stream writes to a terminal.
inline std::function<void(Index done, Index total)> show_count(std::ostream& out, std::string what) {
  return show_count(out, std::move(what), is_terminal(out));
}

}  // namespace amdefect
