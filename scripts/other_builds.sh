#!/usr/bin/env bash
# Builds and runs a small but telling part of the unit tests in ways that no preset covers.
# Usage: other_builds.sh NAME..., of: cxx23 libcxx debug fast-math optional arm64
# Installs what they need.
set -euo pipefail
cd "$(dirname "$0")/.."

# Builds the tests of folders, and what else is named, and runs all.
run_tests() {  # name, tests, options of CMake...
  local name=$1 test tests targets=()
  read -ra tests <<<"$2"
  shift 2
  for test in "${tests[@]}"; do
    if [[ $test == headers_linked ]]; then targets+=("$test"); else targets+=("${test}_tests"); fi
  done
  cmake -G Ninja -S . -B "build/other/$name" -D CMAKE_BUILD_TYPE=Release -D CMAKE_CXX_FLAGS_RELEASE=-O1 \
    -D CMAKE_UNITY_BUILD=ON -D CMAKE_UNITY_BUILD_BATCH_SIZE=0 -D AMDEFECT_WERROR=ON -D AMDEFECT_BUILD_EXAMPLES=OFF \
    -D AMDEFECT_BUILD_BENCHMARKS=OFF "$@"
  cmake --build "build/other/$name" --target "${targets[@]}"
  ctest --test-dir "build/other/$name" -j2 --output-on-failure -R "^($(IFS='|'; echo "${tests[*]}"))\$"
}

# The build of CI once more with the optional targets amdefect::mpi and amdefect::hdf5, and what needs them.
optional_targets() {
  cmake --preset ci -D AMDEFECT_MPI=ON -D AMDEFECT_HDF5=ON
  cmake --build --preset ci --target amdefect_cli distributed mpi_tests mpi_scaling peregrine_tests layer_reading \
    program_tests
  ctest --preset ci -L mpi
  ctest --preset ci -R '^peregrine$'
  build/ci/bin/program_tests --test-case='layers*'
  cmake --preset ci -D AMDEFECT_MPI=OFF -D AMDEFECT_HDF5=OFF
}

# -ffast-math removes the checks for NaN and infinity, -fassociative-math changes sums; the headers refuse both, the
# second one where the compiler tells of it, which Clang 14 does not.
fast_math() {
  refuses g++ -ffast-math
  refuses clang++ -ffast-math
  refuses g++ -fassociative-math -fno-signed-zeros -fno-trapping-math
}
refuses() {
  local compiler=$1 flag=$2 message
  if message=$(echo '#include "amdefect/core/error.hpp"' |
    "$compiler" -std=c++20 "${@:2}" -Iinclude -fsyntax-only -x c++ - 2>&1); then
    echo "$compiler $flag compiles" >&2
    return 1
  fi
  grep -q "amdefect: $flag" <<<"$message"
  echo "$compiler: $message"
}

build() {
  case $1 in
    libcxx) scripts/install_packages.sh clang libc++-dev libc++abi-dev ;;
    fast-math) scripts/install_packages.sh clang ;;
    optional) scripts/install_packages.sh libopenmpi-dev openmpi-bin libhdf5-dev liblzf-dev python3-h5py ;;
    arm64) scripts/install_packages.sh g++-aarch64-linux-gnu qemu-user ;;
    *) scripts/install_packages.sh ;;
  esac
  case $1 in
    cxx23) run_tests "$1" "core io metrics headers_linked" -D CMAKE_CXX_STANDARD=23 ;;
    libcxx) run_tests "$1" "core io metrics headers_linked" -D CMAKE_CXX_COMPILER=clang++ \
      -D CMAKE_CXX_FLAGS=-stdlib=libc++ ;;
    debug) run_tests "$1" "core io kernels" -D CMAKE_BUILD_TYPE=Debug ;;
    fast-math) fast_math ;;
    optional) optional_targets ;;
    arm64) AMDEFECT_EMULATED=1 run_tests "$1" "core kernels nn" -D CMAKE_SYSTEM_NAME=Linux \
      -D CMAKE_SYSTEM_PROCESSOR=aarch64 -D CMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ \
      -D CMAKE_EXE_LINKER_FLAGS=-static -D CMAKE_CROSSCOMPILING_EMULATOR=qemu-aarch64 ;;
    *) sed -n 's/^# Usage: //p' "$0" >&2 && return 2 ;;
  esac
}

(($# > 0)) || build help
for name in "$@"; do
  echo "=== $name ==="
  build "$name"
done
