// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/record_codec.hpp"

#include <utility>
#include <vector>

#include "bulwark/actors/core/invariant.hpp"
#include "bulwark/consensus/core/wire.hpp"
#include "bulwark/consensus/crc32c.hpp"

namespace bulwark::consensus {
namespace {

constexpr std::uint8_t record_version = 1;
constexpr std::uint8_t promise_kind = 1;
constexpr std::uint8_t accepted_kind = 2;
constexpr std::uint8_t chosen_kind = 3;

/// What a command takes at least; bounds the count that a damaged record may announce.
constexpr std::size_t command_bytes_min = 24;

void put_ballot(wire_writer& out, const ballot& b) {
  out.put(b.round);
  out.put(number(b.node));
}

bool get_ballot(wire_reader& in, ballot& b) {
  std::uint32_t node = 0;
  if (!in.get(b.round) || !in.get(node)) return false;
  b.node = node_id{node};
  return true;
}

bool get_slot(wire_reader& in, slot& s) {
  std::uint64_t at = 0;
  if (!in.get(at)) return false;
  s = slot{at};
  return true;
}

struct body_writer {
  wire_writer& out;

  void operator()(const promise_record& r) const {
    out.put(promise_kind);
    out.put(group);
    put_ballot(out, r.promised);
  }

  void operator()(const accepted_entry& r) const {
    out.put(accepted_kind);
    out.put(group);
    out.put(number(r.at));
    put_ballot(out, r.under);
    out.put(static_cast<std::uint32_t>(r.what.commands.size()));
    for (const auto& c : r.what.commands) {
      out.put(number(c.origin));
      out.put(c.incarnation);
      out.put(c.request);
      out.put_bytes(c.payload);
    }
  }

  void operator()(const chosen_record& r) const {
    out.put(chosen_kind);
    out.put(group);
    out.put(number(r.chosen));
  }

  std::uint32_t group;
};

/// `c`: null to pass over it.
bool get_command(wire_reader& in, command* c) {
  std::uint32_t origin = 0;
  std::uint64_t incarnation = 0, request = 0;
  std::string_view payload;
  if (!in.get(origin) || !in.get(incarnation) || !in.get(request) || !in.get_bytes(payload)) return false;
  if (c != nullptr) *c = {node_id{origin}, incarnation, request, bytes{payload}};
  return true;
}

bool get_accepted(wire_reader& in, accepted_entry& entry, bool with_commands) {
  std::uint32_t count = 0;
  if (!get_slot(in, entry.at) || !get_ballot(in, entry.under) || !in.get(count)) return false;
  if (count > in.left() / command_bytes_min) return in.fail();
  std::vector<command> commands(with_commands ? count : 0);
  for (std::uint32_t i = 0; i < count; ++i)
    if (!get_command(in, with_commands ? &commands[i] : nullptr)) return false;
  entry.what.commands = std::move(commands);
  return true;
}

void store_u32(std::uint32_t number, std::string& out, std::size_t at) {
  for (std::size_t i = 0; i < 4; ++i) out[at + i] = static_cast<char>(number >> (8 * i) & 0xff);
}

std::optional<group_record> decode(std::string_view encoded, bool with_commands) {
  wire_reader in{encoded};
  std::uint32_t size = 0;
  std::uint32_t crc = 0;
  if (!in.get(size) || !in.get(crc) || in.left() != size) return std::nullopt;
  if (crc32c(encoded.substr(record_prefix_bytes)) != crc) return std::nullopt;
  std::uint8_t version = 0;
  std::uint8_t kind = 0;
  std::uint32_t group = 0;
  if (!in.get(version) || version != record_version || !in.get(kind) || !in.get(group)) return std::nullopt;
  group_record out{group_id{group}, {}};
  switch (kind) {
    case promise_kind: get_ballot(in, out.what.emplace<promise_record>().promised); break;
    case accepted_kind: get_accepted(in, out.what.emplace<accepted_entry>(), with_commands); break;
    case chosen_kind: get_slot(in, out.what.emplace<chosen_record>().chosen); break;
    default: return std::nullopt;
  }
  if (!in.complete()) return std::nullopt;
  return out;
}

}  // namespace

void encode_record(const group_record& what, std::string& out) {
  const auto start = out.size();
  out.append(record_prefix_bytes, '\0');
  wire_writer writer{out};
  writer.put(record_version);
  std::visit(body_writer{writer, number(what.group)}, what.what);
  const auto body = std::string_view{out}.substr(start + record_prefix_bytes);
  BULWARK_INVARIANT(body.size() <= UINT32_MAX);
  store_u32(static_cast<std::uint32_t>(body.size()), out, start);
  store_u32(crc32c(body), out, start + 4);
}

std::optional<group_record> decode_record(std::string_view encoded) { return decode(encoded, true); }

std::optional<group_record> decode_outline(std::string_view encoded) { return decode(encoded, false); }

std::string_view split_record(std::string_view& records) {
  wire_reader in{records};
  std::uint32_t size = 0;
  if (!in.get(size)) return {};
  const auto whole = std::uint64_t{size} + record_prefix_bytes;
  if (whole > records.size()) return {};
  const auto first = records.substr(0, whole);
  records.remove_prefix(whole);
  return first;
}

}  // namespace bulwark::consensus
