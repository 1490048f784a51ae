// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace bulwark::cluster {

/// How the program ends. Scripts rely on these numbers; they never change their meaning.
enum class exit_code : int {
  ok = 0,           ///< done, or healthy
  unhealthy = 1,    ///< it was tried and it failed, or the cluster is not as it should be
  usage = 2,        ///< the command line or a setting cannot be right
  unreachable = 3,  ///< nobody is there to ask
  no_quorum = 4,    ///< the cluster is there but cannot decide
};

constexpr int number(exit_code code) { return static_cast<int>(code); }

/// A failure to tell the user: what() says what is wrong, advice() what to do about it (may be empty).
class failure : public std::runtime_error {
 public:
  failure(exit_code code, const std::string& text, std::string advice = {})
      : std::runtime_error(text), code_(code), advice_(std::move(advice)) {}

  exit_code code() const noexcept { return code_; }
  const std::string& advice() const noexcept { return advice_; }

 private:
  exit_code code_;
  std::string advice_;
};

}  // namespace bulwark::cluster
