// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "bulwark/actors/core/routing_table.hpp"

namespace bulwark {

/// What a worker has finished and holds, as a test says.
struct test_meter final : load_meter {
  std::uint64_t done() const noexcept override { return done_; }
  std::uint64_t failed() const noexcept override { return failed_; }
  std::int64_t leases() const noexcept override { return leases_; }
  std::int64_t mailbox() const noexcept override { return mailbox_; }
  std::uint64_t beside() const noexcept override { return beside_; }
  std::uint64_t done_ = 0, failed_ = 0, beside_ = 0;
  std::int64_t leases_ = 0, mailbox_ = 0;
};

/// A routing table, its policy, and a clock that the test moves.
class routing_table_fixture : public testing::Test {
 protected:
  void make(routing_rules rules, int workers, routing_policy policy = {routing_kind::least_loaded}) {
    ASSERT_EQ(validate(rules), "");
    table.emplace(rules);
    chooser.emplace(make_chooser(policy));
    for (int i = 0; i < workers; ++i) join();
  }

  worker_id join(double weight = 1) {
    meters.push_back(std::make_shared<test_meter>());
    ids.push_back(table->join(meters.back(), weight, now));
    return ids.back();
  }

  routing_table::placement place() { return table->place(*chooser, {.ticket = ticket++}, now); }

  /// How many of these messages each worker gets, all of them finished at once.
  std::map<worker_id, int> spread(int messages) {
    std::map<worker_id, int> got;
    for (int i = 0; i < messages; ++i) {
      const auto to = place();
      ++got[to.id];
      ++static_cast<test_meter*>(to.meter)->done_;
    }
    return got;
  }

  std::optional<routing_table> table;
  std::optional<any_chooser> chooser;
  std::vector<std::shared_ptr<test_meter>> meters;
  std::vector<worker_id> ids;
  std::uint64_t ticket = 0;
  instant now{std::chrono::hours{1}};
};

}  // namespace bulwark
