#!/usr/bin/env bash
# Runs clang-tidy with the checks of .clang-tidy over all headers, in one translation unit that includes them all. Any
# finding is an error. Usage: scripts/tidy.sh [preset that was configured, default: ci]
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/${1:-ci}
tidy=$(command -v clang-tidy-14 || true)
if [[ -z $tidy ]]; then
  echo "clang-tidy-14 is missing (other versions find other things): sudo apt-get install clang-tidy-14" >&2
  exit 1
fi
# Where the packages of the build are: what CMake gave to the compiler, as system headers so that only ours are checked.
includes=$(grep -ohE -- '-isystem [^ ]+' "$build/build.ninja" | sort -u | tr '\n' ' ')
read -ra flags <<<"-std=c++20 -Iinclude $includes"
"$tidy" --quiet "$build/tests/headers/all.cpp" -- "${flags[@]}"
