// SPDX-License-Identifier: BSD-3-Clause
// A service with workers on three nodes, each a process, asked by a fourth. While it is asked, one node is
// killed and started again, and another is drained. What was sent is done, or fails visibly: the count adds
// up. A ledger that runs once in the whole cluster is found wherever it is. Prints what happens, then
// "example: ok".
#include <atomic>
#include <caf/all.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "bulwark/actors/node_config.hpp"
#include "bulwark/actors/router.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "bulwark/consensus/cluster_node.hpp"
#include "bulwark/load/port_block.hpp"
#include "bulwark/load/process.hpp"
#include "bulwark/supervision/distributed_child.hpp"

namespace {

using namespace std::chrono_literals;
using bulwark::consensus::cluster_node;
using bulwark::consensus::cluster_node_options;

constexpr std::int32_t questions = 900;
constexpr std::uint32_t asker = 4;  ///< the node that asks; it has no vote

struct config : bulwark::node_config {
  config() : bulwark::node_config{{.threads = 2}} { bulwark::consensus::add_cluster_messages(*this); }
};

cluster_node_options node_options(std::uint32_t self, const std::filesystem::path& root, int base_port) {
  cluster_node_options options;
  options.cluster = "example";
  options.self = self;
  options.voters = {1, 2, 3};
  options.directory = root / std::to_string(self);
  const auto port = [&](std::uint32_t node) {
    return static_cast<std::uint16_t>(base_port + static_cast<int>(node));
  };
  options.listen = {"127.0.0.1", port(self)};
  for (std::uint32_t node = 1; node <= asker; ++node)
    if (node != self) options.peers[node] = {"127.0.0.1", port(node)};
  return options;
}

caf::behavior pricing(bulwark::service_actor*, std::int32_t cents) {
  return {[cents](std::int32_t pieces) { return cents * pieces; }};
}

caf::behavior keeping(bulwark::service_actor*, std::uint32_t node) {
  return {[node](const std::string&) { return "the ledger is on node " + std::to_string(node); }};
}

/// What the supervisor of a node starts: a pricer of its own, and the ledger if it belongs there.
std::vector<bulwark::child> children_of(std::uint32_t node, const bulwark::services& names) {
  bulwark::child pricer;
  pricer.spec.id = "pricer";
  pricer.start = [](caf::actor_system& system, const caf::actor&) { return system.spawn(pricing, 25); };
  bulwark::distributed_child_options ledger;
  ledger.name = "ledger";
  ledger.role = "worker";
  ledger.make = [node](const bulwark::permit_ptr&) {
    bulwark::child one;
    one.spec.id = "ledger";
    one.start = [node](caf::actor_system& system, const caf::actor&) { return system.spawn(keeping, node); };
    return one;
  };
  return {bulwark::published(names, "pricer/" + std::to_string(node), std::move(pricer)),
          bulwark::distributed_child(names, std::move(ledger))};
}

/// A process with a node: serves until it is told to stop, then drains.
int serve(std::uint32_t node, const std::filesystem::path& root, int base_port) {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);  // before there are threads
  config settings;
  caf::actor_system system{settings};
  auto options = node_options(node, root, base_port);
  options.roles = {"worker"};
  options.children = [node](const bulwark::services& names) { return children_of(node, names); };
  cluster_node member{system, std::move(options)};
  int which = 0;
  sigwait(&stop, &which);
  member.drain();
  const timespec moment{0, 20'000'000};
  for (int i = 0; i < 500 && !member.has_handed_over(); ++i) nanosleep(&moment, nullptr);
  // Who has not heard of it yet sends on for a moment, and is served.
  const timespec grace{1, 0};
  nanosleep(&grace, nullptr);
  return 0;
}

/// Asks the router of all pricers, a few questions at a time.
class client {
 public:
  client(caf::actor_system& system, caf::actor pricers) : self_{system}, pricers_{std::move(pricers)} {}

  /// Calls `at` before each question.
  void ask_all(const std::function<void(std::int32_t)>& at) {
    for (std::int32_t number = 1; number <= questions; ++number) {
      at(number);
      open_.emplace(number, self_->request(pricers_, 30s, number));
      if (open_.size() == in_flight) take_answer();
    }
    while (!open_.empty()) take_answer();
  }

  [[nodiscard]] bool keeps_its_promises() const {
    const auto counts = bulwark::counts_of(pricers_);
    std::cout << "sent " << questions << " = done " << done_ << " + failed visibly " << failed_ << "\n";
    return wrong_ == 0 && done_ + failed_ == questions && counts.add_up() &&
           counts.submitted == static_cast<std::uint64_t>(questions) && counts.in_flight == 0;
  }

 private:
  using answer = decltype(std::declval<caf::scoped_actor&>()->request(caf::actor{}, 30s, 1));

  void take_answer() {
    auto [number, awaited] = std::move(open_.front());
    open_.pop();
    awaited.receive([&, asked = number](std::int32_t cents) { ++(cents == 25 * asked ? done_ : wrong_); },
                    [&](const caf::error&) { ++failed_; });
  }

  static constexpr std::size_t in_flight = 16;
  caf::scoped_actor self_;
  caf::actor pricers_;
  std::queue<std::pair<std::int32_t, answer>> open_;
  int done_ = 0, wrong_ = 0, failed_ = 0;
};

bool await_workers(const caf::actor& pricers, std::size_t count) {
  const auto end = std::chrono::steady_clock::now() + 60s;
  const timespec moment{0, 20'000'000};
  const auto working = [&] {
    std::size_t some = 0;
    for (const auto& one : bulwark::worker_loads(pricers)) some += one.draining ? 0 : 1;
    return some;
  };
  while (working() != count && std::chrono::steady_clock::now() < end) nanosleep(&moment, nullptr);
  return working() == count;
}

bool find_ledger(caf::actor_system& system, const bulwark::services& names) {
  caf::scoped_actor self{system};
  bool found = false;
  const auto ledger = names.whereis(bulwark::placement::child_name("ledger"));
  if (!ledger) return false;
  // It may be on its way from one node to another, or go down with what it is asked: then it is asked again.
  for (int i = 0; i < 20 && !found; ++i)
    self->request(*ledger, 30s, std::string{"where?"})
        .receive(
            [&](const std::string& where) {
              std::cout << where << std::endl;
              found = true;
            },
            [](const caf::error&) {});
  return found;
}

int run(const std::string& program) {
  const bulwark::load::temporary_directory root{"bulwark-example"};
  const bulwark::load::port_block ports;
  std::map<std::uint32_t, bulwark::load::process> nodes;
  const auto start = [&](std::uint32_t node) {
    nodes.insert_or_assign(node, bulwark::load::process{{program, std::to_string(node), root.path(),
                                                         std::to_string(ports.base())},
                                                        root.path() / (std::to_string(node) + ".log")});
  };
  for (std::uint32_t node = 1; node <= 3; ++node) start(node);

  config settings;
  caf::actor_system system{settings};
  cluster_node member{system, node_options(asker, root.path(), ports.base())};
  const auto pricers = member.services().router("pricer");
  if (!pricers || !await_workers(*pricers, 3)) return 1;
  std::cout << "three nodes serve" << std::endl;
  bool good = find_ledger(system, member.services());

  client one{system, *pricers};
  one.ask_all([&](std::int32_t number) {
    if (number == 300) {
      nodes.at(2).signal(SIGKILL);
      std::cout << "node 2 is killed" << std::endl;
    } else if (number == 500) {
      start(2);
      good = await_workers(*pricers, 3) && good;
      std::cout << "node 2 serves again" << std::endl;
    } else if (number == 700) {
      nodes.at(3).signal(SIGTERM);
      std::cout << "node 3 drains" << std::endl;
    }
  });
  good = await_workers(*pricers, 2) && find_ledger(system, member.services()) && good;
  return one.keeps_its_promises() && good ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
  const std::vector<std::string> given(words, words + count);
  try {
    if (given.size() == 4)
      return serve(static_cast<std::uint32_t>(std::stoul(given[1])), given[2], std::stoi(given[3]));
    const auto failed = run(std::filesystem::canonical("/proc/self/exe"));
    std::cout << (failed ? "example: FAILED" : "example: ok") << std::endl;
    return failed;
  } catch (const std::exception& problem) {
    std::cerr << "example: " << problem.what() << std::endl;
    return 1;
  }
}
