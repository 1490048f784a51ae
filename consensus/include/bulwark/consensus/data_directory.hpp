// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>

#include "bulwark/consensus/core/ids.hpp"
#include "bulwark/consensus/core/replica.hpp"
#include "bulwark/consensus/log_store.hpp"

namespace bulwark::consensus {

/// Whose data a directory holds.
struct data_identity {
  std::string cluster;  ///< printable characters, at most 255
  node_id node = node_id::none;
};

/// The directory of one node's durable data, held by this process alone.
///
/// Lock:     an advisory lock of the kernel on the file `lock`; it ends with the process, however that ends,
/// so that there is no
///           stale lock. Children of the process do not inherit it.
/// Identity: the file `identity`, written once, atomically and durably. Another cluster or node id is
/// refused, since a node
///           that answers with another's promises and accepts would break agreement.
/// Threads:  any; destruction releases the lock.
class data_directory {
 public:
  /// Makes the directory and its identity if they are not there. Throws log_failure{locked | foreign |
  /// damaged | no_space | failed}; the text names the process that holds the lock, or what was found and
  /// expected.
  data_directory(std::filesystem::path path, data_identity identity);
  ~data_directory();
  data_directory(data_directory&& other) noexcept;
  data_directory& operator=(data_directory&& other) noexcept;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Where the log store's segments go.
  [[nodiscard]] std::filesystem::path log_path() const { return path_ / "log"; }

  /// What this node must not do since it lost a log in which it had given its word before.
  [[nodiscard]] const lost_word& lost() const { return lost_; }
  /// Notes that, durably, in the file `lost-word`; neither bound ever goes back. To be done before such a log
  /// is set aside. Throws log_failure{no_space | failed}.
  void note_lost(const lost_word& what);

 private:
  void lock();
  void check_identity(const data_identity& identity) const;
  void write_identity(const data_identity& identity) const;
  void read_lost();

  std::filesystem::path path_;
  lost_word lost_;
  int lock_ = -1;  ///< descriptor that holds the lock; -1 if moved from
};

}  // namespace bulwark::consensus
