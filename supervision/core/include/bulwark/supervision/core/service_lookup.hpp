// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/supervision/core/membership_group.hpp"

namespace bulwark {

struct lookup_options {
  duration ask_again = std::chrono::milliseconds{200};  ///< a peer that did not say who serves
  duration patience = std::chrono::seconds{5};  ///< how long messages wait for a name that nobody serves

  /// Empty if the options can work, else what is wrong and what was expected.
  [[nodiscard]] std::string validate() const;
};

/// What a node finds out about the services that it looks for, and what it does about its references.
namespace finding {

/// There is a reference to the name, which holds what it is sent.
struct wanted {
  std::string name;
};
/// There is none any more.
struct dropped {
  std::string name;
};
/// This start of a service of this very node serves; 0: none does.
struct serves_here {
  std::string name;
  std::uint64_t start = 0;
};
/// The envoy of that node is at hand, or no longer.
struct peer_met {
  std::uint32_t node = 0;
};
struct peer_lost {
  std::uint32_t node = 0;
};
/// A peer said who serves the name for this life of it.
struct answered {
  std::string name;
  node_life owner;
  std::uint64_t start = 0;
};
/// What the reference was bound to under this token ended.
struct lost {
  std::string name;
  std::uint64_t token = 0;
};
/// The group, or time, may have moved on.
struct looked {};

using event = std::variant<wanted, dropped, serves_here, peer_met, peer_lost, answered, lost, looked>;

/// To the envoy of that node: who serves this start of the service?
struct ask {
  std::uint32_t node = 0;
  std::string name;
  std::uint64_t start = 0;
  friend bool operator==(const ask&, const ask&) = default;
};
/// Binds the reference to this node's own service.
struct bind_here {
  std::string name;
  std::uint64_t token = 0;
  friend bool operator==(const bind_here&, const bind_here&) = default;
};
/// Binds the reference to what `answered` brought: only ever within the step of such an event.
struct bind_there {
  std::string name;
  std::uint64_t token = 0;
  std::uint32_t node = 0;
  friend bool operator==(const bind_there&, const bind_there&) = default;
};
/// Nobody serves the name: the reference holds what comes.
struct unbind {
  std::string name;
  friend bool operator==(const unbind&, const unbind&) = default;
};
/// Nobody came in time: the reference refuses what it holds and what comes, until it is bound.
struct refuse {
  std::string name;
  friend bool operator==(const refuse&, const refuse&) = default;
};

using effect = std::variant<ask, bind_here, bind_there, unbind, refuse>;

}  // namespace finding

/// Finds out, for the references of one node, who serves each name, and follows it.
///
///     free --owner known and reached--> bound --token ended, peer lost, service ended--> free
///     free --nobody for `patience`--> refusing --owner known and reached--> bound
///
/// A name is bound under a token: what the registry granted to one start of a service in one life of a node.
/// So a reference never stays with a service whose node's life is over, whatever the connection to it says,
/// and never takes the answer of an earlier life.
///
/// Owner:  one actor or a test; not thread-safe
/// Time:   the caller passes `now`; never goes back. Comes to look several times within ask_again
/// Bounds: as many names as are wanted; the caller bounds them
class service_lookup {
 public:
  /// @pre options.validate().empty()
  explicit service_lookup(const lookup_options& options);

  /// Appends to `effects`, which are to be performed in order. `self` is the life of this node; `group` may
  /// be null while nothing is known.
  void step(const finding::event& what, const node_life& self, const membership_group* group, instant now,
            std::vector<finding::effect>& effects);

  [[nodiscard]] bool is_wanted(const std::string& name) const { return names_.contains(name); }
  /// The token under which the reference is bound; 0 if it is not.
  [[nodiscard]] std::uint64_t bound_to(const std::string& name) const;

 private:
  struct target {
    std::uint64_t token = 0;  ///< 0: free
    std::uint32_t node = 0;   ///< that serves it; meaningful if bound
    instant free_since{};
    bool refuses = false;
    instant next_ask{};
  };

  struct turn {
    const node_life& self;
    const membership_group* group;
    instant now;
    std::vector<finding::effect>& effects;
  };

  void on(const finding::wanted& what, turn& at);
  void on(const finding::dropped& what, turn& at);
  void on(const finding::serves_here& what, turn& at);
  void on(const finding::peer_met& what, turn& at);
  void on(const finding::peer_lost& what, turn& at);
  void on(const finding::answered& what, turn& at);
  void on(const finding::lost& what, turn& at);
  void on(const finding::looked& what, turn& at);

  void review_all(turn& at);
  void review(const std::string& name, target& one, turn& at);
  void seek(const std::string& name, target& one, const name_entry& entry, turn& at);
  static void bind(target& one, std::uint64_t token, std::uint32_t node);
  static void set_free(const std::string& name, target& one, turn& at);

  lookup_options options_;
  std::map<std::string, target> names_;
  std::map<std::string, std::uint64_t> here_;  ///< name -> start
  std::set<std::uint32_t> peers_;              ///< whose envoys are at hand
};

/// The instances of a service, as a router takes them: "pricer/1" of "pricer", but not "pricer/1/x".
[[nodiscard]] bool is_instance_of(const std::string& service, const std::string& name);

}  // namespace bulwark
