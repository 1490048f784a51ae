// SPDX-License-Identifier: BSD-3-Clause
// Goal: the owner of a name that stands still until its node is given up, and then wakes, is no owner any
// more. What its fence refuses was handled by nobody, from the first refusal on nothing that comes for it is
// handled, and what is asked by a reference is handled once, though it may be refused first. A distributed
// child acts under one token at a time: the woken one does not act once its lease is over. (What the woken
// node handles of a published service before it hears of its end is not excluded: see docs/services.md.)
// Method: three processes that serve, of which one is stopped by SIGSTOP; this one asks, also by the handle
// that it got of the old owner. All of them write what they handle into one file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <set>

#include "bulwark/actors/messages.hpp"
#include "bulwark/supervision/core/placement.hpp"
#include "services_state.hpp"
#include "serving_nodes.hpp"

namespace bulwark::cluster_test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t nodes_of_test = 3;

/// What became of a question. One that is late may be handled yet.
enum class ending { answered, fenced, unreached, late };

ending ending_of(const caf::error& why) {
  if (why == service_error::fenced) return ending::fenced;
  return why == caf::sec::request_timeout ? ending::late : ending::unreached;
}

class stopped_owner_test : public testing::Test {
 protected:
  bool await_all() {
    return nodes_.await([this] {
      for (std::uint32_t number = 1; number <= nodes_of_test; ++number) {
        const auto one = nodes_.member_of(number);
        if (!one || one->state != member_state::up) return false;
      }
      return nodes_.owner(desk).token != 0 && nodes_.owner(child_name).token != 0;
    });
  }
  /// What the asking node was shown of the service: it is held whatever the group says since.
  caf::actor shown(const std::string& name) {
    return caf::actor_cast<caf::actor>(nodes_.asker().names().state()->find_gate(name).remote);
  }
  /// Asks so many questions at once, and waits for what becomes of them.
  std::map<std::uint64_t, ending> ask(const caf::actor& whom, int count, std::chrono::seconds patience) {
    auto& self = nodes_.asker().self;
    using answer = decltype(self->request(whom, caf::duration{patience}, std::uint64_t{}));
    std::map<std::uint64_t, answer> open;
    for (int i = 0; i < count; ++i) {
      ++asked_;
      open.emplace(asked_, self->request(whom, caf::duration{patience}, asked_));
    }
    std::map<std::uint64_t, ending> ends;
    for (auto& [number, awaited] : open)
      awaited.receive([&, n = number](std::uint32_t) { ends[n] = ending::answered; },
                      [&, n = number](const caf::error& why) { ends[n] = ending_of(why); });
    return ends;
  }
  /// The owner stands still until another node has the name; returns who had it.
  name_entry replace_stopped_owner(const std::string& name) {
    const auto before = nodes_.owner(name);
    nodes_.signal(before.owner.node, SIGSTOP);
    EXPECT_TRUE(nodes_.await([&] {
      const auto now = nodes_.owner(name);
      return now.token > before.token && now.owner.node != before.owner.node;
    }));
    return before;
  }
  std::vector<handled_question> handled_of(const std::string& service) const {
    auto all = nodes_.handled();
    std::erase_if(all, [&](const auto& one) { return one.service != service; });
    return all;
  }
  /// In a later life.
  bool is_back(const node_life& before) {
    const auto now = nodes_.member_of(before.node);
    return now && now->state == member_state::up && now->life.incarnation > before.incarnation;
  }
  void expect_handled_once_each() const {
    std::set<std::pair<std::string, std::uint64_t>> seen;
    for (const auto& one : nodes_.handled())
      EXPECT_TRUE(seen.insert({one.service, one.number}).second) << one << ", and not for the first time";
  }

  const std::string child_name = placement::child_name(ledger);
  serving_nodes nodes_{nodes_of_test, 1s};
  std::uint64_t asked_ = 0;
};

TEST_F(stopped_owner_test, of_a_published_service_is_fenced_once_it_has_woken) {
  ASSERT_TRUE(await_all());
  const auto ref = nodes_.asker().ref(desk);
  for (const auto& [number, how] : ask(ref, 10, 60s)) EXPECT_EQ(how, ending::answered) << number;
  const auto stale = shown(desk);
  ASSERT_TRUE(stale);
  const auto before = replace_stopped_owner(desk);
  for (const auto& [number, how] : ask(ref, 10, 60s)) EXPECT_EQ(how, ending::answered) << number;
  const auto by_reference = asked_;

  // Some of what is sent while it stands still may be handled as soon as it wakes.
  std::map<std::uint64_t, ending> ends = ask(stale, 20, 1s);
  nodes_.signal(before.owner.node, SIGCONT);
  ASSERT_TRUE(nodes_.await([&] {
    const auto some = ask(stale, 1, 5s);
    ends.insert(some.begin(), some.end());
    const auto how = some.begin()->second;
    return how == ending::fenced || how == ending::unreached;
  }));
  const auto first_refused = asked_;
  for (int i = 0; i < 3; ++i) {
    const auto some = ask(stale, 10, 5s);
    ends.insert(some.begin(), some.end());
  }
  ASSERT_TRUE(nodes_.await([&] { return is_back(before.owner); }));
  for (const auto& [number, how] : ask(ref, 10, 60s)) EXPECT_EQ(how, ending::answered) << number;
  for (const auto& [number, how] : ask(stale, 10, 5s)) EXPECT_NE(how, ending::answered) << "for good";

  expect_handled_once_each();
  for (const auto& one : handled_of(desk)) {
    const auto how = ends.find(one.number);
    if (how == ends.end()) continue;
    EXPECT_NE(how->second, ending::fenced) << one << ", though it was refused";
    EXPECT_LT(one.number, first_refused) << one << ", behind the fence";
  }
  EXPECT_THAT(handled_of(desk), testing::Each(testing::ResultOf(
                                    [&](const handled_question& one) {
                                      return one.number > 10 && one.number <= by_reference ? one.node : 0;
                                    },
                                    testing::Ne(before.owner.node))))
      << "of those that were asked by the reference while it stood still";
  const auto refused = std::ranges::count(ends, ending::fenced, [](const auto& one) { return one.second; });
  RecordProperty("refused_by_the_fence", static_cast<int>(refused));
}

TEST_F(stopped_owner_test, of_a_distributed_child_does_not_act_beside_the_next_one) {
  ASSERT_TRUE(await_all());
  const auto ref = nodes_.asker().ref(child_name);
  for (const auto& [number, how] : ask(ref, 10, 60s)) EXPECT_EQ(how, ending::answered) << number;
  const auto stale = shown(child_name);
  ASSERT_TRUE(stale);
  const auto before = replace_stopped_owner(child_name);
  for (const auto& [number, how] : ask(ref, 10, 60s)) EXPECT_EQ(how, ending::answered) << number;
  ask(stale, 20, 1s);
  nodes_.signal(before.owner.node, SIGCONT);
  // While it finds out, both are asked.
  ASSERT_TRUE(nodes_.await([&] {
    for (const auto& [number, how] : ask(stale, 5, 5s)) EXPECT_NE(how, ending::answered) << number;
    for (const auto& [number, how] : ask(ref, 5, 60s)) EXPECT_EQ(how, ending::answered) << number;
    return is_back(before.owner);
  }));
  for (const auto& [number, how] : ask(stale, 5, 5s)) EXPECT_NE(how, ending::answered) << number;

  expect_handled_once_each();
  auto acts = handled_of(ledger);
  std::ranges::sort(acts, {}, &handled_question::at);
  EXPECT_TRUE(std::ranges::is_sorted(acts, {}, &handled_question::token)) << testing::PrintToString(acts);
  EXPECT_GT(acts.back().token, before.token);
}

}  // namespace
}  // namespace bulwark::cluster_test
