// SPDX-License-Identifier: BSD-3-Clause
#include "catch_up.hpp"

#include <algorithm>
#include <utility>

namespace bulwark::consensus {

void learner::hint(std::size_t member, slot chosen, bool urgent) {
  known_[member] = std::max(known_[member], chosen);
  target_ = std::max(target_, chosen);
  if (urgent) urgent_ = std::max(urgent_, chosen);
}

void learner::on_learned(std::size_t from, const learned& what) {
  hint(from, what.chosen, false);
  const auto before = log_.chosen();
  for (const auto& entry : what.entries)
    if (entry.at == next(log_.chosen())) acceptor_.learn_chosen(entry);
  // One that brings nothing new is a double of an earlier answer; the right one is still to come.
  if (from == source_ && (log_.chosen() > before || what.entries.empty())) asked_at_.reset();
  if (log_.chosen() > before) {
    urgent_ = std::max(urgent_, what.chosen);  // there is more where this came from
  } else if (what.entries.empty() && from == source_) {
    known_[from] = std::min(known_[from], log_.chosen());  // it has nothing for us: ask another
  }
}

void learner::on_snapshot(std::size_t from, slot chosen) {
  hint(from, chosen, true);
  if (from == source_) asked_at_.reset();
}

std::optional<std::size_t> learner::choose_source(const node_set& alive) const {
  for (std::size_t i = 0; i < roster_.size(); ++i) {
    const auto member = (source_ + i) % roster_.size();
    if (member != roster_.self() && alive.has(member) && known_[member] > log_.chosen()) return member;
  }
  return std::nullopt;
}

void learner::advance(const node_set& alive, instant now) {
  if (target_ <= log_.chosen()) {
    behind_since_.reset();
    asked_at_.reset();
    return;
  }
  if (!behind_since_) behind_since_ = now;
  if (asked_at_ && alive.has(source_) && now - *asked_at_ < 2 * options_.interval) return;
  if (urgent_ <= log_.chosen() && now - *behind_since_ < options_.interval) return;
  if (asked_at_) source_ = (source_ + 1) % roster_.size();  // it did not answer
  const auto source = choose_source(alive);
  if (!source) return;
  source_ = *source;
  asked_at_ = now;
  out_.post(roster_.at(source_), learn{next(log_.chosen())});
}

void teacher::on_learn(std::size_t from, const learn& what) {
  if (what.first < slot{1}) return;
  if (what.first <= snapshots_.kept()) return snapshots_.on_ask(from, {});
  if (what.first < log_.first() && what.first <= log_.chosen()) {
    if (fetching_[from]) return;
    fetching_[from] = true;
    const auto last = std::min(previous(log_.first()), log_.chosen());
    return out_.emit(fetch{roster_.at(from), what.first, last, options_.learn_bytes});
  }
  learned answer{{}, log_.chosen()};
  std::size_t answer_bytes = 0;
  for (auto at = what.first; at <= log_.chosen(); at = next(at)) {
    const auto* held = log_.find(at);
    answer_bytes += held->bytes;
    if (!answer.entries.empty() && answer_bytes > options_.learn_bytes) break;
    answer.entries.push_back({at, held->what});
  }
  out_.post(roster_.at(from), std::move(answer));
}

void teacher::on_fetched(std::size_t peer, std::vector<chosen_entry> entries) {
  fetching_[peer] = false;
  // A snapshot may become durable before the values it stands for: after a crash, it is all there is of them.
  if (entries.empty() && snapshots_.newest() != slot::none) return snapshots_.on_ask(peer, {});
  out_.post(roster_.at(peer), learned{std::move(entries), log_.chosen()});
}

}  // namespace bulwark::consensus
