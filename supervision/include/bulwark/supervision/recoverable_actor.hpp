// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/actors/service_actor.hpp"
#include "bulwark/supervision/recovery.hpp"

namespace bulwark {

/// What recoverable_actor is for every state.
class recoverable_base : public service_actor {
 public:
  recoverable_base(caf::actor_config& config, recovery_ptr points);

  caf::invoke_message_result consume(caf::mailbox_element& element) override;
  bool cleanup(caf::error&& reason, caf::execution_unit* host) override;

  /// Has the state saved, whatever the rules say, once the message at hand is done with. One that fails
  /// leaves no trace in a point.
  void save() { save_wanted_ = true; }

 protected:
  /// Gives the newest state that load_state() takes.
  void restore();

  bool takes(caf::mailbox_element& element) override;

 private:
  virtual std::string save_state() = 0;
  virtual caf::error load_state(const std::string& saved) = 0;
  void remind();
  void save_now();

  recovery_ptr points_;
  std::uint64_t incarnation_ = 0;
  bool save_wanted_ = false;
  bool reminded_ = false;
  bool ended_ = false;
};

/// An actor whose `state` survives it. It is restored before make_behavior() is called, and saved by the
/// rules of the recovery: after a number of messages, after some time, on save(), and when the actor ends
/// in an orderly way. `State` has CAF's `inspect` and a default constructor, which makes a fresh one.
///
///     class tally : public recoverable_actor<tally_state> {
///      public:
///       using recoverable_actor::recoverable_actor;
///       caf::behavior make_behavior() override {
///         return {[this](add_atom, int n) { return state.sum += n; }};
///       }
///     };
///     auto points = make_recovery({.rules = {.every_messages = 100}});
///     tally_child.recovery = points;
///     tally_child.start = [points](auto& system, auto&) { return system.template spawn<tally>(points); };
///
/// A crash loses what happened since the last point, the message that crashed it included. So a point is for
/// state that can be made again, or that may be a little old; what must not be lost belongs into a
/// replicated service.
template <class State>
class recoverable_actor : public recoverable_base {
 public:
  recoverable_actor(caf::actor_config& config, recovery_ptr points)
      : recoverable_base{config, std::move(points)} {
    restore();
  }

 protected:
  State state{};

 private:
  std::string save_state() override {
    std::vector<char> bytes;
    caf::binary_serializer sink{this->system(), bytes};
    if (sink(state)) throw std::runtime_error{"the state cannot be saved: its inspect reports an error"};
    return {bytes.begin(), bytes.end()};
  }

  caf::error load_state(const std::string& saved) override {
    State read{};
    caf::binary_deserializer source{this->system(), saved.data(), saved.size()};
    if (auto problem = source(read)) return problem;
    if (source.remaining() != 0) return caf::make_error(caf::sec::runtime_error, "bytes are left over");
    state = std::move(read);
    return {};
  }
};

}  // namespace bulwark
