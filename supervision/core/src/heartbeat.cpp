// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/heartbeat.hpp"

#include <type_traits>

namespace bulwark {

namespace {

constexpr std::uint8_t version = 3;
constexpr std::size_t encoded_bytes_v1 = 39;
constexpr std::size_t encoded_bytes_v2 = encoded_bytes_v1 + 21;  // and the bytes of serves_at
constexpr std::size_t encoded_bytes = encoded_bytes_v2 + 4;
constexpr std::size_t address_bytes_max = 255;

template <class Integer>
void put(std::string& out, Integer number) {
  static_assert(std::is_unsigned_v<Integer>);
  for (std::size_t i = 0; i < sizeof(Integer); ++i)
    out.push_back(static_cast<char>(number >> (8 * i) & 0xff));
}

/// Takes an integer off the front. @pre there are enough bytes
template <class Integer>
Integer take(std::string_view& in) {
  static_assert(std::is_unsigned_v<Integer>);
  Integer number = 0;
  for (std::size_t i = 0; i < sizeof(Integer); ++i)
    number =
        static_cast<Integer>(number | static_cast<Integer>(static_cast<unsigned char>(in[i])) << (8 * i));
  in.remove_prefix(sizeof(Integer));
  return number;
}

bool has_size_of(std::uint8_t told_version, std::size_t bytes) {
  switch (told_version) {
    case 0: return false;
    case 1: return bytes == encoded_bytes_v1;
    case 2: return bytes >= encoded_bytes_v2;
    default: return bytes >= encoded_bytes;
  }
}

}  // namespace

std::string encode(const heartbeat& what) {
  std::string out;
  const auto address = std::string_view{what.serves_at}.substr(0, address_bytes_max);
  out.reserve(encoded_bytes + address.size());
  put(out, version);
  put(out, static_cast<std::uint8_t>(what.kind));
  put(out, static_cast<std::uint8_t>(what.status));
  put(out, what.node);
  put(out, what.incarnation);
  put(out, what.uptime_ms);
  put(out, what.sequence);
  put(out, what.sent_ns);
  put(out, what.load.lag_us);
  put(out, what.load.cpu_permille);
  put(out, what.load.memory_kib);
  put(out, what.load.queue);
  put(out, static_cast<std::uint8_t>(address.size()));
  out += address;
  put(out, what.load.mailbox_age_us);
  return out;
}

std::optional<heartbeat> decode_heartbeat(std::string_view bytes) {
  if (bytes.size() < encoded_bytes_v1 || !has_size_of(static_cast<std::uint8_t>(bytes.front()), bytes.size()))
    return std::nullopt;
  const auto told = take<std::uint8_t>(bytes);
  const auto kind = take<std::uint8_t>(bytes);
  const auto status = take<std::uint8_t>(bytes);
  if (kind < static_cast<std::uint8_t>(heartbeat_kind::beat) ||
      kind > static_cast<std::uint8_t>(heartbeat_kind::ack))
    return std::nullopt;
  if (status > static_cast<std::uint8_t>(node_status::restarting)) return std::nullopt;
  heartbeat what;
  what.kind = heartbeat_kind{kind};
  what.status = node_status{status};
  what.node = take<std::uint32_t>(bytes);
  what.incarnation = take<std::uint64_t>(bytes);
  what.uptime_ms = take<std::uint64_t>(bytes);
  what.sequence = take<std::uint64_t>(bytes);
  what.sent_ns = take<std::uint64_t>(bytes);
  if (told == 1) return what;
  what.load.lag_us = take<std::uint32_t>(bytes);
  what.load.cpu_permille = take<std::uint32_t>(bytes);
  what.load.memory_kib = take<std::uint64_t>(bytes);
  what.load.queue = take<std::uint32_t>(bytes);
  const std::size_t address_bytes = take<std::uint8_t>(bytes);
  const auto rest_bytes = address_bytes + (told == 2 ? 0 : sizeof(what.load.mailbox_age_us));
  if (told <= version ? bytes.size() != rest_bytes : bytes.size() < rest_bytes) return std::nullopt;
  what.serves_at = bytes.substr(0, address_bytes);
  bytes.remove_prefix(address_bytes);
  if (told > 2) what.load.mailbox_age_us = take<std::uint32_t>(bytes);
  return what;
}

const char* to_string(node_status status) noexcept {
  switch (status) {
    case node_status::draining: return "draining";
    case node_status::recovering: return "recovering";
    case node_status::restarting: return "restarting";
    case node_status::normal: break;
  }
  return "normal";
}

}  // namespace bulwark
