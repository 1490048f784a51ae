// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "bulwark/consensus/core/session_table.hpp"
#include "bulwark/consensus/core/state_machine.hpp"
#include "bulwark/kv/core/keyspace.hpp"

namespace bulwark::kv {

/// Sizes of a replica's state, for people.
struct machine_totals {
  std::uint64_t keys = 0;
  std::uint64_t bytes = 0;     ///< see keyspace::bytes
  std::uint64_t revision = 0;  ///< number of changes so far
};

/// The replicated key-value machine. A command or question is a batch (batch.hpp); the answer is the number
/// of its commands that were executed (at least the first) and a neutral reply (reply.hpp) for each. Commands
/// behind those are not executed, since the replies got too large: whoever sent the batch sends them again.
///
/// Owner:         one replica_actor or a simulation; not thread-safe
/// Deterministic: state and replies depend on the batches alone; all limits come with them
/// Errors:        commands that make no sense are answered with an error; what follows malformed bytes is not
/// executed
class machine final : public consensus::state_machine {
 public:
  using observer = std::function<void(const machine_totals&)>;

  /// `changed` is called at the end of each `apply`, in its thread.
  explicit machine(observer changed = {}) : changed_{std::move(changed)} {}

  consensus::bytes apply(const consensus::bytes& batch) override;

  /// Writes in the batch are answered with an error.
  [[nodiscard]] consensus::bytes query(const consensus::bytes& batch) const override;

  [[nodiscard]] std::optional<consensus::bytes> save() const override;
  [[nodiscard]] bool restore(std::string_view saved) override;
  /// Keys go piece by piece; the sessions, which are bounded, at once.
  [[nodiscard]] std::unique_ptr<consensus::state_cursor> begin_save() override;
  [[nodiscard]] std::unique_ptr<consensus::state_restorer> begin_restore() override;

  [[nodiscard]] machine_totals totals() const { return {keys_.size(), keys_.bytes(), keys_.revision()}; }

  /// Equal on replicas that applied the same batches; of the keys, not of the sessions.
  [[nodiscard]] std::uint64_t hash() const { return keys_.hash(); }

  [[nodiscard]] const keyspace& keys() const { return keys_; }
  [[nodiscard]] const consensus::session_table& sessions() const { return sessions_; }

 private:
  friend class machine_restorer;

  keyspace keys_;
  consensus::session_table sessions_;
  observer changed_;
};

}  // namespace bulwark::kv
