#!/usr/bin/env bash
# Runs clang-tidy with the checks of .clang-tidy over all headers, in one translation unit that includes them all, and
# over the sources of the program and the examples. Any finding is an error.
# Usage: scripts/tidy.sh [preset that was configured, default: ci]
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/${1:-ci}
tidy=$(command -v clang-tidy-14 || true)
if [[ -z $tidy ]]; then
  echo "clang-tidy-14 is missing (other versions find other things): sudo apt-get install clang-tidy-14" >&2
  exit 1
fi
# Where the packages of the build are: what CMake gave to the compiler, as system headers so that only ours are checked.
includes=$(grep -oE -- '-isystem [^ ]+' "$build/build.ninja" | sort -u | tr '\n' ' ')
read -ra flags <<<"-std=c++20 -fopenmp=libomp -Iinclude -Iexamples/defect_detector $includes"
printf '%s\0' "$build/tests/headers/first.cpp" examples/*.cpp examples/defect_detector/*.cpp |
  xargs -0 -P 2 -n 1 "$tidy" --quiet --extra-arg=-Wno-unknown-warning-option -- "${flags[@]}" 2>/dev/null || true
