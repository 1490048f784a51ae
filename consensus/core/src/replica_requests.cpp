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
  for (const auto& one : reading.take_vouchers()) hand_out(one);
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

// -- reads that may be old -----------------------------------------------------------------------------

void replica::state::on(client_request& what) {
  if (what.kind == request_kind::stale_read) return read_stale(std::move(what));
  own_requests.add(std::move(what), now);
}

void replica::state::read_stale(client_request&& what) {
  const auto at_most = what.at_most;
  const auto as_of = aging.as_of(log.applied());
  if (as_of && age_of(*as_of, now) <= at_most && !is_torn()) {
    out.emit(query{++effects_numbered, what.payload});
    awaited.push_back({effects_numbered, {}, {}, true, false, {}, std::move(what), *as_of});
  } else {
    ++passed_reads;
    own_requests.add(std::move(what), now);
  }
  ask_for_voucher(at_most);
}

/// There is no telling how long the reply took: so its age is looked at once more.
void replica::state::answer_stale(client_request&& what, instant as_of, bytes reply) {
  if (age_of(as_of, now) <= what.at_most) {
    ++stale_reads;
    return out.emit(answer{what.request, outcome::done, std::move(reply), as_of});
  }
  ++passed_reads;
  own_requests.add(std::move(what), now);
}

void replica::state::ask_for_voucher(duration at_most) {
  const auto leader = ballots.followed();
  if (leader == ballot{}) return;
  const auto question = aging.question(at_most, leader, options.interval, now);
  if (!question) return;
  if (leader.node == options.self)
    reading.add({options.self, *question});
  else
    out.post(leader.node, *question);
}

void replica::state::hand_out(const reads::voucher& what) {
  const vouched answer{what.under, what.index, what.to.question.incarnation, what.to.question.asked_ns};
  if (what.to.who == options.self)
    aging.on_vouched(answer, log.applied(), now);
  else
    out.post(what.to.who, answer);
}

void replica::state::on(std::size_t from, vouched& what) {
  if (!is_from_leader(from, what.under)) return;
  take_watermark(from, what.under, what.chosen);
  aging.on_vouched(what, log.applied(), now);
}

// -- replies of the state machine ------------------------------------------------------------------------

void replica::state::on(replied& what) {
  BULWARK_INVARIANT(!awaited.empty() && awaited.front().number == what.number);
  auto done = std::move(awaited.front());
  awaited.pop_front();
  if (done.stale) return answer_stale(*std::move(done.stale), done.as_of, std::move(what.replies.front()));
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
