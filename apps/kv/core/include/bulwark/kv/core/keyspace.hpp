// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace bulwark::kv {

/// The keys and their values, with the revision at which each was last changed.
///
/// Owner:      one machine; not thread-safe
/// Invariants: (1) revision() grows by one with each change
///             (2) bytes() depends on the content alone, so that equal replicas agree on when memory is used
///             up
class keyspace {
 public:
  struct entry {
    std::string value;
    std::uint64_t revision = 0;  ///< of the last change of this key
  };

  /// Counted for each key besides its bytes: roughly what a node of the hash table and two strings cost.
  static constexpr std::size_t overhead_bytes = 112;

  /// nullptr if there is no such key. Valid until the next change.
  [[nodiscard]] const entry* find(std::string_view key) const;

  void put(std::string_view key, std::string_view value);

  /// Appends to the value, creating the key if needed; returns the new length.
  std::size_t append(std::string_view key, std::string_view tail);

  /// Whether there was such a key.
  bool erase(std::string_view key);

  /// Appends keys, values and revisions to `out`; equal keyspaces append equal bytes.
  void save(std::string& out) const;
  /// Becomes what was saved. False, and no change, if these bytes are not what save() writes.
  [[nodiscard]] bool restore(std::string_view saved);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t revision() const { return revision_; }

  /// Equal for equal content and history, whatever the order in memory and the platform. Takes time linear in
  /// bytes().
  [[nodiscard]] std::uint64_t hash() const;

 private:
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  entry& touch(std::string_view key);

  std::unordered_map<std::string, entry, text_hash, std::equal_to<>> entries_;
  std::uint64_t bytes_ = 0;
  std::uint64_t revision_ = 0;
};

}  // namespace bulwark::kv
