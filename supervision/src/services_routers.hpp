// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "bulwark/supervision/core/service_lookup.hpp"
#include "services_state.hpp"

namespace bulwark {

/// Keeps the routers of a node in step with the instances of their services. A worker is the reference to an
/// instance, as long as that is bound: what nobody is reached by gets no message of a router.
class services_routers {
 public:
  /// Performs what the lookup decides about a reference.
  using seeker = std::function<void(const finding::event&)>;

  explicit services_routers(services_state& state) : state_{state} {}

  /// Begins anew after another actor: no router has workers, no reference is held for one.
  void reset();

  /// To be called when names, members or bindings may have changed. `group` may be null.
  void follow(const membership_group* group, const service_lookup& lookup, const seeker& seek);

  /// The workers of all routers that are instances on other nodes, by node.
  [[nodiscard]] std::map<std::uint32_t, std::vector<std::string>> workers_elsewhere() const;

  /// What a node said about the load of an instance; no effect unless it is this very start of it that is a
  /// worker.
  void report(const node_life& owner, const std::string& name, std::uint64_t start, std::int64_t load);

 private:
  struct instance {
    caf::actor ref;
    node_life owner;          ///< on which it is; this and `start` are meaningful for a worker
    std::uint64_t start = 0;  ///< of the service
    bool is_worker = false;
    bool drains = false;
    double preference = 1;
  };
  using instance_map = std::map<std::string, instance>;

  void follow_one(const std::string& service, const caf::actor& router, const membership_group& group,
                  const service_lookup& lookup, const seeker& seek);
  void give_up(const std::string& name, const instance& one, const caf::actor& router, const seeker& seek);
  /// How much of its weight an instance is to have, by what is thought of its node.
  [[nodiscard]] double preference_of(const instance& one) const;
  void update(const caf::actor& router, instance& one, bool is_bound, bool drains);

  services_state& state_;
  std::map<std::string, instance_map> instances_;  ///< by service
  bool complained_ = false;
};

}  // namespace bulwark
