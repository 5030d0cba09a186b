#!/usr/bin/env bash
# Builds the fuzz targets of tests/fuzz and runs each for some time, from the inputs of the repository and those that
# earlier runs found (build/fuzz/found). Prints a line for each; fails on a finding, whose input it names.
# Usage: scripts/fuzz.sh [seconds for each target, default: 60] [targets..., default: all]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
shift || true
targets=("$@")
if ((${#targets[@]} == 0)); then
  for folder in tests/fuzz/corpus/*/; do targets+=("$(basename "$folder")"); done
fi

cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --target "${targets[@]/#/fuzz_}"

failed=()
for target in "${targets[@]}"; do
  found=build/fuzz/found/$target
  log=build/fuzz/$target.log
  mkdir -p "$found"
  # A single input may take 25 s, so that a busy machine is no finding, and 1 GiB, most of it the sanitizers' own.
  if "build/fuzz/bin/fuzz_$target" -max_total_time="$seconds" -timeout=25 -rss_limit_mb=1024 -malloc_limit_mb=512 \
    -artifact_prefix="build/fuzz/$target-" -print_final_stats=1 "$found" "tests/fuzz/corpus/$target" >"$log" 2>&1; then
    result=ok
  else
    result=FINDING
    failed+=("$target")
  fi
  figure() { sed -n "s/^stat::$1: *//p" "$log"; }
  coverage=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
  printf '%-17s %s executions, %s edges, %s MiB, %s\n' "$target" "$(figure number_of_executed_units)" \
    "${coverage:-?}" "$(figure peak_rss_mb)" "$result"
  if [[ $result != ok ]]; then
    grep -E "ERROR|SUMMARY|runtime error|Test unit written" "$log" || tail -n 5 "$log"
  fi
done
if ((${#failed[@]} > 0)); then
  echo "Findings in: ${failed[*]}; the full text is in build/fuzz/TARGET.log" >&2
  exit 1
fi
