// SPDX-License-Identifier: BSD-3-Clause
// A node on an island: a member of a group of voters that offers to run distributed children, and writes into
// a file what it sees and does. Arguments: its number, how many nodes there are, a directory for its data,
// the file, the names of the children. Ends at SIGTERM.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <caf/all.hpp>
#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "bulwark/actors/node_config.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "bulwark/cluster/unique_fd.hpp"
#include "bulwark/consensus/cluster_node.hpp"
#include "bulwark/consensus/messages.hpp"
#include "bulwark/supervision/core/membership_group.hpp"
#include "bulwark/supervision/distributed_child.hpp"
#include "island_event.hpp"
#include "island_network.hpp"
#include "number_given.hpp"

namespace {

using namespace std::chrono_literals;
using namespace bulwark::cluster_test;
using bulwark::consensus::cluster_node;
using std::chrono::steady_clock;

constexpr std::uint16_t island_port = 7000;
constexpr auto act_every = 10ms;
constexpr auto look_every = 5ms;
constexpr auto ask_leader_every = 50ms;

struct settings {
  std::uint32_t self = 0;
  std::uint32_t nodes = 0;
  std::string directory;
  std::string events;
  std::vector<std::string> names;
};

/// The file of events. Thread-safe.
class event_file {
 public:
  event_file(const std::string& path, std::uint32_t node)
      : file_{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)}, node_{node} {
    if (!file_) throw std::runtime_error{"cannot write " + path};
  }

  template <class What>
  void tell(What what, bulwark::instant at = steady_clock::now()) {
    auto line = to_line({at, node_, process_, std::move(what)}) + "\n";
    const std::lock_guard guard{mutex_};
    // A line that is cut off would spoil the one behind it: the disk is full, and nothing here is of use.
    if (::write(file_.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
  }

 private:
  const bulwark::cluster::unique_fd file_;
  const std::uint32_t node_;
  const std::uint64_t process_ = static_cast<std::uint64_t>(steady_clock::now().time_since_epoch().count());
  std::mutex mutex_;
};

/// A distributed child: acts every few milliseconds, if it may.
caf::behavior acting(bulwark::service_actor* self, std::string name, bulwark::permit_ptr permit,
                     std::shared_ptr<event_file> file) {
  file->tell(told::owner{told::owner_step::begins, name, permit->token()});
  self->attach_functor([=](const caf::error&) {
    file->tell(told::owner{told::owner_step::ends, name, permit->token()});
  });
  self->send(self, caf::tick_atom_v);
  return {[=](caf::tick_atom) {
    self->delayed_send(self, act_every, caf::tick_atom_v);
    // It acts at the time for which it asked. Who stands still between asking and acting needs the token.
    const auto now = steady_clock::now();
    if (permit->may_act(now)) file->tell(told::owner{told::owner_step::acts, name, permit->token()}, now);
  }};
}

bulwark::distributed_child_options child_of(const std::string& name,
                                            const std::shared_ptr<event_file>& file) {
  bulwark::distributed_child_options options;
  options.name = name;
  options.role = "worker";
  options.make = [name, file](const bulwark::permit_ptr& permit) {
    bulwark::child one;
    one.spec.id = name;
    one.start = [=](caf::actor_system& system, const caf::actor&) {
      return system.spawn(acting, name, permit, file);
    };
    return one;
  };
  return options;
}

bulwark::consensus::cluster_node_options node_options(const settings& given,
                                                      const std::shared_ptr<event_file>& file) {
  bulwark::consensus::cluster_node_options options;
  options.cluster = "islands";
  options.self = given.self;
  options.insecure = true;  // the network is the test's own
  options.listen = {island_network::address(given.self), island_port};
  for (std::uint32_t node = 1; node <= given.nodes; ++node)
    if (node != given.self) options.peers[node] = {island_network::address(node), island_port};
  options.roles = {"worker"};
  options.directory = given.directory;
  options.on_verdict = [file](const bulwark::peer_change& change) { file->tell(told::verdict{change}); };
  return options;
}

caf::actor offer_children(caf::actor_system& system, const cluster_node& node, const settings& given,
                          const std::shared_ptr<event_file>& file) {
  bulwark::supervisor_options tree{.name = "offers"};
  tree.flags.strategy = bulwark::restart_strategy::one_for_one;
  for (const auto& name : given.names)
    tree.children.push_back(bulwark::distributed_child(node.services(), child_of(name, file)));
  return bulwark::spawn_supervisor(system, std::move(tree));
}

/// Tells what it sees of the group.
class watcher {
 public:
  watcher(caf::actor_system& system, const cluster_node& node, std::shared_ptr<event_file> file)
      : node_{node}, file_{std::move(file)}, self_{system} {}

  void look() {
    if (const auto group = node_.group())
      for (const auto& change : group->nodes().history()) {
        if (change.view <= view_) continue;
        view_ = change.view;
        file_->tell(told::view{change});
      }
    if (steady_clock::now() < next_question_) return;
    next_question_ = steady_clock::now() + ask_leader_every;
    self_->request(node_.replica(), 100ms, bulwark::consensus::get_replica_status{})
        .receive([this](const bulwark::consensus::replica_report& is) { see_leader(is.leader); },
                 [](const caf::error&) {});
  }

  void stop(const caf::actor& tree) {
    bulwark::ask_to_stop(tree);
    self_->wait_for(tree);
  }

  /// Whether all of so many nodes are up: what is placed before goes to those that are there first.
  [[nodiscard]] bool sees_up(std::uint32_t nodes) const {
    const auto group = node_.group();
    if (!group) return false;
    return std::ranges::count_if(group->nodes().all(), [](const auto& one) {
             return one.second.state == bulwark::member_state::up;
           }) == nodes;
  }

 private:
  void see_leader(std::uint32_t leader) {
    if (std::exchange(leader_, leader) != leader) file_->tell(told::leader{leader});
  }

  const cluster_node& node_;
  const std::shared_ptr<event_file> file_;
  caf::scoped_actor self_;
  std::uint64_t view_ = 0;
  std::uint32_t leader_ = 0;
  bulwark::instant next_question_{};
};

struct config : bulwark::node_config {
  config() : bulwark::node_config{{.threads = 2}} { bulwark::consensus::add_cluster_messages(*this); }
};

void serve(const settings& given) {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);  // before there are threads
  const auto file = std::make_shared<event_file>(given.events, given.self);
  file->tell(told::started{});
  config configured;
  caf::actor_system system{configured};
  cluster_node node{system, node_options(given, file)};
  watcher eyes{system, node, file};
  const timespec rest{0, std::chrono::nanoseconds{look_every}.count()};
  caf::actor offers;
  do {
    eyes.look();
    if (!offers && eyes.sees_up(given.nodes)) offers = offer_children(system, node, given, file);
  } while (::sigtimedwait(&stop, nullptr, &rest) != SIGTERM);
  if (offers) eyes.stop(offers);
}

}  // namespace

int main(int count, char** words) {
  const std::vector<std::string> given(words, words + count);
  try {
    if (given.size() < 6)
      throw std::invalid_argument{"expected: NODE NODES DIRECTORY EVENTS NAME..., as its test gives them"};
    serve({number_given(given[1]),
           number_given(given[2]),
           given[3],
           given[4],
           {given.begin() + 5, given.end()}});
    return 0;
  } catch (const std::exception& problem) {
    std::cerr << "island_node: " << problem.what() << std::endl;
    return 1;
  }
}
