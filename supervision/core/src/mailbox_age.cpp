// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/mailbox_age.hpp"

namespace bulwark {

duration mailbox_age::look(std::uint64_t handled, std::uint64_t waiting, instant now) {
  if (handled < handled_) count_ = 0;
  handled_ = handled;
  while (count_ > 0 && past_[first_].through <= handled) {
    first_ = (first_ + 1) % looks_max;
    --count_;
  }
  if (waiting == 0) {
    count_ = 0;
    return {};
  }
  if (past_.empty()) past_.resize(looks_max);
  // With no place left the newest look gives way: the oldest is the one that counts.
  if (count_ == looks_max) --count_;
  past_[(first_ + count_++) % looks_max] = {handled + waiting, now};
  return now - past_[first_].at;
}

}  // namespace bulwark
