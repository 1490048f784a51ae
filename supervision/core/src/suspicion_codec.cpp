// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/suspicion_codec.hpp"

#include "membership_bytes.hpp"

namespace bulwark {

namespace {

constexpr std::uint8_t observer_message_version = 1;

}  // namespace

std::string encode(const observer_message& what) {
  std::string out;
  byte_writer{out}
      .put(observer_message_version)
      .put(static_cast<std::uint8_t>(what.what))
      .put(what.subject)
      .put(what.number)
      .put(static_cast<std::uint8_t>(what.reached));
  return out;
}

std::optional<observer_message> decode_observer_message(std::string_view bytes) {
  byte_reader in{bytes};
  if (in.take<std::uint8_t>() != observer_message_version) return std::nullopt;
  observer_message what;
  what.what = in.take_enum(observer_message_kind::echo);
  what.subject = in.take<std::uint32_t>();
  what.number = in.take<std::uint64_t>();
  what.reached = in.take_flag();
  if (!in.complete() || static_cast<std::uint8_t>(what.what) == 0) return std::nullopt;
  return what;
}

}  // namespace bulwark
