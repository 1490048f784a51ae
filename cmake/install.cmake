# SPDX-License-Identifier: BSD-3-Clause
# Install rules: libraries with their headers, a CMake package, a pkg-config file, and the program. The tree may be moved after
# installation; tests/consumer proves all of it.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# Dependencies first: the linker wants them in the opposite order.
set(libraries "")
set(link_line "")
foreach(name IN ITEMS actors_core supervision_core consensus_core consensus_store certificates actors supervision consensus testkit)
  if(TARGET bulwark_${name})
    list(APPEND libraries bulwark_${name})
    get_target_property(type bulwark_${name} TYPE)
    if(NOT type STREQUAL "INTERFACE_LIBRARY")
      string(PREPEND link_line "-lbulwark_${name} ")
    endif()
  endif()
endforeach()

install(TARGETS ${libraries} EXPORT bulwark-targets
  ARCHIVE COMPONENT development
  FILE_SET HEADERS COMPONENT development)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/bulwark")
install(EXPORT bulwark-targets NAMESPACE bulwark:: DESTINATION "${package_dir}" COMPONENT development)
configure_package_config_file(cmake/bulwarkConfig.cmake.in "${PROJECT_BINARY_DIR}/bulwarkConfig.cmake"
  INSTALL_DESTINATION "${package_dir}" NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/bulwarkConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/bulwarkConfig.cmake" "${PROJECT_BINARY_DIR}/bulwarkConfigVersion.cmake" cmake/FindCAF.cmake
  DESTINATION "${package_dir}" COMPONENT development)

# The prefix as seen from the .pc file, so that the installed tree can be moved.
set(pkgconfig_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}/${pkgconfig_dir}"
  OUTPUT_VARIABLE pc_to_prefix)
configure_file(cmake/bulwark.pc.in "${PROJECT_BINARY_DIR}/bulwark.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/bulwark.pc" DESTINATION "${pkgconfig_dir}" COMPONENT development)

install(FILES LICENSE README.md CHANGELOG.md DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT development)
if(TARGET bulwark)
  install(TARGETS bulwark RUNTIME COMPONENT programs)
endif()
