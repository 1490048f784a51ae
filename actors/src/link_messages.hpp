// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "bulwark/actors/compat.hpp"

/// What links and connectors say to each other.
namespace bulwark::wire {

/// Of everything below; a peer with another one is refused.
inline constexpr std::uint32_t protocol_version = 1;

/// Credit per channel that the sender of a hello or a welcome gives to its receiver.
struct window {
  std::uint32_t messages = 0;
  std::uint64_t bytes = 0;
};

/// "I am node `from`, take me for this session." From a link, to the door of its peer. Its first two fields
/// must stay as they are in every version, since they tell versions apart.
struct hello {
  std::uint32_t protocol = 0;
  std::string cluster;
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::uint64_t incarnation = 0;  ///< of the process
  std::uint64_t session = 0;      ///< random: of this attempt
  std::vector<window> windows;
  caf::actor link;  ///< takes everything of this session
};

/// "You are taken, so am I." The answer of the link to a hello.
struct welcome {
  std::uint64_t session = 0;
  std::uint32_t from = 0;
  std::uint64_t incarnation = 0;
  std::vector<window> windows;
  caf::actor link;
};

/// "You are not taken." The answer of the connector to a hello.
struct refusal {
  std::uint64_t session = 0;
  std::string reason;
};

/// Bytes of one channel.
struct packet {
  std::uint64_t session = 0;
  std::uint8_t channel = 0;
  std::string bytes;
};

/// The receiver took this much of one channel.
struct credit {
  std::uint64_t session = 0;
  std::uint8_t channel = 0;
  std::uint32_t messages = 0;
  std::uint64_t bytes = 0;
};

/// "I know nothing of this session": its receiver starts anew.
struct reset {
  std::uint64_t session = 0;
};

/// "This actor of my node speaks with its counterpart of yours." Behind hello or welcome.
struct introduction {
  std::uint64_t session = 0;
  caf::actor envoy;
};

BULWARK_OBJECT(window, BULWARK_FIELD(messages), BULWARK_FIELD(bytes))
BULWARK_OBJECT(hello, BULWARK_FIELD(protocol), BULWARK_FIELD(cluster), BULWARK_FIELD(from), BULWARK_FIELD(to),
               BULWARK_FIELD(incarnation), BULWARK_FIELD(session), BULWARK_FIELD(windows),
               BULWARK_FIELD(link))
BULWARK_OBJECT(welcome, BULWARK_FIELD(session), BULWARK_FIELD(from), BULWARK_FIELD(incarnation),
               BULWARK_FIELD(windows), BULWARK_FIELD(link))
BULWARK_OBJECT(refusal, BULWARK_FIELD(session), BULWARK_FIELD(reason))
BULWARK_OBJECT(packet, BULWARK_FIELD(session), BULWARK_FIELD(channel), BULWARK_FIELD(bytes))
BULWARK_OBJECT(credit, BULWARK_FIELD(session), BULWARK_FIELD(channel), BULWARK_FIELD(messages),
               BULWARK_FIELD(bytes))
BULWARK_OBJECT(reset, BULWARK_FIELD(session))
BULWARK_OBJECT(introduction, BULWARK_FIELD(session), BULWARK_FIELD(envoy))

}  // namespace bulwark::wire

namespace bulwark {

// -- between the links and the connector of one node; never leave the process

/// "Find me the door of this peer." Repeated by a link whenever the last one was of no use.
struct dial {
  std::uint32_t peer = 0;
};

/// "Here it is", as often as it takes: the connection may turn out to be dead.
struct door_found {
  caf::actor door;
};

/// "The peer took me": the next dial need not be delayed.
struct dial_succeeded {
  std::uint32_t peer = 0;
};

/// "I was started, and know of no earlier dial." To all links.
struct connector_ready {};

}  // namespace bulwark

CAF_BEGIN_TYPE_ID_BLOCK(bulwark_links, caf::first_custom_type_id + 25)
CAF_ADD_TYPE_ID(bulwark_links, (bulwark::wire::window))
CAF_ADD_TYPE_ID(bulwark_links, (std::vector<bulwark::wire::window>))
CAF_ADD_TYPE_ID(bulwark_links, (bulwark::wire::hello))
CAF_ADD_TYPE_ID(bulwark_links, (bulwark::wire::welcome))
CAF_ADD_TYPE_ID(bulwark_links, (bulwark::wire::refusal))
CAF_ADD_TYPE_ID(bulwark_links, (bulwark::wire::packet))
CAF_ADD_TYPE_ID(bulwark_links, (bulwark::wire::credit))
CAF_ADD_TYPE_ID(bulwark_links, (bulwark::wire::reset))
CAF_ADD_TYPE_ID(bulwark_links, (bulwark::wire::introduction))
CAF_END_TYPE_ID_BLOCK(bulwark_links)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::dial)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::door_found)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::dial_succeeded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::connector_ready)
