// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agreement_checker.hpp"
#include "bulwark/consensus/core/messages.hpp"
#include "register_machine.hpp"
#include "violations.hpp"

namespace bulwark::test {

/// What clients asked and were told, checked against what is chosen:
///   1. an acknowledged write is chosen, and its reply is that of the chosen order,
///   2. a write that was denied (not done, no leader, overloaded) is never chosen,
///   3. the history of each register is linearizable.
///
/// Writes are unique and the log gives their order, so that 3 needs no search: every operation has a place (a
/// read that of the write whose value it returned), and no place may lie before that of an operation on the
/// same register that had ended when this one began.
class history_checker {
 public:
  history_checker(agreement_checker& agreement, violations& found)
      : agreement_{agreement}, violations_{found} {}

  struct operation {
    consensus::request_kind kind{};
    std::string key;
    std::string written;      ///< a unique value
    std::uint64_t floor = 0;  ///< its place must be behind this (a read: not before it)
  };

  [[nodiscard]] operation begin(consensus::request_kind kind, std::string key, std::string written);
  void end(const operation& what, consensus::outcome result, const std::string& reply);
  /// Takes in what is newly chosen. Call after anything became durable.
  void follow_log();

 private:
  struct write_fate {
    std::uint64_t floor = 0;
    bool denied = false;
    std::uint64_t place = 0;  ///< 0 if not chosen
    std::string before;       ///< the value that it replaced
  };

  void end_write(const operation& what, const std::string& reply);
  void end_read(const operation& what, const std::string& reply);

  agreement_checker& agreement_;
  violations& violations_;
  register_machine model_;
  std::uint64_t place_ = 0;
  std::map<std::string, write_fate> writes_;    ///< by payload
  std::map<std::string, std::uint64_t> ended_;  ///< by key: highest place of an operation that ended
};

}  // namespace bulwark::test
