// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "bulwark/consensus/member_board.hpp"
#include "bulwark/supervision/core/membership_types.hpp"

namespace bulwark::consensus {

/// Whom this node watches by what its board shows, see watched_by(); found out anew when that has changed.
/// For heartbeat_options::watched. Thread-safe.
class own_watch {
 public:
  /// `self`: number of this node. `peers`: to whom it has links.
  own_watch(std::uint32_t self, std::vector<std::uint32_t> peers, std::shared_ptr<const member_board> board);

  /// Never null. The same pointer as before if nothing has changed.
  [[nodiscard]] std::shared_ptr<const std::vector<std::uint32_t>> now();

 private:
  /// All that a list follows from.
  struct basis {
    std::optional<std::uint64_t> view;
    membership_rules rules;
    std::uint64_t incarnation = 0;
    bool leads = false;

    friend bool operator==(const basis&, const basis&) = default;
  };

  const std::uint32_t self_;
  const std::vector<std::uint32_t> peers_;
  const std::shared_ptr<const member_board> board_;
  std::mutex mutex_;
  basis basis_;
  std::shared_ptr<const std::vector<std::uint32_t>> list_;
};

}  // namespace bulwark::consensus
