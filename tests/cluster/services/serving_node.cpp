// SPDX-License-Identifier: BSD-3-Clause
// A node that serves: "pricer/N" of its own, "desk" or a spare of it, the distributed child "ledger" if that
// is placed here, and the key-value service. Arguments: its number, how many of those that serve there are, a
// directory for all of them, the port below all of theirs, T_timeout in ms. At SIGTERM it drains, and ends
// with 0 if it got rid of all that it had, else with 1.
#include <atomic>
#include <caf/all.hpp>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <deque>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/node_config.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "bulwark/consensus/cluster_node.hpp"
#include "bulwark/consensus/messages.hpp"
#include "bulwark/kv/core/machine.hpp"
#include "bulwark/kv/front.hpp"
#include "bulwark/supervision/distributed_child.hpp"
#include "handled_questions.hpp"
#include "number_given.hpp"
#include "serving_place.hpp"

namespace {

using namespace std::chrono_literals;
using namespace bulwark::cluster_test;
using bulwark::consensus::cluster_node;
using std::chrono::steady_clock;

constexpr auto hand_over_limit = 60s;
/// Nobody has asked here for so long: all have heard that others serve now.
constexpr auto quiet_for = 1s;
constexpr std::size_t sessions = 2;

struct settings {
  std::uint32_t self = 0;
  std::uint32_t serving = 0;
  std::filesystem::path root;
  std::uint16_t base_port = 0;
  std::chrono::milliseconds timeout{};
};

/// What the services of this process share.
struct workplace {
  workplace(std::uint32_t self, const std::filesystem::path& file) : node{self}, handled{file} {}

  const std::uint32_t node;
  const handled_questions handled;
  std::atomic<bulwark::instant> last_asked{bulwark::instant{}};
  std::atomic<std::size_t> open{0};  ///< questions that were not answered yet
  std::atomic<std::uint64_t> desk_token{
      0};  ///< under which this node has the desk, as far as it knows; 0: not
};
using workplace_ptr = std::shared_ptr<workplace>;

caf::behavior pricing(bulwark::service_actor*, workplace_ptr at) {
  return {[at](std::uint64_t) -> std::uint32_t {
    at->last_asked = steady_clock::now();
    return at->node;
  }};
}

/// Takes its time, so that something is under way whenever its name goes to another.
caf::behavior minding(bulwark::service_actor* self, workplace_ptr at) {
  const auto open = std::make_shared<std::deque<caf::typed_response_promise<std::uint32_t>>>();
  return {[=](std::uint64_t number) -> caf::result<std::uint32_t> {
            const auto now = steady_clock::now();
            at->last_asked = now;
            ++at->open;
            at->handled.add({desk, number, at->node, at->desk_token, now});
            open->push_back(self->make_response_promise<std::uint32_t>());
            self->delayed_send(self, 20ms, caf::tick_atom_v);
            return open->back();
          },
          [=](caf::tick_atom) {
            open->front().deliver(at->node);
            open->pop_front();
            --at->open;
          }};
}

/// Acts only while it may, at the time for which it asked.
caf::behavior keeping(bulwark::service_actor*, workplace_ptr at, bulwark::permit_ptr permit) {
  return {[=](std::uint64_t number) -> caf::result<std::uint32_t> {
    const auto now = steady_clock::now();
    if (!permit->may_act(now)) return bulwark::service_error::not_handled;
    at->handled.add({ledger, number, at->node, permit->token(), now});
    return at->node;
  }};
}

std::vector<bulwark::child> children_of(const workplace_ptr& at, const bulwark::services& names) {
  const auto child_of = [at](const std::string& id,
                             caf::behavior (*behave)(bulwark::service_actor*, workplace_ptr)) {
    bulwark::child one;
    one.spec.id = id;
    one.start = [=](caf::actor_system& system, const caf::actor&) { return system.spawn(behave, at); };
    return one;
  };
  bulwark::distributed_child_options placed;
  placed.name = ledger;
  placed.role = "worker";
  placed.make = [at](const bulwark::permit_ptr& permit) {
    bulwark::child one;
    one.spec.id = ledger;
    one.start = [=](caf::actor_system& system, const caf::actor&) {
      return system.spawn(keeping, at, permit);
    };
    return one;
  };
  return {bulwark::published(names, "pricer/" + std::to_string(at->node), child_of("pricer", pricing)),
          bulwark::published(names, desk, child_of(desk, minding)),
          bulwark::distributed_child(names, std::move(placed))};
}

struct config : bulwark::node_config {
  config() : bulwark::node_config{{.threads = 2}} { bulwark::consensus::add_cluster_messages(*this); }
};

/// One life of the process.
class serving_node {
 public:
  serving_node(caf::actor_system& system, const settings& given)
      : given_{given},
        self_{system},
        at_{std::make_shared<workplace>(given.self, handled_file(given.root))},
        member_{system, node_options()},
        clients_{front_options()} {
    std::vector<bulwark::child> workers;
    for (std::size_t i = 1; i <= sessions; ++i)
      workers.push_back(child_of("session" + std::to_string(i), clients_.session_child(i)));
    workers.push_back(child_of("front", clients_.front_child()));
    tree_ = bulwark::spawn_supervisor(system, {.name = "clients", .children = std::move(workers)});
  }
  ~serving_node() {
    bulwark::ask_to_stop(tree_);
    self_->wait_for(tree_);
  }
  serving_node(serving_node&&) = delete;

  /// Gets rid of all that this node has, while it is still of use to those who have not heard of that. What
  /// it could not get rid of; empty if nothing.
  std::string drain() {
    member_.drain();
    member_.services().withdraw(desk);
    if (!await([this] { return !leads(); })) return "the leadership of the group";
    if (!await([this] { return member_.has_handed_over(); })) return "the ledger";
    if (!await([this] { return is_served_elsewhere(desk); })) return "the desk";
    clients_.drain();
    if (!await([this] { return clients_.connections() == 0; })) return "its clients";
    const auto is_quiet = [this] {
      return at_->open == 0 && steady_clock::now() - at_->last_asked.load() > quiet_for;
    };
    if (!await(is_quiet)) return "those who ask";
    return leads() ? "the leadership, which it got back" : "";
  }

 private:
  static bulwark::child child_of(std::string id, bulwark::kv::service::child_start start) {
    bulwark::child one;
    one.spec.id = std::move(id);
    one.start = [start = std::move(start)](caf::actor_system& system, const caf::actor& supervisor) {
      return start(system, supervisor);
    };
    return one;
  }

  bulwark::consensus::cluster_node_options node_options() {
    auto options = options_of_node(given_.self, given_.serving, given_.root, given_.base_port);
    options.timeout = given_.timeout;
    options.roles = {"worker"};
    options.machine = [] { return std::make_unique<bulwark::kv::machine>(); };
    options.on_group = [at = at_](const bulwark::membership_group& group) {
      const auto* entry = group.names().whereis(desk);
      at->desk_token = entry && entry->owner.node == at->node ? entry->token : 0;
    };
    options.children = [at = at_](const bulwark::services& names) { return children_of(at, names); };
    return options;
  }

  bulwark::kv::front_options front_options() const {
    bulwark::kv::front_options options;
    options.port = clients_port(given_.self, given_.base_port);
    options.sessions = sessions;
    options.replica = member_.replica();
    options.node = "n" + std::to_string(given_.self);
    return options;
  }

  static bool await(const std::function<bool()>& holds) {
    const auto end = steady_clock::now() + hand_over_limit;
    const timespec rest{0, 5'000'000};
    while (!holds()) {
      if (steady_clock::now() > end) return false;
      ::nanosleep(&rest, nullptr);
    }
    return true;
  }

  /// True also if it does not say.
  bool leads() {
    bool yes = true;
    self_->request(member_.replica(), 2s, bulwark::consensus::get_replica_status{})
        .receive([&](const bulwark::consensus::replica_report& is) { yes = is.role == "leader"; },
                 [](const caf::error&) {});
    return yes;
  }

  [[nodiscard]] bool is_served_elsewhere(const std::string& name) const {
    const auto group = member_.group();
    const auto* entry = group ? group->names().whereis(name) : nullptr;
    return entry && entry->owner.node != given_.self;
  }

  const settings given_;
  caf::scoped_actor self_;
  const workplace_ptr at_;
  cluster_node member_;
  bulwark::kv::service clients_;
  caf::actor tree_;
};

int serve(const settings& given) {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);  // before there are threads
  std::signal(SIGPIPE, SIG_IGN);
  config configured;
  caf::actor_system system{configured};
  serving_node node{system, given};
  int which = 0;
  sigwait(&stop, &which);
  const auto left = node.drain();
  if (!left.empty()) std::cerr << "serving_node: drained, but for " << left << std::endl;
  return left.empty() ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
  const std::vector<std::string> given(words, words + count);
  try {
    if (given.size() != 6)
      throw std::invalid_argument{"expected: NODE SERVING DIRECTORY PORT TIMEOUT, as its test gives them"};
    return serve({number_given(given[1]), number_given(given[2]), given[3],
                  static_cast<std::uint16_t>(number_given(given[4])),
                  std::chrono::milliseconds{number_given(given[5])}});
  } catch (const std::exception& problem) {
    std::cerr << "serving_node: " << problem.what() << std::endl;
    return 1;
  }
}
