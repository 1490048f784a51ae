// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// What differs between CAF 0.17 and later versions. Nothing else in bulwark names these differences.

#include <caf/config.hpp>
#include <caf/error.hpp>
#include <caf/fwd.hpp>
#include <caf/meta/type_name.hpp>
#include <caf/type_id.hpp>
#include <exception>
#include <string>
#include <typeinfo>

#include "bulwark/actors/core/exit_status.hpp"

#if CAF_VERSION < 1700 || CAF_VERSION >= 1800
#error "bulwark is written against CAF 0.17; port this header first"
#endif

/// Declares how CAF reads and writes a message type; stands in the namespace of the type:
/// `BULWARK_OBJECT(peer_packet, BULWARK_FIELD(peer), BULWARK_FIELD(bytes))`.
#define BULWARK_OBJECT(Type, ...)                                  \
  template <class Inspector>                                       \
  typename Inspector::result_type inspect(Inspector& f, Type& x) { \
    return f(::caf::meta::type_name(#Type), __VA_ARGS__);          \
  }

/// One field within BULWARK_OBJECT.
#define BULWARK_FIELD(name) x.name

/// The same for a message type without fields.
#define BULWARK_EMPTY_OBJECT(Type)                               \
  template <class Inspector>                                     \
  typename Inspector::result_type inspect(Inspector& f, Type&) { \
    return f(::caf::meta::type_name(#Type));                     \
  }

namespace bulwark {

/// Maps the reason of a down_msg or exit_msg. An empty error is a normal exit; CAF crashes on looking into
/// one. Of a failure it tells category and code; of an exception that ended a service_actor, the type and
/// its bases.
[[nodiscard]] exit_status describe_exit(const caf::error& reason);

/// Readable text of any error, the empty one included.
[[nodiscard]] std::string error_text(const caf::error& reason);

/// The name of a type as it is written in C++: "std::runtime_error". Category of a failure rule for it.
[[nodiscard]] std::string type_text(const std::type_info& type);

/// `sec::runtime_error` with the type, the words and the public bases of an exception, which describe_exit()
/// understands.
[[nodiscard]] caf::error error_of_exception(const std::exception_ptr& thrown);

/// The exit reason of an actor that ends as it was asked to; `text` tells people more and may be empty.
[[nodiscard]] caf::error shutdown_reason(std::string text = {});

/// Ends a local actor at once, ahead of its backlog and even if it traps exits. Only an actor that does not
/// return from a handler outlives it. (An ordinary exit message waits behind the backlog.)
void kill_now(const caf::actor& victim);

/// Answers a request with `problem`, in nobody's name; does nothing for any other message.
/// (monitorable_actor::bounce answers `request_receiver_down` whatever error it is given.)
void refuse(caf::mailbox_element& request, caf::error problem);
/// The same in the name of `by`.
void refuse(caf::mailbox_element& request, caf::error problem, const caf::strong_actor_ptr& by);

/// Asks an actor to end, after the messages it already has.
void ask_to_stop(const caf::actor& whom);

}  // namespace bulwark
