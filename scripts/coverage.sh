#!/usr/bin/env bash
# Builds unit tests with coverage, runs them and prints the line coverage of include/; fails below the given share.
# Usage: scripts/coverage.sh [least percentage, default: 90] [folders, whose tests are run and lines are counted; default:
# all, whatever folder's test runs a line]
set -euo pipefail
cd "$(dirname "$0")/.."
least=${1:-90}
folders=("${@:2}")
command -v gcovr >/dev/null || { echo "gcovr is missing: sudo apt-get install gcovr" >&2; exit 1; }
gcov=$(command -v llvm-cov-14 || command -v llvm-cov)  # that of the compiler, Clang
cmake --preset ci-clang
if ((${#folders[@]} == 0)); then
  cmake --build --preset ci-clang --target unit_tests
  ctest --preset ci-clang -L unit
  counted="include/amdefect/"
else
  cmake --build --preset ci-clang --target "${folders[@]/%/_tests}"
  for folder in "${folders[@]}"; do "build/ci-clang/bin/${folder}_tests"; done
  counted="include/amdefect/($(IFS='|'; echo "${folders[*]}"))/"
fi
gcovr --root . --filter "$counted" --object-directory build/ci-clang --gcov-executable "$gcov gcov" \
  --sort-percentage --fail-under-line "$least" --txt build/ci-clang/lines.txt --print-summary
echo "by file: build/ci-clang/lines.txt"
