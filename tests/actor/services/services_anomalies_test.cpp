// SPDX-License-Identifier: BSD-3-Clause
// Goal: the routers of a node give less to instances on nodes that behave unusually, if they are told to, and
// as long as that is thought of them. Method: services of three nodes in virtual time beside a group in
// memory; opinions that the test has.
#include <caf/all.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bulwark/actors/router.hpp"
#include "virtual_nodes.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::StartsWith;

class services_anomalies_test : public virtual_nodes {
 protected:
  explicit services_anomalies_test(double anomalous_weight = 0.25)
      : virtual_nodes{[=](services_options& options) { options.anomalous_weight = anomalous_weight; }} {
    for (std::uint32_t node = 1; node <= 3; ++node) start_services(node);
    for (std::uint32_t node = 1; node <= 3; ++node) enter(node);
    for (std::uint32_t node = 1; node <= 3; ++node)
      for (std::uint32_t other = node + 1; other <= 3; ++other) meet(node, other);
    for (std::uint32_t node = 2; node <= 3; ++node) serve(node);
    router = names(1).router("pricer", {.policy = {routing_kind::weighted_round_robin}}).value();
    world.advance(300ms);
  }

  caf::actor serve(std::uint32_t node) {
    auto made = host(numbered_service, static_cast<std::int32_t>(node));
    EXPECT_FALSE(names(node).publish("pricer/" + std::to_string(node), made));
    return made;
  }
  void think(std::uint32_t node, bool anomalous) {
    names(1).set_anomalous(node, anomalous);
    world.drain();
  }
  /// How many of 10 requests nodes 2 and 3 answer.
  std::vector<int> spread() {
    std::vector<int> all(2);
    for (int i = 0; i < 10; ++i) {
      const auto node = answer(router, i) / 100;
      if (node == 2 || node == 3) ++all.at(static_cast<std::size_t>(node) - 2);
    }
    return all;
  }

  caf::actor router;
};

class indifferent_services_test : public services_anomalies_test {
 protected:
  indifferent_services_test() : services_anomalies_test{services_options{}.anomalous_weight} {}
};

TEST_F(services_anomalies_test, instances_on_an_anomalous_node_get_less_as_long_as_it_is) {
  EXPECT_THAT(spread(), ElementsAre(5, 5));
  think(2, true);
  EXPECT_THAT(spread(), ElementsAre(2, 8));
  think(3, true);
  EXPECT_THAT(spread(), ElementsAre(5, 5)) << "all are alike";
  think(2, false);
  EXPECT_THAT(spread(), ElementsAre(8, 2));
  think(3, false);
  EXPECT_THAT(spread(), ElementsAre(5, 5));
}

TEST_F(services_anomalies_test, an_instance_that_comes_gets_less_as_well) {
  think(2, true);
  names(2).withdraw("pricer/2");
  world.advance(300ms);
  EXPECT_THAT(spread(), ElementsAre(0, 10));
  serve(2);
  world.advance(300ms);
  EXPECT_THAT(spread(), ElementsAre(2, 8));
  part(1, 2);
  EXPECT_THAT(spread(), ElementsAre(0, 10));
  meet(1, 2);
  world.advance(300ms);
  EXPECT_THAT(spread(), ElementsAre(2, 8));
}

TEST_F(services_anomalies_test, what_is_thought_outlives_the_actor) {
  think(3, true);
  restart_services(1);
  world.advance(300ms);
  EXPECT_THAT(spread(), ElementsAre(8, 2));
}

TEST_F(services_anomalies_test, other_nodes_think_for_themselves) {
  names(3).set_anomalous(2, true);
  world.drain();
  EXPECT_THAT(spread(), ElementsAre(5, 5));
}

TEST_F(indifferent_services_test, an_anomaly_makes_no_difference_unless_it_is_to) {
  think(2, true);
  EXPECT_THAT(spread(), ElementsAre(5, 5));
}

TEST_F(services_anomalies_test, options_that_make_no_sense_are_refused) {
  struct {
    const char* problem;
    std::function<void(services_options&)> change;
  } const rows[] = {
      {"self is 0", [](auto& options) { options.self = 0; }},
      {"the port to the group is not complete", [](auto& options) { options.group.latest = nullptr; }},
      {"the port to the group is not complete", [](auto& options) { options.group.life = nullptr; }},
      {"the port to the group is not complete", [](auto& options) { options.group.speaker = nullptr; }},
      {"say_again is not above zero", [](auto& options) { options.claims.say_again = 0s; }},
      {"ask_again is not above zero", [](auto& options) { options.lookup.ask_again = 0s; }},
      {"patience is below zero", [](auto& options) { options.lookup.patience = -1s; }},
      {"in_flight_max of the gate is 0", [](auto& options) { options.gate.in_flight_max = 0; }},
      {"answer_limit of the gate is not", [](auto& options) { options.gate.answer_limit = 0s; }},
      {"serve_on is below zero", [](auto& options) { options.serve_on = -1s; }},
      {"ask_loads_every is below zero", [](auto& options) { options.ask_loads_every = -1s; }},
      {"anomalous_weight is 0", [](auto& options) { options.anomalous_weight = 0; }},
      {"anomalous_weight is -1", [](auto& options) { options.anomalous_weight = -1; }},
      {"anomalous_weight is 1.5", [](auto& options) { options.anomalous_weight = 1.5; }},
  };
  services_options sound;
  sound.self = 1;
  sound.group = {[] { return nullptr; }, [] { return node_life{1, 1}; }, names(1).envoy()};
  sound.anomalous_weight = 1;
  ASSERT_EQ(sound.validate(), "");
  for (const auto& row : rows) {
    auto changed = sound;
    row.change(changed);
    EXPECT_THAT(changed.validate(), StartsWith(row.problem));
  }
}

}  // namespace
}  // namespace bulwark::test
