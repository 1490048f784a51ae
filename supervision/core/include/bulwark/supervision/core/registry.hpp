// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bulwark/supervision/core/membership.hpp"

namespace bulwark {

enum class registry_error : std::uint8_t {
  none,
  bad_argument,  ///< a name of 1 to 255 bytes and a start of 1 or more were expected
  unknown_node,  ///< the owner is no member: it has to join first
  fenced,        ///< this life of the owner is over
  taken,         ///< a live owner holds the name
  unknown_name,  ///< nobody holds the name
  stale_token,   ///< the name was given to somebody else meanwhile
  full,          ///< there are names_max names
};

/// Who holds a name.
struct name_entry {
  node_life owner;
  std::uint64_t start = 0;  ///< counts or names the starts of the service in its process; 1 or more
  /// Differs in each grant, and later grants of any name have higher ones. Whatever the owner changes
  /// elsewhere takes it along, and is refused there if a higher one was seen.
  std::uint64_t token = 0;
  /// The owner before was found dead, not seen to stop: it may still believe to hold the name until its lease
  /// is over. The new owner waits for that, see name_lease, and then says names::settled.
  bool must_wait = false;

  friend bool operator==(const name_entry&, const name_entry&) = default;
};

/// What happened to a name.
enum class name_event : std::uint8_t {
  granted,       ///< it was free, and has an owner now
  restarted,     ///< its owner started the service anew: a new token for the same process
  service_down,  ///< its owner gave it up
  node_down,     ///< the life of its owner ended
};

struct name_change {
  std::uint64_t revision = 0;  ///< numbered without gaps
  std::string name;
  name_event what = name_event::granted;
  std::uint64_t before = 0;  ///< token that ended by it; 0 if granted
  std::uint64_t token = 0;   ///< that holds now; 0 if the name is free

  friend bool operator==(const name_change&, const name_change&) = default;
};

/// The registry's answer to a command.
struct registry_result {
  registry_error error = registry_error::none;
  name_entry entry;  ///< who holds the name now; token 0 if nobody does

  friend bool operator==(const registry_result&, const registry_result&) = default;
};

/// What may be said to the registry. Each is safe to say twice.
namespace names {

/// This service wants the name.
struct claim {
  std::string name;
  node_life owner;
  std::uint64_t start = 0;  ///< see name_entry
  friend bool operator==(const claim&, const claim&) = default;
};

/// This service, which has stopped, gives the name up.
struct release {
  std::string name;
  std::uint64_t token = 0;
  friend bool operator==(const release&, const release&) = default;
};

/// This service has waited for the owner before.
struct settled {
  std::string name;
  std::uint64_t token = 0;
  friend bool operator==(const settled&, const settled&) = default;
};

using command = std::variant<claim, release, settled>;

}  // namespace names

/// Names of services, as a deterministic machine beside a membership: each name has one live owner or none.
///
/// Owner:      one replica or a simulation; not thread-safe
/// Invariants: (1) the owner of a name is a live member
///             (2) no token is given twice, and tokens grow
/// Bounds:     names_max names, ended_max tokens that ended
class registry {
 public:
  static constexpr std::size_t names_max = 16384;
  static constexpr std::size_t ended_max = 1024;

  /// Appends what changed to `changes`. `nodes` is the membership as it is at this place of the log.
  registry_result apply(const names::command& what, const membership& nodes,
                        std::vector<name_change>& changes);

  /// To be told of every change of the membership: the names of a life that ended become free.
  void on(const membership_change& change, std::vector<name_change>& changes);

  /// Null if nobody holds the name.
  [[nodiscard]] const name_entry* whereis(const std::string& name) const;

  /// `none` if this token still holds. An owner may go on for the length of its lease after it has asked.
  [[nodiscard]] registry_error check(const std::string& name, std::uint64_t token) const;

  /// How a token ended; nothing if it holds, or ended so long ago that this is forgotten.
  [[nodiscard]] std::optional<name_event> end_of(std::uint64_t token) const;

  [[nodiscard]] std::size_t size() const noexcept { return held_.size(); }
  [[nodiscard]] const std::map<std::string, name_entry>& all() const noexcept { return held_; }
  [[nodiscard]] std::uint64_t revision() const noexcept { return revision_; }

  /// The whole state: equal states give equal bytes. The first byte is the version of the format.
  [[nodiscard]] std::string save() const;
  /// Becomes what was saved. False, and no change, if the bytes are none that save() gives.
  [[nodiscard]] bool restore(std::string_view saved);

 private:
  using change_list = std::vector<name_change>;

  struct ended_token {
    std::uint64_t token = 0;
    name_event how = name_event::service_down;
  };

  registry_result on(const names::claim& what, const membership& nodes, change_list& changes);
  registry_result on(const names::release& what, const membership& nodes, change_list& changes);
  registry_result on(const names::settled& what, const membership& nodes, change_list& changes);
  void grant(name_entry& entry, const names::claim& what, name_event how, change_list& changes);
  /// Remembers that whoever gets the name next has to wait.
  void lose(const std::string& name, std::uint64_t token);
  void publish(name_change change, change_list& changes);

  std::uint64_t revision_ = 0;
  std::uint64_t last_token_ = 0;
  std::map<std::string, name_entry> held_;
  std::map<std::string, std::uint64_t> lost_;  ///< free ones whose last owner may still act
  bool forgot_lost_ = false;                   ///< there was no room for all: any free name may be one
  std::deque<ended_token> ended_;              ///< ascending in time
};

[[nodiscard]] const char* to_string(registry_error error) noexcept;
[[nodiscard]] const char* to_string(name_event event) noexcept;
std::ostream& operator<<(std::ostream& out, registry_error error);
std::ostream& operator<<(std::ostream& out, name_event event);

}  // namespace bulwark
