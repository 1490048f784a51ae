# SPDX-License-Identifier: BSD-3-Clause
# Plants one violation after the other into an empty tree and wants the layer check to find each; and wants silence for what is allowed.
# Run: cmake -D SCRATCH=<dir> -P cmake/layer_check_test.cmake
cmake_minimum_required(VERSION 3.25)

function(expect_violation wanted file content)
  file(REMOVE_RECURSE "${SCRATCH}")
  file(WRITE "${SCRATCH}/${file}" "${content}\n")
  execute_process(COMMAND ${CMAKE_COMMAND} -D "ROOT=${SCRATCH}" -P "${CMAKE_CURRENT_LIST_DIR}/layer_check.cmake"
    RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
  if(wanted AND status EQUAL 0)
    message(SEND_ERROR "not found: ${file}: ${content}")
  elseif(NOT wanted AND NOT status EQUAL 0)
    message(SEND_ERROR "wrongly found: ${file}: ${content}")
  endif()
endfunction()

expect_violation(TRUE "consensus/core/src/a.cpp" "#include <caf/all.hpp>")
expect_violation(TRUE "consensus/core/src/a.cpp" "#include <thread>")
expect_violation(TRUE "supervision/core/include/a.hpp" "#  include <fstream>")
expect_violation(TRUE "actors/core/src/a.cpp" "auto t = std::chrono::steady_clock::now();")
expect_violation(TRUE "actors/core/src/a.cpp" "std::random_device device;")
expect_violation(TRUE "consensus/core/src/a.cpp" "#include \"bulwark/consensus/log_store.hpp\"")
expect_violation(TRUE "actors/src/a.cpp" "#include \"bulwark/supervision/supervisor.hpp\"")
expect_violation(TRUE "supervision/src/a.cpp" "#include \"bulwark/consensus/log_store.hpp\"")
expect_violation(TRUE "consensus/src/a.cpp" "#include \"bulwark/supervision/core/child_spec.hpp\"")
expect_violation(TRUE "apps/kv/core/src/a.cpp" "#include <spdlog/spdlog.h>")
expect_violation(FALSE "consensus/core/src/a.cpp" "#include <vector>")
expect_violation(FALSE "consensus/core/src/a.cpp" "#include \"bulwark/actors/core/time.hpp\"")
expect_violation(FALSE "supervision/src/a.cpp" "#include <caf/all.hpp>")
expect_violation(FALSE "consensus/src/a.cpp" "#include \"bulwark/actors/stable_ref.hpp\"")
file(REMOVE_RECURSE "${SCRATCH}")
