// What the CMake target amdefect::compiled holds in machine code: headers name here the templates that take long to
// compile, each for float and double. Three meanings, of which one applies to what follows:
// - header-only, the default: none, everyone compiles what he uses;
// - AMDEFECT_COMPILED_LIBRARY, which the target defines for its users: these templates are in the library;
// - AMDEFECT_COMPILE_HERE, in the library's own sources: compile them. A source may define it between two includes.
// (No #pragma once: the meaning is taken anew each time. A template cannot decide whether it is `extern`.)
#undef AMDEFECT_COMPILED
#ifdef AMDEFECT_COMPILE_HERE
#define AMDEFECT_COMPILED(...) template __VA_ARGS__;
#elif defined(AMDEFECT_COMPILED_LIBRARY)
#define AMDEFECT_COMPILED(...) extern template __VA_ARGS__;
#else
#define AMDEFECT_COMPILED(...)
#endif

// NOLINTBEGIN(bugprone-macro-parentheses): names of templates cannot stand in parentheses
#undef AMDEFECT_COMPILED_CLASS
#define AMDEFECT_COMPILED_CLASS(name) AMDEFECT_COMPILED(class name<float>) AMDEFECT_COMPILED(class name<double>)
#undef AMDEFECT_COMPILED_FUNCTION
#define AMDEFECT_COMPILED_FUNCTION(name)               \
  AMDEFECT_COMPILED(decltype(name<float>) name<float>) \
  AMDEFECT_COMPILED(decltype(name<double>) name<double>)
// NOLINTEND(bugprone-macro-parentheses)
