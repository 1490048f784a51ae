// SPDX-License-Identifier: BSD-3-Clause
#include "acceptor.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "bulwark/actors/core/invariant.hpp"

namespace bulwark::consensus {

void acceptor::raise(ballot to) {
  if (to <= promised_) return;
  promised_ = to;
  out_.write(promise_record{to});
}

void acceptor::hold(slot at, ballot under, const value& what) {
  log_.put(at, under, what, out_.write_number());
  out_.write(accepted_entry{at, under, what});
}

bool acceptor::on_prepare(node_id from, const prepare& what) {
  if (what.under < promised_) {
    out_.post(from, refused{what.under, promised_});
    return false;
  }
  raise(what.under);

  // Nothing is accepted below this ballot any more, so that a repeated prepare gets the same parts again.
  std::vector<promise> parts(1);
  std::size_t part_bytes = 0;
  for (auto at = next(std::max(what.chosen, log_.chosen())); at <= log_.last(); at = next(at)) {
    const auto* held = log_.find(at);
    if (!held) continue;
    if (part_bytes > 0 && part_bytes + held->bytes > limits_.part_bytes) {
      parts.emplace_back();
      part_bytes = 0;
    }
    part_bytes += held->bytes;
    parts.back().accepted.push_back({at, held->under, held->what});
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    parts[i].under = what.under;
    parts[i].chosen = log_.chosen();
    parts[i].part = static_cast<std::uint32_t>(i);
    parts[i].parts = static_cast<std::uint32_t>(parts.size());
    out_.post_when_durable(from, std::move(parts[i]));
  }
  return true;
}

bool acceptor::on_accept(node_id from, const accept& what) {
  if (what.under < promised_) {
    out_.post(from, refused{what.under, promised_});
    return false;
  }
  raise(what.under);
  const slot bound{number(log_.chosen()) + limits_.slots_ahead};
  slot at = what.first;
  for (const auto& proposed : what.values) {
    if (at > bound) break;  // the leader sends it again, when this replica has caught up
    // A slot known to be chosen needs no new record: no ballot can choose another value there.
    if (at > log_.chosen()) {
      const auto* held = log_.find(at);
      if (!held || held->under != what.under) hold(at, what.under, proposed);
    }
    at = next(at);
  }
  if (at != what.first) out_.post_when_durable(from, accepted{what.under, what.first, previous(at)});
  return true;
}

void acceptor::on_confirm(node_id from, const confirm& what, std::chrono::milliseconds lease) {
  if (promised_ > what.under)
    out_.post(from, refused{what.under, promised_});
  else
    out_.post(from, confirmed{what.under, what.round, static_cast<std::uint32_t>(lease.count())});
}

void acceptor::promise_own(ballot under) {
  BULWARK_INVARIANT(under > promised_);
  raise(under);
}

void acceptor::accept_own(slot at, ballot under, const value& what) {
  BULWARK_INVARIANT(under == promised_);
  hold(at, under, what);
}

void acceptor::learn_chosen(const chosen_entry& what) {
  BULWARK_INVARIANT(what.at == next(log_.chosen()));
  // The records keep their order on disk: whoever recovers this one finds all slots below it chosen as well.
  hold(what.at, ballot{}, what.what);
  log_.choose_next();
}

}  // namespace bulwark::consensus
