// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>

#include "bulwark/consensus/core/replica.hpp"
#include "violations.hpp"

namespace bulwark::test {

/// Checks what acceptors and candidates say of ballots, over all their lives:
///   1. a replica's promise never goes back while it lives,
///   2. after a restart it still knows every promise that it told anyone of,
///   3. it acknowledges nothing below a ballot that it promised to anyone,
///   4. a ballot is used by one life of its owner only.
class ballot_checker {
 public:
  explicit ballot_checker(violations& found) : violations_{found} {}

  void on_start(consensus::node_id by, consensus::ballot recovered);
  /// It lost its log, and is bound by nothing that it told: others must not count on that any more.
  void on_lost(consensus::node_id by);
  void on_step(consensus::node_id by, consensus::ballot promised);
  void on_send(consensus::node_id by, std::uint64_t life, const consensus::message& what);

 private:
  void on_told(consensus::node_id by, consensus::ballot under);

  violations& violations_;
  std::map<consensus::node_id, consensus::ballot> told_;     ///< highest promise or accept told
  std::map<consensus::node_id, consensus::ballot> current_;  ///< in this life
  std::map<consensus::ballot, std::uint64_t> used_in_;       ///< life of the owner
};

}  // namespace bulwark::test
