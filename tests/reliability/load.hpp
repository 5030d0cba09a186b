#pragma once

#include <cstdlib>
#include <string_view>

/// How often a test repeats something: as often as promised where AMDEFECT_LOAD=full, less in an ordinary run.
inline int load(int ordinary, int full) {
  const char* wish = std::getenv("AMDEFECT_LOAD");
  return wish && std::string_view(wish) == "full" ? full : ordinary;
}
