// SPDX-License-Identifier: BSD-3-Clause
// Goal: five nodes that serve are restarted one after the other, each drained first, and no request fails:
// not of those who use their services, through a router or a reference, nor of clients of the key-value
// service, who ask another node when one sends them away. Each node is seen to take nothing new before it
// ends, hands over what it has, and ends with 0. Method: real processes; this one asks, as a node without
// services.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <set>

#include "bulwark/actors/router.hpp"
#include "bulwark/load/checked_load.hpp"
#include "bulwark/load/client.hpp"
#include "bulwark/supervision/core/placement.hpp"
#include "serving_nodes.hpp"
#include "steady_asker.hpp"

namespace bulwark::cluster_test {
namespace {

using namespace std::chrono_literals;
using test::asked_so_far;

constexpr std::uint32_t restarted_nodes = 5;

bool is_of_a_node(std::uint64_t, std::uint32_t node) { return node >= 1 && node <= restarted_nodes; }

class restarted_processes_test : public testing::Test {
 protected:
  caf::actor pricers() { return nodes_.asker().names().router("pricer").value(); }
  caf::actor host_asker(const caf::actor& whom, const std::shared_ptr<asked_so_far>& told) {
    return nodes_.asker().host(test::steady_asker<std::uint64_t, std::uint32_t>, whom, told, 8, is_of_a_node);
  }

  /// All nodes are up, take what is new, and let clients in.
  bool await_all() {
    return nodes_.await([this] {
      const auto loads = worker_loads(pricers());
      if (std::ranges::count_if(loads, [](const auto& one) { return !one.draining; }) != restarted_nodes)
        return false;
      for (std::uint32_t number = 1; number <= restarted_nodes; ++number) {
        const auto one = nodes_.member_of(number);
        if (!one || one->state != member_state::up || one->draining || !lets_clients_in(number)) return false;
      }
      return true;
    });
  }
  bool lets_clients_in(std::uint32_t number) {
    load::client caller({.endpoints = {nodes_.client_endpoints()[number - 1]}, .request_timeout = 2s});
    return caller.call({"PING"}).done();
  }

  /// This life said that it takes nothing new; whether it goes on or not.
  bool has_drained(const node_life& life) {
    const auto group = nodes_.asker().node->group();
    return group && std::ranges::any_of(group->nodes().history(), [&](const membership_change& one) {
             return one.life == life && one.to == member_state::draining;
           });
  }

  void restart(std::uint32_t number) {
    const auto before = nodes_.member_of(number)->life;
    const auto had = [&](const std::string& name) { return nodes_.owner(name).owner == before; };
    const bool had_desk = had(desk), had_ledger = had(placement::child_name(ledger));
    const bool led = nodes_.leader() == number;
    nodes_.signal(number, SIGTERM);
    ASSERT_TRUE(nodes_.await([&] { return has_drained(before); })) << "n" << number;
    ASSERT_EQ(nodes_.await_end(number), 0) << nodes_.log_of(number);
    ASSERT_TRUE(nodes_.await([&] { return nodes_.member_of(number)->state == member_state::down; }));
    EXPECT_EQ(nodes_.member_of(number)->cause, down_cause::left);
    EXPECT_FALSE(had(desk) || had(placement::child_name(ledger)));
    desks_moved_ += had_desk ? 1 : 0;
    ledgers_moved_ += had_ledger ? 1 : 0;
    leaderships_moved_ += led ? 1 : 0;
    nodes_.start(number);
    ASSERT_TRUE(await_all()) << nodes_.log_of(number);
    EXPECT_GT(nodes_.member_of(number)->life.incarnation, before.incarnation);
  }

  // Silence is no part of this test, and a busy machine must not look like it.
  serving_nodes nodes_{restarted_nodes, 5s};
  int desks_moved_ = 0, ledgers_moved_ = 0, leaderships_moved_ = 0;
};

TEST_F(restarted_processes_test, no_request_fails_while_five_processes_are_restarted) {
  ASSERT_TRUE(await_all());
  const auto router = pricers();
  const auto prices = std::make_shared<asked_so_far>(), desks = std::make_shared<asked_so_far>(),
             ledgers = std::make_shared<asked_so_far>();
  host_asker(router, prices);
  host_asker(nodes_.asker().ref(desk), desks);
  host_asker(nodes_.asker().ref(placement::child_name(ledger)), ledgers);
  load::checked_load clients({.endpoints = nodes_.client_endpoints(),
                              .clients = 6,
                              .request_timeout = 10s,
                              .pause = 2ms,
                              .attempts = 200,
                              .retry_for = 60s,
                              .prefix = "restarts:"});
  clients.start();
  ASSERT_TRUE(nodes_.await([&] {
    return prices->answered() > 0 && desks->answered() > 0 && ledgers->answered() > 0 &&
           clients.totals().done > 100;
  }));
  for (std::uint32_t number = 1; number <= restarted_nodes && !HasFatalFailure(); ++number) restart(number);
  clients.stop();
  for (const auto& one : {prices, desks, ledgers}) one->stop();
  for (const auto& one : {prices, desks, ledgers}) {
    EXPECT_TRUE(nodes_.await([&] { return one->is_settled(one->asked()); }));
    EXPECT_THAT(one->problems(), testing::IsEmpty()) << one->failed() << " of " << one->asked();
    EXPECT_EQ(one->answered(), one->asked());
  }
  EXPECT_GT(desks_moved_, 0);
  EXPECT_GT(ledgers_moved_, 0);
  EXPECT_GT(leaderships_moved_, 0);
  const auto counts = counts_of(router);
  EXPECT_TRUE(counts.add_up()) << counts;
  EXPECT_EQ(counts.done, prices->answered());

  std::set<std::pair<std::string, std::uint64_t>> handled;
  for (const auto& one : nodes_.handled())
    EXPECT_TRUE(handled.insert({one.service, one.number}).second) << one << ", and not for the first time";
  EXPECT_EQ(handled.size(), desks->asked() + ledgers->asked());

  const auto audit = clients.audit(30s);
  EXPECT_EQ(audit.unverified, 0u);
  const auto totals = clients.totals();
  EXPECT_TRUE(totals.clean()) << testing::PrintToString(clients.findings());
  EXPECT_EQ(totals.failed(), 0u) << testing::PrintToString(clients.failures());
  EXPECT_GT(totals.retried, 0u) << "no node sent anybody away: nothing was tried";
}

}  // namespace
}  // namespace bulwark::cluster_test
