// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <charconv>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>

namespace bulwark::cluster_test {

/// An argument of a program of the tests: a number of 1 or more. Throws std::invalid_argument.
inline std::uint32_t number_given(const std::string& text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0)
    throw std::invalid_argument{"'" + text + "' is no number; expected 1 or more"};
  return value;
}

}  // namespace bulwark::cluster_test
