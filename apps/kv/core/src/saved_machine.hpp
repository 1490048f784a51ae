// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bulwark/kv/core/keyspace_walk.hpp"
#include "bulwark/kv/core/machine.hpp"

namespace bulwark::kv {

/// The first byte of a saved machine. Version 1 had no sessions: only keys follow. Since version 2: the size
/// of the saved keys, the keys, the sessions.
inline constexpr char saved_version = 2;
inline constexpr std::size_t saved_size_bytes = 8;

/// A machine piece by piece.
class machine_cursor final : public consensus::state_cursor {
 public:
  machine_cursor(keyspace& keys, const consensus::session_table& sessions);

  bool next(std::size_t bytes_max, consensus::bytes& piece) override;

 private:
  std::string ahead_;                    ///< what stands before the keys
  std::shared_ptr<keyspace_walk> keys_;  ///< null once all of them are given
  std::string sessions_;
  std::size_t given_ = 0;  ///< of the sessions
};

/// Makes a machine what was saved, key by key.
class machine_restorer final : public consensus::state_restorer {
 public:
  explicit machine_restorer(machine& to) : to_{to} {}

  bool take(std::string_view piece) override;
  bool finish() override;

 private:
  enum class part { version, size, beginning, keys, rest };

  /// One more thing, if all of it is there: then true.
  bool read(std::string_view& from);
  bool read_key(std::string_view& from);

  machine& to_;
  part next_ = part::version;
  std::string left_;  ///< not read yet, less than one thing
  bool good_ = true;
  bool has_sessions_ = true;
  std::uint64_t keys_bytes_ = 0;  ///< still to come, by the size in front; not known without sessions
  std::uint64_t keys_ = 0;        ///< still to come
  std::string sessions_;
};

}  // namespace bulwark::kv
