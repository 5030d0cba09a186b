#!/usr/bin/env bash
# Formats all C++ files of the repository; with --check, only names those that would change and fails.
# Usage: scripts/format.sh [--check]
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
  "") mode=(-i) ;;
  --check) mode=(--dry-run --Werror) ;;
  *) echo "usage: scripts/format.sh [--check]" >&2 && exit 2 ;;
esac
formatter=$(command -v clang-format-14 || true)
if [[ -z $formatter ]]; then
  echo "clang-format-14 is missing (other versions format differently): sudo apt-get install clang-format-14" >&2
  exit 1
fi
git ls-files -z --cached --others --exclude-standard '*.hpp' '*.inc' '*.cpp' | xargs -0 "$formatter" --style=file "${mode[@]}"
