// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/consensus/core/ids.hpp"

namespace bulwark::consensus {

/// Opaque bytes: a command, a query or a reply of the replicated state machine.
using bytes = std::string;

/// One command together with the request that it answers, so that whoever applies it first as leader can
/// reply.
struct command {
  node_id origin = node_id::none;  ///< node whose client asked
  std::uint64_t incarnation =
      0;                      ///< life of that node; a restarted one never mistakes an old reply for its own
  std::uint64_t request = 0;  ///< number of the request in that life
  bytes payload;              ///< what `apply` of the state machine gets

  friend bool operator==(const command&, const command&) = default;
};

/// An unchangeable list of commands whose copies share one memory. Copies may live in several threads.
class command_list {
 public:
  using value_type = command;
  using const_iterator = std::vector<command>::const_iterator;

  command_list() = default;
  command_list(std::vector<command> commands)  // NOLINT(google-explicit-constructor): it is one
      : list_{commands.empty() ? nullptr
                               : std::make_shared<const std::vector<command>>(std::move(commands))} {}
  command_list(std::initializer_list<command> commands) : command_list{std::vector<command>{commands}} {}

  [[nodiscard]] bool empty() const { return !list_; }
  [[nodiscard]] std::size_t size() const { return list_ ? list_->size() : 0; }
  [[nodiscard]] const_iterator begin() const { return list_ ? list_->begin() : const_iterator{}; }
  [[nodiscard]] const_iterator end() const { return list_ ? list_->end() : const_iterator{}; }
  const command& operator[](std::size_t i) const { return (*list_)[i]; }
  [[nodiscard]] const command& at(std::size_t i) const {
    if (i >= size()) throw std::out_of_range{"command_list::at"};
    return (*list_)[i];
  }

  friend bool operator==(const command_list& a, const command_list& b) {
    return a.list_ == b.list_ || (a.list_ && b.list_ && *a.list_ == *b.list_);
  }

 private:
  std::shared_ptr<const std::vector<command>> list_;  ///< none if empty
};

}  // namespace bulwark::consensus
