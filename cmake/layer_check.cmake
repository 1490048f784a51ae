# SPDX-License-Identifier: BSD-3-Clause
# Fails when a file reaches above its layer, or a core does more than decide. Run: cmake -P cmake/layer_check.cmake
# [-D ROOT=<tree>]; the test "layers" plants violations and wants them found.
cmake_minimum_required(VERSION 3.25)
if(NOT ROOT)
  cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH ROOT)
endif()

# What a core may include of the standard library: values and algorithms, nothing that runs, waits, reads or draws.
set(core_headers
  algorithm any array bit cassert cctype charconv chrono cinttypes climits cmath compare concepts cstddef cstdint cstdio cstdlib
  cstring deque exception functional initializer_list iosfwd iterator limits list map memory new numbers numeric optional ostream queue random
  ranges set span stdexcept string string_view tuple type_traits typeinfo unordered_map unordered_set utility variant vector
  version)
list(JOIN core_headers "|" core_headers)

# The rooms that each room may include, apart from itself. Their order is the order of the layers.
set(may_include_actors_core "")
set(may_include_supervision_core "actors/core")
set(may_include_consensus_core "actors/core")
set(may_include_actors "actors/core")
set(may_include_supervision "actors/core|actors|supervision/core")
set(may_include_consensus "actors/core|actors|supervision/core|supervision|consensus/core")

set(broken 0)
function(complain file line text)
  message("${file}: ${text}: ${line}")
  math(EXPR count "${broken} + 1")
  set(broken ${count} PARENT_SCOPE)
endfunction()

# "consensus/core" for bulwark/consensus/core/x.hpp, "consensus" for bulwark/consensus/x.hpp.
function(room_of include result)
  string(REGEX REPLACE "^bulwark/(.*)/[^/]+$" "\\1" room "${include}")
  set(${result} "${room}" PARENT_SCOPE)
endfunction()

function(check_room room allowed is_core)
  file(GLOB_RECURSE files "${ROOT}/${room}/*.hpp" "${ROOT}/${room}/*.cpp")
  foreach(file IN LISTS files)
    cmake_path(RELATIVE_PATH file BASE_DIRECTORY "${ROOT}" OUTPUT_VARIABLE name)
    if(NOT is_core AND name MATCHES "^${room}/core/")
      continue()
    endif()
    file(STRINGS "${file}" lines REGEX "^[ \t]*#[ \t]*include")
    foreach(line IN LISTS lines)
      if(line MATCHES "[\"<](bulwark/[^\">]+)[\">]")
        room_of("${CMAKE_MATCH_1}" target)
        if(NOT target STREQUAL room AND (allowed STREQUAL "" OR NOT target MATCHES "^(${allowed})$"))
          complain("${name}" "${line}" "${room} must not use ${target}")
        endif()
      elseif(line MATCHES "\\.\\./")
        complain("${name}" "${line}" "an include must not climb out of its folder")
      elseif(is_core AND line MATCHES "<([^>]+)>" AND NOT CMAKE_MATCH_1 MATCHES "^(${core_headers})$")
        complain("${name}" "${line}" "a core includes the standard library only, and of it no threads, files or devices")
      endif()
    endforeach()
    if(is_core)
      file(STRINGS "${file}" lines REGEX "::now\\(|random_device|[^_a-z]rand\\(|getenv\\(|fopen\\(")
      foreach(line IN LISTS lines)
        if(NOT line MATCHES "^[ \t]*//")
          complain("${name}" "${line}" "a core reads no clock, no device and no environment")
        endif()
      endforeach()
    endif()
  endforeach()
  set(broken ${broken} PARENT_SCOPE)
endfunction()

foreach(room actors supervision consensus)
  check_room(${room}/core "${may_include_${room}_core}" TRUE)
  check_room(${room} "${may_include_${room}}" FALSE)
endforeach()
check_room(apps/kv/core "consensus/core|actors/core|kv/core" TRUE)

if(broken)
  message(FATAL_ERROR "layers: ${broken} violations")
endif()
message("layers: clean")
