// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/typed_response_promise.hpp>
#include <chrono>
#include <cstdint>
#include <unordered_map>
#include <utility>

#include "bulwark/actors/core/invariant.hpp"
#include "bulwark/consensus/core/replica.hpp"
#include "bulwark/consensus/messages.hpp"

namespace bulwark::consensus {

/// Who waits for a word of the replica, by the number of the request. Owned by one replica_actor.
class open_requests {
 public:
  std::uint64_t add(caf::typed_response_promise<submit_result> asker) {
    return add(submits_, std::move(asker));
  }
  std::uint64_t add(caf::typed_response_promise<transfer_result> asker) {
    return add(transfers_, std::move(asker));
  }
  std::uint64_t add(caf::typed_response_promise<group_change_result> asker) {
    return add(changes_, std::move(asker));
  }

  void finish(answer& what, instant now) {
    const auto age = what.as_of ? age_of(*what.as_of, now) : duration{0};
    const auto age_ms = std::chrono::ceil<std::chrono::milliseconds>(age).count();
    take(submits_, what.request)
        .deliver(submit_result{static_cast<std::uint8_t>(what.result), std::move(what.reply),
                               static_cast<std::uint64_t>(age_ms)});
  }
  void finish(const transferred& what) {
    take(transfers_, what.number)
        .deliver(transfer_result{static_cast<std::uint8_t>(what.result), number(what.leader)});
  }
  void finish(const members_changed& what) {
    take(changes_, what.number)
        .deliver(group_change_result{static_cast<std::uint8_t>(what.result), number(what.leader)});
  }

  /// The replica ends. A promise that is merely dropped would leave its asker waiting for ever.
  void give_up() {
    for (auto& [number, asker] : std::exchange(submits_, {}))
      asker.deliver(submit_result{static_cast<std::uint8_t>(outcome::unknown), {}, 0});
    for (auto& [number, asker] : std::exchange(transfers_, {}))
      asker.deliver(transfer_result{static_cast<std::uint8_t>(transfer_outcome::lost), 0});
    for (auto& [number, asker] : std::exchange(changes_, {}))
      asker.deliver(group_change_result{static_cast<std::uint8_t>(change_outcome::lost), 0});
  }

 private:
  template <class Result>
  using waiting = std::unordered_map<std::uint64_t, caf::typed_response_promise<Result>>;

  template <class Result>
  std::uint64_t add(waiting<Result>& to, caf::typed_response_promise<Result> asker) {
    to.emplace(++requests_, std::move(asker));
    return requests_;
  }

  template <class Result>
  static caf::typed_response_promise<Result> take(waiting<Result>& from, std::uint64_t request) {
    auto found = from.extract(request);
    BULWARK_INVARIANT(!found.empty());
    return std::move(found.mapped());
  }

  waiting<submit_result> submits_;
  waiting<transfer_result> transfers_;
  waiting<group_change_result> changes_;
  std::uint64_t requests_ = 0;
};

}  // namespace bulwark::consensus
