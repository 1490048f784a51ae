// SPDX-License-Identifier: BSD-3-Clause
// Goal: a cluster whose nodes are restarted one after the other, each drained first, fails no request of
// those who use its services, neither through a router nor through a reference. Method: five nodes that serve
// and a sixth that asks, in one process over real loopback connections, with a real replicated group.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "bulwark/actors/router.hpp"
#include "services_test.hpp"
#include "steady_asker.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t serving = 5;
constexpr std::uint32_t asking = 6;

/// The answer of adding_service, or of one like it, on whichever node.
bool is_sum(std::int32_t word, std::int32_t what) { return (what - word) % 100 == 0; }

/// Takes its time, so that something is under way whenever its name goes to another.
caf::behavior unhurried_service(caf::event_based_actor* self, std::int32_t node) {
  using open_question = std::pair<caf::typed_response_promise<std::int32_t>, std::int32_t>;
  const auto open = std::make_shared<std::deque<open_question>>();
  return {[=](std::int32_t what) -> caf::result<std::int32_t> {
            open->emplace_back(self->make_response_promise<std::int32_t>(), 100 * node + what);
            self->delayed_send(self, 20ms, caf::ok_atom_v);
            return open->back().first;
          },
          [=](caf::ok_atom) {
            open->front().first.deliver(open->front().second);
            open->pop_front();
          }};
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
    const auto serve = [this, number](const std::string& name, auto behavior) {
      const auto made = at(number).host(behavior, static_cast<std::int32_t>(number));
      EXPECT_FALSE(at(number).names().publish(name, made));
    };
    serve("pricer/" + std::to_string(number), adding_service);
    serve("desk", unhurried_service);
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
  /// Who serves at the desk, as the asking node sees it; 0: nobody.
  std::uint32_t at_the_desk() {
    const auto group = at(asking).node->group();
    const auto* entry = group ? group->names().whereis("desk") : nullptr;
    return entry ? entry->owner.node : 0;
  }
  /// In the way that the documentation of services tells.
  void restart(std::uint32_t number) {
    const auto desk = at(asking).ref("desk");
    const auto bindings = ref_stats(desk).bindings;
    const bool is_at_the_desk = at_the_desk() == number;
    at(number).node->drain();
    at(number).names().withdraw("desk");
    ASSERT_TRUE(await_instances(serving - 1)) << number;
    ASSERT_TRUE(await([&] { return !is_at_the_desk || ref_stats(desk).bindings > bindings; })) << number;
    const auto is_idle = [this] {
      const auto loads = worker_loads(pricers());
      return std::ranges::none_of(loads, [](const auto& one) { return one.draining && one.in_flight > 0; });
    };
    ASSERT_TRUE(await(is_idle)) << number;
    ASSERT_TRUE(await([this, up_to = desk_->asked()] { return desk_->is_settled(up_to); })) << number;
    stations_[number].reset();
    start(number);
    ASSERT_TRUE(await_instances(serving)) << number;
    handed_over_ += is_at_the_desk ? 1 : 0;
  }

  const std::shared_ptr<asked_so_far> desk_ = std::make_shared<asked_so_far>();
  int handed_over_ = 0;  ///< times that the desk changed hands

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
  at(asking).host(steady_asker<std::int32_t, std::int32_t>, router, prices, 8, is_sum);
  at(asking).host(steady_asker<std::int32_t, std::int32_t>, at(asking).ref("desk"), desk_, 8, is_sum);
  ASSERT_TRUE(await([this] { return desk_->answered() > 0; }));
  for (std::uint32_t number = 1; number <= serving; ++number) {
    restart(number);
    if (HasFatalFailure()) break;
  }
  prices->stop();
  desk_->stop();
  EXPECT_TRUE(
      await([&, this] { return prices->is_settled(prices->asked()) && desk_->is_settled(desk_->asked()); }));
  EXPECT_EQ(prices->failed(), 0u);
  EXPECT_EQ(desk_->failed(), 0u);
  EXPECT_EQ(desk_->answered(), desk_->asked());
  EXPECT_GT(handed_over_, 0);
  const auto counts = counts_of(router);
  EXPECT_TRUE(counts.add_up()) << counts;
  EXPECT_EQ(counts.submitted, prices->asked());
  EXPECT_EQ(counts.done, prices->answered());
}

}  // namespace
}  // namespace bulwark::test
