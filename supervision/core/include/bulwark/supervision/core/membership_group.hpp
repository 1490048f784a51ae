// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bulwark/supervision/core/membership.hpp"
#include "bulwark/supervision/core/placement.hpp"
#include "bulwark/supervision/core/registry.hpp"

namespace bulwark {

/// Whatever may be said to a membership_group.
using group_command = std::variant<members::command, names::command, placing::command>;

/// As bytes: version u8 (1) | kind u8 | fields. Kinds 1 to 31 belong to the membership
/// (membership_codec.hpp), 32 and 33 to the registry.
[[nodiscard]] std::string encode(const names::command& what);
[[nodiscard]] std::string encode(const placing::command& what);
[[nodiscard]] std::string encode(const group_command& what);

/// Nothing if the bytes are no command of a known version. Takes any bytes; allocates no more than they hold.
[[nodiscard]] std::optional<group_command> decode_group_command(std::string_view bytes);

/// The answer to a command: of the machine that it was for.
using group_result = std::variant<membership_result, registry_result, placement_error>;

/// As bytes: version u8 (1) | 0, 1 or 2 | fields.
[[nodiscard]] std::string encode(const group_result& what);
[[nodiscard]] std::optional<group_result> decode_group_result(std::string_view bytes);

/// What a command changed.
struct group_changes {
  std::vector<membership_change> members;
  std::vector<name_change> names;
  std::vector<placement_change> children;

  void clear() {
    members.clear();
    names.clear();
    children.clear();
  }
  friend bool operator==(const group_changes&, const group_changes&) = default;
};

/// The membership, the registry of names and the placement of distributed children as one deterministic
/// machine: in the step in which a node goes down its names are freed and its children are placed elsewhere,
/// so that no state of the group has a name or a child on a dead node.
///
/// Owner: one replica or a simulation; not thread-safe
class membership_group {
 public:
  group_result apply(const group_command& what, group_changes& changes);

  /// The same from and to bytes; what is no command is answered with `malformed`.
  std::string apply(std::string_view bytes, group_changes& changes);

  [[nodiscard]] const membership& nodes() const noexcept { return nodes_; }
  [[nodiscard]] const registry& names() const noexcept { return names_; }
  [[nodiscard]] const placement& children() const noexcept { return children_; }

  /// The whole state: equal states give equal bytes. The first byte is the version of the format.
  [[nodiscard]] std::string save() const;
  /// Becomes what was saved. False, and no change, if the bytes are none that save() gives.
  [[nodiscard]] bool restore(std::string_view saved);

 private:
  membership nodes_;
  registry names_;
  placement children_;
};

}  // namespace bulwark
