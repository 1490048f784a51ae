// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bulwark/actors/core/time.hpp"

namespace bulwark {

/// What becomes of the messages of an incarnation that ends. The default is that of OTP: they are lost.
struct mail_policy {
  /// Messages that waited in the mailbox go to the next incarnation, in their order and ahead of later ones,
  /// as far as the bound of the reference allows. The one that the incarnation failed on is not among them.
  bool carry_over = false;
  /// So often may the same message crash the service within `crash_period`; then it is set aside as a dead
  /// letter. Before that it is handled again, ahead of all others, by the next incarnation. Zero: a message
  /// that crashed the service is lost.
  std::uint32_t crashes_max = 0;
  duration crash_period = std::chrono::minutes{1};
  /// Dead letters that are kept; beyond, the oldest is lost.
  std::uint32_t dead_letters_max = 64;

  /// Empty if it can work, else what is wrong and what was expected.
  [[nodiscard]] std::string validate() const;

  friend bool operator==(const mail_policy&, const mail_policy&) = default;
};

/// What is to be done with a message that crashed the service.
enum class poison_verdict : std::uint8_t {
  lose,       ///< nobody keeps it
  try_again,  ///< the next incarnation gets it
  set_aside,  ///< it is a dead letter from now on
};

/// Counts how often messages crashed a service, by what they say: a client that sends the same again brings
/// the same message.
///
/// Owner:  one stable reference; not thread-safe
/// Time:   caller passes `now`; never goes back
/// Bounds: `suspects_max` messages are remembered, the one that crashed longest ago is forgotten first
class poison_watch {
 public:
  static constexpr std::size_t suspects_max = 16;

  /// The message with this fingerprint crashed the service. One that is set aside starts from zero again.
  [[nodiscard]] poison_verdict crashed_on(std::uint64_t fingerprint, instant now, const mail_policy& policy);

  /// How often this message has crashed the service, as far as it counts: for people.
  [[nodiscard]] std::uint32_t crashes_of(std::uint64_t fingerprint) const noexcept;

 private:
  struct suspect {
    std::uint64_t fingerprint = 0;
    std::uint32_t crashes = 0;
    instant first{};
  };

  std::vector<suspect> suspects_;  ///< the latest to crash stands last
};

}  // namespace bulwark
