// SPDX-License-Identifier: BSD-3-Clause
// Goal: commands mean what they mean in Redis, equal histories give equal states, and no bytes from a log can
// do harm. Method: tables of scripts with their replies; two machines with one history; random and damaged
// batches by seed.
#include "bulwark/kv/core/machine.hpp"

#include <gmock/gmock.h>

#include <random>

#include "bulwark/kv/core/batch.hpp"
#include "bulwark/kv/core/reply.hpp"
#include "scripts.hpp"

namespace bulwark::kv {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string payload_of(std::initializer_list<std::string_view> commands, batch_limits limits = {}) {
  batch_writer batch{limits};
  for (const auto command : commands) add_words(batch, command);
  return std::move(batch).take();
}

/// Applies commands in one batch; their replies in RESP2.
std::string apply(machine& m, std::initializer_list<std::string_view> commands, batch_limits limits = {}) {
  return rendered(m.apply(payload_of(commands, limits)));
}

struct script {
  const char* name;
  std::vector<std::pair<std::string_view, std::string>> steps;  // command, RESP2 reply
};

void PrintTo(const script& s, std::ostream* out) { *out << s.name; }

const std::string nil = "$-1\r\n", ok = "+OK\r\n", zero = ":0\r\n", one = ":1\r\n";
const std::string no_integer = "-ERR value is not an integer or out of range\r\n";
const std::string overflow = "-ERR increment or decrement would overflow\r\n";

const script scripts[] = {
    {"get_and_set",
     {{"get k", nil},
      {"set k v", ok},
      {"get k", "$1\r\nv\r\n"},
      {"set k", "-ERR wrong number of arguments for 'set' command\r\n"}}},
    {"set_if_absent", {{"set k a nx", ok}, {"set k b NX", nil}, {"get k", "$1\r\na\r\n"}}},
    {"set_if_present",
     {{"set k a xx", nil}, {"get k", nil}, {"set k a", ok}, {"set k b XX", ok}, {"get k", "$1\r\nb\r\n"}}},
    {"set_and_get",
     {{"set k a get", nil},
      {"set k b GET", "$1\r\na\r\n"},
      {"set k c nx get", "$1\r\nb\r\n"},
      {"get k", "$1\r\nb\r\n"},
      {"set n x xx get", nil},
      {"exists n", zero}}},
    {"set_refuses_nonsense",
     {{"set k v nx xx", "-ERR syntax error\r\n"},
      {"set k v nonsense", "-ERR syntax error\r\n"},
      {"exists k", zero}}},
    {"set_refuses_expiry",
     {{"set k v ex 10", "-ERR SET with an expiry (EX, PX, EXAT, PXAT) is not supported yet\r\n"},
      {"exists k", zero}}},
    {"setnx", {{"setnx k a", one}, {"setnx k b", zero}, {"get k", "$1\r\na\r\n"}}},
    {"getset", {{"getset k a", nil}, {"getset k b", "$1\r\na\r\n"}, {"get k", "$1\r\nb\r\n"}}},
    {"getdel", {{"getdel k", nil}, {"set k a", ok}, {"getdel k", "$1\r\na\r\n"}, {"exists k", zero}}},
    {"mset_and_mget",
     {{"mset a 1 b 2 a 3", ok},
      {"mget a b c a", "*4\r\n$1\r\n3\r\n$1\r\n2\r\n$-1\r\n$1\r\n3\r\n"},
      {"mset a 1 b", "-ERR wrong number of arguments for 'mset' command\r\n"}}},
    {"del_and_exists",
     {{"mset a 1 b 2", ok}, {"exists a b c a", ":3\r\n"}, {"del a c a", one}, {"exists a b", one}}},
    {"append_and_strlen",
     {{"strlen k", zero},
      {"append k ab", ":2\r\n"},
      {"append k cd", ":4\r\n"},
      {"strlen k", ":4\r\n"},
      {"get k", "$4\r\nabcd\r\n"}}},
    {"counters",
     {{"incr k", one},
      {"incrby k 41", ":42\r\n"},
      {"decr k", ":41\r\n"},
      {"decrby k 50", ":-9\r\n"},
      {"get k", "$2\r\n-9\r\n"}}},
    {"counting_text_fails",
     {{"set k text", ok},
      {"incr k", no_integer},
      {"set k 01", ok},
      {"incr k", no_integer},
      {"set k -0", ok},
      {"incr k", no_integer},
      {"set k +1", ok},
      {"decr k", no_integer},
      {"set k ''", ok},
      {"incr k", no_integer}}},
    {"counting_by_text_fails",
     {{"incrby k x", no_integer}, {"decrby k 9223372036854775808", no_integer}, {"exists k", zero}}},
    {"counting_up_overflows",
     {{"set k 9223372036854775807", ok},
      {"incr k", overflow},
      {"incrby k 1", overflow},
      {"get k", "$19\r\n9223372036854775807\r\n"}}},
    {"counting_down_overflows",
     {{"set k -9223372036854775808", ok},
      {"decr k", overflow},
      {"decrby k 1", overflow},
      {"incrby k -1", overflow}}},
    {"the_lowest_decrement_overflows",
     {{"decrby k -9223372036854775808", "-ERR decrement would overflow\r\n"}}},
    {"cas",
     {{"cas k a b", zero},
      {"exists k", zero},
      {"set k a", ok},
      {"cas k x b", zero},
      {"cas k a b", one},
      {"get k", "$1\r\nb\r\n"}}},
    {"dbsize",
     {{"dbsize", zero}, {"mset a 1 b 2", ok}, {"dbsize", ":2\r\n"}, {"del a", one}, {"dbsize", one}}},
};

class command_script : public testing::TestWithParam<script> {};

TEST_P(command_script, gives_the_replies_of_redis) {
  machine m;
  for (const auto& [command, reply] : GetParam().steps) EXPECT_EQ(apply(m, {command}), reply) << command;
}

INSTANTIATE_TEST_SUITE_P(kv, command_script, testing::ValuesIn(scripts),
                         [](const auto& param) { return param.param.name; });

TEST(machine, a_batch_is_executed_in_order) {
  machine m;
  EXPECT_EQ(apply(m, {"set k 1", "incr k", "get k"}), "+OK\r\n:2\r\n$1\r\n2\r\n");
}

TEST(machine, a_query_reads_and_never_writes) {
  machine m;
  apply(m, {"set k v"});
  const auto before = m.hash();
  EXPECT_EQ(rendered(m.query(payload_of({"get k", "dbsize"}))), "$1\r\nv\r\n:1\r\n");
  EXPECT_THAT(rendered(m.query(payload_of({"del k"}))), StartsWith("-ERR"));
  EXPECT_EQ(m.hash(), before);
}

TEST(machine, memory_that_is_used_up_refuses_what_grows_and_nothing_else) {
  machine m;
  const batch_limits tight{.memory_bytes_max = 3 * keyspace::overhead_bytes};
  std::string last;
  int stored = 0;
  while (stored < 10 && (last = apply(m, {"set k" + std::to_string(stored) + " 0123456789"}, tight)) == ok)
    ++stored;
  EXPECT_EQ(last, "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
  EXPECT_GT(stored, 0);
  EXPECT_EQ(apply(m, {"get k0"}, tight), "$10\r\n0123456789\r\n");
  EXPECT_EQ(apply(m, {"del k0", "set k0 v"}, tight), ":1\r\n+OK\r\n");
}

TEST(machine, deleting_everything_gives_all_memory_back) {
  machine m;
  apply(m, {"mset a 1 b 22", "append a xyz", "set b ''", "getset c 123", "getdel c", "del a b"});
  EXPECT_EQ(m.totals().keys, 0u);
  EXPECT_EQ(m.totals().bytes, 0u);
}

TEST(machine, a_value_cannot_be_appended_over_its_bound) {
  machine m;
  const batch_limits tight{.value_bytes_max = 4};
  EXPECT_EQ(apply(m, {"append k abc", "append k d"}, tight), ":3\r\n:4\r\n");
  EXPECT_THAT(apply(m, {"append k e"}, tight), StartsWith("-ERR string exceeds maximum allowed size"));
  EXPECT_EQ(apply(m, {"strlen k"}, tight), ":4\r\n");
}

TEST(machine, a_batch_stops_once_its_replies_are_large) {
  machine m;
  apply(m, {"set k 0123456789"});
  const auto payload = payload_of({"get k", "get k", "get k", "incr n"}, {.reply_bytes_stop = 20});
  const auto answer = m.apply(payload);
  std::string_view rest = answer;
  std::size_t executed = 0;
  ASSERT_TRUE(read_executed(rest, executed));
  EXPECT_EQ(executed, 2u);
  EXPECT_EQ(rendered(m.apply(without_first(payload, executed))), "$10\r\n0123456789\r\n:1\r\n");
  EXPECT_EQ(without_first(payload, 4), "");
}

TEST(machine, a_single_reply_over_its_bound_is_an_error) {
  machine m;
  apply(m, {"set k 0123456789"});
  EXPECT_THAT(apply(m, {"mget k k k"}, {.reply_bytes_max = 29}), HasSubstr("ask for fewer keys"));
  EXPECT_THAT(apply(m, {"mget k k"}, {.reply_bytes_max = 29}), StartsWith("*2"));
}

TEST(machine, revisions_count_changes_and_name_the_last_one_of_each_key) {
  machine m;
  apply(m, {"set a 1", "set b 1", "get a", "set a 2 nx", "incr text", "set a 3"});
  EXPECT_EQ(m.totals().revision, 4u);
  EXPECT_EQ(m.keys().find("a")->revision, 4u);
  EXPECT_EQ(m.keys().find("b")->revision, 2u);
}

TEST(machine, the_observer_sees_the_totals_after_each_apply) {
  machine_totals seen;
  machine m{[&](const machine_totals& totals) { seen = totals; }};
  apply(m, {"mset a 1 b 2"});
  EXPECT_EQ(seen.keys, 2u);
  EXPECT_EQ(seen.revision, 2u);
}

TEST(machine, equal_histories_give_equal_states_and_replies) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random{seed};
    machine a, b;
    for (int i = 0; i < 200; ++i) {
      batch_writer batch{{}};
      for (unsigned n = 1 + random() % 5; n > 0; --n) add_words(batch, random_command(random));
      const auto payload = std::move(batch).take();
      ASSERT_EQ(a.apply(payload), b.apply(payload)) << "seed " << seed;
      ASSERT_EQ(a.hash(), b.hash()) << "seed " << seed;
    }
  }
}

TEST(machine, different_states_have_different_hashes) {
  machine a, b, c;
  apply(a, {"set k 1"});
  apply(b, {"set k 2"});
  apply(c, {"set k 2", "set k 1"});
  EXPECT_NE(a.hash(), b.hash());
  EXPECT_NE(a.hash(), c.hash());  // the same content by another history
}

TEST(machine, damaged_batches_do_no_harm_and_have_the_same_effect_everywhere) {
  for (unsigned seed = 1; seed <= 20000; ++seed) {
    std::mt19937 random{seed};
    batch_writer batch{{}};
    for (unsigned n = random() % 4; n > 0; --n) add_words(batch, random_command(random));
    auto payload = std::move(batch).take();
    for (unsigned n = random() % 4; n > 0; --n)
      payload[random() % payload.size()] = static_cast<char>(random());
    if (random() % 3 == 0) payload.resize(random() % payload.size());
    machine a, b;
    const auto answer = a.apply(payload);
    ASSERT_EQ(answer, b.apply(payload)) << "seed " << seed;
    ASSERT_EQ(a.hash(), b.hash()) << "seed " << seed;
    std::string_view rest = answer;
    std::size_t executed = 0;
    ASSERT_TRUE(read_executed(rest, executed)) << "seed " << seed;
    std::string out;
    for (std::size_t i = 0; i < executed; ++i)
      ASSERT_TRUE(render(rest, protocol::resp2, out)) << "seed " << seed;
    ASSERT_TRUE(rest.empty()) << "seed " << seed;
  }
}

TEST(reply, null_and_map_depend_on_the_protocol) {
  std::string neutral;
  reply_builder reply{neutral};
  reply.map(1), reply.bulk("k"), reply.null();
  std::string_view two = neutral, three = neutral;
  std::string out;
  ASSERT_TRUE(render(two, protocol::resp2, out));
  EXPECT_EQ(out, "*2\r\n$1\r\nk\r\n$-1\r\n");
  out.clear();
  ASSERT_TRUE(render(three, protocol::resp3, out));
  EXPECT_EQ(out, "%1\r\n$1\r\nk\r\n_\r\n");
}

TEST(reply, cut_replies_are_refused_without_output) {
  std::string neutral;
  reply_builder reply{neutral};
  reply.array(3), reply.bulk("abc"), reply.integer(-7), reply.error("ERR two\r\nlines");
  for (std::size_t size = 0; size < neutral.size(); ++size) {
    std::string_view cut{neutral.data(), size};
    std::string out = "before";
    EXPECT_FALSE(render(cut, protocol::resp2, out));
    EXPECT_EQ(out, "before");
    EXPECT_EQ(cut.size(), size);
  }
  std::string_view whole = neutral;
  std::string out;
  ASSERT_TRUE(render(whole, protocol::resp2, out));
  EXPECT_EQ(out, "*3\r\n$3\r\nabc\r\n:-7\r\n-ERR two  lines\r\n");
}

TEST(machine, a_saved_one_is_restored_and_goes_on_alike) {
  machine original;
  apply(original, {"set a 1", "set b 2", "append b 3", "set gone x", "del gone"});
  const auto saved = original.save();
  ASSERT_TRUE(saved);
  machine copy;
  apply(copy, {"set stale state"});
  ASSERT_TRUE(copy.restore(*saved));
  EXPECT_EQ(copy.hash(), original.hash());
  EXPECT_EQ(copy.totals().bytes, original.totals().bytes);
  EXPECT_EQ(copy.save(), saved) << "equal states give equal bytes";
  EXPECT_EQ(apply(copy, {"incr a", "get b"}), apply(original, {"incr a", "get b"}));
  EXPECT_EQ(copy.hash(), original.hash());
}

TEST(machine, one_that_was_saved_before_there_were_sessions_is_restored) {
  machine original;
  apply(original, {"set a 1", "set b 2"});
  std::string old_format(1, '\1');
  original.keys().save(old_format);
  machine copy;
  apply(copy, {"session s 1 1000 incr n"});
  ASSERT_TRUE(copy.restore(old_format));
  EXPECT_EQ(copy.hash(), original.hash());
  EXPECT_EQ(copy.sessions().size(), 0u);
}

TEST(machine, a_numbered_command_is_executed_once) {
  machine m;
  EXPECT_EQ(apply(m, {"session s 1 1000 incr n", "session s 1 1000 incr n"}), one + one);
  EXPECT_EQ(apply(m, {"session s 2 1000 incr n", "session t 1 1000 incr n"}), ":2\r\n:3\r\n");
  EXPECT_THAT(apply(m, {"session s 1 1000 incr n"}), StartsWith("-STALESESSION number 1 of session 's'"));
  EXPECT_THAT(apply(m, {"session u 2 1000 incr n"}), StartsWith("-NOSESSION session 'u'"));
  EXPECT_EQ(apply(m, {"get n"}), "$1\r\n3\r\n");
}

TEST(machine, a_numbered_command_that_fails_fails_again) {
  machine m;
  const auto first = apply(m, {"set k text", "session s 1 1000 incr k"});
  EXPECT_EQ(first, ok + no_integer);
  EXPECT_EQ(apply(m, {"set k 1", "session s 1 1000 incr k"}), ok + no_integer);
}

TEST(machine, sessions_are_part_of_what_is_saved) {
  machine original;
  apply(original, {"session s 1 1000 incr n"});
  machine copy;
  ASSERT_TRUE(copy.restore(*original.save()));
  EXPECT_EQ(apply(copy, {"session s 1 1000 incr n", "get n"}), one + "$1\r\n1\r\n");
}

TEST(machine, sessions_end_by_the_time_that_commands_bring) {
  machine m;
  apply(m, {"session s 1 1000 incr n"});
  std::uint64_t now = 1000;
  for (std::uint64_t number = 1; now < 4'000'000; ++number, now += 50'000)
    apply(m, {"session busy " + std::to_string(number) + " " + std::to_string(now) + " incr n"});
  EXPECT_THAT(apply(m, {"session s 2 4000000 incr n"}), StartsWith("-NOSESSION"));
}

TEST(machine, nothing_but_commands_on_keys_runs_in_a_session) {
  machine m;
  EXPECT_THAT(apply(m, {"session s 1 1000 ping"}), StartsWith("-ERR SESSION runs commands on keys"));
  EXPECT_THAT(apply(m, {"session s 2 1000 session s 3 1000 incr n"}), StartsWith("-ERR SESSION runs"));
  EXPECT_THAT(apply(m, {"session s 3 1000 incr"}), StartsWith("-ERR wrong number of arguments for 'incr'"));
  EXPECT_THAT(apply(m, {"session s x 1000 incr n"}), StartsWith("-ERR a malformed SESSION"));
}

TEST(machine, damaged_saved_bytes_change_nothing) {
  machine original;
  apply(original, {"set a 1", "set b 2", "session s 1 1000 incr n"});
  const auto saved = *original.save();
  machine untouched;
  apply(untouched, {"set c 3"});
  const auto before = untouched.hash();
  for (std::size_t size = 0; size < saved.size(); ++size)
    EXPECT_FALSE(untouched.restore(std::string_view{saved}.substr(0, size))) << size << " bytes";
  EXPECT_FALSE(untouched.restore(saved + "x"));
  EXPECT_FALSE(untouched.restore("\x01" + saved.substr(1)));
  EXPECT_FALSE(untouched.restore("\x03" + saved.substr(1)));
  EXPECT_EQ(untouched.hash(), before);
}

}  // namespace
}  // namespace bulwark::kv
