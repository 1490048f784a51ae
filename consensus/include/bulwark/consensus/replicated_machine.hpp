// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "bulwark/consensus/core/session_table.hpp"
#include "bulwark/consensus/core/state_machine.hpp"

namespace bulwark::consensus {

/// Message types, numbered by their places: what stands in a log is never renumbered. Append new ones, and
/// leave those that are not used any more where they are.
template <class... Messages>
struct message_list {};

/// What a command may know of the world: the same at every replica.
struct apply_context {
  std::chrono::milliseconds log_time{};  ///< since 1970, by the clocks of who submitted; never goes back
  std::uint64_t seed = 0;                ///< drawn by who submitted, for whatever is to be random
};

/// Makes a command repeatable: one client numbers its commands 1, 2, 3 ... and has one under way at a time.
/// A command that comes again is not applied again, and gets its first reply. See session_table.
struct session_key {
  std::string client;
  std::uint64_t number = 0;
};

/// How old something may be, or is at most. Before a query it lets the member that is asked answer by itself,
/// without asking another one, if its state lacks nothing that anybody was told longer ago; else the leader
/// is asked, as for other queries. Behind the reply it says how old that is, also if it came from the leader:
/// then it counts from the question. At most age_limit_max; none at all, and the leader is always asked.
struct at_most {
  std::chrono::milliseconds age{};
};

/// A state that can be replicated: a plain class with the types of what changes it and of what is asked of
/// it, and a function for each.
///
///     struct counter {
///       using commands = message_list<add>;                  // std::int64_t apply(const add&);
///       using queries = message_list<get_total>;             // std::int64_t answer(const get_total&) const;
///     };
///
/// apply() may take an apply_context as well. It must be deterministic: no clocks, no random devices, no
/// addresses, no order of an unordered container, nothing that another replica could see differently. If it
/// throws, whoever asked gets `refused` with the text of the exception, at every replica alike; what it has
/// changed by then stays changed. The messages are CAF messages with type ids (from
/// caf::first_custom_type_id + 1000 on all are the user's); state and replies can be inspected by CAF as
/// well. The state is saved by that, so that equal states must be inspected to equal bytes.
template <class T>
concept replicable = std::default_initializable<T> && requires {
  typename T::commands;
  typename T::queries;
};

namespace detail {

template <class T, class Command>
auto apply_to(T& state, const Command& what, const apply_context& around) {
  if constexpr (requires { state.apply(what, around); })
    return state.apply(what, around);
  else
    return state.apply(what);
}

/// A function of its own, so that a T without queries need not have an answer().
template <class T, class Query>
auto answer_of(const T& state, const Query& what) {
  return state.answer(what);
}

template <class T, class Command>
using reply_of_command =
    decltype(apply_to(std::declval<T&>(), std::declval<const Command&>(), apply_context{}));
template <class T, class Query>
using reply_of_query = decltype(std::declval<const T&>().answer(std::declval<const Query&>()));

template <class X>
void append_inspected(std::string& out, const X& what) {
  static_assert(!caf::allowed_unsafe_message_type<X>::value,
                "CAF writes nothing of a type with CAF_ALLOW_UNSAFE_MESSAGE_TYPE: give it a type id");
  std::vector<char> buffer;
  caf::binary_serializer sink{static_cast<caf::execution_unit*>(nullptr), buffer};
  // Only containers beyond 2^32 elements and types that refuse to be written fail.
  if (auto problem = sink(what)) throw std::length_error{"a message or state that cannot be serialized"};
  out.append(buffer.data(), buffer.size());
}

/// False if the bytes are not exactly one X.
template <class X>
bool read_inspected(std::string_view in, X& what) {
  caf::binary_deserializer source{static_cast<caf::execution_unit*>(nullptr), in.data(), in.size()};
  return !source(what) && source.remaining() == 0;
}

}  // namespace detail

/// What is replicated of a `replicated<T>`, apart from the T: envelopes, log time, sessions, snapshots.
///
/// A command or state that this program does not understand comes from a newer one. Then this replica goes on
/// voting, but says `not_understood` instead of answering, and saves no snapshot: a state that skipped a
/// command would be a lie. Restarted with a program that understands, it begins where it was right.
class replicated_machine_base : public state_machine {
 public:
  bytes apply(const bytes& command) final;
  [[nodiscard]] bytes query(const bytes& question) const final;
  [[nodiscard]] std::optional<bytes> save() const final;
  [[nodiscard]] bool restore(std::string_view saved) final;

 protected:
  enum class outcome_of_run { done, not_understood };

  virtual outcome_of_run run(std::size_t kind, std::string_view body, const apply_context& around,
                             std::string& reply) = 0;
  virtual outcome_of_run ask(std::size_t kind, std::string_view body, std::string& reply) const = 0;
  virtual void save_state(std::string& out) const = 0;
  virtual bool restore_state(std::string_view saved) = 0;

 private:
  bytes run_guarded(std::size_t kind, std::string_view body, const apply_context& around);
  bytes apply_in_session(const session_key& session, std::uint64_t now_ms, std::size_t kind,
                         std::string_view body, const apply_context& around);
  void move_log_time(std::uint64_t now_ms);
  bytes give_up(std::string_view strange);

  bool understands_ = true;
  std::uint64_t log_time_ms_ = 0;
  session_table sessions_;
};

template <replicable T>
class replicated_machine final : public replicated_machine_base {
 public:
  /// For tests: the state as it is.
  [[nodiscard]] const T& state() const { return state_; }

 private:
  outcome_of_run run(std::size_t kind, std::string_view body, const apply_context& around,
                     std::string& reply) override {
    return dispatch(typename T::commands{}, kind, body, [&](const auto& what) {
      detail::append_inspected(reply, detail::apply_to(state_, what, around));
    });
  }

  outcome_of_run ask(std::size_t kind, std::string_view body, std::string& reply) const override {
    return dispatch(typename T::queries{}, kind, body, [&](const auto& what) {
      detail::append_inspected(reply, detail::answer_of(state_, what));
    });
  }

  void save_state(std::string& out) const override { detail::append_inspected(out, state_); }

  bool restore_state(std::string_view saved) override {
    T restored;
    if (!detail::read_inspected(saved, restored)) return false;
    state_ = std::move(restored);
    return true;
  }

  template <class... Messages, class Use>
  static outcome_of_run dispatch(message_list<Messages...>, std::size_t kind, std::string_view body,
                                 const Use& use) {
    std::size_t number = 0;
    auto result = outcome_of_run::not_understood;
    const auto try_one = [&]<class Message>(const Message*) {
      if (number++ != kind) return;
      Message what{};
      if (!detail::read_inspected(body, what)) return;
      result = outcome_of_run::done;
      use(what);
    };
    (try_one(static_cast<const Messages*>(nullptr)), ...);
    return result;
  }

  T state_;
};

// -- envelopes, as replicas and those who ask them exchange -------------------------------------------

/// What a replicated_machine says. Numbers stand in kept replies of sessions: never renumber.
enum class machine_answer : std::uint8_t {
  reply = 0,           ///< what the state answered follows
  refused = 1,         ///< the text of the exception follows
  not_understood = 2,  ///< by this replica; see replicated_machine_base
  stale_session = 3,   ///< a later command of this client was applied since
  no_session = 4,      ///< the client is not known, and this is not its first command
  not_kept = 5,        ///< it was applied before, but its reply was too large to be kept
};

/// The payload of a command for a replicated_machine; `body` is the inspected message.
[[nodiscard]] bytes make_command(std::size_t kind, std::uint64_t now_ms, std::uint64_t seed,
                                 const session_key* session, std::string_view body);
/// The payload of a query.
[[nodiscard]] bytes make_query(std::size_t kind, std::string_view body);

/// Splits what a replicated_machine replied. An empty or strange reply counts as not understood.
[[nodiscard]] std::pair<machine_answer, std::string_view> split_reply(std::string_view reply);

}  // namespace bulwark::consensus
