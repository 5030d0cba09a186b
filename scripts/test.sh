#!/usr/bin/env bash
# Installs what is missing, builds everything and runs all tests; ctest's summary comes last.
# Usage: scripts/test.sh [preset of CMakePresets.json, default: release]
set -euo pipefail
if [[ ${1:-} == -* ]]; then sed -n 's/^# //p' "$0"; exit; fi
cd "$(dirname "$0")/.."
preset=${1:-release}

scripts/install_packages.sh
cmake --preset "$preset"
cmake --build --preset "$preset"
ctest --preset "$preset"
