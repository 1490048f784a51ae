// SPDX-License-Identifier: BSD-3-Clause
// Goal: a transaction in the log runs as a whole or not at all, and no bytes can make it do otherwise.
// Method: tables of transactions with their replies; random ones by seed, whole and damaged, at bounds that
// are too tight for many of them, against a machine that runs the same commands one by one.
#include <gmock/gmock.h>

#include <random>

#include "bulwark/kv/core/machine.hpp"
#include "scripts.hpp"

namespace bulwark::kv {
namespace {

using testing::AnyOf;
using testing::StartsWith;

/// Applies one transaction; its reply in RESP2.
std::string apply_transaction(machine& m, const watched_keys& watched, const std::vector<std::string>& lines,
                              const batch_limits& limits = {}) {
  batch_writer batch{limits};
  add_transaction(batch, transaction_of(watched, lines));
  return rendered(m.apply(std::move(batch).take()));
}

/// Applies commands one by one, in one batch.
std::string apply_each(machine& m, const std::vector<std::string>& lines, const batch_limits& limits = {}) {
  batch_writer batch{limits};
  for (const auto& command : lines) add_words(batch, command);
  return rendered(m.apply(std::move(batch).take()));
}

const std::string null_array = "*-1\r\n";

TEST(revisions, are_those_of_the_last_change_and_0_where_there_is_no_key) {
  machine m;
  apply_each(m, {"set a 1", "set b 1", "set a 2", "set c 1", "del c"});
  EXPECT_EQ(apply_each(m, {"revision a b c d"}), "*4\r\n:3\r\n:2\r\n:0\r\n:0\r\n");
}

TEST(transaction_of_the_log, answers_with_the_replies_of_its_commands_in_order) {
  machine m;
  EXPECT_EQ(apply_transaction(m, {}, {"set k 1", "incr k", "get k", "mget k x"}),
            "*4\r\n+OK\r\n:2\r\n$1\r\n2\r\n*2\r\n$1\r\n2\r\n$-1\r\n");
  EXPECT_EQ(apply_transaction(m, {}, {}), "*0\r\n");
}

TEST(transaction_of_the_log, keeps_errors_of_commands_in_their_place_and_goes_on) {
  machine m;
  EXPECT_EQ(apply_transaction(m, {}, {"set k text", "incr k", "append k s"}),
            "*3\r\n+OK\r\n-ERR value is not an integer or out of range\r\n:5\r\n");
}

TEST(transaction_of_the_log, runs_if_all_watched_keys_are_as_they_were) {
  machine m;
  apply_each(m, {"set a 1", "set b 2"});
  EXPECT_EQ(apply_transaction(m, {{"a", 1}, {"b", 2}, {"absent", 0}}, {"incr a"}), "*1\r\n:2\r\n");
}

TEST(transaction_of_the_log, does_nothing_if_any_watched_key_is_not_as_it_was) {
  const watched_keys cases[] = {{{"a", 2}},             // changed since
                                {{"b", 2}, {"a", 2}},   // only the last one
                                {{"a", 2}, {"b", 2}},   // only the first one
                                {{"a", 0}},             // was absent
                                {{"absent", 4}},        // is gone
                                {{"a", 9}},             // of another history
                                {{"a", 3}, {"a", 2}}};  // of two opinions
  for (const auto& watched : cases) {
    machine m;
    apply_each(m, {"set a 0", "set b 2", "set a 1"});
    const auto before = m.hash();
    EXPECT_EQ(apply_transaction(m, watched, {"set a x", "del b"}), null_array);
    EXPECT_EQ(m.hash(), before);
  }
}

TEST(transaction_of_the_log, notices_a_key_that_was_deleted_and_made_again) {
  machine m;
  apply_each(m, {"set a 1", "del a", "set a 1"});
  EXPECT_EQ(apply_transaction(m, {{"a", 1}}, {"get a"}), null_array);
}

TEST(transaction_of_the_log, is_null_in_the_words_of_the_protocol) {
  machine m;
  batch_writer batch{{}};
  add_transaction(batch, transaction_of({{"a", 1}}, {}));
  EXPECT_EQ(rendered(m.apply(std::move(batch).take()), protocol::resp3), "_\r\n");
}

TEST(transaction_of_the_log, that_memory_may_not_suffice_for_does_nothing) {
  machine m;
  apply_each(m, {"set a 1"});
  const auto before = m.hash();
  const batch_limits tight{.memory_bytes_max = m.totals().bytes + 2 * keyspace::overhead_bytes};
  const std::vector<std::string> lines{"set b 1", "set c 1", "del a"};
  EXPECT_THAT(apply_transaction(m, {}, lines, tight), StartsWith("-OOM"));
  EXPECT_EQ(m.hash(), before);
  EXPECT_EQ(apply_transaction(m, {}, {"get a", "del a"}, {.memory_bytes_max = 1}), "*2\r\n$1\r\n1\r\n:1\r\n")
      << "what does not grow needs no memory";
}

TEST(transaction_of_the_log, reckons_with_what_new_counters_take) {
  machine m;
  std::vector<std::string> lines;
  std::uint64_t keys_alone = 0;
  for (int i = 100; i < 250; ++i) {  // each takes a digit as well: together more than the last key
    lines.push_back("incr n" + std::to_string(i));
    keys_alone += 4 + keyspace::overhead_bytes;
  }
  EXPECT_THAT(apply_transaction(m, {}, lines, {.memory_bytes_max = keys_alone}), StartsWith("-OOM"));
  EXPECT_EQ(m.totals().keys, 0u);
}

TEST(transaction_of_the_log, whose_replies_may_be_too_large_does_nothing) {
  machine m;
  apply_each(m, {"set k " + std::string(1000, 'x')});
  const auto before = m.hash();
  const batch_limits limits{.reply_bytes_max = 5000};
  const std::vector<std::string> five{"incr n", "get k", "get k", "get k", "get k", "get k"};
  EXPECT_THAT(apply_transaction(m, {}, five, limits),
              StartsWith("-ERR the replies of the transaction may take "));
  EXPECT_THAT(apply_transaction(m, {}, {"incr n", "append k " + std::string(4000, 'y'), "get k"}, limits),
              StartsWith("-ERR the replies of the transaction may take "));
  EXPECT_EQ(m.hash(), before);
  EXPECT_THAT(apply_transaction(m, {}, {"incr n", "get k", "get k", "get k"}, limits),
              StartsWith("*4\r\n:1"));
}

TEST(transaction_of_the_log, reckons_with_values_that_it_makes_itself) {
  const std::string large(1500, 'x');
  std::string hundred_counters = "mget";
  for (int i = 0; i < 100; ++i) hundred_counters += " n";
  const std::vector<std::string> cases[] = {{"set k " + large, "get k", "get k"},
                                            {"setnx k " + large, "mget k k"},
                                            {"getset k " + large, "get k", "get k"},
                                            {"mset a 1 k " + large, "get k", "get k"},
                                            {"cas old 1 " + large, "get old", "get old"},
                                            {"append k " + large, "get k", "getset k 1"},
                                            {"decrby n 9223372036854775807", hundred_counters}};
  for (const auto& lines : cases) {
    machine m;
    apply_each(m, {"set old 1"});
    EXPECT_THAT(apply_transaction(m, {}, lines, {.reply_bytes_max = 2000}), StartsWith("-ERR the replies"))
        << lines[0].substr(0, 20);
    EXPECT_EQ(m.totals().revision, 1u);
  }
}

TEST(transaction_of_the_log, of_many_sets_of_large_values_needs_no_large_reply) {
  machine m;
  std::vector<std::string> lines;
  for (int i = 0; i < 20; ++i) lines.push_back("set k " + std::string(1000, 'x'));
  EXPECT_THAT(apply_transaction(m, {}, lines, {.reply_bytes_max = 5000}), StartsWith("*20\r\n+OK"));
}

/// Expects that the arguments are answered with an error that begins so, and change nothing.
void expect_refused(const std::vector<std::string>& arguments, const std::string& error) {
  machine m;
  batch_writer batch{{}};
  add_transaction(batch, arguments);
  EXPECT_THAT(rendered(m.apply(std::move(batch).take())), StartsWith(error)) << arguments.back();
  EXPECT_EQ(m.totals().revision, 0u) << arguments.back();
}

TEST(transaction_of_the_log, that_is_malformed_does_nothing) {
  const std::vector<std::string> cases[] = {{"x"},                               // no number of watched keys
                                            {"1", "k"},                          // the revision is missing
                                            {"1", "k", "-1"},                    // is none
                                            {"1", "k", "1x"},                    // nor is this
                                            {"18446744073709551615", "k", "1"},  // more than there are
                                            {"9223372036854775807", "k", "1"},   // even if it were doubled
                                            {"0", "2", "incr", "n", "2", "incr"},  // a word is missing
                                            {"0", "0", "2", "incr", "n"},          // a command without words
                                            {"0", "2", "incr", "n", "9223372036854775807"}};
  for (const auto& arguments : cases) expect_refused(arguments, "-ERR a malformed transaction came");
}

TEST(transaction_of_the_log, with_a_command_that_is_none_does_nothing) {
  expect_refused({"0", "2", "incr", "n", "1", "incr"}, "-ERR wrong number of arguments for 'incr'");
  expect_refused({"0", "2", "incr", "n", "1", "nonsense"}, "-ERR unknown command 'nonsense'");
  expect_refused({"0", "2", "incr", "n", "1", "ping"}, "-ERR MULTI runs commands on keys, not 'ping'");
  expect_refused({"0", "2", "incr", "n", "2", "transaction", "0"}, "-ERR unknown command 'transaction'");
  expect_refused({"0", "2", "incr", "n", "5", "session", "s", "1", "incr", "n"},
                 "-ERR MULTI runs commands on keys, not 'session'");
  expect_refused({"0", "2", "incr", "n", "4", "stale", "1", "get", "n"},
                 "-ERR MULTI runs commands on keys, not 'stale'");
}

TEST(transaction_of_the_log, is_not_asked_as_a_read) {
  machine m;
  batch_writer batch{{}};
  add_transaction(batch, transaction_of({}, {"get k"}));
  EXPECT_EQ(rendered(m.query(std::move(batch).take())), "-ERR a write came as a read\r\n");
}

TEST(transaction_of_the_log, in_a_session_is_executed_once) {
  machine m;
  const auto numbered = [&](std::uint64_t number, const watched_keys& watched) {
    batch_writer batch{{}};
    add_transaction(batch, transaction_of(watched, {"incr n", "get n"}), "s", number);
    return rendered(m.apply(std::move(batch).take()));
  };
  EXPECT_EQ(numbered(1, {}), "*2\r\n:1\r\n$1\r\n1\r\n");
  EXPECT_EQ(numbered(1, {}), "*2\r\n:1\r\n$1\r\n1\r\n");
  EXPECT_EQ(numbered(2, {{"n", 7}}), null_array);
  EXPECT_EQ(numbered(2, {}), null_array) << "what was not done stays undone under its number";
  EXPECT_EQ(numbered(3, {{"n", 1}}), "*2\r\n:2\r\n$1\r\n2\r\n");
  EXPECT_EQ(numbered(3, {{"n", 1}}), "*2\r\n:2\r\n$1\r\n2\r\n");
  EXPECT_EQ(m.totals().revision, 2u);
}

std::vector<std::string> random_commands(std::mt19937& random) {
  std::vector<std::string> all;
  for (auto n = random() % 8; n > 0; --n) {
    auto command = random_command(random);
    std::vector<std::string> words;
    batch_writer scratch{{}};
    add_words(scratch, command);
    const auto payload = std::move(scratch).take();
    batch_reader in{payload};
    command_id id{};
    std::vector<std::string_view> arguments;
    in.next(id, arguments);
    if (arity_fits(*find_command(id), arguments.size() + 1)) all.push_back(std::move(command));
  }
  return all;
}

TEST(transaction_of_the_log, gives_what_its_commands_give_one_by_one_or_does_nothing) {
  unsigned ran = 0, refused = 0;
  for (unsigned seed = 1; seed <= 1000; ++seed) {
    std::mt19937 random{seed};
    machine at_once, one_by_one;
    for (int i = 0; i < 4; ++i) {
      const auto lines = random_commands(random);
      batch_limits limits;
      if (random() % 2 == 0) limits.memory_bytes_max = at_once.totals().bytes + random() % 800;
      if (random() % 4 == 0) limits.reply_bytes_max = static_cast<std::uint32_t>(random() % 1000);
      const auto before = at_once.hash();
      const auto reply = apply_transaction(at_once, {}, lines, limits);
      if (reply.starts_with('-')) {
        ++refused;
        ASSERT_EQ(at_once.hash(), before) << "seed " << seed;
        ASSERT_THAT(reply, AnyOf(StartsWith("-OOM"), StartsWith("-ERR the replies"))) << "seed " << seed;
        continue;
      }
      ++ran;
      const auto each = apply_each(one_by_one, lines, limits);
      ASSERT_EQ(reply, "*" + std::to_string(lines.size()) + "\r\n" + each) << "seed " << seed;
      ASSERT_EQ(at_once.hash(), one_by_one.hash()) << "seed " << seed;
      ASSERT_EQ(reply.find("-OOM"), std::string::npos) << "seed " << seed;
      ASSERT_LE(each.size(), limits.reply_bytes_max + 100u) << "seed " << seed;
    }
  }
  EXPECT_GT(ran, 500u);
  EXPECT_GT(refused, 500u);
}

TEST(transaction_of_the_log, that_is_damaged_does_the_same_everywhere) {
  for (unsigned seed = 1; seed <= 5000; ++seed) {
    std::mt19937 random{seed};
    batch_writer batch{{}};
    add_transaction(batch, transaction_of({{"a", random() % 3}}, random_commands(random)),
                    random() % 4 == 0 ? "s" : "", 1);
    auto payload = std::move(batch).take();
    constexpr std::size_t limits_bytes = 21;  // spared by most: with other limits little is left to see
    for (auto n = random() % 3; n > 0; --n) {
      const auto from = random() % 8 == 0 ? 0 : limits_bytes;
      payload[from + random() % (payload.size() - from)] = static_cast<char>(random());
    }
    machine a, b;
    apply_each(a, {"set a 1"});
    apply_each(b, {"set a 1"});
    const auto answer = a.apply(payload);
    ASSERT_EQ(answer, b.apply(payload)) << "seed " << seed;
    ASSERT_EQ(a.save(), b.save()) << "seed " << seed;
    ASSERT_NE(rendered(answer), "malformed") << "seed " << seed;
  }
}

}  // namespace
}  // namespace bulwark::kv
