// SPDX-License-Identifier: BSD-3-Clause
// Goal: a numbered command that is sent until it is answered is executed exactly once, whoever dies or pauses
// meanwhile. Method: clients of a real cluster that count, each in its own session; each repeats its command
// at the next node after any error, so that many come twice; the leader is killed and paused. The reply to
// the n-th command must be n.
#include "support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <optional>
#include <thread>

namespace bulwark::cluster_test {
namespace {

using load::local_cluster;

/// Counts up in a session of its own, in a thread of its own, until it is told to stop.
class counting_client {
 public:
  counting_client(unsigned number, const std::vector<load::endpoint>& nodes)
      : name_{"counter" + std::to_string(number)},
        client_{{.endpoints = nodes, .first = number % nodes.size(), .request_timeout = 300ms}},
        thread_{[this] { run(); }} {}
  ~counting_client() { stop(); }

  void stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::uint64_t counted() const { return counted_; }
  [[nodiscard]] std::uint64_t repeated() const { return repeated_; }
  /// What a reply was in place of what it should have been; call it after stop().
  [[nodiscard]] const std::optional<std::string>& wrong() const { return wrong_; }

 private:
  void run() {
    for (std::uint64_t number = 1; !stopping_ && !wrong_; ++number) {
      while (!count(number)) {
        ++repeated_;
        client_.move_on();
      }
    }
  }

  /// Done, or wrong for good.
  bool count(std::uint64_t number) {
    const auto result = client_.call({"SESSION", name_, std::to_string(number), "INCR", name_});
    if (result.done()) {
      counted_ = number;
      if (result.answer.number != static_cast<std::int64_t>(number))
        wrong_ = std::to_string(result.answer.number) + " in place of " + std::to_string(number);
      return true;
    }
    if (result.error.starts_with("NOSESSION") || result.error.starts_with("STALESESSION"))
      wrong_ = result.error;
    return wrong_.has_value();
  }

  const std::string name_;
  load::client client_;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> counted_ = 0, repeated_ = 0;
  std::optional<std::string> wrong_;
  std::thread thread_;
};

TEST(sessions, repeated_commands_are_executed_exactly_once_whoever_dies) {
  local_cluster cluster({.program = program()});
  std::vector<std::unique_ptr<counting_client>> clients;
  for (unsigned i = 0; i < 4; ++i)
    clients.push_back(std::make_unique<counting_client>(i, cluster.endpoints()));
  const auto all_go_on = [&] {
    std::vector<std::uint64_t> before;
    for (const auto& one : clients) before.push_back(one->counted());
    return load::eventually(15s, [&] {
      for (std::size_t i = 0; i < clients.size(); ++i)
        if (clients[i]->counted() < before[i] + 20 && !clients[i]->wrong()) return false;
      return true;
    });
  };
  for (int fault = 0; fault < 6; ++fault) {
    ASSERT_TRUE(all_go_on()) << cluster.describe();
    const auto leader = cluster.await_leader(10s);
    if (fault % 2 == 0) {
      ASSERT_TRUE(cluster.signal(leader, SIGKILL));
    } else {
      ASSERT_TRUE(cluster.signal(leader, SIGSTOP));
      ASSERT_TRUE(all_go_on()) << "while " << leader << " stands still";
      ASSERT_TRUE(cluster.signal(leader, SIGCONT));
    }
  }
  EXPECT_TRUE(all_go_on()) << cluster.describe();
  std::uint64_t repeated = 0;
  for (const auto& one : clients) {
    one->stop();
    repeated += one->repeated();
    EXPECT_FALSE(one->wrong()) << one->name() << ": " << *one->wrong();
    auto reader = client_of(cluster.endpoints().front());
    const auto value = call_until_done(reader, {"GET", one->name()});
    EXPECT_EQ(value.answer.text, std::to_string(one->counted())) << one->name();
  }
  EXPECT_GT(repeated, 0u) << "no command was ever repeated: this run proves nothing";
  EXPECT_TRUE(cluster.stop()) << "the cluster did not stop when asked to";
}

}  // namespace
}  // namespace bulwark::cluster_test
