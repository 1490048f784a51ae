// SPDX-License-Identifier: BSD-3-Clause
#include "membership_scenarios.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace bulwark::test {

namespace {

using namespace std::chrono_literals;

/// For detectors to see some heartbeats before anything happens.
constexpr duration settling = 5s;

struct membership_scenario {
  const char* name;
  double share;  ///< of the nodes that are hit
  std::function<void(membership_world&, const std::vector<std::uint32_t>&)> play;
};

/// Changes the network of all who are hit, for that long.
void afflict(membership_world& world, const std::vector<std::uint32_t>& hit, duration length,
             const std::function<void(node_faults&, bool)>& change) {
  for (const auto node : hit) world.set_faults(node, [&](node_faults& of) { change(of, true); });
  world.run_for(length);
  for (const auto node : hit) world.set_faults(node, [&](node_faults& of) { change(of, false); });
  world.run_for(5s);
}

void crash_all(membership_world& world, const std::vector<std::uint32_t>& hit) {
  for (const auto node : hit) world.crash(node);
  world.run_for(15s);
}

void drain_all(membership_world& world, const std::vector<std::uint32_t>& hit) {
  for (const auto node : hit) world.drain(node);
  world.run_for(10s);
  for (const auto node : hit)
    if (world.placed_on(node) != 0) world.complain("a drained node keeps a child");
}

/// The nodes live on, but run none of the children; then they are as before.
void stop_trees(membership_world& world, const std::vector<std::uint32_t>& hit) {
  const auto keep_all = [&](bool is_kept) {
    for (const auto node : hit)
      for (std::uint32_t child = 0; child < world.options().children; ++child)
        world.keep(node, child, is_kept);
  };
  keep_all(false);
  world.run_for(10s);
  for (const auto node : hit)
    if (world.placed_on(node) != 0) world.complain("a child belongs to a node that does not run it");
  if (world.running() != world.options().children) world.complain("a child runs nowhere");
  keep_all(true);
  world.run_for(5s);
  for (const auto node : hit)
    if (world.is_declined(node)) world.complain("a node declines what it would run");
}

std::function<void(membership_world&, const std::vector<std::uint32_t>&)> lossy(double share) {
  return [share](membership_world& world, const std::vector<std::uint32_t>&) {
    world.set_loss(share);
    world.run_for(30s);
  };
}

std::function<void(membership_world&, const std::vector<std::uint32_t>&)> paused(duration length) {
  return [length](membership_world& world, const std::vector<std::uint32_t>& hit) {
    for (const auto node : hit) world.pause(node);
    world.run_for(length);
    for (const auto node : hit) world.resume(node);
    world.run_for(10s);
  };
}

void cut_one_cable_each(membership_world& world, const std::vector<std::uint32_t>& hit) {
  for (const auto node : hit) world.cut(node, world.group().state().nodes().observers_of(node).front(), true);
  world.run_for(20s);
}

const std::vector<membership_scenario>& all_membership_scenarios() {
  static const std::vector<membership_scenario> all{
      {"nothing happens", 0, [](auto& world, auto&) { world.run_for(20s); }},
      {"crash 1 %", 0.01, crash_all},
      {"crash 10 %", 0.1, crash_all},
      {"crash 30 %", 0.3, crash_all},
      {"loss 1 %", 0, lossy(0.01)},
      {"loss 5 %", 0, lossy(0.05)},
      {"loss 10 %", 0, lossy(0.10)},
      {"loss 20 %", 0, lossy(0.20)},
      {"one cable cut, of 10 %", 0.1, cut_one_cable_each},
      {"flapping 1 s, 1 %", 0.01,
       [](auto& world, auto& hit) {
         afflict(world, hit, 20s,
                 [](node_faults& of, bool on) { of.flaps = on ? duration{1s} : duration{}; });
       }},
      {"flapping 0.2 s, 1 %", 0.01,
       [](auto& world, auto& hit) {
         afflict(world, hit, 20s,
                 [](node_faults& of, bool on) { of.flaps = on ? duration{200ms} : duration{}; });
       }},
      {"deaf, 1 %", 0.01,
       [](auto& world, auto& hit) {
         afflict(world, hit, 15s, [](node_faults& of, bool on) { of.deaf = on; });
       }},
      {"deaf, 10 %", 0.1,
       [](auto& world, auto& hit) {
         afflict(world, hit, 15s, [](node_faults& of, bool on) { of.deaf = on; });
       }},
      {"mute, 1 %", 0.01,
       [](auto& world, auto& hit) {
         afflict(world, hit, 15s, [](node_faults& of, bool on) { of.mute = on; });
       }},
      {"paused 0.3 s, 10 %", 0.1, paused(300ms)},
      {"paused 1 s, 10 %", 0.1, paused(1s)},
      {"paused 5 s, 10 %", 0.1, paused(5s)},
      {"drained, 10 %", 0.1, drain_all},
      {"trees stopped, 30 %", 0.3, stop_trees},
      {"partition, 30 % apart", 0.3,
       [](auto& world, auto& hit) {
         afflict(world, hit, 15s, [](node_faults& of, bool on) { of.side = on ? 1 : 0; });
         world.run_for(10s);
       }},
  };
  return all;
}

/// Random nodes, never a majority of the voters.
std::vector<std::uint32_t> choose_hit(membership_world& world, double share) {
  const auto& options = world.options();
  auto count = static_cast<std::size_t>(share * options.nodes + 0.5);
  if (share > 0) count = std::max<std::size_t>(count, 1);
  std::vector<std::uint32_t> hit;
  std::uint32_t voters = 0;
  while (hit.size() < count) {
    const auto node = static_cast<std::uint32_t>(1 + world.random().below(options.nodes));
    if (std::find(hit.begin(), hit.end(), node) != hit.end()) continue;
    if (node <= options.voters && ++voters > (options.voters - 1) / 2) continue;
    hit.push_back(node);
  }
  return hit;
}

double in_ms(duration length) { return std::chrono::duration<double, std::milli>{length}.count(); }

void add_downs(scenario_outcome& outcome, const membership_world& world) {
  instant first = instant::max();
  instant last = instant::min();
  for (const auto& one : world.downs()) {
    outcome.dead_found += one.was_dead ? 1 : 0;
    outcome.mistakes += one.was_healthy ? 1 : 0;
    outcome.faulty_found += !one.was_dead && !one.was_healthy ? 1 : 0;
    if (!one.was_dead) continue;
    outcome.decided_ms.push_back(in_ms(one.decided - one.since));
    first = std::min(first, one.since);
    last = std::max(last, world.seen_at(one));
  }
  if (outcome.dead_found > 0) outcome.known_ms = in_ms(last - first);
  std::sort(outcome.decided_ms.begin(), outcome.decided_ms.end());
}

}  // namespace

std::vector<std::string> scenario_names() {
  std::vector<std::string> names;
  for (const auto& one : all_membership_scenarios()) names.emplace_back(one.name);
  return names;
}

scenario_outcome run_scenario(const std::string& name, const world_options& options) {
  const auto& all = all_membership_scenarios();
  const auto& chosen =
      *std::find_if(all.begin(), all.end(), [&](const membership_scenario& one) { return one.name == name; });
  membership_world world{options};
  world.run_for(settling);
  world.forget_counts();
  const auto begin = world.now();
  const auto hit = choose_hit(world, chosen.share);
  chosen.play(world, hit);
  scenario_outcome outcome;
  outcome.name = name;
  outcome.violation = world.violation();
  outcome.nodes = options.nodes;
  outcome.hit = static_cast<std::uint32_t>(hit.size());
  std::uint64_t sent = 0;
  for (std::size_t kind = 0; kind < static_cast<std::size_t>(packet_kind::tick); ++kind)
    sent += world.sent(packet_kind{static_cast<std::uint8_t>(kind)});
  const std::chrono::duration<double> length = world.now() - begin;
  outcome.messages = static_cast<double>(sent) / options.nodes / length.count();
  outcome.suspicions = world.suspicions();
  add_downs(outcome, world);
  outcome.up = world.up();
  outcome.running = world.running();
  outcome.granted = world.takeovers();
  outcome.fenced = world.fenced_answers();
  outcome.events = world.events();
  return outcome;
}

std::string run_broken_cables(const world_options& options, std::uint32_t cables) {
  membership_world world{options};
  world.run_for(settling);
  const auto any = [&](std::uint32_t up_to) {
    return static_cast<std::uint32_t>(1 + world.random().below(up_to));
  };
  for (std::uint32_t i = 0; i < cables; ++i) {
    const auto voter = any(options.voters);
    if (const auto other = any(options.nodes); other != voter) world.cut(voter, other, true);
  }
  world.run_for(20s);
  world.forget_counts();
  world.run_for(10s);
  if (world.violation().empty() && world.handovers() != 0)
    world.complain("leadership goes round, " + std::to_string(world.handovers()) +
                   " times in 10 s, though nothing has changed for 20 s");
  if (world.violation().empty() && world.leads_from_a_worse_place())
    world.complain("n" + std::to_string(world.leader()) + " leads, which misses " +
                   std::to_string(world.missed_by(world.leader())) + " members, and another voter fewer");
  return world.violation();
}

std::string run_membership_chaos(const world_options& options, int steps) {
  membership_world world{options};
  auto& random = world.random();
  const auto any = [&] { return static_cast<std::uint32_t>(1 + random.below(options.nodes)); };
  for (int i = 0; i < steps && world.violation().empty(); ++i) {
    const auto node = any();
    switch (random.below(14)) {
      case 0: world.crash(node); break;
      case 1:
      case 2: world.restart(node); break;
      case 3: world.pause(node); break;
      case 4:
      case 5: world.resume(node); break;
      case 6: world.set_faults(node, [](node_faults& of) { of.deaf = !of.deaf; }); break;
      case 7: world.set_faults(node, [](node_faults& of) { of.mute = !of.mute; }); break;
      case 8: world.set_faults(node, [&](node_faults& of) { of.side = random.below(3) == 0 ? 1 : 0; }); break;
      case 9: world.set_loss(random.next01() * 0.2); break;
      case 10: world.cut(node, any(), random.below(2) == 0); break;
      case 11:
        world.set_faults(node, [&](node_faults& of) { of.flaps = of.flaps == 0s ? duration{300ms} : 0s; });
        break;
      case 12:
      case 13:
        world.keep(node, static_cast<std::uint32_t>(random.below(options.children)), random.below(3) == 0);
        break;
    }
    world.run_for(std::chrono::milliseconds{random.below(1500)});
  }
  world.set_loss(0);
  for (std::uint32_t node = 1; node <= options.nodes; ++node) {
    world.resume(node);
    world.set_faults(node, [](node_faults& of) { of = {}; });
    world.restart(node);
    for (std::uint32_t child = 0; child < options.children; ++child) world.keep(node, child, true);
    for (std::uint32_t other = 1; other < node; ++other) world.cut(node, other, false);
  }
  world.run_for(20s);
  if (world.violation().empty() && world.up() != options.nodes)
    world.complain(std::to_string(world.up()) + " of " + std::to_string(options.nodes) +
                   " are up though nothing has been wrong for 20 s");
  if (world.violation().empty() && world.running() != options.children)
    world.complain(std::to_string(world.running()) + " of " + std::to_string(options.children) +
                   " children run though nothing has been wrong for 20 s");
  return world.violation();
}

}  // namespace bulwark::test
