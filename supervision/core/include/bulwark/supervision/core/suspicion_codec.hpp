// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bulwark {

enum class observer_message_kind : std::uint8_t {
  ask = 1,     ///< can you reach the subject?
  answer = 2,  ///< yes or no
  probe = 3,   ///< echo this
  echo = 4,    ///< of a probe
};

/// What observers say to their helpers, and both to the one in doubt.
struct observer_message {
  observer_message_kind what = observer_message_kind::probe;
  std::uint32_t subject = 0;  ///< meaningful for ask and answer, as is `number`
  std::uint64_t number = 0;   ///< of the asking observer
  bool reached = false;       ///< meaningful for answer

  friend bool operator==(const observer_message&, const observer_message&) = default;
};

/// 15 bytes: version u8 (1), kind u8, subject u32, number u64, reached u8, all little-endian.
[[nodiscard]] std::string encode(const observer_message& what);

/// Nothing if the bytes are none of a known version.
[[nodiscard]] std::optional<observer_message> decode_observer_message(std::string_view bytes);

}  // namespace bulwark
