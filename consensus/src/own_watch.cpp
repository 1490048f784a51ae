// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/own_watch.hpp"

#include <utility>

#include "bulwark/supervision/core/watch_list.hpp"

namespace bulwark::consensus {

own_watch::own_watch(std::uint32_t self, std::vector<std::uint32_t> peers,
                     std::shared_ptr<const member_board> board)
    : self_{self}, peers_{std::move(peers)}, board_{std::move(board)} {}

std::shared_ptr<const std::vector<std::uint32_t>> own_watch::now() {
  const auto group = board_->latest();
  basis next{{}, {}, board_->incarnation(), board_->leads()};
  if (group) {
    next.view = group->nodes().view();
    next.rules = group->nodes().rules();
  }
  const std::lock_guard guard{mutex_};
  if (!list_ || basis_ != next) {
    basis_ = next;
    auto wanted =
        watched_by({self_, next.incarnation}, peers_, group ? &group->nodes() : nullptr, next.leads);
    if (!list_ || *list_ != wanted)
      list_ = std::make_shared<const std::vector<std::uint32_t>>(std::move(wanted));
  }
  return list_;
}

}  // namespace bulwark::consensus
