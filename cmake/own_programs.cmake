# Settings of amdefect's own programs, examples and tests. Users of amdefect::amdefect see none of this.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
# The ready models lie beside bin/ as they do after installation (amdefect/io/ready_models.hpp).
file(GLOB ready_models RELATIVE ${PROJECT_SOURCE_DIR}/data/models CONFIGURE_DEPENDS
     ${PROJECT_SOURCE_DIR}/data/models/*.safetensors)
foreach(model IN LISTS ready_models)
  configure_file(${PROJECT_SOURCE_DIR}/data/models/${model} ${PROJECT_BINARY_DIR}/share/amdefect/models/${model} COPYONLY)
endforeach()

add_library(amdefect_program_options INTERFACE)
target_compile_options(amdefect_program_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
  $<$<BOOL:${AMDEFECT_WERROR}>:-Werror> $<$<BOOL:${AMDEFECT_NATIVE}>:-march=native>)
target_compile_definitions(amdefect_program_options INTERFACE $<$<BOOL:${AMDEFECT_NATIVE}>:AMDEFECT_NO_DISPATCH>)
# GCC 12 finds undefined values in its own AVX-512 header, wherever it is inlined (GCC bug 105593): our kernels inline
# it always, Eigen where the build is for such a machine.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(amdefect_program_options INTERFACE -Wno-maybe-uninitialized
    $<$<BOOL:${AMDEFECT_NATIVE}>:-Wno-uninitialized>)
endif()

# For libFuzzer all code, that of amdefect::compiled too, is compiled so that it tells which lines an input reaches.
if(AMDEFECT_BUILD_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "AMDEFECT_BUILD_FUZZERS needs Clang, found ${CMAKE_CXX_COMPILER_ID} (cmake --preset fuzz)")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()
