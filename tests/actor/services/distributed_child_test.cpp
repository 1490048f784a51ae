// SPDX-License-Identifier: BSD-3-Clause
// Goal: a distributed child runs on one node, is found by all, and moves when its node drains, dies or is cut
// off; never do two act at once. Method: three nodes in one process over real loopback connections, with a
// real replicated group; each incarnation marks when it acts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bulwark/consensus/group_machine.hpp"
#include "bulwark/consensus/messages.hpp"
#include "bulwark/supervision/distributed_child.hpp"
#include "bulwark/supervision/messages.hpp"
#include "services_test.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

/// What the incarnations of a child did, on whichever node. Thread-safe.
class child_log {
 public:
  struct run {
    std::uint32_t node = 0;
    std::uint64_t token = 0;
    instant from{};
    permit_ptr permit;
  };

  void began(std::uint32_t node, const permit_ptr& permit) {
    const std::lock_guard guard{mutex_};
    runs_.push_back({node, permit->token(), std::chrono::steady_clock::now(), permit});
  }
  [[nodiscard]] std::vector<run> runs() const {
    const std::lock_guard guard{mutex_};
    return runs_;
  }
  /// How many may act right now.
  /// No run began while one before could still act.
  [[nodiscard]] bool one_at_a_time() const {
    const auto all = runs();
    for (std::size_t i = 1; i < all.size(); ++i)
      if (all[i - 1].permit != all[i].permit && all[i - 1].permit->may_act(all[i].from)) return false;
    return true;
  }
  [[nodiscard]] int acting() const {
    const auto now = std::chrono::steady_clock::now();
    int count = 0;
    for (const auto& one : runs()) count += one.permit->may_act(now) ? 1 : 0;
    return count;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<run> runs_;
};

class distributed_child_test : public services_test {
 protected:
  distributed_child_test()
      : services_test{[this](consensus::cluster_node_options& options) {
                        options.roles = {"any", "only" + std::to_string(options.self)};
                        options.children = [this, node = options.self](const services& where) {
                          return std::vector{distributed_child(where, counter(node))};
                        };
                      },
                      false} {}

  /// Starts the nodes, each with the child in its tree.
  void start_all(std::string role) {
    role_ = std::move(role);
    for (std::uint32_t node = 1; node <= 3; ++node) start(node);
  }

  distributed_child_options counter(std::uint32_t node) const {
    distributed_child_options options;
    options.name = "counter";
    options.role = role_;
    // Long, unless a test waits for its end: a slow machine must not lose it.
    options.runner.lease.length = lease_;
    options.runner.lease.renew_before = lease_ / 2;
    options.make = [log = log_, node](const permit_ptr& permit) {
      child one;
      one.spec.id = "counter";
      one.start = [log, node, permit](caf::actor_system& system, const caf::actor&) {
        log->began(node, permit);
        return system.spawn(
            [node](caf::event_based_actor* self, bool) -> caf::behavior {
              return {[node](std::int32_t what) { return 100 * static_cast<std::int32_t>(node) + what; },
                      [self](const std::string&) { self->quit(caf::exit_reason::unknown); }};
            },
            true);
      };
      return one;
    };
    return options;
  }

  /// Into a tree of its own, beside that of the node.
  void hang_up(std::uint32_t node, distributed_child_options options) {
    supervisor_options tree;
    tree.children.push_back(distributed_child(at(node).names(), std::move(options)));
    at(node).guests.push_back(spawn_supervisor(at(node).system, std::move(tree)));
  }

  /// The tree of the node, which itself lives on.
  void stop_tree(std::uint32_t node) {
    const auto tree = at(node).node->children();
    at(node).self->monitor(tree);
    ask_to_stop(tree);
    at(node).self->receive([](const caf::down_msg&) {});
  }

  std::uint32_t placed_at(std::uint32_t seen_by, const std::string& child) {
    return at(seen_by).node->group()->children().all().at(child).at.node;
  }

  /// The node on which it answers those on node `from`.
  std::int32_t where(std::uint32_t from) { return answer(from, "child/counter", 0) / 100; }

  std::uint32_t some_other(std::uint32_t node) {
    for (std::uint32_t one = 1; one <= 3; ++one)
      if (one != node && has(one)) return one;
    return node;
  }

  std::shared_ptr<child_log> log_ = std::make_shared<child_log>();
  std::string role_;
  duration lease_ = 20s;
};

TEST_F(distributed_child_test, runs_once_and_is_found_by_all) {
  start_all("any");
  const auto node = where(1);
  EXPECT_EQ(where(2), node);
  EXPECT_EQ(where(3), node);
  EXPECT_EQ(log_->runs().size(), 1u);
  EXPECT_LE(log_->acting(), 1);
}

TEST_F(distributed_child_test, is_placed_by_role) {
  start_all("only3");
  EXPECT_EQ(where(1), 3);
  for (const auto& one : log_->runs()) EXPECT_EQ(one.node, 3u) << "nowhere before that";
}

TEST_F(distributed_child_test, is_placed_by_preference) {
  start_all("only1");  // the child of the tree stays out of the way
  ASSERT_THAT(seen, all_up());
  for (std::uint32_t preferred = 2; preferred <= 3; ++preferred) {
    const auto name = "prefers" + std::to_string(preferred);
    for (std::uint32_t node = 1; node <= 3; ++node) {
      auto options = counter(node);
      options.name = name;
      options.role = "any";
      options.node = preferred;
      hang_up(node, std::move(options));
    }
    EXPECT_EQ(answer(1, "child/" + name, 0), 100 * static_cast<std::int32_t>(preferred));
  }
}

TEST_F(distributed_child_test, is_restarted_where_it_is_when_it_crashes) {
  start_all("only2");
  EXPECT_EQ(where(1), 2);
  const auto before = owner(1, "child/counter").token;
  at(1).self->send(at(1).ref("child/counter"), std::string{"crash"});
  ASSERT_TRUE(await([this] { return log_->runs().size() == 2; }));
  EXPECT_EQ(where(3), 2);
  EXPECT_EQ(log_->runs().back().node, 2u);
  EXPECT_EQ(log_->runs().back().token, before) << "it is the same grant";
}

TEST_F(distributed_child_test, moves_without_waiting_when_its_node_drains) {
  start_all("any");
  const auto first = static_cast<std::uint32_t>(where(1));
  at(first).node->drain();
  ASSERT_TRUE(await([this] { return log_->runs().size() == 2; }));
  const auto runs = log_->runs();
  EXPECT_NE(runs[1].node, first);
  EXPECT_GT(runs[1].token, runs[0].token);
  EXPECT_FALSE(runs[0].permit->may_act(std::chrono::steady_clock::now()));
  EXPECT_FALSE(owner(some_other(first), "child/counter").must_wait) << "it was seen to stop";
  EXPECT_TRUE(await([&, this] { return at(first).node->has_handed_over(); }));
  EXPECT_FALSE(at(runs[1].node).node->has_handed_over());
  EXPECT_EQ(where(first), static_cast<std::int32_t>(runs[1].node));
}

TEST_F(distributed_child_test, moves_when_its_node_is_dead_after_the_lease_of_that) {
  lease_ = 2s;
  start_all("any");
  const auto first = static_cast<std::uint32_t>(where(1));
  const auto other = some_other(first);
  const auto held = log_->runs().at(0).permit;
  crash(first);
  ASSERT_TRUE(await([this] { return log_->runs().size() >= 2; }));
  const auto second = log_->runs().at(1);
  EXPECT_GT(second.token, held->token());
  EXPECT_TRUE(log_->one_at_a_time());
  EXPECT_FALSE(held->may_act(second.from)) << "the lease of the dead one is over";
  EXPECT_NE(where(other), static_cast<std::int32_t>(first));
}

TEST_F(distributed_child_test, never_runs_twice_when_a_living_node_is_held_for_over) {
  lease_ = 2s;
  start_all("any");
  const auto first = static_cast<std::uint32_t>(where(1));
  const auto other = some_other(first);
  const auto life = at(first).node->life();
  auto accused = consensus::group_request(members::command{members::join{{first, life.incarnation + 1}}});
  at(other).self->send(at(other).node->replica(), consensus::submit{1, std::move(accused)});
  bool never_twice = true;
  EXPECT_TRUE(await([&, this] {
    never_twice = never_twice && log_->acting() <= 1;
    return log_->runs().size() >= 2;
  }));
  EXPECT_TRUE(never_twice);
  const auto runs = log_->runs();
  EXPECT_FALSE(runs[0].permit->may_act(runs[1].from));
  EXPECT_GT(runs[1].token, runs[0].token);
}

TEST_F(distributed_child_test, stops_by_itself_when_its_node_is_cut_off) {
  lease_ = 2s;
  start_all("only2");
  EXPECT_EQ(where(1), 2);
  const auto permit = log_->runs().at(0).permit;
  stop(1);
  stop(3);  // without the others there is no group
  EXPECT_TRUE(await([this] { return log_->acting() == 0; }));
  EXPECT_TRUE(log_->one_at_a_time());
  EXPECT_FALSE(permit->may_act(std::chrono::steady_clock::now()));
  start(1);
  start(3);
  EXPECT_EQ(where(1), 2) << "it goes on when the group is back";
}

TEST_F(distributed_child_test, moves_when_its_tree_is_stopped_on_a_node_that_lives_on) {
  start_all("any");
  const auto first = static_cast<std::uint32_t>(where(1));
  stop_tree(first);
  ASSERT_TRUE(await([this] { return log_->runs().size() == 2; }));
  const auto runs = log_->runs();
  EXPECT_NE(runs[1].node, first);
  EXPECT_GT(runs[1].token, runs[0].token);
  EXPECT_FALSE(owner(some_other(first), "child/counter").must_wait) << "it was seen to stop";
  EXPECT_EQ(where(first), static_cast<std::int32_t>(runs[1].node));
  EXPECT_EQ(state_of(some_other(first), first), member_state::up) << "the node lives on";
}

TEST_F(distributed_child_test, runs_nowhere_while_the_only_tree_for_it_is_stopped) {
  start_all("only2");
  EXPECT_EQ(where(1), 2);
  stop_tree(2);
  EXPECT_TRUE(await([this] { return owner(1, "child/counter").token == 0; }));
  EXPECT_TRUE(await([this] { return placed_at(1, "counter") == 0; }));
  EXPECT_EQ(state_of(1, 2), member_state::up) << "the node lives on";
  EXPECT_EQ(log_->acting(), 0);
  hang_up(2, counter(2));
  EXPECT_EQ(where(1), 2) << "it is offered again";
}

TEST_F(distributed_child_test, a_node_that_does_not_know_a_child_passes_it_on) {
  start_all("only1");  // the child of the tree stays out of the way
  ASSERT_THAT(seen, all_up());
  auto options = counter(3);
  options.name = "later";
  options.role = "any";
  options.node = 2;
  hang_up(3, options);
  EXPECT_EQ(answer(1, "child/later", 0), 300);
}

TEST_F(distributed_child_test, a_keeper_that_is_killed_comes_back_and_never_runs_it_twice) {
  start_all("only2");
  EXPECT_EQ(where(1), 2);
  bool killed = false;
  at(2)
      .self->request(at(2).node->children(), 30s, kill_child{"counter", ""})
      .receive([&](const kill_result& what) { killed = what.error.empty(); }, [](const caf::error&) {});
  ASSERT_TRUE(killed);
  ASSERT_TRUE(await([this] { return log_->runs().size() == 2; }));
  EXPECT_FALSE(log_->runs()[0].permit->may_act(log_->runs()[1].from));
  EXPECT_EQ(where(1), 2);
}

TEST_F(distributed_child_test, options_that_cannot_work_are_refused) {
  auto options = counter(1);
  EXPECT_EQ(options.validate(), "");
  options.name = "a/b";
  EXPECT_NE(options.validate(), "");
  start_all("any");
  EXPECT_THROW(static_cast<void>(distributed_child(at(1).names(), options)), std::invalid_argument);
  options = counter(1);
  options.make = nullptr;
  EXPECT_NE(options.validate(), "");
}

}  // namespace
}  // namespace bulwark::test
