#!/usr/bin/env bash
# A project that finds the installed library and its component mpi, built with strict warnings and run on two processes.
# Usage: consumer.sh BUILD_OF_AMDEFECT MPIEXEC
set -euo pipefail
source=$(realpath "$(dirname "$0")/consumer")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$1" --prefix "$work/installed" --component development >"$work/installed.txt"
cmake -S "$source" -B "$work/build" -D amdefect_ROOT="$work/installed" \
  -D CMAKE_CXX_FLAGS="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
cmake --build "$work/build"
timeout 60 "$2" -n 2 "$work/build/consumer"
