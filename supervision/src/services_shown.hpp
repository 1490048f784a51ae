// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "bulwark/supervision/core/service_fences.hpp"

namespace bulwark {

class services_state;

/// The fences before what a node has shown to others; they outlive the actor that looks after them. Those
/// that were fenced off stay for a while, so that who comes late is told. Thread-safe.
class fences_shown {
 public:
  struct shown {
    std::string name;
    caf::actor fence;
    caf::actor_id service = 0;
    node_life life;
  };

  /// `fenced_max`: fences off that stay; beyond, the oldest ends.
  explicit fences_shown(std::size_t fenced_max) : fenced_max_{fenced_max} {}

  /// After close() it is ended at once.
  void keep(std::uint64_t number, shown one);
  /// Null if there is none that lets pass.
  [[nodiscard]] caf::actor find(std::uint64_t number) const;
  [[nodiscard]] std::map<std::uint64_t, shown> all() const;
  /// It lets nothing pass from now on. What it stood before; empty if there is none.
  shown fence_off(std::uint64_t number);
  /// The same for all that stand before what serves under the name.
  void fence_off_all(const std::string& name);
  /// It has ended.
  void forget(std::uint64_t number);
  /// Messages that came for what was fenced off.
  [[nodiscard]] std::uint64_t refused() const;
  /// Ends all.
  void close();

 private:
  const std::size_t fenced_max_;
  mutable std::mutex mutex_;
  bool closed_ = false;
  std::map<std::uint64_t, shown> open_;  ///< by number
  std::deque<caf::actor> fenced_;        ///< the oldest first
  std::uint64_t refused_before_ = 0;     ///< by those that are gone
};

/// Stands fences before what a node shows to others, and fences off what must not serve them any more.
///
/// Owner: one services actor, in whose turns all of it happens
class services_shown {
 public:
  explicit services_shown(services_state& state);

  /// What an earlier actor has shown. `each` is called with each of those fences, whose ends are to be told.
  template <class Each>
  void take_over(const node_life& self, const Each& each) {
    for (const auto& [number, one] : store_.all()) {
      step(fencing::stands{number, one.name, one.service, one.life}, self, nullptr, {});
      each(one.fence);
    }
  }
  /// What another node gets to see of the service; null if this life is over. Its end is to be told.
  caf::actor show(const std::string& name, const caf::actor& service, const node_life& self,
                  const membership_group* group, instant now);
  /// This one serves under the name from now on; null: none.
  void serves(const std::string& name, const caf::actor& service, instant now);
  /// The group, or time, may have moved on.
  void look(const node_life& self, const membership_group* group, instant now);
  /// An actor that is monitored has ended.
  void ended(const caf::actor_addr& who);

 private:
  void step(const fencing::event& what, const node_life& self, const membership_group* group, instant now);
  void perform(const fencing::show& effect, const node_life& self);
  void perform(const fencing::fence_off& effect, const node_life& self);

  caf::actor_system& system_;
  fences_shown& store_;
  service_fences core_;
  std::string wanted_;   ///< while that is shown
  caf::actor service_;   ///< likewise
  caf::actor answered_;  ///< likewise
};

}  // namespace bulwark
