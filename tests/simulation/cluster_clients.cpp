// SPDX-License-Identifier: BSD-3-Clause
// The clients of a simulated cluster: what they ask, and what must be true of what they are told.
#include <utility>

#include "describe.hpp"
#include "simulated_cluster.hpp"

namespace bulwark::test {

using namespace consensus;
using namespace std::chrono_literals;

namespace {

const char* const keys[] = {"a", "b", "c"};

}  // namespace

void simulated_cluster::submit(std::size_t which, request_kind kind, std::size_t key_number) {
  if (!is_up(which)) return;
  const auto request = ++requests_;
  const std::string key = keys[key_number % std::size(keys)];
  const auto written = "v" + std::to_string(request);
  const auto seen_as =
      kind == request_kind::write ? clients_saw_.begin_write(key, written) : clients_saw_.begin_read(key);
  clients_[{which, request}] = {history_.begin(kind, key, written), seen_as, instant::max()};
  const auto payload = kind == request_kind::write ? key + " " + written : key;
  say(to_string(members_[which]->id()) + (kind == request_kind::write ? " write " : " read ") + payload);
  run_or_defer(which, members_[which]->life(), [this, which, request, kind, payload](member& m) {
    // By the clock of the node.
    clients_[{which, request}].deadline = when_clock_says(m, clock_of(m) + options_.replica.request_timeout);
    m.step(client_request{request, kind, payload}, clock_of(m));
  });
}

void simulated_cluster::submit_stale(std::size_t which, std::size_t key_number, duration at_most) {
  if (!is_up(which)) return;
  const auto request = ++requests_;
  const std::string key = keys[key_number % std::size(keys)];
  stale_.emplace(std::pair{which, request}, key);
  say(to_string(members_[which]->id()) + " stale read " + key + " of at most " +
      std::to_string(at_most.count()) + " ns");
  run_or_defer(which, members_[which]->life(), [this, request, key, at_most](member& m) {
    m.step(client_request{request, request_kind::stale_read, key, at_most}, clock_of(m));
  });
}

void simulated_cluster::answer_stale(const std::string& key, const answer& what, instant now) {
  violations_.expect(what.result != outcome::unknown && what.result != outcome::not_done,
                     "a stale read was neither answered nor refused");
  if (what.result != outcome::done) return;
  statistics_.count(happening::stale_read_done);
  if (!what.as_of) return violations_.add("a stale read was answered without an age");
  const auto age = age_of(*what.as_of, now);
  say("that is " + std::to_string(age.count()) + " ns old");
  if (ages_.on_stale_answer(key, what.reply, age, now_)) statistics_.count(happening::stale_read_behind);
}

void simulated_cluster::submit_counting(std::size_t client, std::uint64_t number,
                                        const std::string& payload) {
  const auto which = random_.below(size());
  if (!is_up(which)) return;
  const auto request = ++requests_;
  counting_[{which, request}] = {client, number};
  say(to_string(members_[which]->id()) + " count " + payload);
  run_or_defer(which, members_[which]->life(), [this, which, request, payload](member& m) {
    m.step(client_request{request, request_kind::write, payload}, clock_of(m));
  });
}

std::string simulated_cluster::miscount() const {
  const auto counted = sessions_.counted();
  for (const auto& one : members_)
    for (std::size_t client = 0; client < counted.size(); ++client)
      if (const auto held = one->machine().counted(client); held != counted[client])
        return to_string(one->id()) + " has counted to " + std::to_string(held) + " for session " +
               std::to_string(client) + ", which has counted to " + std::to_string(counted[client]);
  return {};
}

void simulated_cluster::on_answer(member& by, const answer& what, instant now) {
  say(to_string(by.id()) + " answers " + std::to_string(what.request) + " " + describe(what.result) + " " +
      what.reply);
  const auto which = index_of(by.id());
  if (const auto counting = counting_.extract({which, what.request}); !counting.empty()) {
    const auto [client, number] = counting.mapped();
    return sessions_.answered(client, number, what.result, what.reply);
  }
  if (const auto stale = stale_.extract({which, what.request}); !stale.empty())
    return answer_stale(stale.mapped(), what, now);
  const auto found = clients_.find({which, what.request});
  if (found == clients_.end()) return violations_.add("an answer to no open request");
  const auto operation = std::move(found->second.what);
  if (what.result == outcome::done)
    clients_saw_.end(found->second.seen_as, what.reply);
  else if (what.result != outcome::unknown)
    clients_saw_.forget(found->second.seen_as);
  clients_.erase(found);
  const bool is_write = operation.kind == request_kind::write;
  history_.end(operation, what.result, what.reply);
  if (what.result == outcome::done)
    ages_.on_told(operation.key, is_write ? operation.written : what.reply, now_);
  switch (what.result) {
    case outcome::done:
      statistics_.count(is_write ? happening::write_done : happening::read_done);
      if (is_write) check_durability(operation.key + " " + operation.written);
      break;
    case outcome::unknown:
      statistics_.count(happening::unknown_outcome);
      violations_.expect(is_write, "the outcome of a read is unknown");
      break;
    case outcome::no_leader: statistics_.count(happening::no_leader_outcome); break;
    case outcome::overloaded: statistics_.count(happening::overloaded_outcome); break;
    case outcome::not_done:
      violations_.add("a client was told not_done, which its node should have retried");
      break;
  }
}

void simulated_cluster::check_history() {
  if (const auto key = clients_saw_.check(); !key.empty())
    violations_.add("what clients saw of register " + key + " is not linearizable");
}

/// An acknowledged write must outlive any minority, as of the moment of its acknowledgement.
void simulated_cluster::check_durability(const std::string& payload) {
  const auto at = agreement_.place_of(payload);
  const auto* truth = agreement_.chosen(at);
  if (!truth) return;  // reported elsewhere
  const auto& group = agreement_.governing(at);
  std::size_t copies = 0;
  for (const auto& [lost, word] : lost_)
    if (group.is_voter(id_of(lost))) ++copies;  // it may have had one
  for (const auto& one : members_)
    if (const auto* held = one->disk().find(at);
        group.is_voter(one->id()) && (at <= one->disk().newest() || (held && held->what == *truth)))
      ++copies;
  violations_.expect(copies >= group.accept_votes(), "an acknowledged write is not durable at a quorum");
}

void simulated_cluster::abandon_clients(member& of) {
  const auto which = index_of(of.id());
  counting_.erase(counting_.lower_bound({which, 0}), counting_.lower_bound({which + 1, 0}));
  stale_.erase(stale_.lower_bound({which, 0}), stale_.lower_bound({which + 1, 0}));
  auto one = clients_.lower_bound({which, 0});
  while (one != clients_.end() && one->first.first == which) {
    if (now_ > one->second.deadline && now_ - one->second.deadline > 10ms &&
        around_[which].paused_until + 10ms < now_)
      violations_.add("a request was not answered by its deadline");
    one = clients_.erase(one);
  }
}

}  // namespace bulwark::test
