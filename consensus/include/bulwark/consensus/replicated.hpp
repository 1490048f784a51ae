// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/behavior.hpp>
#include <caf/error.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/message_handler.hpp>
#include <caf/typed_response_promise.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "bulwark/actors/compat.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "bulwark/consensus/group_host.hpp"
#include "bulwark/consensus/group_member.hpp"
#include "bulwark/consensus/messages.hpp"
#include "bulwark/consensus/replicated_machine.hpp"

namespace bulwark::consensus {

/// Why a replicated service did not answer with a reply. Travels as a caf::error; its context says more.
enum class replicated_error : std::uint8_t {
  none = 0,
  not_done = 1,        ///< certainly never applied: safe to ask again
  no_leader = 2,       ///< certainly never applied: no leader with a majority was found in time
  overloaded = 3,      ///< certainly never applied: queues are full
  unknown = 4,         ///< may be applied, now or later; a session_key makes asking again safe
  refused = 5,         ///< the state threw; the context is the text of the exception
  not_understood = 6,  ///< the node that leads is of another version; nobody can tell what it did
  stale_session = 7,   ///< a later command of this client was applied since
  no_session = 8,      ///< the client is not known, and this is not its first command
  not_kept = 9,        ///< it was applied before, but its reply was too large to be kept
};

[[nodiscard]] std::string to_string(replicated_error error);

BULWARK_OBJECT(session_key, BULWARK_FIELD(client), BULWARK_FIELD(number))
BULWARK_OBJECT(at_most, BULWARK_FIELD(age))

}  // namespace bulwark::consensus

CAF_ERROR_CODE_ENUM(bulwark::consensus::replicated_error, "replicated")

CAF_BEGIN_TYPE_ID_BLOCK(bulwark_replicated, caf::first_custom_type_id + 120)
CAF_ADD_TYPE_ID(bulwark_replicated, (bulwark::consensus::replicated_error))
CAF_ADD_TYPE_ID(bulwark_replicated, (bulwark::consensus::session_key))
CAF_ADD_TYPE_ID(bulwark_replicated, (bulwark::consensus::at_most))
CAF_END_TYPE_ID_BLOCK(bulwark_replicated)

namespace bulwark::consensus {

/// What stands before a replica and speaks the messages of a T; see replicated<T>.
class replicated_front : public service_actor {
 public:
  /// Gets what the machine replied, and how old that is if that was asked; or the error that is to be
  /// answered instead.
  using when_answered = std::function<void(std::string_view reply, at_most old, const caf::error& problem)>;

  replicated_front(caf::actor_config& config, caf::actor replica);
  const char* name() const override { return "bulwark.replicated"; }
  /// Whoever still waits is told that nobody can tell.
  void on_exit() override;

  /// Hands a command or a query to the replica.
  void submit_command(std::size_t kind, const session_key* session, std::string_view body,
                      when_answered then);
  /// `limit`: null for a query that nothing may be missing from.
  void submit_query(std::size_t kind, const at_most* limit, std::string_view body, when_answered then);

 private:
  struct open_request {
    std::uint8_t kind;
    when_answered then;
  };

  void submit_payload(submit what, when_answered then);
  void answer(std::uint64_t number, std::string_view reply, at_most old, const caf::error& problem);

  caf::actor replica_;
  std::unordered_map<std::uint64_t, open_request> open_;
  std::uint64_t requests_ = 0;
  std::uint64_t seed_;
};

namespace detail {

/// `Age` is `at_most` if whoever asked wants to know how old the reply is, or nothing.
template <class Reply, class... Age>
replicated_front::when_answered deliver_to(caf::typed_response_promise<Reply, Age...> promise) {
  return [promise](std::string_view reply, [[maybe_unused]] at_most old, const caf::error& problem) mutable {
    Reply what{};
    if (problem)
      promise.deliver(problem);
    else if (read_inspected(reply, what))
      promise.deliver(std::move(what), Age{old}...);
    else
      promise.deliver(caf::make_error(replicated_error::not_understood));
  };
}

template <class T, class Command>
caf::message_handler command_handlers(replicated_front* self, std::size_t kind) {
  using reply = reply_of_command<T, Command>;
  const auto submit = [self, kind](const session_key* session, const Command& what) {
    auto promise = self->make_response_promise<reply>();
    std::string body;
    append_inspected(body, what);
    self->submit_command(kind, session, body, deliver_to(promise));
    return promise;
  };
  return {[submit](const Command& what) -> caf::result<reply> { return submit(nullptr, what); },
          [submit](const session_key& session, const Command& what) -> caf::result<reply> {
            return submit(&session, what);
          }};
}

template <class T, class Query>
caf::message_handler query_handler(replicated_front* self, std::size_t kind) {
  using reply = reply_of_query<T, Query>;
  return {[self, kind](const Query& what) -> caf::result<reply> {
            auto promise = self->make_response_promise<reply>();
            std::string body;
            append_inspected(body, what);
            self->submit_query(kind, nullptr, body, deliver_to(promise));
            return promise;
          },
          [self, kind](const at_most& limit, const Query& what) -> caf::result<reply, at_most> {
            auto promise = self->make_response_promise<reply, at_most>();
            std::string body;
            append_inspected(body, what);
            self->submit_query(kind, &limit, body, deliver_to(promise));
            return promise;
          }};
}

template <class T, class... Commands, class... Queries>
caf::behavior front_behavior(replicated_front* self, message_list<Commands...>, message_list<Queries...>) {
  caf::message_handler all;
  std::size_t kind = 0;
  ((all = all.or_else(command_handlers<T, Commands>(self, kind++))), ...);
  kind = 0;
  ((all = all.or_else(query_handler<T, Queries>(self, kind++))), ...);
  return all;
}

template <class T>
class front_of final : public replicated_front {
 public:
  using replicated_front::replicated_front;
  caf::behavior make_behavior() override {
    return front_behavior<T>(this, typename T::commands{}, typename T::queries{});
  }
};

}  // namespace detail

/// Spawns an actor that answers the commands and queries of T by asking a replica of this process, whose
/// machine is a replicated_machine<T>. Part of replicated<T>; for those who build their own tree.
template <replicable T>
caf::actor spawn_replicated_front(caf::actor_system& system, const caf::actor& replica) {
  return system.spawn<detail::front_of<T>>(replica);
}

/// A service whose state lives on several nodes, is the same on all of them, and outlives any minority.
///
/// Each node makes one, with the same T and the same members. What ref() is sent is answered like by any
/// actor: a T::commands goes through the log, and its reply comes once a majority has it on disk and it was
/// applied; a T::queries is answered from a state in which everything is that was acknowledged before it was
/// asked. A session_key in front of a command makes it safe to repeat. An at_most in front of a query says
/// how old its reply may be, and one behind the reply how old it is; such a query asks no other node. Errors
/// are replicated_error and say whether anything happened.
///
/// Below ref() is a supervision tree: links to the other members, the log, the replica, and what speaks T.
///
/// Threads: all functions may be called from any thread; one owner destroys it
/// Errors:  the constructor throws log_failure if the directory is another's or in use, std::runtime_error if
///          the port cannot be listened on, std::invalid_argument if the options cannot work
/// Bounds:  one in each actor system, which must be made with a node_config and add_replicated_messages()
template <replicable T>
class replicated {
 public:
  replicated(caf::actor_system& system, group_member_options options)
      : member_{std::make_unique<group_member>(system, std::move(options), &make_machine,
                                               &spawn_replicated_front<T>)} {}

  /// One of many services of a process, each with a group of its own; see group_host::add().
  replicated(group_host& host, std::string name, group_id id = {})
      : group_{host.add(std::move(name), &make_machine, &spawn_replicated_front<T>, id)} {}

  /// What to send requests to; outlives crashes below it.
  [[nodiscard]] const caf::actor& ref() const { return member_ ? member_->front() : group_->front(); }
  /// Takes get_replica_status, transfer_leadership, change_group; a stable reference.
  [[nodiscard]] const caf::actor& replica() const { return member_ ? member_->replica() : group_->replica(); }
  /// @pre it has a member of its own, not one of a host
  [[nodiscard]] const group_member& member() const { return *member_; }

 private:
  static std::unique_ptr<state_machine> make_machine() { return std::make_unique<replicated_machine<T>>(); }

  std::unique_ptr<group_member> member_;  ///< or else:
  std::optional<hosted_group> group_;
};

/// Registers the message types of replicated services, and those of all below; call it before the actor
/// system is made.
void add_replicated_messages(caf::actor_system_config& config);

}  // namespace bulwark::consensus
