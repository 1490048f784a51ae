// SPDX-License-Identifier: BSD-3-Clause
// A queue of jobs on three nodes. A worker takes a job for a while; if it does not say in time that it is
// done, the next worker gets it. No job is lost, whichever node or worker is; one may be done twice, as with
// every such queue. Prints what happens, then "example: ok".
#include <cstdint>
#include <iostream>
#include <map>
#include <set>
#include <string>

#include "three_members.hpp"

namespace queueing {

struct push {
  std::string text;
};
struct take {
  std::int64_t hold_ms = 0;  ///< how long the job is this worker's
};
struct done {
  std::uint64_t job = 0;
};
struct left {};

/// A number of 0: there is nothing to do.
struct job {
  std::uint64_t number = 0;
  std::string text;
};

BULWARK_OBJECT(push, BULWARK_FIELD(text))
BULWARK_OBJECT(take, BULWARK_FIELD(hold_ms))
BULWARK_OBJECT(done, BULWARK_FIELD(job))
BULWARK_EMPTY_OBJECT(left)
BULWARK_OBJECT(job, BULWARK_FIELD(number), BULWARK_FIELD(text))

struct waiting_job {
  std::string text;
  std::int64_t taken_until_ms = 0;  ///< of log time; 0: nobody has it
};
BULWARK_OBJECT(waiting_job, BULWARK_FIELD(text), BULWARK_FIELD(taken_until_ms))

struct job_queue {
  using commands = bulwark::consensus::message_list<push, take, done>;
  using queries = bulwark::consensus::message_list<left>;

  std::uint64_t apply(const push& what) {
    jobs[++last].text = what.text;
    return last;
  }

  job apply(const take& what, const bulwark::consensus::apply_context& around) {
    for (auto& [number, one] : jobs) {
      if (one.taken_until_ms > around.log_time.count()) continue;
      one.taken_until_ms = around.log_time.count() + what.hold_ms;
      return {number, one.text};
    }
    return {};
  }

  bool apply(const done& what) { return jobs.erase(what.job) == 1; }

  [[nodiscard]] std::uint64_t answer(const left&) const { return jobs.size(); }

  std::map<std::uint64_t, waiting_job> jobs;  ///< by number, the oldest first
  std::uint64_t last = 0;
};

BULWARK_OBJECT(job_queue, BULWARK_FIELD(jobs), BULWARK_FIELD(last))

}  // namespace queueing

CAF_BEGIN_TYPE_ID_BLOCK(queueing, caf::first_custom_type_id + 1000)
CAF_ADD_TYPE_ID(queueing, (queueing::push))
CAF_ADD_TYPE_ID(queueing, (queueing::take))
CAF_ADD_TYPE_ID(queueing, (queueing::done))
CAF_ADD_TYPE_ID(queueing, (queueing::left))
CAF_ADD_TYPE_ID(queueing, (queueing::job))
CAF_END_TYPE_ID_BLOCK(queueing)

int main() {
  using namespace queueing;
  example::three_members<job_queue, caf::id_block::queueing> group;
  for (const char* text : {"sweep", "cook", "wash", "mend"}) group.ask<std::uint64_t>(1, push{text});

  const auto lost = group.ask<job>(2, take{30});
  std::cout << "a worker takes \"" << lost.text << "\", and is never heard of again\n";
  group.stop(1);

  std::set<std::string> finished;
  while (finished.size() < 4) {
    const auto next = group.ask<job>(2, take{10'000});
    if (next.number == 0) continue;  // what is left is the lost worker's, for a moment
    std::cout << "done: " << next.text << "\n";
    // Both answers mean that it is not in the queue any more; an error means to ask again, which does no
    // harm.
    group.ask<bool>(3, done{next.number});
    finished.insert(next.text);
  }
  const auto rest = group.ask<std::uint64_t>(3, left{});
  const bool good = finished.contains(lost.text) && rest == 0;
  std::cout << (good ? "example: ok" : "example: FAILED") << std::endl;
  return good ? 0 : 1;
}
