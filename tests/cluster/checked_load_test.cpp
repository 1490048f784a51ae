// SPDX-License-Identifier: BSD-3-Clause
// Goal: the checked load finds losses in a store that loses data, and accuses no store that does not.
// Method: a real redis-server, once without and once with a durable log, killed under load and started again.
#include "support.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace bulwark::cluster_test {
namespace {

using load::checked_load;
using load::process;

class redis_store : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!find_program("redis-server")) GTEST_SKIP() << "install redis-server";
  }

  load::endpoint where() const {
    return {.host = "127.0.0.1", .port = static_cast<std::uint16_t>(ports_.base() + 101)};
  }

  process start(bool durable) const {
    return process({find_program("redis-server")->string(), "--port", std::to_string(where().port), "--bind",
                    "127.0.0.1", "--dir", directory_.path().string(), "--save", "", "--appendonly",
                    durable ? "yes" : "no", "--appendfsync", "always"},
                   directory_.path() / "redis.log");
  }

  /// Loads the store, kills it, starts it again, loads it once more, and reads everything back.
  load::load_totals totals_after_a_kill(bool durable) {
    auto server = start(durable);
    auto options = modest_load({where()});
    options.chains = 0;  // Redis has no CAS
    checked_load load(options);
    auto caller = client_of(where());
    EXPECT_TRUE(call_until_done(caller, {"PING"}).done());
    load.start();
    std::this_thread::sleep_for(500ms);  // some writes to lose
    server.signal(SIGKILL);
    server.wait(std::chrono::steady_clock::now() + 5s);
    server = start(durable);
    EXPECT_TRUE(call_until_done(caller, {"PING"}).done());
    std::this_thread::sleep_for(300ms);
    load.stop();
    EXPECT_EQ(load.audit(5s).unverified, 0U);
    EXPECT_GT(load.totals().done, 100U);
    EXPECT_GT(load.totals().unknown + load.totals().refused, 0U) << "the kill was not noticed";
    if (durable) {
      for (const auto& finding : load.findings()) ADD_FAILURE() << finding;
    }
    return load.totals();
  }

  load::port_block ports_;
  load::temporary_directory directory_{"bulwark-redis"};
};

TEST_F(redis_store, losses_of_a_store_without_a_log_are_found) {
  const auto totals = totals_after_a_kill(false);
  EXPECT_GT(totals.lost, 0U);
  EXPECT_FALSE(totals.clean());
}

TEST_F(redis_store, a_durable_store_is_not_accused) { EXPECT_TRUE(totals_after_a_kill(true).clean()); }

}  // namespace
}  // namespace bulwark::cluster_test
