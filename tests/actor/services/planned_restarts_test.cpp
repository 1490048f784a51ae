// SPDX-License-Identifier: BSD-3-Clause
// Goal: a cluster whose nodes are restarted one after the other, each drained first, fails no request of
// those who use its services, neither through a router nor through a reference. Method: five nodes that serve
// and a sixth that asks, in one process over real loopback connections, with a real replicated group.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "bulwark/actors/router.hpp"
#include "services_test.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t serving = 5;
constexpr std::uint32_t asking = 6;

/// What became of the questions of an asker. Thread-safe.
struct asked_so_far {
  std::atomic<std::uint64_t> asked{0};
  std::atomic<std::uint64_t> answered{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<bool> goes_on{true};

  [[nodiscard]] bool is_settled() const { return asked == answered + failed; }
};

/// Asks `whom` again and again, with so many questions at a time.
caf::behavior steady_asker(caf::event_based_actor* self, caf::actor whom, std::shared_ptr<asked_so_far> told,
                           int at_a_time) {
  const auto ask = [self, whom, told] {
    if (!told->goes_on) return;
    const auto number = static_cast<std::int32_t>(++told->asked % 100);
    const auto again = [self] { self->delayed_send(self, 1ms, caf::ok_atom_v); };
    self->request(whom, caf::infinite, number)
        .then(
            [told, again, number](std::int32_t what) {
              ++(what % 100 == number ? told->answered : told->failed);
              again();
            },
            [told, again](const caf::error& why) {
              if (++told->failed == 1) std::cerr << "a question failed: " << error_text(why) << std::endl;
              again();
            });
  };
  for (int i = 0; i < at_a_time; ++i) self->send(self, caf::ok_atom_v);
  return {[ask](caf::ok_atom) { ask(); }};
}

class planned_restarts_test : public testing::Test {
 protected:
  planned_restarts_test() {
    // The higher number dials, so that it alone must know the port of the other.
    for (std::uint32_t node = 1; node <= asking; ++node) start(node);
  }
  ~planned_restarts_test() override {
    for (auto& one : stations_) one.reset();
    std::filesystem::remove_all(root_);
  }

  void start(std::uint32_t number) {
    consensus::cluster_node_options options;
    options.self = number;
    options.voters = {1, 2, 3, 4, 5};
    options.directory = root_ / std::to_string(number);
    options.timeout = 4s;
    options.services.lookup.patience = 60s;
    options.listen = {"127.0.0.1", ports_[number]};
    for (std::uint32_t other = 1; other <= asking; ++other)
      if (other != number) options.peers[other] = {"127.0.0.1", ports_[other]};
    stations_[number] = std::make_unique<node_station>(std::move(options));
    ports_[number] = at(number).node->port();
    if (number == asking) return;
    for (const auto& name : {"pricer/" + std::to_string(number), std::string{"desk"}})
      EXPECT_FALSE(at(number).names().publish(
          name, at(number).host(adding_service, static_cast<std::int32_t>(number))));
  }
  node_station& at(std::uint32_t number) { return *stations_[number]; }
  caf::actor pricers() { return at(asking).names().router("pricer").value(); }

  bool await(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + 90s;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      at(asking).self->receive([](caf::ok_atom) {}, caf::after(5ms) >> [] {});
    }
    return true;
  }
  /// So many instances take something new.
  bool await_instances(std::ptrdiff_t count) {
    return await([&, this] {
      const auto loads = worker_loads(pricers());
      return std::ranges::count_if(loads, [](const auto& one) { return !one.draining; }) == count;
    });
  }
  /// Who serves at the desk, as the asking node sees it.
  std::uint32_t at_the_desk() {
    const auto group = at(asking).node->group();
    const auto* entry = group ? group->names().whereis("desk") : nullptr;
    return entry ? entry->owner.node : 0;
  }
  /// In the way that the documentation of services tells.
  void restart(std::uint32_t number) {
    at(number).node->drain();
    at(number).names().withdraw("desk");
    ASSERT_TRUE(await_instances(serving - 1)) << number;
    ASSERT_TRUE(await([&, this] { return at_the_desk() != 0 && at_the_desk() != number; })) << number;
    const auto is_idle = [this] {
      const auto loads = worker_loads(pricers());
      return std::ranges::none_of(loads, [](const auto& one) { return one.draining && one.in_flight > 0; });
    };
    ASSERT_TRUE(await(is_idle)) << number;
    const auto desk = desk_->answered.load();
    ASSERT_TRUE(await([&, this] { return desk_->answered > desk + 2 * desk_at_a_time; })) << number;
    stations_[number].reset();
    start(number);
    ASSERT_TRUE(await_instances(serving)) << number;
  }

  static constexpr int desk_at_a_time = 4;
  const std::shared_ptr<asked_so_far> desk_ = std::make_shared<asked_so_far>();

 private:
  const std::filesystem::path root_ =
      std::filesystem::temp_directory_path() / ("bulwark-restarts-" + std::to_string(::getpid()));
  std::array<std::uint16_t, asking + 1> ports_{};
  std::array<std::unique_ptr<node_station>, asking + 1> stations_;
};

TEST_F(planned_restarts_test, no_request_fails_while_all_nodes_are_restarted) {
  ASSERT_TRUE(await_instances(serving));
  const auto router = pricers();
  const auto prices = std::make_shared<asked_so_far>();
  at(asking).host(steady_asker, router, prices, 8);
  at(asking).host(steady_asker, at(asking).ref("desk"), desk_, desk_at_a_time);
  for (std::uint32_t number = 1; number <= serving; ++number) {
    restart(number);
    if (HasFatalFailure()) break;
  }
  prices->goes_on = desk_->goes_on = false;
  EXPECT_TRUE(await([&, this] { return prices->is_settled() && desk_->is_settled(); }));
  EXPECT_EQ(prices->failed, 0u);
  EXPECT_EQ(desk_->failed, 0u);
  EXPECT_GT(prices->answered, 0u);
  const auto counts = counts_of(router);
  EXPECT_TRUE(counts.add_up()) << counts;
  EXPECT_EQ(counts.submitted, prices->asked);
  EXPECT_EQ(counts.done, prices->answered);
}

}  // namespace
}  // namespace bulwark::test
