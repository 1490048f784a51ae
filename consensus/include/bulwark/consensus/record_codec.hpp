// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "bulwark/consensus/log_store.hpp"

/// How one record of a group looks in a log:
///
///     size u32 | crc32c u32 of the rest | version u8 | kind u8 | group u32 | body
///     promise  (kind 1): round u64, node u32
///     accepted (kind 2): slot u64, round u64, node u32, count u32, count x command
///     chosen   (kind 3): slot u64
///     command:           origin u32, incarnation u64, request u64, size u32, payload
///
/// `size` counts what follows the checksum; integers are little-endian.
namespace bulwark::consensus {

/// Bytes in front of the version byte: size and checksum.
inline constexpr std::size_t record_prefix_bytes = 8;

/// Appends the record to `out`.
void encode_record(const group_record& what, std::string& out);

/// Decodes exactly one record, prefix included. None if it is damaged, of an unknown version, or not exactly
/// one.
std::optional<group_record> decode_record(std::string_view encoded);

/// The same, as strictly, but an accepted value is left empty: for an index.
std::optional<group_record> decode_outline(std::string_view encoded);

/// Cuts the next encoded record, prefix included, off the front of `records`; empty if they do not hold a
/// whole one.
std::string_view split_record(std::string_view& records);

}  // namespace bulwark::consensus
