// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bulwark/consensus/core/state_machine.hpp"
#include "bulwark/consensus/member_board.hpp"
#include "bulwark/supervision/core/membership_group.hpp"

namespace bulwark::consensus {

/// The payload of a request to a replica whose machine is a group_machine. It begins with eight bytes that no
/// command of the machine beside it begins with: as the first field of a key-value batch they would bound
/// memory to 7 * 10^18 bytes.
[[nodiscard]] bytes group_request(const group_command& what);

/// The payload of a read of a group_machine: does this token hold the name? Answered as holds_in() says.
[[nodiscard]] bytes holds_question(const std::string& name, std::uint64_t token);
/// The answer to holds_question(); none if it is none.
[[nodiscard]] std::optional<bool> holds_in(std::string_view answer);

/// Stands beside a membership where there is nothing else to replicate.
[[nodiscard]] std::unique_ptr<state_machine> no_service();

/// What a node replicates: its service's machine, and beside it the membership, in one log. Commands with the
/// mark of group_request go to the membership, all others to the service as they are; so logs and snapshots
/// of a service without a membership stay valid.
///
/// Saved: that of the service as long as nobody joined; then
///        0xfe | version u8 (1) | membership, with its length in front (u32) | service
/// Owner: one replica_actor or a test; not thread-safe, only the board is
class group_machine final : public state_machine {
 public:
  /// `service` must not be saved as something that begins with 0xfe.
  group_machine(std::unique_ptr<state_machine> service, std::shared_ptr<member_board> board);

  bytes apply(const bytes& command) override;
  [[nodiscard]] bytes query(const bytes& question) const override;
  [[nodiscard]] std::optional<bytes> save() const override;
  [[nodiscard]] bool restore(std::string_view saved) override;
  /// The membership goes at once, the service as it likes.
  [[nodiscard]] std::unique_ptr<state_cursor> begin_save() override;
  [[nodiscard]] std::unique_ptr<state_restorer> begin_restore() override;
  /// Without the membership: another cluster has its own.
  [[nodiscard]] std::unique_ptr<state_cursor> begin_backup() override { return service_->begin_backup(); }

 private:
  class cursor;
  class restorer;

  /// What stands before the saved service; nothing as long as nobody joined.
  [[nodiscard]] bytes saved_group() const;
  void become(membership_group group);

  std::unique_ptr<state_machine> service_;
  std::shared_ptr<member_board> board_;
  membership_group group_;
};

}  // namespace bulwark::consensus
