// SPDX-License-Identifier: BSD-3-Clause
// Goal: a conversation gathers what is at hand into one request, keeps the order of replies, and never
// executes a command twice. Method: bytes in, needs and output out; the machine is the real one, called by
// the test.
#include "conversation_rig.hpp"

#include <gmock/gmock.h>

#include "scripts.hpp"

namespace bulwark::kv {
namespace {

using consensus::outcome;
using consensus::request_kind;
using testing::StartsWith;
using need = conversation::need;
using namespace std::chrono_literals;

using conversation_test = conversation_rig;

TEST_F(conversation_test, a_pipeline_with_a_write_is_one_write) {
  it.received("get k\r\nset k v\r\nget k\r\n");
  EXPECT_EQ(talk_on(), "$-1\r\n+OK\r\n$1\r\nv\r\n");
  EXPECT_THAT(kinds, testing::ElementsAre(request_kind::write));
}

TEST_F(conversation_test, a_pipeline_of_reads_is_one_read) {
  it.received("get k\r\nexists k\r\ndbsize\r\n");
  EXPECT_EQ(talk_on(), "$-1\r\n:0\r\n:0\r\n");
  EXPECT_THAT(kinds, testing::ElementsAre(request_kind::read));
}

TEST_F(conversation_test, a_session_runs_a_numbered_command_once) {
  it.received("session s 1 incr n\r\nsession s 1 incr n\r\nSESSION s 2 GET n\r\n");
  EXPECT_EQ(talk_on(), ":1\r\n:1\r\n$1\r\n1\r\n");
  EXPECT_THAT(kinds, testing::ElementsAre(request_kind::write));
}

TEST_F(conversation_test, what_cannot_run_in_a_session_never_reaches_the_log) {
  for (const auto& [line, error] : std::vector<std::pair<std::string, std::string>>{
           {"session s 1", "-ERR wrong number of arguments for 'session' command"},
           {"session " + std::string(65, 'x') + " 1 get k",
            "-ERR the name of a session must have 1 to 64 bytes"},
           {"session s 0 get k", "-ERR the number of a command in a session must be an integer from 1 to"},
           {"session s 9223372036854775808 get k", "-ERR the number of a command in a session"},
           {"session s 1x get k", "-ERR the number of a command in a session"},
           {"session s 1 ping", "-ERR SESSION runs commands on keys, not 'ping'"},
           {"session s 1 session t 1 get k", "-ERR SESSION runs commands on keys, not 'session'"},
           {"session s 1 nonsense k", "-ERR unknown command 'nonsense'"},
           {"session s 1 get", "-ERR wrong number of arguments for 'get' command"},
           {"session s 1 get " + std::string(limits.key_bytes_max + 1, 'k'), "-ERR key is too long"}}) {
    it.received(multibulk(line));
    EXPECT_THAT(talk_on(), StartsWith(error)) << line.substr(0, 80);
  }
  EXPECT_THAT(kinds, testing::IsEmpty());
}

TEST_F(conversation_test, a_stale_read_is_answered_behind_its_age) {
  age = 7ms;
  it.received("set k v\r\n");
  talk_on();
  it.received("stale 100 get k\r\nSTALE 100 MGET k x\r\nstale 100 exists k\r\nstale 100 dbsize\r\n");
  EXPECT_EQ(
      talk_on(),
      "*2\r\n:7\r\n$1\r\nv\r\n*2\r\n:7\r\n*2\r\n$1\r\nv\r\n$-1\r\n*2\r\n:7\r\n:1\r\n*2\r\n:7\r\n:1\r\n");
  EXPECT_THAT(kinds, testing::ElementsAre(request_kind::write, request_kind::stale_read));
  EXPECT_EQ(ages.back(), 100ms);
}

TEST_F(conversation_test, reads_of_another_age_and_other_commands_do_not_share_a_request) {
  it.received("stale 5 strlen k\r\nstale 6 strlen k\r\nget k\r\nstale 6 get k\r\nset k v\r\n");
  EXPECT_EQ(talk_on(), "*2\r\n:0\r\n:0\r\n*2\r\n:0\r\n:0\r\n$-1\r\n*2\r\n:0\r\n$-1\r\n+OK\r\n");
  using enum request_kind;
  EXPECT_THAT(kinds, testing::ElementsAre(stale_read, stale_read, read, stale_read, write));
  EXPECT_THAT(ages, testing::ElementsAre(5ms, 6ms, 0ms, 6ms, 0ms));
}

TEST_F(conversation_test, stale_replies_that_come_in_parts_each_have_an_age) {
  limits.batches.reply_bytes_stop = 1;
  conversation other{limits, {}, server};
  other.received("stale 100 get k\r\nstale 100 get k\r\n");
  ASSERT_EQ(other.advance(), need::submit);
  other.answered(outcome::done, keys.query(other.take_submit().payload), 3ms);
  ASSERT_EQ(other.advance(), need::submit);
  const auto rest = other.take_submit();
  EXPECT_EQ(rest.kind, request_kind::stale_read);
  EXPECT_EQ(rest.at_most, 100ms);
  other.answered(outcome::done, keys.query(rest.payload), 9ms);
  EXPECT_EQ(other.take_output(), "*2\r\n:3\r\n$-1\r\n*2\r\n:9\r\n$-1\r\n");
}

TEST_F(conversation_test, a_stale_read_that_fails_says_so_as_others_do) {
  it.received("stale 100 get k\r\n");
  ASSERT_EQ(it.advance(), need::submit);
  it.take_submit();
  it.answered(outcome::no_leader, {});
  EXPECT_THAT(it.take_output(), StartsWith("-CLUSTERDOWN"));
}

TEST_F(conversation_test, what_is_no_stale_read_is_never_asked) {
  for (const auto& [line, error] : std::vector<std::pair<std::string, std::string>>{
           {"stale 5", "-ERR wrong number of arguments for 'stale' command"},
           {"stale -1 get k",
            "-ERR the age that a stale read may have must be an integer of milliseconds from 0"},
           {"stale 5s get k", "-ERR the age that a stale read may have"},
           {"stale 86400001 get k", "-ERR the age that a stale read may have"},
           {"stale 5 set k v", "-ERR STALE runs commands that only read keys, not 'set'"},
           {"stale 5 ping", "-ERR STALE runs commands that only read keys, not 'ping'"},
           {"stale 5 stale 5 get k", "-ERR STALE runs commands that only read keys, not 'stale'"},
           {"stale 5 nonsense k", "-ERR unknown command 'nonsense'"},
           {"stale 5 get", "-ERR wrong number of arguments for 'get' command"},
           {"session s 1 stale 5 get k", "-ERR SESSION runs commands on keys, not 'stale'"},
           {"stale 5 get " + std::string(limits.key_bytes_max + 1, 'k'), "-ERR key is too long"}}) {
    it.received(multibulk(line));
    EXPECT_THAT(talk_on(), StartsWith(error)) << line.substr(0, 80);
  }
  EXPECT_THAT(kinds, testing::IsEmpty());
}

TEST_F(conversation_test, nothing_goes_on_while_an_answer_is_awaited) {
  it.received("set k v\r\nping\r\n");
  ASSERT_EQ(it.advance(), need::submit);
  const auto submission = it.take_submit();
  it.received("ping\r\n");
  EXPECT_TRUE(it.awaits_write());
  EXPECT_EQ(it.advance(), need::input);
  EXPECT_EQ(it.take_output(), "");
  it.answered(outcome::done, keys.apply(submission.payload));
  EXPECT_EQ(talk_on(), "+OK\r\n+PONG\r\n+PONG\r\n");
}

TEST_F(conversation_test, an_answer_that_nobody_awaits_changes_nothing) {
  it.answered(outcome::done, "nonsense");
  it.status_known(std::nullopt);
  it.received("ping\r\n");
  EXPECT_EQ(talk_on(), "+PONG\r\n");
}

TEST_F(conversation_test, batches_are_bounded_in_commands_and_bytes) {
  limits.batch_commands_max = 3;
  it.received("incr a\r\nincr a\r\nincr a\r\nincr a\r\n");
  EXPECT_EQ(talk_on(), ":1\r\n:2\r\n:3\r\n:4\r\n");
  EXPECT_EQ(kinds.size(), 2u);
  limits.batch_bytes_max = 100;
  it.received(multibulk("set k " + std::string(60, 'x')) + multibulk("set k " + std::string(60, 'y')));
  EXPECT_EQ(talk_on(), "+OK\r\n+OK\r\n");
  EXPECT_EQ(kinds.size(), 4u);
}

TEST_F(conversation_test, what_was_not_executed_is_sent_again_and_only_that) {
  limits.batches.reply_bytes_stop = 20;
  it.received("set k 0123456789\r\nincr n\r\nget k\r\nincr n\r\nget k\r\nget k\r\nincr n\r\n");
  EXPECT_EQ(talk_on(),
            "+OK\r\n:1\r\n$10\r\n0123456789\r\n:2\r\n$10\r\n0123456789\r\n$10\r\n0123456789\r\n:3\r\n");
  EXPECT_GT(kinds.size(), 1u);
}

TEST_F(conversation_test, an_outcome_ends_what_was_left_of_a_batch) {
  limits.batches.reply_bytes_stop = 1;
  it.received("get k\r\nget k\r\nget k\r\n");
  ASSERT_EQ(it.advance(), need::submit);
  it.answered(outcome::done, keys.query(it.take_submit().payload));
  ASSERT_EQ(it.advance(), need::submit);
  it.take_submit();
  it.answered(outcome::no_leader, {});
  const auto out = it.take_output();
  EXPECT_THAT(out, StartsWith("$-1\r\n-CLUSTERDOWN"));
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 3);
  EXPECT_EQ(talk_on(), "");
}

TEST_F(conversation_test, a_malformed_answer_is_an_error_for_each_command) {
  for (const auto& answer :
       {std::string{}, std::string{"\1\0\0\0?", 5}, std::string{"\0\0\0\0", 4}, std::string{"\7\0\0\0", 4}}) {
    it.received("set k v\r\nset k v\r\n");
    ASSERT_EQ(it.advance(), need::submit);
    it.take_submit();
    it.answered(outcome::done, answer);
    const auto out = it.take_output();
    EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 2);
    EXPECT_THAT(out, StartsWith("-ERR The reply of the replica is malformed"));
  }
}

TEST_F(conversation_test, a_key_that_is_too_long_is_refused_and_the_connection_goes_on) {
  it.received(multibulk("mset a 1 " + std::string(65537, 'k') + " 2") + "ping\r\n");
  EXPECT_EQ(talk_on(), "-ERR key is too long: at most 65536 bytes\r\n+PONG\r\n");
}

TEST_F(conversation_test, the_end_of_input_finishes_once_all_is_answered) {
  it.received("set k v\r\nget");
  it.input_ended();
  ASSERT_EQ(it.advance(), need::submit);
  EXPECT_FALSE(it.finished());
  it.answered(outcome::done, keys.apply(it.take_submit().payload));
  EXPECT_EQ(talk_on(), "+OK\r\n");
  EXPECT_TRUE(it.finished());
}

TEST_F(conversation_test, of_a_node_that_drains_answers_what_was_asked_and_refuses_what_comes) {
  it.received("set k v\r\nset k w\r\n");
  ASSERT_EQ(it.advance(), need::submit);
  const auto submission = it.take_submit();
  it.drain();
  it.received("set k x\r\nping\r\nget k\r\n");
  it.answered(outcome::done, keys.apply(submission.payload));
  EXPECT_EQ(talk_on(),
            "+OK\r\n+OK\r\n-LOADING The node is shutting down; nothing was done\r\n+PONG\r\n"
            "-LOADING The node is shutting down; nothing was done\r\n");
  EXPECT_FALSE(it.finished()) << "a request may be on its way";
  EXPECT_EQ(kinds, std::vector<request_kind>{}) << "no more came to be submitted";
}

TEST_F(conversation_test, a_broken_request_is_answered_behind_the_replies_before_it) {
  it.received("set k v\r\n*x\r\nping\r\n");
  EXPECT_EQ(talk_on(), "+OK\r\n-ERR Protocol error: invalid multibulk length\r\n");
  EXPECT_TRUE(it.finished());
}

TEST_F(conversation_test, much_local_output_is_handed_out_in_steps) {
  limits.output_bytes_step = 10;
  it.received("ping\r\nping\r\nping\r\n");
  EXPECT_EQ(it.advance(), need::more);
  EXPECT_EQ(it.take_output(), "+PONG\r\n+PONG\r\n");
  EXPECT_EQ(talk_on(), "+PONG\r\n");
}

}  // namespace
}  // namespace bulwark::kv
