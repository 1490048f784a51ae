// SPDX-License-Identifier: BSD-3-Clause
// Goal: transactions are all or nothing, and see nothing in between, whoever dies meanwhile; in a session
// they run exactly once. Method: clients of a real cluster that move money between accounts with SET, so that
// any change that is not noticed is money lost or made; the leader is killed under them. Every snapshot of
// all accounts must have the same sum, and each client's count in the store must be its own.
#include "support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <optional>
#include <random>
#include <thread>

namespace bulwark::cluster_test {
namespace {

using load::local_cluster;

constexpr std::array accounts{"account0", "account1", "account2", "account3"};
constexpr std::int64_t each_account = 1000;
constexpr auto whole_sum = each_account * static_cast<std::int64_t>(accounts.size());

/// The sum of values in a reply; nothing if one is missing or no number.
std::optional<std::int64_t> sum_of(const load::reply& values) {
  if (values.elements.size() != accounts.size()) return std::nullopt;
  std::int64_t sum = 0;
  for (const auto& value : values.elements) {
    if (value.text.empty()) return std::nullopt;
    sum += std::stoll(value.text);
  }
  return sum;
}

/// A reply with all that is in it.
std::string described(const load::reply& what) {
  if (what.kind != load::reply::type::array) return load::to_string(what);
  std::string all = "[";
  for (const auto& each : what.elements) all += described(each) + " ";
  return all + "]";
}

/// Does something over and over in a thread of its own, until it is told to stop or finds something wrong.
class bank_client {
 public:
  bank_client(unsigned number, const std::vector<load::endpoint>& nodes)
      : client_{{.endpoints = nodes, .first = number % nodes.size(), .request_timeout = 500ms}},
        random_{number} {}
  bank_client(const bank_client&) = delete;
  bank_client& operator=(const bank_client&) = delete;
  virtual ~bank_client() = default;

  void start() {
    thread_ = std::thread{[this] {
      while (!stopping_ && !wrong_) go_once();
    }};
  }
  void stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] std::uint64_t done() const { return done_; }
  [[nodiscard]] std::uint64_t in_vain() const { return in_vain_; }
  [[nodiscard]] bool is_wrong() const { return wrong_; }
  /// Call it after stop().
  [[nodiscard]] const std::string& what_is_wrong() const { return what_is_wrong_; }

 protected:
  virtual void go_once() = 0;

  /// The answer if the command was done. If not, the connection and what the node knows of it is given up.
  std::optional<load::reply> ask(std::initializer_list<std::string_view> words) {
    auto result = client_.call(words);
    if (result.done()) return std::move(result.answer);
    if (!result.expected) complain(result.error);
    client_.move_on();
    return std::nullopt;
  }

  void go_elsewhere() { client_.move_on(); }

  void complain(const std::string& what) {
    what_is_wrong_ = what;
    wrong_ = true;
  }

  struct transfer {
    std::string from, to;
    std::string from_left, to_left;  ///< what they have then
  };

  /// Between two accounts that have so much now.
  transfer make_transfer(const std::string& from, const std::string& to, const load::reply& values) {
    const auto amount = std::int64_t{1} + static_cast<std::int64_t>(random_() % 10);
    return {from, to, std::to_string(std::stoll(values.elements.at(0).text) - amount),
            std::to_string(std::stoll(values.elements.at(1).text) + amount)};
  }

  std::pair<std::string, std::string> choose_two() {
    const auto first = random_() % accounts.size();
    const auto second = (first + 1 + random_() % (accounts.size() - 1)) % accounts.size();
    return {accounts[first], accounts[second]};
  }

  std::atomic<std::uint64_t> done_ = 0, in_vain_ = 0;

 private:
  load::client client_;
  std::mt19937_64 random_;
  std::atomic<bool> stopping_ = false, wrong_ = false;
  std::string what_is_wrong_;
  std::thread thread_;
};

/// Moves money as with Redis: WATCH, read, MULTI, write, EXEC.
class watching_client final : public bank_client {
 public:
  using bank_client::bank_client;
  ~watching_client() override { stop(); }

 private:
  void go_once() override {
    const auto [from, to] = choose_two();
    if (!ask({"WATCH", from, to})) return;
    const auto values = ask({"MGET", from, to});
    if (!values) return;
    const auto what = make_transfer(from, to, *values);
    if (!ask({"MULTI"}) || !ask({"SET", from, what.from_left}) || !ask({"SET", to, what.to_left})) return;
    if (const auto reply = ask({"EXEC"})) ++(reply->is_nil() ? in_vain_ : done_);
  }
};

/// Moves money by transactions with a number, which it repeats until they are answered.
class numbering_client final : public bank_client {
 public:
  numbering_client(unsigned number, const std::vector<load::endpoint>& nodes)
      : bank_client{number, nodes}, name_{"numbering" + std::to_string(number)} {}
  ~numbering_client() override { stop(); }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::uint64_t repeated() const { return repeated_; }

 private:
  void go_once() override {
    const auto [from, to] = choose_two();
    const auto revisions = ask({"REVISION", from, to});
    if (!revisions) return;
    const auto values = ask({"MGET", from, to});  // if they are newer, the transaction is in vain
    if (!values) return;
    const auto what = make_transfer(from, to, *values);
    ++number_;
    const auto reply = repeat_until_answered(what, *revisions);
    // Now and then once more, elsewhere, although it was answered.
    if (!reply || (number_ % 4 == 0 && !gets_the_same_again(*reply, what, *revisions))) return;
    if (reply->is_nil())
      ++in_vain_;
    else if (reply->elements.size() != 3 || reply->elements[2].number != static_cast<std::int64_t>(++done_))
      complain("the reply to number " + std::to_string(number_) + " is " + described(*reply));
  }

  /// Nothing only if something is wrong.
  std::optional<load::reply> repeat_until_answered(const transfer& what, const load::reply& revisions) {
    const auto from_revision = std::to_string(revisions.elements.at(0).number);
    const auto to_revision = std::to_string(revisions.elements.at(1).number);
    const auto number = std::to_string(number_);
    for (;; ++repeated_) {
      if (ask({"WATCHAT", what.from, from_revision, what.to, to_revision}) && ask({"MULTI"}) &&
          ask({"SET", what.from, what.from_left}) && ask({"SET", what.to, what.to_left}) &&
          ask({"INCR", name_}))
        if (auto reply = ask({"SESSION", name_, number, "EXEC"})) return reply;
      if (is_wrong()) return std::nullopt;
    }
  }

  bool gets_the_same_again(const load::reply& first, const transfer& what, const load::reply& revisions) {
    go_elsewhere();
    const auto second = repeat_until_answered(what, revisions);
    if (!second) return false;
    const bool same = described(*second) == described(first);
    if (!same) complain(described(first) + " became " + described(*second) + " when it was repeated");
    return same;
  }

  const std::string name_;
  std::uint64_t number_ = 0;
  std::atomic<std::uint64_t> repeated_ = 0;
};

/// Looks at all accounts at once.
class auditing_client final : public bank_client {
 public:
  using bank_client::bank_client;
  ~auditing_client() override { stop(); }

 private:
  void go_once() override {
    if (!ask({"MULTI"})) return;
    // Two reads, with nothing in between.
    if (!ask({"MGET", accounts[0], accounts[1], accounts[2], accounts[3]})) return;
    if (!ask({"MGET", accounts[0], accounts[1], accounts[2], accounts[3]})) return;
    const auto reply = ask({"EXEC"});
    if (!reply) return;
    if (reply->elements.size() != 2 || sum_of(reply->elements[0]) != whole_sum ||
        sum_of(reply->elements[1]) != whole_sum)
      return complain("accounts were " + described(*reply));
    ++done_;
  }
};

TEST(transactions, neither_lose_nor_make_money_whoever_dies) {
  local_cluster cluster({.program = program(), .nodes = 3});
  auto teller = client_of(cluster.endpoints().front());
  const auto amount = std::to_string(each_account);
  ASSERT_TRUE(call_until_done(teller, {"MSET", accounts[0], amount, accounts[1], amount, accounts[2], amount,
                                       accounts[3], amount})
                  .done());
  std::vector<std::unique_ptr<bank_client>> clients;
  std::vector<const numbering_client*> numbering;
  for (unsigned i = 0; i < 2; ++i) {
    clients.push_back(std::make_unique<watching_client>(3 * i, cluster.endpoints()));
    auto one = std::make_unique<numbering_client>(3 * i + 1, cluster.endpoints());
    numbering.push_back(one.get());
    clients.push_back(std::move(one));
    clients.push_back(std::make_unique<auditing_client>(3 * i + 2, cluster.endpoints()));
  }
  for (const auto& one : clients) one->start();
  const auto all_go_on = [&] {
    std::vector<std::uint64_t> before;
    for (const auto& one : clients) before.push_back(one->done());
    return load::eventually(15s, [&] {
      for (std::size_t i = 0; i < clients.size(); ++i)
        if (clients[i]->done() < before[i] + 20 && !clients[i]->is_wrong()) return false;
      return true;
    });
  };
  const auto repeated = [&] {
    std::uint64_t all = 0;
    for (const auto* one : numbering) all += one->repeated();
    return all;
  };
  for (int fault = 0; fault < 4 || (repeated() == 0 && fault < 12); ++fault) {
    ASSERT_TRUE(all_go_on()) << cluster.describe();
    ASSERT_TRUE(cluster.signal(cluster.await_leader(10s), SIGKILL));
  }
  EXPECT_TRUE(all_go_on()) << cluster.describe();

  std::uint64_t in_vain = 0;
  for (const auto& one : clients) {
    one->stop();
    in_vain += one->in_vain();
    EXPECT_FALSE(one->is_wrong()) << one->what_is_wrong();
  }
  for (const auto* one : numbering)
    EXPECT_EQ(call_until_done(teller, {"GET", one->name()}).answer.text, std::to_string(one->done()))
        << "of " << one->name();
  EXPECT_EQ(
      sum_of(call_until_done(teller, {"MGET", accounts[0], accounts[1], accounts[2], accounts[3]}).answer),
      whole_sum);
  EXPECT_GT(in_vain, 0u) << "no two clients ever met at an account: this run proves nothing";
  EXPECT_GT(repeated(), 0u) << "no transaction was ever repeated: this run proves nothing";
  RecordProperty("in_vain", static_cast<int>(in_vain));
  RecordProperty("repeated", static_cast<int>(repeated()));
  EXPECT_TRUE(cluster.stop()) << "the cluster did not stop when asked to";
}

}  // namespace
}  // namespace bulwark::cluster_test
