// SPDX-License-Identifier: BSD-3-Clause
// Goal: transactions over real connections: what clients hold of them is bounded for all together, and is
// given back. Method: the front on loopback, with a replica that applies to a machine directly.
#include <gmock/gmock.h>

#include "front_rig.hpp"
#include "loopback_client.hpp"

namespace bulwark::kv {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(front_transactions, of_two_clients_do_not_mix) {
  front_rig rig;
  loopback_client one{rig.port()}, two{rig.port()};
  EXPECT_EQ(one.ask("watch k"), "+OK\r\n");
  EXPECT_EQ(one.ask("multi"), "+OK\r\n");
  EXPECT_EQ(one.ask("incr k"), "+QUEUED\r\n");
  EXPECT_EQ(two.ask("exec"), "-ERR EXEC without MULTI\r\n");
  EXPECT_EQ(two.ask("incr k"), ":1\r\n");
  EXPECT_EQ(one.ask("exec"), "*-1\r\n");
  EXPECT_EQ(one.ask("get k"), "$1\r\n1\r\n");
}

TEST(front_transactions, hold_no_more_than_all_clients_may) {
  front_rig rig{[](front_options& options) { options.buffers_bytes_max = 512u << 10; }};
  loopback_client greedy{rig.port()}, other{rig.port()};
  const auto set = "set k " + std::string(60u << 10, 'x');
  const auto queue_all = [&](loopback_client& client) {
    EXPECT_EQ(client.ask("multi"), "+OK\r\n");
    int queued = 0;
    std::string reply;
    while (queued < 100 && (reply = client.ask(set)) == "+QUEUED\r\n") ++queued;
    EXPECT_THAT(reply, StartsWith("-BUSY Clients hold too much in buffers"));
    return queued;
  };
  const auto queued = queue_all(greedy);
  EXPECT_GE(queued, 4);
  EXPECT_EQ(other.ask("incr n"), ":1\r\n");
  EXPECT_THAT(greedy.ask("exec"), StartsWith("-EXECABORT"));
  EXPECT_EQ(queue_all(other), queued) << "the first one gave back what it held";
}

TEST(front_transactions, are_described_as_such) {
  front_rig rig;
  loopback_client client{rig.port()};
  EXPECT_THAT(client.ask("command docs watch"), HasSubstr("transactions"));
  EXPECT_THAT(client.ask("command info watch exec transaction"),
              StartsWith("*3\r\n*10\r\n$5\r\nwatch\r\n:-2\r\n*1\r\n+fast\r\n:1\r\n:-1\r\n:1\r\n"));
}

}  // namespace
}  // namespace bulwark::kv
