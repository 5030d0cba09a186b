#pragma once

#include <cmath>
#include <cstdlib>

// stb_easy_font, of the library's own: in a namespace, private to each translation unit. What the program around does
// with its own copy (in whatever order, with whatever spacing) changes nothing here, and the other way round: its
// include guard is put aside and comes back afterwards. The headers above are those that stb includes, which
// must not end up in the namespace.
#pragma push_macro("INCLUDE_STB_EASY_FONT_H")
#undef INCLUDE_STB_EASY_FONT_H

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wchar-subscripts"
#endif
namespace amdefect::detail::stb {
namespace {
#include <stb_easy_font.h>
}  // namespace
}  // namespace amdefect::detail::stb
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#pragma pop_macro("INCLUDE_STB_EASY_FONT_H")
