// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/core/exit_status.hpp"

namespace bulwark {

const char* to_string(exit_kind kind) noexcept {
  switch (kind) {
    case exit_kind::normal: return "normal";
    case exit_kind::shutdown: return "shutdown";
    case exit_kind::failure: return "failure";
    case exit_kind::killed: return "killed";
  }
  return "unknown";
}

}  // namespace bulwark
