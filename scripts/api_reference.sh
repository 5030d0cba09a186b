#!/usr/bin/env bash
# Writes the API reference of all headers to build/api/html with Doxygen; any warning is an error.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v doxygen >/dev/null || { echo "doxygen is missing: sudo apt-get install doxygen" >&2; exit 1; }
mkdir -p build
doxygen docs/Doxyfile
echo "API reference: build/api/html/index.html"
