// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/group_host.hpp"

#include <atomic>
#include <caf/all.hpp>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "bulwark/actors/stable_ref.hpp"
#include "bulwark/actors/tls.hpp"
#include "bulwark/consensus/data_directory.hpp"
#include "bulwark/consensus/file_log_store.hpp"
#include "bulwark/consensus/group_exchange.hpp"
#include "bulwark/supervision/messages.hpp"
#include "member_children.hpp"

namespace bulwark::consensus {

using namespace std::chrono_literals;

namespace {

/// What a group waits for before it is forgotten: the end of its replica.
constexpr auto group_stop_patience = 10s;

/// A replica that restarts, or recovers a long log. Few, as there may be many groups.
constexpr std::size_t group_mail_max = 8192;

}  // namespace

/// The groups of a host, by their names; what the supervisor of all groups starts with. Thread-safe.
class group_table {
 public:
  /// Throws std::invalid_argument if either is in use.
  void add(const std::string& name, group_id id, child group) {
    std::lock_guard guard{mutex_};
    for (const auto& [other, entry] : groups_) {
      if (other == name) throw std::invalid_argument{"there is a group \"" + name + "\" here already"};
      if (entry.id == id)
        throw std::invalid_argument{"group \"" + name + "\" has the same number as group \"" + other +
                                    "\", " + std::to_string(number(id)) +
                                    "; expected another name, or an explicit id"};
    }
    groups_.emplace(name, hosted{id, std::move(group)});
  }
  void remove(const std::string& name) {
    std::lock_guard guard{mutex_};
    groups_.erase(name);
  }
  [[nodiscard]] std::vector<child> children() const {
    std::lock_guard guard{mutex_};
    std::vector<child> all;
    all.reserve(groups_.size());
    for (const auto& [name, entry] : groups_) all.push_back(entry.group);
    return all;
  }

 private:
  struct hosted {
    group_id id;
    child group;
  };
  mutable std::mutex mutex_;
  std::map<std::string, hosted> groups_;
};

namespace {

/// A supervisor that starts with the groups of the table, whenever it starts.
child groups_child(const caf::actor& ref, std::shared_ptr<const group_table> table) {
  auto made = supervisor_child({.name = "groups", .flags = flags_of(restart_strategy::one_for_one)});
  made.ref = ref;
  made.gone = [table](bool for_good) {
    for (const auto& one : table->children()) one.gone(for_good);
  };
  made.start = [table = std::move(table)](caf::actor_system& system, const caf::actor& supervisor) {
    supervisor_options below{.name = "groups", .flags = flags_of(restart_strategy::one_for_one)};
    below.children = table->children();
    below.parent = supervisor;
    return spawn_supervisor(system, std::move(below));
  };
  return made;
}

group_host_options checked(group_host_options options) {
  check_membership(options.self, options.listen, options.peers, options.voters,
                   options.insecure || options.tls.any());
  return options;
}

}  // namespace

group_id group_id_of(std::string_view name) {
  std::uint32_t hash = 2166136261u;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return group_id{hash == 0 ? 1 : hash};
}

struct group_host::impl {
  impl(caf::actor_system& sys, group_host_options given)
      : system{sys},
        options{std::move(given)},
        data{options.directory, {options.cluster, node_id{options.self}}},
        tls{options.tls.any() ? make_tls_endpoint(options.tls, options.cluster, options.self) : nullptr},
        connector{make_stable_ref(sys, {.name = "connector"})},
        exchange{make_stable_ref(sys, {.name = "exchange", .hold_max = 65536})},
        log{make_stable_ref(sys, {.name = "log", .hold_max = 65536})},
        groups{make_stable_ref(sys, {.name = "groups", .hold_max = 65536})} {
    links = link_refs(sys, options.peers);
  }

  [[nodiscard]] child own_links() const {
    connector_options dialling{.self = {options.cluster, options.self, random_incarnation()},
                               .addresses = options.peers,
                               .links = links};
    dialling.tls = tls;
    return links_branch(connector, std::move(dialling), {exchange, {}, {}});
  }

  [[nodiscard]] child exchange_child() const {
    group_exchange_options settings;
    for (const auto& [peer, ref] : links) settings.links.emplace(node_id{peer}, ref);
    settings.routes = routes;
    settings.pulses = options.quiet_after > duration{0};
    settings.interval = options.interval;
    settings.timeout = options.timeout;
    return worker("exchange", exchange, [settings](caf::actor_system& where, const caf::actor&) {
      return spawn_group_exchange(where, settings);
    });
  }

  [[nodiscard]] child consensus_branch() const {
    auto open = options.open_log;
    if (!open)
      open = [files = file_log_options{
                  .directory = data.log_path(), .cluster = options.cluster, .node = node_id{options.self}}] {
        return std::make_unique<file_log_store>(files);
      };
    return supervisor_child({.name = "consensus",
                             .flags = flags_of(restart_strategy::rest_for_one),
                             .children = {log_child(log, std::move(open)), groups_child(groups, table)}});
  }

  [[nodiscard]] replica_options core_of(group_id id) const {
    auto core = core_of_member(options.self, options.voters, options.peers, data);
    core.group = id;
    core.interval = options.interval;
    core.timeout = options.timeout;
    core.lease = options.lease;
    core.snapshot_bytes = options.snapshot_bytes;
    core.quiet_after = options.quiet_after;
    return core;
  }

  [[nodiscard]] child group_branch(const std::string& name, group_id id, const caf::actor& replica,
                                   const caf::actor& front, group_member::machine_factory machine,
                                   group_member::front_factory make_front) const {
    replica_actor_options settings;
    settings.core = core_of(id);
    settings.log = log;
    settings.exchange = exchange;
    settings.machine = std::move(machine);
    settings.on_ready = [exchange = exchange, id] { caf::anon_send(exchange, replica_joined{id}); };
    auto front_child =
        worker("front", front,
               [replica, make_front = std::move(make_front)](caf::actor_system& where, const caf::actor&) {
                 return make_front(where, replica);
               });
    auto made = supervisor_child({.name = name,
                                  .flags = flags_of(restart_strategy::rest_for_one),
                                  .children = {replica_child(replica, std::move(settings)), front_child}});
    made.spec.delays = member_delays();
    made.reports_ready = false;  // no group waits for another that recovers
    return made;
  }

  caf::actor_system& system;
  const group_host_options options;
  const data_directory data;
  const std::shared_ptr<tls_endpoint> tls;
  const caf::actor connector;
  const caf::actor exchange;
  const caf::actor log;
  const caf::actor groups;
  std::map<std::uint32_t, caf::actor> links;
  const std::shared_ptr<group_routes> routes = std::make_shared<group_routes>();
  const std::shared_ptr<group_table> table = std::make_shared<group_table>();
  std::uint16_t port = 0;
  caf::actor root;
  std::atomic<bool> stopped{false};
};

struct hosted_group::impl {
  std::string name;
  group_id id{};
  caf::actor replica;
  caf::actor front;
  std::shared_ptr<group_host::impl> host;

  impl() = default;
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;
  ~impl() {
    if (!host) return;
    host->routes->remove(id);
    host->table->remove(name);
    if (!host->stopped) {
      caf::scoped_actor self{host->system};
      self->request(host->groups, group_stop_patience, terminate_child{name})
          .receive([](caf::ok_atom) {}, [](const caf::error&) {});
      self->request(host->groups, group_stop_patience, delete_child{name})
          .receive([](caf::ok_atom) {}, [](const caf::error&) {});
    }
    close(replica, caf::exit_reason::normal);
    close(front, caf::exit_reason::normal);
  }
};

group_host::group_host(caf::actor_system& system, group_host_options options)
    : impl_{std::make_shared<impl>(system, checked(std::move(options)))} {
  auto& it = *impl_;
  if (const auto problem = it.core_of({}).validate(); !problem.empty()) throw std::invalid_argument{problem};
  it.port = open_door(system, it.connector, it.options.listen.host, it.options.listen.port, it.tls);
  supervisor_options root{.name = "host", .flags = flags_of(restart_strategy::one_for_one)};
  root.sink = it.options.sink;
  root.children = {it.own_links(), it.exchange_child(), it.consensus_branch()};
  it.root = spawn_supervisor(system, std::move(root));
}

group_host::~group_host() {
  impl_->stopped = true;
  stop_and_wait(impl_->system, impl_->root);
  impl_->root = nullptr;
}

hosted_group group_host::add(std::string name, group_member::machine_factory machine,
                             group_member::front_factory front, group_id id) {
  if (name.empty()) throw std::invalid_argument{"the name of a group is empty; expected at least a letter"};
  auto& it = *impl_;
  auto made = std::make_unique<hosted_group::impl>();
  made->name = std::move(name);
  made->id = id == group_id{} ? group_id_of(made->name) : id;
  made->replica = make_stable_ref(it.system, {.name = made->name + "/replica", .hold_max = group_mail_max});
  made->front = make_stable_ref(it.system, {.name = made->name + "/front", .hold_max = group_mail_max});
  const auto branch =
      it.group_branch(made->name, made->id, made->replica, made->front, std::move(machine), std::move(front));
  it.table->add(made->name, made->id, branch);
  it.routes->add(made->id, made->replica);
  // It may be in the table before the supervisor of the groups reads it, and so be started already: then this
  // is refused, as it should be.
  caf::anon_send(it.groups, start_child{branch});
  made->host = impl_;
  return hosted_group{std::move(made)};
}

const caf::actor& group_host::supervisor() const { return impl_->root; }
const caf::actor& group_host::exchange() const { return impl_->exchange; }
std::uint16_t group_host::port() const { return impl_->port; }

// -- one group ----------------------------------------------------------------------------------------

hosted_group::hosted_group(std::unique_ptr<impl> made) : impl_{std::move(made)} {}
hosted_group::~hosted_group() = default;
hosted_group::hosted_group(hosted_group&&) noexcept = default;
hosted_group& hosted_group::operator=(hosted_group&&) noexcept = default;
const std::string& hosted_group::name() const { return impl_->name; }
group_id hosted_group::id() const { return impl_->id; }
const caf::actor& hosted_group::front() const { return impl_->front; }
const caf::actor& hosted_group::replica() const { return impl_->replica; }

}  // namespace bulwark::consensus
