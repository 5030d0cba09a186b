# Finds each package on this machine, or else downloads its pinned sources. Most of them are headers only; for these
# nothing of their own build is run: an imported target points at the unpacked headers, as find_package would have it.
include(FetchContent)
list(APPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR})
option(AMDEFECT_FETCH "Download the packages that are not on this machine" ON)

# Downloads the archive at `url`; `package` is what to install instead (Debian, Ubuntu).
# FETCHCONTENT_SOURCE_DIR_<NAME> names sources that are already here.
function(amdefect_fetch name package url)
  cmake_parse_arguments(ARG "" "SHA256" "OPTIONS" ${ARGN})
  string(TOUPPER ${name} upper)
  set(archive ${FETCHCONTENT_BASE_DIR}/${name}.tar.gz)
  if(NOT FETCHCONTENT_SOURCE_DIR_${upper} AND NOT EXISTS ${archive})
    set(advice "Install it (Debian, Ubuntu: apt-get install ${package}) and configure again in an empty build folder,\
 or point FETCHCONTENT_SOURCE_DIR_${upper} at its sources.")
    if(NOT AMDEFECT_FETCH)
      message(FATAL_ERROR "amdefect needs ${name}, which was not found, and AMDEFECT_FETCH is off. ${advice}")
    endif()
    message(STATUS "amdefect: ${name} was not found; downloading ${url}")
    file(DOWNLOAD ${url} ${archive}.partial STATUS status INACTIVITY_TIMEOUT 30)
    list(POP_FRONT status code)
    if(NOT code EQUAL 0)
      file(REMOVE ${archive}.partial)
      message(FATAL_ERROR "amdefect needs ${name}, which was not found and cannot be downloaded (${status}). ${advice}")
    endif()
    file(RENAME ${archive}.partial ${archive})
  endif()
  if(ARG_SHA256)
    list(APPEND ARG_OPTIONS URL_HASH SHA256=${ARG_SHA256})
  endif()
  if(POLICY CMP0135)
    cmake_policy(SET CMP0135 NEW)
  endif()
  FetchContent_Declare(${name} URL ${archive} ${ARG_OPTIONS})
  FetchContent_MakeAvailable(${name})
endfunction()

# As above for headers, which the new imported target `target` finds in the folder `include` of the sources.
function(amdefect_fetch_headers target include name)
  amdefect_fetch(${name} ${ARGN} OPTIONS SOURCE_SUBDIR do-not-build)
  FetchContent_GetProperties(${name} SOURCE_DIR sources)
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${target} INTERFACE ${sources}/${include})
endfunction()

# find_package whose target is visible in the whole project, also where amdefect is a subdirectory of it.
function(amdefect_find target)
  if(NOT TARGET ${target})
    find_package(${ARGN} QUIET)
    if(TARGET ${target})
      set_target_properties(${target} PROPERTIES IMPORTED_GLOBAL TRUE)
    endif()
  endif()
endfunction()

function(amdefect_require_eigen)
  amdefect_find(Eigen3::Eigen Eigen3 3.4 NO_MODULE)
  amdefect_find(Eigen3::Eigen Eigen3 5 NO_MODULE)  # the major version after 3
  if(NOT TARGET Eigen3::Eigen)
    amdefect_fetch_headers(Eigen3::Eigen . eigen libeigen3-dev
      https://gitlab.com/libeigen/eigen/-/archive/3.4.0/eigen-3.4.0.tar.gz
      SHA256 8586084f71f9bde545ee7fa6d00288b264a2b7ac3607b974e54d13e7162c1c72)
  endif()
endfunction()

function(amdefect_require_json_and_stb)
  amdefect_find(nlohmann_json::nlohmann_json nlohmann_json 3.10)
  if(NOT TARGET nlohmann_json::nlohmann_json)
    amdefect_fetch_headers(nlohmann_json::nlohmann_json include nlohmann_json nlohmann-json3-dev
      https://github.com/nlohmann/json/archive/refs/tags/v3.11.2.tar.gz
      SHA256 d69f9deb6a75e2580465c6c4c5111b89c4dc2fa94e3a85fcd2ffcd9a143d9273)
  endif()
  amdefect_find(stb::stb stb MODULE)
  if(NOT TARGET stb::stb)
    amdefect_fetch_headers(stb::stb . stb libstb-dev
      https://github.com/nothings/stb/archive/8b5f1f37b5b75829fc72d38e7b5d4bcbf8a26d55.tar.gz)
  endif()
endfunction()

function(amdefect_require_mpi)
  set(MPI_CXX_SKIP_MPICXX TRUE)
  amdefect_find(MPI::MPI_CXX MPI COMPONENTS CXX)
  if(NOT TARGET MPI::MPI_CXX)
    message(FATAL_ERROR "AMDEFECT_MPI is on, and no MPI was found. Install one (Debian, Ubuntu: apt-get install\
 libopenmpi-dev openmpi-bin) and configure again in an empty build folder, or set AMDEFECT_MPI off.")
  endif()
endfunction()

# Not downloaded: libhdf5 is a large library with a build of its own.
function(amdefect_require_hdf5)
  enable_language(C)  # in which CMake looks for libhdf5
  amdefect_find(hdf5::hdf5 HDF5 1.10.5 COMPONENTS C)
  amdefect_find(lzf::lzf lzf MODULE)
  if(NOT TARGET hdf5::hdf5 OR NOT TARGET lzf::lzf)
    message(FATAL_ERROR "AMDEFECT_HDF5 needs libhdf5 1.10.5 or later and liblzf, which were not found.\
 Install them (Debian, Ubuntu: apt-get install libhdf5-dev liblzf-dev) and configure again in an empty build folder.")
  endif()
endfunction()

function(amdefect_require_doctest)
  amdefect_find(doctest::doctest doctest)
  if(NOT TARGET doctest::doctest)
    amdefect_fetch_headers(doctest::doctest . doctest doctest-dev
      https://github.com/doctest/doctest/archive/refs/tags/v2.4.9.tar.gz
      SHA256 19b2df757f2f3703a5e63cee553d85596875f06d91a3333acd80a969ef210856)
  endif()
endfunction()

function(amdefect_require_cli11)
  amdefect_find(CLI11::CLI11 CLI11)
  if(NOT TARGET CLI11::CLI11)
    amdefect_fetch_headers(CLI11::CLI11 include cli11 libcli11-dev
      https://github.com/CLIUtils/CLI11/archive/refs/tags/v2.1.2.tar.gz
      SHA256 26291377e892ba0e5b4972cdfd4a2ab3bf53af8dac1f4ea8fe0d1376b625c8cb)
  endif()
endfunction()

function(amdefect_require_benchmark)
  amdefect_find(benchmark::benchmark benchmark)
  if(NOT TARGET benchmark::benchmark)
    set(BENCHMARK_ENABLE_TESTING OFF)
    set(BENCHMARK_ENABLE_INSTALL OFF)
    amdefect_fetch(benchmark libbenchmark-dev https://github.com/google/benchmark/archive/refs/tags/v1.7.1.tar.gz
      SHA256 6430e4092653380d9dc4ccb45a1e2dc9259d581f4866dc0759713126056bc1d7)
  endif()
endfunction()
