// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bulwark/supervision/core/membership.hpp"
#include "bulwark/supervision/core/registry.hpp"

namespace bulwark {

/// Whatever may be said to a membership_group.
using group_command = std::variant<members::command, names::command>;

/// As bytes: version u8 (1) | kind u8 | fields. Kinds 1 to 31 belong to the membership
/// (membership_codec.hpp), 32 and 33 to the registry.
[[nodiscard]] std::string encode(const names::command& what);
[[nodiscard]] std::string encode(const group_command& what);

/// Nothing if the bytes are no command of a known version. Takes any bytes; allocates no more than they hold.
[[nodiscard]] std::optional<group_command> decode_group_command(std::string_view bytes);

/// The answer to a command: of the machine that it was for.
using group_result = std::variant<membership_result, registry_result>;

/// As bytes: version u8 (1) | 0 or 1 | fields.
[[nodiscard]] std::string encode(const group_result& what);
[[nodiscard]] std::optional<group_result> decode_group_result(std::string_view bytes);

/// What a command changed.
struct group_changes {
  std::vector<membership_change> members;
  std::vector<name_change> names;

  void clear() {
    members.clear();
    names.clear();
  }
  friend bool operator==(const group_changes&, const group_changes&) = default;
};

/// The membership and the registry of names as one deterministic machine: names are freed in the same step in
/// which their owner goes down, so that no state of the group has a name whose owner is dead.
///
/// Owner: one replica or a simulation; not thread-safe
class membership_group {
 public:
  group_result apply(const group_command& what, group_changes& changes);

  /// The same from and to bytes; what is no command is answered with `malformed`.
  std::string apply(std::string_view bytes, group_changes& changes);

  [[nodiscard]] const membership& nodes() const noexcept { return nodes_; }
  [[nodiscard]] const registry& names() const noexcept { return names_; }

  /// The whole state: equal states give equal bytes. The first byte is the version of the format.
  [[nodiscard]] std::string save() const;
  /// Becomes what was saved. False, and no change, if the bytes are none that save() gives.
  [[nodiscard]] bool restore(std::string_view saved);

 private:
  membership nodes_;
  registry names_;
};

}  // namespace bulwark
