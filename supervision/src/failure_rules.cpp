// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/failure_rules.hpp"

#include <caf/all.hpp>

namespace bulwark {

failure_rule rule_for_error(const caf::error& like, directive then) {
  return {.category = caf::to_string(like.category()), .code = like.code(), .then = then};
}

}  // namespace bulwark
