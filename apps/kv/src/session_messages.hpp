// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/type_id.hpp>
#include <memory>
#include <string>

#include "bulwark/kv/core/server_view.hpp"
#include "channel.hpp"

/// What the front tells a session. These messages never leave the process.
namespace bulwark::kv {

/// Finishes a connection when the last session lets go of it: also when that session is killed, or when the
/// message that was to bring the connection is lost in a dying mailbox.
class client_hold {
 public:
  explicit client_hold(std::shared_ptr<channel> connection) : connection_{std::move(connection)} {}
  client_hold(const client_hold&) = delete;
  client_hold& operator=(const client_hold&) = delete;
  ~client_hold() { connection_->finish(); }

  [[nodiscard]] channel& get() const { return *connection_; }

 private:
  std::shared_ptr<channel> connection_;
};

/// A client connection was given to the session.
struct client_opened {
  client_record client;
  std::shared_ptr<client_hold> connection;
};

/// Bytes of a client came in.
struct client_received {
  std::uint64_t client = 0;
  std::string data;
};

enum class client_change : std::uint8_t {
  input_ended,  ///< it sends no more, but may still read
  drained,      ///< it has read enough for more to be sent
  closed,       ///< the connection is gone
};

struct client_changed {
  std::uint64_t client = 0;
  client_change what{};
};

/// Time to look for answers that never came.
struct session_tick {};

}  // namespace bulwark::kv

CAF_BEGIN_TYPE_ID_BLOCK(bulwark_kv, caf::first_custom_type_id + 150)
CAF_ADD_TYPE_ID(bulwark_kv, (bulwark::kv::client_opened))
CAF_ADD_TYPE_ID(bulwark_kv, (bulwark::kv::client_received))
CAF_ADD_TYPE_ID(bulwark_kv, (bulwark::kv::client_changed))
CAF_ADD_TYPE_ID(bulwark_kv, (bulwark::kv::session_tick))
CAF_END_TYPE_ID_BLOCK(bulwark_kv)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::kv::client_opened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::kv::client_received)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::kv::client_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::kv::session_tick)
