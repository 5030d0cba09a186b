#!/usr/bin/env bash
# Installs the Debian or Ubuntu packages that amdefect is built from and that are missing on this machine.
# Usage: scripts/install_packages.sh [further packages...]
set -euo pipefail

packages=(g++ cmake ninja-build libeigen3-dev libstb-dev nlohmann-json3-dev libcli11-dev doctest-dev libbenchmark-dev "$@")

# What proves a package to be there where dpkg cannot tell: a program or a header.
declare -A proof=(
  [g++]=g++ [cmake]=cmake [ninja-build]=ninja [libeigen3-dev]=eigen3/Eigen/Core [libstb-dev]=stb/stb_image.h
  [nlohmann-json3-dev]=nlohmann/json.hpp [libcli11-dev]=CLI/CLI.hpp [doctest-dev]=doctest/doctest.h
  [libbenchmark-dev]=benchmark/benchmark.h
)

present() {
  if command -v dpkg-query >/dev/null; then
    [[ $(dpkg-query -W -f '${Status}' "$1" 2>/dev/null) == *" installed" ]] && return
  fi
  local mark=${proof[$1]:-}
  [[ -n $mark ]] && { command -v "$mark" || ls /usr/include/"$mark" /usr/local/include/"$mark"; } >/dev/null 2>&1
}

missing=()
for package in "${packages[@]}"; do
  present "$package" || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  echo "All packages are installed."
  exit
fi

advise() {
  echo "Missing: ${missing[*]}" >&2
  echo "$1 Install them and run this again:" >&2
  echo "    sudo apt-get install ${missing[*]}" >&2
  echo "(Elsewhere: a C++20 compiler, CMake >= 3.22, Ninja, Eigen >= 3.4, stb, nlohmann/json, CLI11, doctest," >&2
  echo "Google Benchmark. CMake downloads the libraries among them that it does not find.)" >&2
  exit 1
}

command -v apt-get >/dev/null || advise "There is no apt-get here."
as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || advise "Installing needs root, and there is no sudo here."
  as_root=(sudo)
fi
echo "Installing ${missing[*]}"
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "$@"; }
apt install -y --no-install-recommends "${missing[@]}" ||
  { apt update && apt install -y --no-install-recommends "${missing[@]}"; } ||
  advise "apt-get was refused."
