// SPDX-License-Identifier: BSD-3-Clause
// What a simulated cluster counts of its messages and records.
#include "simulated_cluster.hpp"

namespace bulwark::test {

using namespace consensus;

void simulated_cluster::count_message(const envelope& what) {
  if (std::holds_alternative<refused>(what.what)) statistics_.count(happening::refusal);
  if (const auto* m = std::get_if<promise>(&what.what); m && m->parts > 1)
    statistics_.count(happening::promise_in_parts);
  if (const auto* m = std::get_if<learned>(&what.what); m && !m->entries.empty())
    statistics_.count(happening::learned);
  if (const auto* m = std::get_if<snapshot_chunk>(&what.what); m && m->part.offset > 0)
    statistics_.count(happening::snapshot_in_pieces);
  if (const auto* m = std::get_if<accept>(&what.what);
      m && !accepts_.insert({m->under, what.to, m->first}).second)
    statistics_.count(happening::accept_sent_again);
  if (const auto* m = std::get_if<forward>(&what.what)) {
    statistics_.count(happening::forwarded);
    if (!forwards_.insert({m->under, m->what.origin, m->what.request}).second)
      statistics_.count(happening::forward_doubled);
  }
  if (const auto* m = std::get_if<forward_reply>(&what.what); m && m->result == outcome::not_done)
    statistics_.count(happening::not_done_reply);
}

void simulated_cluster::count_records(const std::vector<record>& records) {
  for (const auto& one : records) {
    const auto* entry = std::get_if<accepted_entry>(&one);
    if (!entry || entry->under == ballot{}) continue;
    auto& [under, what] = last_accepted_[entry->at];
    if (under < entry->under && what == entry->what && !what.commands.empty())
      statistics_.count(is_configuration(what) ? happening::configuration_proposed_again
                                               : happening::proposed_again);
    if (under < entry->under) std::tie(under, what) = std::pair{entry->under, entry->what};
    // The first no-op of a ballot may be its barrier; the others fill holes.
    if (entry->what.commands.empty() && no_ops_[entry->under].insert(entry->at).second &&
        no_ops_[entry->under].size() > 1)
      statistics_.count(happening::hole_filled);
  }
}

}  // namespace bulwark::test
