// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bulwark::kv {

class keyspace_walk;

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

  keyspace() = default;
  keyspace(keyspace&&) = default;
  keyspace& operator=(keyspace&&) = default;

  /// nullptr if there is no such key. Valid until the next change.
  [[nodiscard]] const entry* find(std::string_view key) const;

  void put(std::string_view key, std::string_view value);

  /// Appends to the value, creating the key if needed; returns the new length.
  std::size_t append(std::string_view key, std::string_view tail);

  /// Whether there was such a key.
  bool erase(std::string_view key);

  /// Appends keys, values and revisions to `out`; equal keyspaces append equal bytes.
  void save(std::string& out) const;
  /// How many bytes save() appends.
  [[nodiscard]] std::uint64_t saved_bytes() const;
  /// What save() would append now, piece by piece while this changes. Costs each later change of a key that
  /// the walk has not passed a copy of its value as it is now, once.
  [[nodiscard]] std::shared_ptr<keyspace_walk> begin_walk();

  /// Becomes what was saved. False, and no change, if these bytes are not what save() writes.
  [[nodiscard]] bool restore(std::string_view saved);
  /// Becomes empty at this revision, for one restore_entry() after the other. Ends all walks.
  void begin_restore(std::uint64_t revision);
  /// False, and no change, unless the key comes behind all that there are.
  [[nodiscard]] bool restore_entry(std::string_view key, std::string_view value, std::uint64_t revision);

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

  using table = std::unordered_map<std::string, entry, text_hash, std::equal_to<>>;
  friend class keyspace_walk;

  struct by_key {
    using is_transparent = void;
    bool operator()(const table::value_type* a, const table::value_type* b) const {
      return a->first < b->first;
    }
    bool operator()(const table::value_type* a, std::string_view b) const { return a->first < b; }
    bool operator()(std::string_view a, const table::value_type* b) const { return a < b->first; }
  };

  entry& touch(std::string_view key);
  /// Tells all walks how the key is, before it changes; null if it is not there.
  void about_to_change(std::string_view key, const entry* old);

  table entries_;
  std::set<const table::value_type*, by_key> in_order_;  ///< the same, as they are saved
  std::vector<std::weak_ptr<keyspace_walk>> walks_;
  std::uint64_t bytes_ = 0;
  std::uint64_t revision_ = 0;
};

}  // namespace bulwark::kv
