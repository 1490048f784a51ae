// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "bulwark/load/client.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

/// What a client may see of a linearizable store, given what it was told. Each model follows one key through
/// concurrent operations: `begin_...` when a command is sent, `end_...` when its outcome is known. An
/// operation of unknown outcome may take effect at any later time, once or never. Models are pure and not
/// thread-safe: their user locks.
namespace bulwark::load {

enum class fault_kind {
  lost,   ///< an acknowledged write is gone
  stale,  ///< a read went back behind what was acknowledged or read before it began, and a repeated read was
          ///< right
  phantom,  ///< something was seen that nobody wrote, or that was refused
  torn,     ///< an operation took effect twice, or two operations took the same place
};

const char* to_string(fault_kind kind);

/// One broken promise of the store.
struct violation {
  fault_kind kind = fault_kind::lost;
  std::string detail{};
  std::uint64_t count = 1;  ///< how many operations it concerns
};

/// What was known when a read began; its end is judged against that.
struct read_token {
  std::uint64_t floor = 0;     ///< the least value that may be seen
  std::uint64_t progress = 0;  ///< of a chain: how many acknowledged links must be seen
};

/// A key that one client writes, with 1, 2, 3, ... in this order and one at a time, and that anybody reads. 0
/// stands for the absent key.
///
/// Lenient in one point: a value of unknown outcome may be seen again after something newer was seen, as it
/// may have taken effect late; that it does so only once is not checked.
class register_model {
 public:
  /// The value to write next.
  std::uint64_t begin_write();
  std::optional<violation> end_write(std::uint64_t value, outcome what);

  read_token begin_read() const { return {.floor = floor_}; }
  /// A lower value than the token allows is reported as `lost`; whether it is merely `stale` is for a second
  /// read to tell.
  std::optional<violation> end_read(read_token token, std::uint64_t seen);

  /// Takes a value as the truth after its loss was reported, so that one loss is not reported by every later
  /// read.
  void accept_loss(std::uint64_t seen) { floor_ = seen; }

 private:
  enum class state : std::uint8_t { in_flight, acknowledged, refused, unknown };

  std::vector<state> written_;  ///< by value - 1
  std::vector<bool> seen_;      ///< by value - 1: some read returned it
  std::uint64_t floor_ = 0;     ///< highest value that was acknowledged or read
};

/// A counter that many clients increment by one.
class counter_model {
 public:
  read_token begin_increment();
  /// `result` is the counter's new value, if the increment was done.
  std::optional<violation> end_increment(read_token token, outcome what, std::uint64_t result);

  read_token begin_read() const { return {.floor = floor()}; }
  std::optional<violation> end_read(read_token token, std::uint64_t seen);

  void accept_loss(std::uint64_t seen);

  std::uint64_t attempted() const { return attempted_; }
  std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  std::uint64_t floor() const;

  std::uint64_t attempted_ = 0;  ///< without the refused ones
  std::uint64_t acknowledged_ = 0;
  std::uint64_t observed_ = 0;                 ///< highest value seen
  std::uint64_t lost_ = 0;                     ///< acknowledged increments whose loss was reported
  std::unordered_set<std::uint64_t> results_;  ///< of acknowledged increments: each result may occur once
};

/// A key changed only by compare-and-set, from one unique value to the next, by many clients. It begins as 0.
///
/// The values form a chain: whoever reads a value knows that every link to it took effect. So all links
/// acknowledged before a read began must lie on the way from 0 to the value read.
class chain_model {
 public:
  /// A new unique value, to be set if the key still has the value `expected`.
  std::uint64_t begin_link(std::uint64_t expected);
  /// `applied`: the store said that the value was as expected. Only meaningful if the outcome is done.
  std::optional<violation> end_link(std::uint64_t value, outcome what, bool applied);

  read_token begin_read() const { return {.floor = 0, .progress = acknowledged_.size()}; }
  std::optional<violation> end_read(read_token token, std::uint64_t seen);

  /// Reports no loss again of the links that a read of `seen` misses now.
  void accept_loss(std::uint64_t seen);

 private:
  enum class state : std::uint8_t { open, acknowledged, failed };
  struct chain_link {
    std::uint64_t expected = 0;
    state known = state::open;  ///< open: in flight or of unknown outcome
    bool written_off = false;   ///< its loss was reported
    std::uint64_t visited = 0;  ///< mark of the last walk that passed here
  };

  /// Marks the way from `seen` back to 0; false if it leads through a value that cannot have been set.
  bool walk(std::uint64_t seen);

  std::unordered_map<std::uint64_t, chain_link> links_;  ///< by value
  std::vector<std::uint64_t> acknowledged_;              ///< values, in the order of their acknowledgement
  std::unordered_map<std::uint64_t, std::uint64_t> successors_;  ///< expected -> value, of acknowledged links
  std::uint64_t last_value_ = 0;
  std::uint64_t walks_ = 0;
};

}  // namespace bulwark::load
