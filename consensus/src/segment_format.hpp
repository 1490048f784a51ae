// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// The bytes of one segment of the write-ahead log.
///
///     segment header, 64 B:  magic u64, version u32, node u32, cluster u64, number u64, first u64, capacity
///     u64, salt u32,
///                            zero u32 x2, crc32c u32 of all before
///     batches, each a multiple of 32 B:
///       header, 32 B:        magic u32, payload size u32, sequence u64, zero u32 x2, crc u32 of payload and
///       padding,
///                            crc u32 of all before
///       payload:             records (record_codec.hpp)
///       padding:             1 to 32 B, none of them zero
///     zeros up to the capacity
///
/// `first` is the sequence number of the segment's first batch; the numbers run on without gaps through all
/// segments. The checksums of batches start from the segment's random `salt`, so that nothing a client stores
/// can pass for a batch.
///
/// Torn or damaged? A segment is all zeros when it is put to use, and a disk writes whole sectors (512 B). A
/// batch header lies within one sector, a finished batch ends in a byte that is not zero, and no sector of it
/// is all zeros unless its payload is. So a bad batch is torn, the last write before the process or the
/// machine stopped, if it does not reach its end or a sector of it is still all zeros, and no valid batch
/// lies behind it; anything else is damage to bytes that were durable once.
namespace bulwark::consensus {

inline constexpr std::size_t segment_header_bytes = 64;
inline constexpr std::size_t batch_header_bytes = 32;
inline constexpr std::size_t sector_bytes = 512;

struct segment_header {
  std::uint32_t node = 0;
  std::uint64_t cluster = 0;   ///< hash of the cluster's name
  std::uint64_t number = 0;    ///< of the segment, from 1
  std::uint64_t first = 0;     ///< sequence number of its first batch, from 1
  std::uint64_t capacity = 0;  ///< size of the file
  std::uint32_t salt = 0;
};

std::string encode_segment_header(const segment_header& header);

/// None if it is damaged; a valid header of an unknown version counts as damaged too.
std::optional<segment_header> decode_segment_header(std::string_view contents);

/// What a batch with so much payload takes, header and padding included.
std::uint64_t batch_bytes(std::uint64_t payload_bytes);

/// Makes a batch of `out`, which holds batch_header_bytes of anything and then the payload.
void seal_batch(std::string& out, std::uint64_t sequence, std::uint32_t salt);

/// What scan_segment found.
struct scan_result {
  std::uint64_t end = 0;   ///< offset behind the last good batch
  std::uint64_t next = 0;  ///< sequence number that the next batch will have
  bool torn = false;       ///< an unfinished batch, or zeros not zero any more, lie behind `end`
  std::string damage;      ///< if not empty: what is damaged at `end`
};

/// Gets the payload of a batch and its offset in the segment.
using batch_visitor = std::function<void(std::string_view payload, std::uint64_t offset)>;

/// Visits all good batches in order, up to the end or the first bad one.
scan_result scan_segment(std::string_view contents, const segment_header& header, const batch_visitor& visit);

}  // namespace bulwark::consensus
