// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "bulwark/kv/core/keyspace.hpp"

namespace bulwark::kv {

/// Gives a keyspace as it was at one moment, in the order of its keys, while it goes on to change: of each
/// key that changes before the walk has passed it, the old value is set aside first.
///
/// Owner:      whoever walks; the keyspace only knows of it. In the thread of the keyspace
/// Invariants: (1) what is set aside lies behind the position
///             (2) a key behind the position is as it was, unless it is set aside
/// Memory:     what changes behind the position; and one key with its value
class keyspace_walk {
 public:
  explicit keyspace_walk(const keyspace& of);

  /// Appends up to `bytes_max` of what keyspace::save() would have appended. False once all is given.
  /// @pre the keyspace lives, and was not restored since
  [[nodiscard]] bool next(std::size_t bytes_max, std::string& out);

  /// The key is about to change; `old` is null if it is not there.
  void set_aside(std::string_view key, const keyspace::entry* old);

 private:
  /// Writes the next keys until enough are ready, or none is left.
  void write_ready(std::size_t enough);
  void write(std::string_view key, const keyspace::entry& what);

  const keyspace& of_;
  std::optional<std::string> position_;  ///< the last key that was passed; none at the beginning
  std::map<std::string, std::optional<keyspace::entry>, std::less<>> aside_;  ///< none: was not there
  std::string ready_;
  std::size_t given_ = 0;  ///< of what is ready
  bool at_end_ = false;
};

}  // namespace bulwark::kv
