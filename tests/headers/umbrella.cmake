# What the umbrella headers include, by the compiler's own account. amdefect.hpp: every header of a folder that is free
# of json and stb, the detectors that can be run without them, and neither json nor stb. coco.hpp: every header of coco
# and metrics, and neither stb nor anything of images and networks.
cmake_minimum_required(VERSION 3.22)
list(TRANSFORM EIGEN_DIRS PREPEND -I)
list(TRANSFORM JSON_DIRS PREPEND -I)

# Sets `included` to all files that a header includes, and demands every header of the given folders among them.
macro(read_included umbrella)
  execute_process(COMMAND ${COMPILER} -std=c++20 ${EIGEN_DIRS} ${JSON_DIRS} -I${INCLUDE_DIR} -M
                          ${INCLUDE_DIR}/amdefect/${umbrella}
                  OUTPUT_VARIABLE included COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(included UNIX_COMMAND "${included}")
  foreach(folder ${ARGN})
    file(GLOB_RECURSE headers ${INCLUDE_DIR}/amdefect/${folder}/*.hpp)
    foreach(header IN LISTS headers)
      if(NOT header IN_LIST included)
        message(SEND_ERROR "${umbrella} does not include ${header}")
      endif()
    endforeach()
  endforeach()
endmacro()

read_included(coco.hpp coco metrics)
foreach(file IN LISTS included)
  if(file MATCHES "/stb_[a-z_]+\\.h$|/amdefect/(kernels|losses|nn|optim|train|image|data|detection|viz)/")
    message(SEND_ERROR "coco.hpp includes ${file}")
  endif()
endforeach()

read_included(amdefect.hpp core distributed kernels losses nn models optim io train boxes metrics)
if(NOT ${INCLUDE_DIR}/amdefect/detection/anchor_free/anchor_free_detector.hpp IN_LIST included)
  message(SEND_ERROR "amdefect.hpp does not include the anchor-free detector")
endif()
foreach(file IN LISTS included)
  if(file MATCHES "/nlohmann/|/stb_[a-z_]+\\.h$")
    message(SEND_ERROR "amdefect.hpp includes ${file}")
  endif()
endforeach()
list(LENGTH included count)
message(STATUS "${count} files included")
