// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bulwark::test {

/// Whether what clients saw of some registers could have happened one operation after the other, each at a
/// moment between its call and its return. Knows nothing of logs and ballots: only what clients know.
///
/// A write returns the value that it replaced. Written values are unique, and none is empty. An operation
/// that never returned may have happened at any time after its call, or not at all.
///
/// Source: Wing, Gong, "Testing and Verifying Concurrent Objects" (1993); Lowe, "Testing for Linearizability"
///         (2017), section 3: configurations that were seen are not entered again
class linearizability_checker {
 public:
  using operation = std::size_t;

  operation begin_write(std::string key, std::string written);
  operation begin_read(std::string key);
  /// `reply`: of a read, the value; of a write, the value before it.
  void end(operation which, std::string reply);
  /// It certainly never happened.
  void forget(operation which) { all_[which].forgotten = true; }

  /// Empty if the history is linearizable, else a key whose history is not.
  [[nodiscard]] std::string check() const;

 private:
  struct entry {
    std::string key;
    std::optional<std::string> written;  ///< none for a read
    std::string reply;
    std::uint64_t called = 0;
    std::uint64_t returned = 0;  ///< 0 if it never did
    bool forgotten = false;
  };

  [[nodiscard]] bool is_linearizable(const std::vector<const entry*>& of_a_key) const;

  std::vector<entry> all_;
  std::uint64_t clock_ = 0;
};

}  // namespace bulwark::test
