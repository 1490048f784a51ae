// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bulwark/consensus/core/ids.hpp"
#include "bulwark/consensus/core/messages.hpp"

/// How messages look on the wire. A packet is a sequence of frames:
///
///     size u32 | version u8 | kind u8 | group u32 | from u32 | to u32 | body
///
/// `size` counts what follows it; integers are little-endian; the body is that of the message of this kind,
/// field by field. A version stands in each frame, so that nodes of two releases can tell each other's apart.
namespace bulwark::consensus {

inline constexpr std::uint8_t frame_version = 1;

/// Bytes of a frame in front of its body, the size included.
inline constexpr std::size_t frame_header_bytes = 18;

/// Appends the message as one frame to `out`.
void encode(group_id group, const envelope& what, std::string& out);

/// Decodes a packet and appends its messages to `out`. Returns what is wrong with the packet, and then leaves
/// `out` as it was; empty if all is well. Takes any bytes: never throws, and allocates at most a small
/// multiple of the packet's size.
[[nodiscard]] std::string decode_packet(std::string_view packet,
                                        std::vector<std::pair<group_id, envelope>>& out);

/// Takes a packet apart by groups, without looking into the frames: each run of frames that follow each other
/// and are of one group. The views are of the packet. Returns what is wrong with it, and then leaves `out` as
/// it was; empty if all is well.
[[nodiscard]] std::string split_packet(std::string_view packet,
                                       std::vector<std::pair<group_id, std::string_view>>& out);

}  // namespace bulwark::consensus
