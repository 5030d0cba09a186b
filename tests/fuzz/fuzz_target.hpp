#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "amdefect/core/error.hpp"

/// A parser that is fed with anything. `run` may throw an amdefect::Error; whatever else happens is a finding. With
/// libFuzzer each target is a program of its own (libfuzzer_main.cpp); the test `fuzz_corpus` runs them all over the
/// inputs of the repository (corpus_test.cpp).
struct FuzzTarget {
  std::string name;  ///< of its folder in corpus/
  void (*run)(std::span<const std::uint8_t> input);
};

/// All targets that are linked into the program.
inline std::vector<FuzzTarget>& fuzz_targets() {
  static std::vector<FuzzTarget> targets;
  return targets;
}

/// Adds a target, at namespace scope.
struct RegisterFuzzTarget {
  RegisterFuzzTarget(const char* name, void (*run)(std::span<const std::uint8_t>)) {
    fuzz_targets().push_back({name, run});
  }
};

/// Runs a target; an Error is what it should throw for an input that is not in order.
inline void run_fuzz_target(const FuzzTarget& target, std::span<const std::uint8_t> input) {
  try {
    target.run(input);
  } catch (const amdefect::Error&) {
  }
}

/// Not an Error: what a target throws where a parser broke its word.
struct BrokenPromise {};
inline void promise(bool kept) {
  if (!kept) throw BrokenPromise{};
}

inline std::string_view text_of(std::span<const std::uint8_t> input) {
  return {reinterpret_cast<const char*>(input.data()), input.size()};
}
