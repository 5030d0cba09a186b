#!/usr/bin/env bash
# Builds the unit tests with coverage, runs them and prints the line coverage of include/; fails below the given share.
# Usage: scripts/coverage.sh [least percentage, default: 90]
set -euo pipefail
cd "$(dirname "$0")/.."
least=${1:-90}
command -v gcovr >/dev/null || { echo "gcovr is missing: sudo apt-get install gcovr" >&2; exit 1; }
gcov=$(command -v llvm-cov-14 || command -v llvm-cov)  # that of the compiler, Clang
cmake --preset ci-clang
cmake --build --preset ci-clang --target unit_tests
ctest --preset ci-clang -L unit
gcovr --root . --filter include/amdefect/ --object-directory build/ci-clang --gcov-executable "$gcov gcov" \
  --sort-percentage --fail-under-line "$least" --txt build/ci-clang/lines.txt --print-summary
echo "by file: build/ci-clang/lines.txt"
