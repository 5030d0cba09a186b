#pragma once

#include <string_view>

// CMake reads the version of the project from these lines.
#define AMDEFECT_VERSION_MAJOR 0
#define AMDEFECT_VERSION_MINOR 2
#define AMDEFECT_VERSION_PATCH 0

#define AMDEFECT_DETAIL_TEXT(number) #number
#define AMDEFECT_DETAIL_VERSION(major, minor, patch) \
  AMDEFECT_DETAIL_TEXT(major) "." AMDEFECT_DETAIL_TEXT(minor) "." AMDEFECT_DETAIL_TEXT(patch)

namespace amdefect {

/// The version of these headers, e.g. "0.2.0".
inline constexpr std::string_view version =
    AMDEFECT_DETAIL_VERSION(AMDEFECT_VERSION_MAJOR, AMDEFECT_VERSION_MINOR, AMDEFECT_VERSION_PATCH);

}  // namespace amdefect

#undef AMDEFECT_DETAIL_VERSION
#undef AMDEFECT_DETAIL_TEXT
