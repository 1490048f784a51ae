// SPDX-License-Identifier: BSD-3-Clause
#include <utility>

#include "bulwark/actors/core/invariant.hpp"
#include "replica_state.hpp"

/// What a replica does with what clients want, its own and those that others forward.
namespace bulwark::consensus {

bool replica::state::is_own(const command& what) const {
  return what.origin == options.self && what.incarnation == options.incarnation;
}

bool replica::state::is_reached(node_id member) const {
  const auto index = group.index_of(member);
  return index && ballots.alive().has(*index) && ballots.is_linked(*index);
}

bool replica::state::submit(request_kind kind, command&& what) {
  return kind == request_kind::read ? reading.add(std::move(what)) : proposer.submit(std::move(what), now);
}

void replica::state::conclude(const command& what, ballot under, outcome result, bytes reply) {
  if (is_own(what))
    own_requests.finish(what.request, result, std::move(reply));
  else if (what.origin != options.self)
    out.post(what.origin, forward_reply{under, what.incarnation, what.request, result, std::move(reply)});
}

void replica::state::give_back(std::vector<command> unproposed) {
  for (auto& one : unproposed) {
    if (is_own(one))
      own_requests.take_back(std::move(one), now);
    else
      conclude(one, outcome::not_done, {});
  }
}

void replica::state::serve_reads() {
  if (!proposer.serves()) return;
  reading.advance(proposer.under(), log.chosen(), now);
  for (auto& one : reading.take_ready(log.applied())) {
    // Once its lease is over, the question is asked again.
    auto payload = one.by_lease ? one.what.payload : std::exchange(one.what.payload, {});
    out.emit(query{++effects_numbered, std::move(payload)});
    awaited.push_back({effects_numbered, {}, std::move(one.what), true, one.by_lease});
  }
}

void replica::state::answer_read(command&& what, bool by_lease, bytes reply) {
  if (!by_lease) return conclude(what, outcome::done, std::move(reply));
  if (reading.holds_lease(proposer.under(), now)) {
    ++leased_reads;
    return conclude(what, outcome::done, std::move(reply));
  }
  ++lapsed_reads;
  if (!proposer.serves() || !reading.add(std::move(what))) give_back({std::move(what)});
}

void replica::state::on(replied& what) {
  BULWARK_INVARIANT(!awaited.empty() && awaited.front().number == what.number);
  auto done = std::move(awaited.front());
  awaited.pop_front();
  if (done.is_query) {
    BULWARK_INVARIANT(what.replies.size() == 1);
    return answer_read(std::move(done.queried), done.by_lease, std::move(what.replies.front()));
  }
  BULWARK_INVARIANT(what.replies.size() == done.applied.commands.size());
  for (std::size_t i = 0; i < what.replies.size(); ++i)
    conclude(done.applied.commands[i], done.under, outcome::done, std::move(what.replies[i]));
}

void replica::state::on(std::size_t from, forward& what) {
  if (what.what.origin != group.at(from)) return;
  const bool current = ballots.leads() && what.under == proposer.under();
  if (what.kind == request_kind::read) {
    if (!current || !reading.add(std::move(what.what))) {
      const auto result = current ? outcome::overloaded : outcome::not_done;
      out.post(group.at(from),
               forward_reply{what.under, what.what.incarnation, what.what.request, result, {}});
    }
    return;
  }
  // Only the memory of that leadership can tell whether this is a double of what was proposed.
  auto& seen_then = what.under == seen.under() ? seen : seen_before;
  if (what.under != seen_then.under() || !seen_then.insert(what.what)) return;
  if (!current)
    conclude(what.what, what.under, outcome::not_done, {});
  else if (!proposer.submit(std::move(what.what), now))
    conclude(what.what, outcome::overloaded, {});
}

void replica::state::on(std::size_t from, forward_reply& what) {
  own_requests.on_reply(group.at(from), std::move(what), now);
}

}  // namespace bulwark::consensus
