// SPDX-License-Identifier: BSD-3-Clause
#include "segment_format.hpp"

#include <algorithm>

#include "bulwark/actors/core/invariant.hpp"
#include "bulwark/consensus/core/wire.hpp"
#include "bulwark/consensus/crc32c.hpp"

namespace bulwark::consensus {
namespace {

constexpr std::uint64_t segment_magic = 0x01676f6c6b777562;  // "buwklog" and 1, in file order
constexpr std::uint32_t segment_version = 1;
constexpr std::uint32_t batch_magic = 0x68637462;  // "btch"
constexpr char padding = '\xa5';
constexpr std::size_t crc_bytes = 4;

struct batch_header {
  std::uint32_t payload_bytes = 0;
  std::uint64_t sequence = 0;
  std::uint32_t body_crc = 0;  ///< of payload and padding
};

void encode_batch_header(const batch_header& header, std::uint32_t salt, std::string& out) {
  const auto start = out.size();
  wire_writer writer{out};
  writer.put(batch_magic);
  writer.put(header.payload_bytes);
  writer.put(header.sequence);
  writer.put(std::uint64_t{0});
  writer.put(header.body_crc);
  writer.put(crc32c(std::string_view{out}.substr(start), salt));
}

std::optional<batch_header> decode_batch_header(std::string_view encoded, std::uint32_t salt) {
  wire_reader in{encoded.substr(0, batch_header_bytes)};
  batch_header header;
  std::uint32_t magic = 0;
  std::uint64_t reserved = 0;
  std::uint32_t crc = 0;
  if (!in.get(magic) || magic != batch_magic) return std::nullopt;
  if (!in.get(header.payload_bytes) || !in.get(header.sequence) || !in.get(reserved)) return std::nullopt;
  if (!in.get(header.body_crc) || !in.get(crc)) return std::nullopt;
  if (crc != crc32c(encoded.substr(0, batch_header_bytes - crc_bytes), salt)) return std::nullopt;
  return header;
}

bool all_zero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
}

/// Whether a sector of the range, as far as it lies in the range, was never written.
bool has_unwritten_sector(std::string_view contents, std::uint64_t begin, std::uint64_t end) {
  while (begin < end) {
    const auto sector_end = std::min<std::uint64_t>(end, (begin / sector_bytes + 1) * sector_bytes);
    if (all_zero(contents.substr(begin, sector_end - begin))) return true;
    begin = sector_end;
  }
  return false;
}

/// Offset of a later batch than `expected` behind `from`; none is there after a power cut, since only one is
/// written at a time.
std::optional<std::uint64_t> find_batch_behind(std::string_view contents, std::uint64_t from,
                                               std::uint64_t expected, std::uint32_t salt) {
  for (auto at = from; at + batch_header_bytes <= contents.size(); at += batch_header_bytes) {
    const auto header = decode_batch_header(contents.substr(at), salt);
    if (header && header->sequence > expected) return at;
  }
  return std::nullopt;
}

}  // namespace

std::string encode_segment_header(const segment_header& header) {
  std::string out;
  wire_writer writer{out};
  writer.put(segment_magic);
  writer.put(segment_version);
  writer.put(header.node);
  writer.put(header.cluster);
  writer.put(header.number);
  writer.put(header.first);
  writer.put(header.capacity);
  writer.put(header.salt);
  writer.put(std::uint64_t{0});
  writer.put(crc32c(out));
  BULWARK_INVARIANT(out.size() == segment_header_bytes);
  return out;
}

std::optional<segment_header> decode_segment_header(std::string_view contents) {
  const auto encoded = contents.substr(0, segment_header_bytes);
  wire_reader in{encoded};
  segment_header header;
  std::uint64_t magic = 0;
  std::uint32_t version = 0;
  std::uint64_t reserved = 0;
  std::uint32_t crc = 0;
  if (!in.get(magic) || magic != segment_magic || !in.get(version) || version != segment_version)
    return std::nullopt;
  in.get(header.node);
  in.get(header.cluster);
  in.get(header.number);
  in.get(header.first);
  in.get(header.capacity);
  in.get(header.salt);
  in.get(reserved);
  if (!in.get(crc) || crc != crc32c(encoded.substr(0, segment_header_bytes - crc_bytes))) return std::nullopt;
  return header;
}

std::uint64_t batch_bytes(std::uint64_t payload_bytes) {
  // One byte of padding at least, so that the last sector of a batch is never all zeros.
  const auto least = batch_header_bytes + payload_bytes + 1;
  return (least + batch_header_bytes - 1) / batch_header_bytes * batch_header_bytes;
}

void seal_batch(std::string& out, std::uint64_t sequence, std::uint32_t salt) {
  const auto payload_bytes = out.size() - batch_header_bytes;
  BULWARK_INVARIANT(payload_bytes <= UINT32_MAX);
  out.resize(batch_bytes(payload_bytes), padding);
  batch_header header{static_cast<std::uint32_t>(payload_bytes), sequence, 0};
  header.body_crc = crc32c(std::string_view{out}.substr(batch_header_bytes), salt);
  std::string encoded;
  encode_batch_header(header, salt, encoded);
  out.replace(0, batch_header_bytes, encoded);
}

scan_result scan_segment(std::string_view contents, const segment_header& header,
                         const batch_visitor& visit) {
  scan_result result{segment_header_bytes, header.first, false, {}};
  while (result.end + batch_header_bytes <= contents.size()) {
    const auto rest = contents.substr(result.end);
    if (all_zero(rest.substr(0, batch_header_bytes))) break;
    const auto batch = decode_batch_header(rest, header.salt);
    if (!batch) {
      // A finished batch has bytes behind its header that are not zero; a header that was being written has
      // none.
      result.torn = all_zero(rest.substr(batch_header_bytes - 1));
      if (!result.torn) result.damage = "the header of a batch is damaged";
      return result;
    }
    const auto whole = batch_bytes(batch->payload_bytes);
    if (batch->sequence != result.next || whole > rest.size()) {
      result.damage = "a batch is out of sequence";
      return result;
    }
    const auto body = rest.substr(batch_header_bytes, whole - batch_header_bytes);
    if (crc32c(body, header.salt) != batch->body_crc) {
      result.torn = body.back() == 0 || has_unwritten_sector(contents, result.end, result.end + whole);
      if (result.torn) break;
      result.damage = "the contents of a batch are damaged";
      return result;
    }
    visit(body.substr(0, batch->payload_bytes), result.end);
    result.end += whole;
    ++result.next;
  }
  result.torn = result.torn || !all_zero(contents.substr(result.end));
  if (result.torn) {
    const auto behind =
        find_batch_behind(contents, result.end + batch_header_bytes, result.next, header.salt);
    if (behind)
      result.damage =
          "a batch is missing or damaged although one follows at offset " + std::to_string(*behind);
  }
  return result;
}

}  // namespace bulwark::consensus
