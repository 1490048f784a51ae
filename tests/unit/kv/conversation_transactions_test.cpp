// SPDX-License-Identifier: BSD-3-Clause
// Goal: MULTI, EXEC, WATCH and their like keep the words of Redis, hold no more than they may, and run
// nothing whose watched keys nobody vouches for. Method: bytes in, replies out, with the real machine; other
// clients are batches that the test applies to it.
#include <gmock/gmock.h>

#include <random>

#include "conversation_rig.hpp"
#include "scripts.hpp"

namespace bulwark::kv {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

struct transactions_test : conversation_rig {
  std::string say(const std::string& lines) {
    it.received(lines);
    return talk_on();
  }

  void by_another_client(std::string_view command) {
    batch_writer batch{{}};
    add_words(batch, command);
    keys.apply(std::move(batch).take());
  }

  /// Answers what comes next with an outcome in place of the machine.
  std::string fail_next(const std::string& line, consensus::outcome result) {
    it.received(line);
    EXPECT_EQ(it.advance(), conversation::need::submit);
    it.take_submit();
    it.answered(result, {});
    return talk_on();
  }
};

const std::string queued = "+QUEUED\r\n", null_reply = "*-1\r\n", fine = "+OK\r\n";
const std::string abort_by_errors = "-EXECABORT Transaction discarded because of previous errors.\r\n";
const std::string abort_by_watch = "-EXECABORT Transaction discarded because a WATCH before it failed.\r\n";

TEST_F(transactions_test, are_queued_and_sent_as_one_write) {
  EXPECT_EQ(say("multi\r\nset k 1\r\nincr k\r\nget k\r\n"), fine + queued + queued + queued);
  EXPECT_THAT(kinds, IsEmpty());
  EXPECT_EQ(say("exec\r\n"), "*3\r\n+OK\r\n:2\r\n$1\r\n2\r\n");
  EXPECT_THAT(kinds, ElementsAre(consensus::request_kind::write));
  EXPECT_EQ(say("exec\r\nget k\r\n"), "-ERR EXEC without MULTI\r\n$1\r\n2\r\n");
}

TEST_F(transactions_test, in_a_pipeline_keep_the_order_of_replies) {
  EXPECT_EQ(say("set k 1\r\nmulti\r\nincr k\r\nexec\r\nget k\r\nmulti\r\nexec\r\nping\r\n"),
            fine + fine + queued + "*1\r\n:2\r\n$1\r\n2\r\n" + fine + "*0\r\n+PONG\r\n");
}

TEST_F(transactions_test, run_if_nobody_changed_what_is_watched) {
  by_another_client("set k 1");
  EXPECT_EQ(say("watch k absent\r\n"), fine);
  EXPECT_THAT(kinds, ElementsAre(consensus::request_kind::read));
  by_another_client("set other 1");
  EXPECT_EQ(say("multi\r\nincr k\r\nexec\r\n"), fine + queued + "*1\r\n:2\r\n");
}

TEST_F(transactions_test, are_null_if_somebody_did) {
  for (const auto* change : {"set k 2", "del k", "set absent 1", "append k x"}) {
    by_another_client("set k 1");
    by_another_client("del absent");
    EXPECT_EQ(say("watch k\r\nwatch absent\r\n"), fine + fine);
    by_another_client(change);
    EXPECT_EQ(say("multi\r\nincr n\r\nexec\r\n"), fine + queued + null_reply) << change;
    EXPECT_EQ(say("get n\r\n"), "$-1\r\n");
  }
}

TEST_F(transactions_test, are_null_if_the_client_itself_did) {
  EXPECT_EQ(say("watch k\r\nset k 1\r\nmulti\r\nget k\r\nexec\r\n"),
            fine + fine + fine + queued + null_reply);
}

TEST_F(transactions_test, the_first_watch_of_a_key_counts) {
  say("watch k\r\n");
  by_another_client("set k 1");
  EXPECT_EQ(say("watch k\r\nmulti\r\nexec\r\n"), fine + fine + null_reply);
}

TEST_F(transactions_test, what_was_watched_is_forgotten_by_what_ends_it) {
  for (const auto* end : {"exec", "discard"}) {
    say("watch k\r\nmulti\r\n" + std::string{end} + "\r\n");
    by_another_client("incr k");
    EXPECT_EQ(say("multi\r\nexec\r\n"), fine + "*0\r\n") << end;
  }
  for (const auto* end : {"unwatch", "reset"}) {
    say("watch k\r\n" + std::string{end} + "\r\n");
    by_another_client("incr k");
    EXPECT_EQ(say("multi\r\nexec\r\n"), fine + "*0\r\n") << end;
  }
  EXPECT_EQ(server.taken, 0u);
}

TEST_F(transactions_test, what_was_queued_is_forgotten_by_what_ends_it) {
  EXPECT_EQ(say("multi\r\nincr n\r\ndiscard\r\nmulti\r\nexec\r\n"), fine + queued + fine + fine + "*0\r\n");
  EXPECT_EQ(say("multi\r\nincr n\r\nreset\r\nexec\r\n"),
            fine + queued + "+RESET\r\n-ERR EXEC without MULTI\r\n");
  EXPECT_EQ(say("multi\r\nnonsense\r\ndiscard\r\nmulti\r\nincr n\r\nexec\r\n").substr(0, 5), fine);
  EXPECT_EQ(say("get n\r\n"), "$1\r\n1\r\n") << "only the last one ran";
  EXPECT_EQ(server.taken, 0u);
}

TEST_F(transactions_test, what_is_watched_has_an_end_with_the_connection) {
  {
    conversation other{limits, {}, server};
    other.received("watchat k 1\r\nmulti\r\nset k v\r\n");
    other.advance();
    EXPECT_GT(server.taken, 100u);
  }
  EXPECT_EQ(server.taken, 0u);
}

TEST_F(transactions_test, words_out_of_place_are_refused) {
  EXPECT_EQ(say("exec\r\ndiscard\r\n"), "-ERR EXEC without MULTI\r\n-ERR DISCARD without MULTI\r\n");
  EXPECT_EQ(say("multi\r\nmulti\r\nwatch k\r\nwatchat k 1\r\nincr n\r\nexec\r\n"),
            fine +
                "-ERR MULTI calls can not be nested\r\n-ERR WATCH inside MULTI is not allowed\r\n"
                "-ERR WATCH inside MULTI is not allowed\r\n" +
                queued + "*1\r\n:1\r\n");
}

TEST_F(transactions_test, with_a_command_that_cannot_run_do_nothing) {
  for (const auto& [line, error] : std::vector<std::pair<std::string, std::string>>{
           {"nonsense", "-ERR unknown command 'nonsense'"},
           {"get", "-ERR wrong number of arguments for 'get' command"},
           {"transaction 0", "-ERR unknown command 'transaction'"},
           {"ping", "-ERR MULTI runs commands on keys, not 'ping'"},
           {"info", "-ERR MULTI runs commands on keys, not 'info'"},
           {"unwatch", "-ERR MULTI runs commands on keys, not 'unwatch'"},
           {"session s 1 get k", "-ERR MULTI runs commands on keys, not 'session'"},
           {"session s x exec", "-ERR the number of a command in a session must be"},
           {"stale 5 get k", "-ERR MULTI runs commands on keys, not 'stale'"},
           {"get " + std::string(limits.key_bytes_max + 1, 'k'), "-ERR key is too long"}}) {
    EXPECT_EQ(say("multi\r\nincr n\r\n"), fine + queued);
    EXPECT_THAT(say(multibulk(line)), StartsWith(error)) << line.substr(0, 80);
    EXPECT_EQ(say("incr n\r\nexec\r\n"), queued + abort_by_errors) << line.substr(0, 80);
  }
  EXPECT_THAT(kinds, IsEmpty());
  EXPECT_EQ(say("get n\r\n"), "$-1\r\n");
  EXPECT_EQ(server.taken, 0u);
}

TEST_F(transactions_test, are_bounded_in_commands_and_bytes) {
  limits.transactions.commands_max = 2;
  EXPECT_EQ(
      say("multi\r\nincr n\r\nincr n\r\nincr n\r\nexec\r\n"),
      fine + queued + queued + "-ERR too many commands in a transaction: at most 2\r\n" + abort_by_errors);
  limits.requests.command_bytes_max = 100;
  conversation other{limits, {}, server};
  other.received("multi\r\nset k " + std::string(60, 'x') + "\r\nset k " + std::string(60, 'y') +
                 "\r\nexec\r\n");
  EXPECT_EQ(other.advance(), conversation::need::input);
  EXPECT_EQ(other.take_output(),
            fine + queued + "-ERR too long a transaction: at most 100 bytes\r\n" + abort_by_errors);
  EXPECT_EQ(say("get n\r\n"), "$-1\r\n");
}

TEST_F(transactions_test, watch_a_bounded_number_of_keys_and_bytes) {
  limits.transactions.watched_keys_max = 2;
  EXPECT_EQ(say("watch a b a b\r\nwatch c\r\nmulti\r\nincr n\r\nexec\r\n"),
            fine + "-ERR too many keys are watched: at most 2\r\n" + fine + queued + abort_by_watch);
  limits.transactions.watched_bytes_max = 1000;
  EXPECT_EQ(say(multibulk("watch " + std::string(950, 'k'))),
            "-ERR too long keys are watched: at most 1000 bytes together\r\n");
  EXPECT_EQ(say("multi\r\nincr n\r\nexec\r\n"), fine + queued + abort_by_watch);
  EXPECT_THAT(say(multibulk("watch a " + std::string(limits.key_bytes_max + 1, 'k'))),
              StartsWith("-ERR key is too long"));
  EXPECT_EQ(say("multi\r\nincr n\r\nexec\r\nget n\r\n"), fine + queued + abort_by_watch + "$-1\r\n");
}

TEST_F(transactions_test, hold_no_more_than_all_clients_may) {
  server.bytes_max = 150;
  EXPECT_EQ(say("watch a\r\n"), fine);
  const std::string busy = "-BUSY Clients hold too much in buffers; the transaction cannot run\r\n";
  EXPECT_EQ(say("multi\r\nset k " + std::string(40, 'x') + "\r\nexec\r\n"), fine + busy + abort_by_errors);
  EXPECT_EQ(say("watch a b\r\nmulti\r\nexec\r\n"), busy + fine + abort_by_watch);
  EXPECT_EQ(server.taken, 0u);
}

TEST_F(transactions_test, do_not_run_behind_a_watch_that_failed) {
  EXPECT_THAT(fail_next("watch k\r\nmulti\r\nincr n\r\nexec\r\n", consensus::outcome::no_leader),
              testing::AllOf(StartsWith("-CLUSTERDOWN"), HasSubstr(abort_by_watch)));
  EXPECT_EQ(say("multi\r\nincr m\r\nexec\r\n"), fine + queued + "*1\r\n:1\r\n") << "EXEC forgot it";
  EXPECT_THAT(fail_next("watch k\r\n", consensus::outcome::not_done), StartsWith("-TRYAGAIN"));
  EXPECT_EQ(say("watch k\r\nmulti\r\nincr m\r\nexec\r\n"), fine + fine + queued + "*1\r\n:2\r\n")
      << "a watch that was repeated counts";
  EXPECT_EQ(say("get n\r\n"), "$-1\r\n");
}

TEST_F(transactions_test, do_not_run_behind_revisions_that_make_no_sense) {
  std::string other_count{"\1\0\0\0", 4}, error = other_count;
  reply_builder{other_count}.array(0);
  reply_builder{error}.error("ERR unknown command number 20");
  for (const auto& [answer, shown] : std::vector<std::pair<std::string, std::string>>{
           {"", "-ERR The reply of the replica is malformed\r\n"},
           {other_count, "-ERR The reply of the replica is malformed\r\n"},
           {error, "-ERR unknown command number 20\r\n"}}) {
    it.received("watch k\r\n");
    ASSERT_EQ(it.advance(), conversation::need::submit);
    it.take_submit();
    it.answered(consensus::outcome::done, answer);
    EXPECT_EQ(talk_on(), shown);
    EXPECT_EQ(say("multi\r\nexec\r\n"), fine + abort_by_watch);
  }
}

TEST_F(transactions_test, of_unknown_outcome_are_over) {
  say("watch k\r\nmulti\r\nincr k\r\n");
  EXPECT_THAT(fail_next("exec\r\n", consensus::outcome::unknown), StartsWith("-TIMEOUT"));
  EXPECT_EQ(say("exec\r\nmulti\r\nexec\r\n"), "-ERR EXEC without MULTI\r\n" + fine + "*0\r\n");
}

TEST_F(transactions_test, of_a_node_that_drains_are_refused) {
  say("multi\r\nincr n\r\n");
  it.drain();
  const std::string loading = "-LOADING The node is shutting down; nothing was done\r\n";
  EXPECT_EQ(say("exec\r\nwatch k\r\nmulti\r\nexec\r\n"), loading + loading + fine + loading);
  EXPECT_THAT(kinds, testing::Not(testing::Contains(consensus::request_kind::write)));
}

TEST_F(transactions_test, are_held_to_revisions_that_were_read_before) {
  by_another_client("set k 1");
  EXPECT_EQ(say("revision k absent\r\n"), "*2\r\n:1\r\n:0\r\n");
  EXPECT_EQ(say("watchat k 1 absent 0\r\nmulti\r\nincr k\r\nexec\r\n"),
            fine + fine + queued + "*1\r\n:2\r\n");
  EXPECT_EQ(say("watchat k 1 absent 0\r\nmulti\r\nincr k\r\nexec\r\n"), fine + fine + queued + null_reply);
  EXPECT_EQ(say("watchat k 2\r\nwatchat k 1\r\nmulti\r\nexec\r\n"), fine + fine + fine + null_reply);
}

TEST_F(transactions_test, are_not_held_to_what_is_no_revision) {
  for (const std::string words : {"k -1", "k x", "a 0 k 9223372036854775808", "k", "k 1 a"}) {
    EXPECT_THAT(say("watchat " + words + "\r\n"), StartsWith("-ERR ")) << words;
    EXPECT_EQ(say("multi\r\nexec\r\n"), fine + abort_by_watch) << words;
  }
}

TEST_F(transactions_test, in_a_session_run_once) {
  const std::string whole = "multi\r\nincr n\r\nget n\r\nSESSION s 1 EXEC\r\n";
  const auto reply = fine + queued + queued + "*2\r\n:1\r\n$1\r\n1\r\n";
  EXPECT_EQ(say(whole), reply);
  EXPECT_EQ(say(whole), reply);
  EXPECT_EQ(say("watchat n 7\r\nmulti\r\nincr n\r\nsession s 2 exec\r\n"), fine + fine + queued + null_reply);
  EXPECT_EQ(say("multi\r\nincr n\r\nsession s 2 exec\r\n"), fine + queued + null_reply);
  EXPECT_EQ(say("session s 3 exec\r\n"), "-ERR EXEC without MULTI\r\n");
  EXPECT_EQ(say("get n\r\n"), "$1\r\n1\r\n");
}

TEST_F(transactions_test, are_null_in_the_words_of_resp3) {
  EXPECT_THAT(say("hello 3\r\n"), StartsWith("%7"));
  EXPECT_EQ(say("watchat k 1\r\nmulti\r\nexec\r\n"), fine + fine + "_\r\n");
}

std::string random_line(std::mt19937& random) {
  const auto number = std::to_string(random() % 4);
  switch (random() % 14) {
    case 0:
    case 1:
    case 2: return "multi";
    case 3:
    case 4: return "exec";
    case 5: return random() % 2 == 0 ? "discard" : "unwatch";
    case 6: return "watch a b";
    case 7: return "watchat a " + number;
    case 8: return "session s " + number + (random() % 2 == 0 ? " exec" : " incr a");
    case 9: return "revision a b c";
    case 10: return random() % 3 == 0 ? "reset" : random() % 2 == 0 ? "stale 5 get a" : "ping";
    default: return random_command(random);
  }
}

TEST(transactions, of_a_talk_do_not_depend_on_how_it_is_cut_and_gathered) {
  for (unsigned seed = 1; seed <= 500; ++seed) {
    std::mt19937 random{seed};
    std::string bytes;
    for (int i = 0; i < 30; ++i) bytes += multibulk(random_line(random));
    talk_rig whole, in_pieces;
    in_pieces.limits.batch_commands_max = 1 + random() % 3;
    in_pieces.limits.output_bytes_step = 1 + random() % 50;
    whole.it.received(bytes);
    const auto expected = whole.talk_on();
    std::string out;
    for (std::size_t at = 0; at < bytes.size();) {
      const auto size = 1 + random() % 60;
      in_pieces.it.received(std::string_view{bytes}.substr(at, size));
      out += in_pieces.talk_on();
      at += size;
    }
    ASSERT_EQ(out, expected) << "seed " << seed;
    ASSERT_EQ(in_pieces.keys.save(), whole.keys.save()) << "seed " << seed;
    in_pieces.it.received("reset\r\n");
    in_pieces.talk_on();
    ASSERT_EQ(in_pieces.server.taken, 0u) << "seed " << seed;
  }
}

}  // namespace
}  // namespace bulwark::kv
