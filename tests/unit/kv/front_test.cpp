// SPDX-License-Identifier: BSD-3-Clause
// Goal: clients get their replies in order whatever they send and however slowly, and no client or crash
// harms another. Method: real loopback sockets against the whole client side; its replica applies to a
// key-value machine directly.
#include <gmock/gmock.h>

#include <functional>
#include <random>

#include "front_rig.hpp"
#include "loopback_client.hpp"
#include "scripts.hpp"

namespace bulwark::kv {
namespace {

using consensus::outcome;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(front, says_which_of_its_options_cannot_work) {
  struct {
    const char* problem;
    std::function<void(front_options&)> change;
  } const rows[] = {
      {"sessions is 0", [](auto& options) { options.sessions = 0; }},
      {"replica is missing", [](auto& options) { options.replica = nullptr; }},
      {"command_bytes_max is below",
       [](auto& options) {
         options.conversation.requests.command_bytes_max = options.conversation.requests.bulk_bytes_max - 1;
       }},
      {"bulk_bytes_max is below",
       [](auto& options) {
         options.conversation.requests.bulk_bytes_max = options.conversation.batches.value_bytes_max - 1;
       }},
      {"output_bytes_max is too small",
       [](auto& options) {
         options.output_bytes_max = options.conversation.batches.reply_bytes_max + options.output_bytes_pause;
       }},
  };
  const front_rig rig{[&rows](const front_options& sound) {
    EXPECT_EQ(sound.validate(), "");
    for (const auto& row : rows) {
      auto changed = sound;
      row.change(changed);
      EXPECT_THAT(changed.validate(), StartsWith(row.problem));
    }
  }};
}

TEST(front, answers_a_pipeline_in_order) {
  front_rig rig;
  loopback_client client{rig.port()};
  client.send("PING\r\nset k 1\r\nincr k\r\nECHO hi\r\nget k\r\nnonsense a b\r\nget\r\nget none\r\n");
  EXPECT_EQ(client.replies(8),
            "+PONG\r\n+OK\r\n:2\r\n$2\r\nhi\r\n$1\r\n2\r\n-ERR unknown command 'nonsense', with args "
            "beginning with: 'a' 'b' \r\n"
            "-ERR wrong number of arguments for 'get' command\r\n$-1\r\n");
}

TEST(front, sends_a_pipeline_to_the_replica_in_one_request) {
  front_rig rig;
  loopback_client client{rig.port()};
  client.ask("ping");
  std::string pipeline;
  for (int i = 0; i < 100; ++i) pipeline += multibulk("incr k");
  client.send(pipeline);
  client.replies(99);
  EXPECT_EQ(client.reply(), ":100\r\n");
  EXPECT_LE(rig.replica().submits, 3);  // one, unless the network cut the pipeline
  EXPECT_EQ(client.ask("get k"), "$3\r\n100\r\n");
  EXPECT_EQ(rig.replica().writes, rig.replica().submits - 1);  // the read went without the log
}

TEST(front, brings_the_age_that_is_allowed_to_the_replica_and_the_one_it_is_back) {
  front_rig rig;
  loopback_client client{rig.port()};
  client.send("set k v\r\nstale 100 get k\r\nstale 7 exists k x\r\nget k\r\n");
  EXPECT_EQ(client.replies(4), "+OK\r\n*2\r\n:99\r\n$1\r\nv\r\n*2\r\n:6\r\n:1\r\n$1\r\nv\r\n");
  rig.replica().outcome = outcome::no_leader;
  EXPECT_THAT(client.ask("stale 100 get k"), StartsWith("-CLUSTERDOWN"));
}

TEST(front, takes_a_command_byte_by_byte) {
  front_rig rig;
  loopback_client client{rig.port()};
  for (const char c : multibulk("set k v") + "get k\r\n") client.send({&c, 1});
  EXPECT_EQ(client.replies(2), "+OK\r\n$1\r\nv\r\n");
}

TEST(front, carries_the_largest_value_both_ways) {
  front_rig rig;
  loopback_client client{rig.port()};
  const std::string value(1u << 20, 'x');
  client.send("*3\r\n$3\r\nset\r\n$1\r\nk\r\n$" + std::to_string(value.size()) + "\r\n" + value + "\r\n");
  EXPECT_EQ(client.reply(), "+OK\r\n");
  EXPECT_EQ(client.ask("get k"), "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n");
}

TEST(front, large_replies_of_a_pipeline_come_in_parts_and_in_order) {
  front_rig rig;
  loopback_client client{rig.port()};
  const std::string value(700u << 10, 'x');
  client.send("*3\r\n$3\r\nset\r\n$1\r\nk\r\n$" + std::to_string(value.size()) + "\r\n" + value + "\r\n");
  ASSERT_EQ(client.reply(), "+OK\r\n");
  std::string pipeline;
  for (int i = 0; i < 20; ++i) pipeline += "get k\r\nincr n\r\n";
  client.send(pipeline);
  for (int i = 1; i <= 20; ++i) {
    ASSERT_EQ(client.reply().size(), value.size() + 11);
    ASSERT_EQ(client.reply(), ":" + std::to_string(i) + "\r\n");
  }
}

TEST(front, refuses_a_gibibyte_at_once_and_closes) {
  front_rig rig;
  loopback_client bad{rig.port()}, good{rig.port()};
  bad.send("ping\r\n*3\r\n$3\r\nset\r\n$1\r\nk\r\n$1073741824\r\n" + std::string(100000, 'x'));
  EXPECT_EQ(bad.rest(), "+PONG\r\n-ERR Protocol error: invalid bulk length\r\n");
  EXPECT_EQ(good.ask("ping"), "+PONG\r\n");
}

TEST(front, a_client_that_ends_gets_its_replies_first) {
  front_rig rig;
  loopback_client client{rig.port()};
  client.send("set k v\r\nget k\r\nget");
  client.end();
  EXPECT_EQ(client.rest(), "+OK\r\n$1\r\nv\r\n");
}

TEST(front, quit_closes_behind_its_reply) {
  front_rig rig;
  loopback_client client{rig.port()};
  client.send("set k v\r\nquit\r\nset k w\r\n");
  EXPECT_EQ(client.rest(), "+OK\r\n+OK\r\n");
  EXPECT_EQ(loopback_client{rig.port()}.ask("get k"), "$1\r\nv\r\n");
}

TEST(front, hello_switches_the_protocol) {
  front_rig rig;
  loopback_client client{rig.port()};
  EXPECT_THAT(client.ask("hello"), StartsWith("*14\r\n"));
  EXPECT_EQ(client.ask("get none"), "$-1\r\n");
  const auto hello = client.ask("hello 3 setname me");
  EXPECT_THAT(hello, StartsWith("%7\r\n"));
  EXPECT_THAT(hello, HasSubstr("$5\r\nproto\r\n:3\r\n"));
  EXPECT_EQ(client.ask("get none"), "_\r\n");
  EXPECT_EQ(client.ask("client getname"), "$2\r\nme\r\n");
  EXPECT_THAT(client.ask("config get save"), StartsWith("%1\r\n"));
  EXPECT_EQ(client.ask("hello 4"), "-NOPROTO unsupported protocol version\r\n");
  EXPECT_EQ(client.ask("get none"), "_\r\n");
  EXPECT_EQ(client.ask("reset"), "+RESET\r\n");
  EXPECT_EQ(client.ask("get none"), "$-1\r\n");
}

TEST(front, role_and_info_tell_who_leads) {
  front_rig rig{[](front_options& options) {
    options.address_of = [](std::uint32_t node) {
      return resp_address{"127.0.0.1", static_cast<std::uint16_t>(7100 + node)};
    };
  }};
  loopback_client client{rig.port()};
  EXPECT_EQ(client.ask("role"), "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n");
  EXPECT_THAT(client.ask("info"), HasSubstr("role:master"));
  rig.replica().leads = false;
  EXPECT_EQ(client.ask("role"), "*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:7102\r\n$9\r\nconnected\r\n:0\r\n");
  const auto info = client.ask("info replication bulwark");
  EXPECT_THAT(info, HasSubstr("role:slave\r\nmaster_host:127.0.0.1\r\nmaster_port:7102"));
  EXPECT_THAT(info, HasSubstr("ballot:7.n1"));
}

TEST(front, info_shows_the_totals_of_the_machine) {
  front_rig rig;
  loopback_client client{rig.port()};
  EXPECT_THAT(client.ask("info keyspace"), Not(HasSubstr("db0")));
  client.ask("mset a 1 b 2");
  const auto info = client.ask("info");
  EXPECT_THAT(info, HasSubstr("db0:keys=2,"));
  EXPECT_THAT(info, HasSubstr("revision:2"));
  EXPECT_THAT(info, HasSubstr("connected_clients:1"));
}

TEST(front, outcomes_become_errors_for_each_command) {
  front_rig rig;
  loopback_client client{rig.port()};
  const std::pair<outcome, const char*> table[] = {{outcome::no_leader, "-CLUSTERDOWN "},
                                                   {outcome::not_done, "-TRYAGAIN "},
                                                   {outcome::unknown, "-TIMEOUT outcome unknown"},
                                                   {outcome::overloaded, "-BUSY "}};
  for (const auto& [result, error] : table) {
    rig.replica().outcome = result;
    client.send("set k v\r\nget k\r\nping\r\n");
    EXPECT_THAT(client.reply(), StartsWith(error));
    EXPECT_THAT(client.reply(), StartsWith(error));
    EXPECT_EQ(client.reply(), "+PONG\r\n");
  }
}

TEST(front, a_replica_that_is_gone_leaves_writes_unknown_and_reads_to_be_tried_again) {
  front_rig rig;
  loopback_client client{rig.port()};
  rig.kill_replica();
  EXPECT_THAT(client.ask("set k v"), StartsWith("-TIMEOUT outcome unknown"));
  EXPECT_THAT(client.ask("get k"), StartsWith("-TRYAGAIN"));
  EXPECT_THAT(client.ask("role"), StartsWith("*5\r\n$5\r\nslave"));
}

TEST(front, an_answer_that_never_comes_is_given_up) {
  front_rig rig{[](front_options& options) { options.answer_timeout = std::chrono::milliseconds{100}; }};
  loopback_client client{rig.port()};
  rig.replica().answers = false;
  EXPECT_THAT(client.ask("set k v"), StartsWith("-TIMEOUT outcome unknown"));
  EXPECT_THAT(client.ask("get k"), StartsWith("-TRYAGAIN"));
}

/// A client that comes while a session ends may still be given to that one: then the next is asked.
std::string ping_of_a_new_client(std::uint16_t port) {
  for (int time = 0; time < 1000; ++time) try {
      return loopback_client{port}.ask("ping");
    } catch (const std::runtime_error&) {
    }
  return "nobody answers";
}

TEST(front, a_killed_session_ends_its_connections_and_no_others) {
  front_rig rig;
  loopback_client first{rig.port()}, second{rig.port()};  // the emptier session gets the second
  ASSERT_EQ(first.ask("ping") + second.ask("ping"), "+PONG\r\n+PONG\r\n");
  rig.kill_session(1);
  EXPECT_EQ(first.rest(), "");
  EXPECT_EQ(second.ask("ping"), "+PONG\r\n");
  EXPECT_EQ(ping_of_a_new_client(rig.port()), "+PONG\r\n");
  rig.start_session(1);
  loopback_client fourth{rig.port()};
  EXPECT_EQ(fourth.ask("ping"), "+PONG\r\n");
}

TEST(front, a_killed_front_ends_all_connections_and_takes_its_port_again) {
  front_rig rig;
  const auto port = rig.port();
  loopback_client before{port};
  ASSERT_EQ(before.ask("set k v"), "+OK\r\n");
  rig.kill_front();
  EXPECT_THAT(before.rest(), testing::AnyOf("", "(reset)"));
  EXPECT_THROW(loopback_client{port}, std::system_error);
  rig.start_front();
  EXPECT_EQ(rig.port(), port);
  EXPECT_EQ(loopback_client{port}.ask("get k"), "$1\r\nv\r\n");
}

TEST(front, clients_over_the_limit_are_told_so) {
  front_rig rig{[](front_options& options) { options.connections_max = 2; }};
  loopback_client second{rig.port()};
  {
    loopback_client first{rig.port()};
    ASSERT_EQ(first.ask("ping") + second.ask("ping"), "+PONG\r\n+PONG\r\n");
    EXPECT_EQ(loopback_client{rig.port()}.rest(), "-ERR max number of clients reached\r\n");
  }
  while (rig.connections() == 2) second.ask("ping");  // until the front has seen the end, too
  EXPECT_EQ(loopback_client{rig.port()}.ask("ping"), "+PONG\r\n");
}

TEST(front, many_clients_are_served_side_by_side) {
  front_rig rig;
  std::vector<loopback_client> clients;
  for (int i = 0; i < 400; ++i) clients.emplace_back(rig.port());
  for (auto& client : clients) client.send("incr k\r\n");
  for (auto& client : clients) EXPECT_THAT(client.reply(), StartsWith(":"));
  EXPECT_EQ(clients[0].ask("get k"), "$3\r\n400\r\n");
  EXPECT_EQ(rig.connections(), 400u);
}

TEST(front, a_client_that_does_not_read_is_not_read_either) {
  front_rig rig;
  loopback_client slow{rig.port(), 4096}, other{rig.port()};
  const std::string value(512u << 10, 'x');
  slow.send("*3\r\n$3\r\nset\r\n$1\r\nk\r\n$" + std::to_string(value.size()) + "\r\n" + value + "\r\n");
  ASSERT_EQ(slow.reply(), "+OK\r\n");
  const int asked = 80;  // 40 MiB of replies
  for (int i = 0; i < asked; ++i) slow.send("get k\r\n");
  slow.send("incr last\r\n");
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(other.ask("exists last"), ":0\r\n");  // it waits behind replies that are not taken
  for (int i = 0; i < asked; ++i) ASSERT_EQ(slow.reply().size(), value.size() + 11);
  EXPECT_EQ(slow.reply(), ":1\r\n");
}

TEST(front, who_fills_the_buffers_of_all_clients_is_cut_off_and_others_go_on) {
  front_rig rig{[](front_options& options) { options.buffers_bytes_max = 512u << 10; }};
  loopback_client greedy{rig.port()}, other{rig.port()};
  ASSERT_EQ(other.ask("ping"), "+PONG\r\n");
  greedy.send_some("*2\r\n$3\r\nget\r\n$1000000\r\n" + std::string(900000, 'x'));
  EXPECT_THAT(greedy.rest(), testing::AnyOf("", "(reset)"));
  EXPECT_EQ(other.ask("ping"), "+PONG\r\n");
  EXPECT_EQ(loopback_client{rig.port()}.ask("ping"), "+PONG\r\n");
}

TEST(front, random_bytes_harm_nobody_else) {
  front_rig rig;
  loopback_client good{rig.port()};
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random{seed};
    std::string noise;
    for (unsigned n = random() % 2000; n > 0; --n) noise.push_back(static_cast<char>(random()));
    if (random() % 2 == 0) noise = multibulk(random_command(random)) + noise;
    loopback_client bad{rig.port()};
    bad.send_some(noise);
    if (random() % 2 == 0) bad.end(), bad.rest();
    ASSERT_EQ(good.ask("ping"), "+PONG\r\n") << "seed " << seed;
  }
}

TEST(front, client_commands_name_and_list_connections) {
  front_rig rig;
  loopback_client client{rig.port()};
  EXPECT_EQ(client.ask("client getname"), "$-1\r\n");
  EXPECT_EQ(client.ask("client setname a-name"), "+OK\r\n");
  EXPECT_THAT(client.ask("client setname 'a name'"), StartsWith("-ERR Client names cannot contain spaces"));
  EXPECT_EQ(client.ask("client setinfo lib-name test"), "+OK\r\n");
  EXPECT_THAT(client.ask("client list"), HasSubstr("name=a-name db=0 resp=2 lib-name=test"));
  EXPECT_EQ(client.ask("client id"), ":1\r\n");
  EXPECT_EQ(client.ask("select 0"), "+OK\r\n");
  EXPECT_EQ(client.ask("select 1"), "-ERR DB index is out of range\r\n");
}

}  // namespace
}  // namespace bulwark::kv
