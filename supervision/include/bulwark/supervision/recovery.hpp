// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/fwd.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bulwark/actors/core/event.hpp"
#include "bulwark/supervision/core/recovery_points.hpp"
#include "bulwark/supervision/recovery_store.hpp"

namespace bulwark {

struct recovery_options {
  recovery_rules rules{};
  std::shared_ptr<recovery_store> store = make_memory_recovery_store();
  /// Of the state's fields. A point of another version is refused, not misread.
  std::uint32_t state_version = 1;
  /// Hears what is restored, refused and given up; filled in by the supervisor if `child::recovery` is set.
  event_sink sink{};
  std::string path{};  ///< of the service, in events
};

/// The recovery points of one service. It outlives incarnations, as a stable reference does: make it beside
/// the child spec and hand it to every incarnation, see recoverable_actor. Thread-safe.
class recovery {
 public:
  /// Throws std::invalid_argument if the rules cannot work, and what the store throws.
  explicit recovery(recovery_options options);

  struct beginning {
    std::uint64_t incarnation = 0;
    std::uint64_t point = 0;             ///< meaningful if there is a state
    std::optional<std::string> state{};  ///< nothing: a fresh start
  };

  /// What a new incarnation begins with. Damaged points and those of another version are skipped.
  [[nodiscard]] beginning begin(instant now);

  /// The state that begin() gave could not be understood: what comes in its place.
  [[nodiscard]] beginning refuse(const beginning& what, const std::string& reason, instant now);

  /// The state that begin() gave is in use.
  void restored(const beginning& what, instant now);

  /// A message was handled. True if a save is due.
  [[nodiscard]] bool handled(std::uint64_t incarnation, instant now);
  [[nodiscard]] std::optional<instant> due() const;
  [[nodiscard]] std::uint64_t unsaved() const;

  /// The points that may be restored, the newest last.
  [[nodiscard]] std::vector<std::uint64_t> points() const;

  /// Saves a state; does nothing for an incarnation that was replaced. Trouble with the store is an event;
  /// that of a store which writes later is told with the next save, crash or flush.
  void save(std::uint64_t incarnation, std::string state, instant now);

  /// The state could not be made into bytes, at a time when nobody is left to fail for it.
  void not_saved(const std::string& why, instant now);

  void ended(std::uint64_t incarnation, instant now, bool failed);

  /// Waits until all points are safe. False if one could not be written; an event says why.
  bool flush(instant now);

  /// Sends events there, unless the options named a sink.
  void report_to(const event_sink& sink, const std::string& path);

 private:
  beginning read_from(recovery_points::beginning next, instant now);
  void set_aside(std::uint64_t point, const std::string& reason, instant now);
  void look_at_store(instant now);
  void tell(event_kind kind, std::uint64_t point, const std::string& text, instant now) const;

  mutable std::mutex mutex_;
  recovery_options options_;
  recovery_points points_;
};

using recovery_ptr = std::shared_ptr<recovery>;

/// For `recovery_options` as they are, or the arguments of its fields.
[[nodiscard]] inline recovery_ptr make_recovery(recovery_options options = {}) {
  return std::make_shared<recovery>(std::move(options));
}

/// The bytes of a point: "bwrp", version u8 (1), version of the state u32, its length u64, CRC-32C u32 of all
/// before and of the state, then the state. Integers are little-endian.
[[nodiscard]] std::string encode_recovery_point(std::string_view state, std::uint32_t state_version);

/// What is wrong with a point, empty if nothing; `state` then is its state.
[[nodiscard]] std::string decode_recovery_point(std::string_view point, std::uint32_t state_version,
                                                std::string& state);

}  // namespace bulwark
