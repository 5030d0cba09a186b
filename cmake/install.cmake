# cmake --install: the headers and the package files (component `development`), the ready models with their card
# (component `models`), and the amdefect program where it is built (component `program`), which finds them there.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/amdefect)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/amdefect DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
        FILES_MATCHING PATTERN *.hpp PATTERN *.inc)
install(TARGETS amdefect EXPORT amdefect-targets INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT amdefect-targets NAMESPACE amdefect:: DESTINATION ${package_dir} COMPONENT development)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/amdefect-config-version.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/amdefect-config.cmake ${CMAKE_CURRENT_LIST_DIR}/Findstb.cmake
              ${CMAKE_CURRENT_LIST_DIR}/Findlzf.cmake
              ${PROJECT_BINARY_DIR}/amdefect-config-version.cmake
        DESTINATION ${package_dir} COMPONENT development)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT development)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/data/models DESTINATION share/amdefect COMPONENT models)
if(TARGET amdefect_cli)
  install(TARGETS amdefect_cli COMPONENT program)
endif()
