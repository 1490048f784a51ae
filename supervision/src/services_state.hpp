// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <caf/all.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bulwark/supervision/services.hpp"
#include "services_gates.hpp"
#include "services_refused.hpp"
#include "services_shown.hpp"

namespace bulwark {

/// What the services of a node consist of, and what outlives the actor that works for them. Thread-safe.
class services_state {
 public:
  services_state(caf::actor_system& system, services_options options);

  [[nodiscard]] const services_options& options() const noexcept { return options_; }
  [[nodiscard]] const caf::actor& envoy() const noexcept { return envoy_; }
  [[nodiscard]] caf::actor_system& system() const noexcept { return system_; }

  /// The group has moved on: the actor looks soon. Does not pile up.
  void look();
  /// The actor is about to look.
  void looking() noexcept { look_pending_ = false; }

  /// Numbers that grow within the process, far enough apart that a runner of a distributed child can count
  /// its own starts in between.
  [[nodiscard]] std::uint64_t next_start();

  // -- what is published
  struct publication {
    std::uint64_t start = 0;
    caf::actor handle;
    bool is_claimed = true;  ///< by service_claims; not so if somebody else claims the name, and serves only
  };
  caf::error publish(const std::string& name, const caf::actor& service);
  /// What holds the name under a claim of its own serves now.
  void serve(const std::string& name, std::uint64_t start, const caf::actor& service);
  /// `start` 0: whichever.
  void withdraw(const std::string& name, std::uint64_t start, bool for_good);
  [[nodiscard]] std::optional<publication> serving(const std::string& name) const;
  [[nodiscard]] std::map<std::string, publication> all_serving() const;
  /// Forgets what this actor served. The names, with their starts.
  std::map<std::string, publication> ended(const caf::actor_addr& service);

  // -- references
  caf::expected<caf::actor> reference(const std::string& name, bool for_user);
  /// Of a name that no user has asked for; ends it.
  void drop_reference(const std::string& name);
  /// Null if there is none.
  [[nodiscard]] caf::actor find_reference(const std::string& name) const;
  [[nodiscard]] std::map<std::string, caf::actor> all_references() const;

  // -- watches
  struct service_watch {
    std::string name;
    std::uint64_t token = 0;  ///< 0: nobody has served it yet
    caf::actor watcher;
  };
  caf::error watch(const std::string& name, const caf::actor& watcher);
  [[nodiscard]] std::optional<service_watch> find_watch(std::uint64_t number) const;
  void watch_began(std::uint64_t number, std::uint64_t token);
  std::optional<service_watch> take_watch(std::uint64_t number);
  [[nodiscard]] std::map<std::uint64_t, service_watch> all_watches() const;

  // -- routers
  caf::expected<caf::actor> router(const std::string& service, router_options options);
  /// Null if there is none.
  [[nodiscard]] caf::actor find_router(const std::string& service) const;
  [[nodiscard]] std::map<std::string, caf::actor> all_routers() const;

  // -- gates, so that the next actor can shut those of the one before
  struct gate_entry {
    caf::actor gate;
    caf::actor_addr remote;
    node_life owner;           ///< on which the remote actor is
    std::uint64_t token = 0;   ///< under which the reference is bound to it
    std::uint64_t number = 0;  ///< 1 or more, and of no other gate
  };
  /// Shuts one of that name that is there already.
  void keep_gate(const std::string& name, gate_entry one);
  /// Forgets it without shutting it. Empty if there is none.
  gate_entry take_gate(const std::string& name);
  /// Shuts it, if there is one.
  void shut_gate(const std::string& name);
  /// Empty if there is none.
  [[nodiscard]] gate_entry find_gate(const std::string& name) const;
  [[nodiscard]] std::map<std::string, gate_entry> all_gates() const;

  /// For the next gate.
  [[nodiscard]] std::uint64_t next_gate_number() noexcept { return ++gate_numbers_; }

  /// What was asked through the gate of this number, and refused by a fence. The reference of a user asks
  /// again; a router knows better whom to ask.
  void fenced(const std::string& name, std::uint64_t gate, unhandled_request one);
  [[nodiscard]] refused_requests& refused() noexcept { return refused_; }

  /// Those to services that gave their names up.
  [[nodiscard]] leaving_gates& gates_left() noexcept { return gates_left_; }

  /// What other nodes have got to see of what is published.
  [[nodiscard]] fences_shown& fences() noexcept { return fences_; }

  // -- envoys of other nodes, of the sessions that are up
  void meet(std::uint32_t peer, const caf::actor& envoy);
  /// False if it was not known.
  bool part_from(std::uint32_t peer);
  /// Null if the node is not reached.
  [[nodiscard]] caf::actor envoy_of(std::uint32_t peer) const;
  [[nodiscard]] std::vector<std::uint32_t> peers() const;

  // -- what is thought of other nodes
  void set_anomalous(std::uint32_t node, bool on);
  [[nodiscard]] bool is_anomalous(std::uint32_t node) const;

  // -- who hears of changes of the group
  void listen(const caf::actor& who);
  void unlisten(const caf::actor_addr& who);
  [[nodiscard]] std::vector<caf::actor> listeners() const;

  /// The tree of a distributed child that was started last, until it has ended.
  void keep_tree(const std::string& child, const caf::actor& tree);
  [[nodiscard]] caf::actor last_tree(const std::string& child) const;

  /// What starts a distributed child of that name is there; gone.
  void add_keeper(const std::string& child);
  void remove_keeper(const std::string& child);
  [[nodiscard]] bool has_keeper(const std::string& child) const;

  void close();

 private:
  struct reference_entry {
    caf::actor ref;
    bool is_users = false;
  };

  caf::actor_system& system_;
  const services_options options_;
  const caf::actor envoy_;
  fences_shown fences_;
  leaving_gates gates_left_;
  refused_requests refused_;
  std::atomic<std::uint64_t> gate_numbers_{0};
  std::atomic<bool> look_pending_{false};
  mutable std::mutex mutex_;
  bool closed_ = false;
  std::uint64_t starts_ = 0;
  std::uint64_t watch_numbers_ = 0;
  std::map<std::string, publication> serving_;
  std::map<std::string, reference_entry> references_;
  std::map<std::uint64_t, service_watch> watches_;
  std::map<std::string, caf::actor> routers_;
  std::map<std::string, gate_entry> gates_;
  std::map<std::uint32_t, caf::actor> envoys_;
  std::set<std::uint32_t> anomalous_;
  std::map<std::string, caf::actor_addr> trees_;
  std::multiset<std::string> keepers_;  ///< names of children; two while one follows the other
  std::vector<caf::actor_addr> listeners_;
};

/// The actor that does the work; one at a time.
[[nodiscard]] caf::actor spawn_services_actor(caf::actor_system& system,
                                              std::shared_ptr<services_state> state);

}  // namespace bulwark
