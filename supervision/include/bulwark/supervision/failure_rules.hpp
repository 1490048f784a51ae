// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/error.hpp>
#include <string>
#include <type_traits>

#include "bulwark/actors/compat.hpp"
#include "bulwark/supervision/core/child_spec.hpp"

namespace bulwark {

/// For exceptions that a `catch (const Exception&)` would catch: of this type, or publicly derived from it.
/// Only children that are a service_actor tell how they failed.
template <class Exception>
[[nodiscard]] failure_rule rule_for_exception(directive then) {
  static_assert(std::is_same_v<Exception, std::decay_t<Exception>>, "name the plain type of the exception");
  return {.category = type_text(typeid(Exception)), .code = std::nullopt, .then = then};
}

/// For ends with this error, whatever its context: `rule_for_error(caf::sec::bad_function_call, …)`.
[[nodiscard]] failure_rule rule_for_error(const caf::error& like, directive then);

/// For ends with any error of this enum.
template <class Enum>
[[nodiscard]] failure_rule rule_for_category(directive then) {
  auto rule = rule_for_error(caf::error{static_cast<Enum>(1)}, then);
  rule.code.reset();
  return rule;
}

}  // namespace bulwark
