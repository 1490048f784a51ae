// SPDX-License-Identifier: BSD-3-Clause
// A lock service on three nodes. A lock is held for a while of log time, which is the same at every node;
// each grant has a fencing token higher than all before, so that what the lock protects can refuse a holder
// who came too late. Prints what happens, then "example: ok".
#include <cstdint>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>

#include "three_members.hpp"

namespace locking {

struct acquire {
  std::string lock;
  std::string owner;
  std::int64_t hold_ms = 0;
};
struct release {
  std::string lock;
  std::uint64_t token = 0;
};
struct who_holds {
  std::string lock;
};

/// A token of 0: somebody else holds it.
struct grant {
  std::uint64_t token = 0;
  std::string owner;
};

BULWARK_OBJECT(acquire, BULWARK_FIELD(lock), BULWARK_FIELD(owner), BULWARK_FIELD(hold_ms))
BULWARK_OBJECT(release, BULWARK_FIELD(lock), BULWARK_FIELD(token))
BULWARK_OBJECT(who_holds, BULWARK_FIELD(lock))
BULWARK_OBJECT(grant, BULWARK_FIELD(token), BULWARK_FIELD(owner))

struct held_lock {
  grant to;
  std::int64_t until_ms = 0;  ///< of log time
};
BULWARK_OBJECT(held_lock, BULWARK_FIELD(to), BULWARK_FIELD(until_ms))

/// All locks. Time comes with each command, so that every node decides alike, also when it replays its log.
struct locks {
  using commands = bulwark::consensus::message_list<acquire, release>;
  using queries = bulwark::consensus::message_list<who_holds>;

  grant apply(const acquire& what, const bulwark::consensus::apply_context& around) {
    if (what.hold_ms <= 0) throw std::invalid_argument{"hold_ms is not positive"};
    const auto now_ms = around.log_time.count();
    auto& one = held[what.lock];
    const bool free = one.to.token == 0 || one.until_ms <= now_ms;
    if (!free && one.to.owner != what.owner) return {0, one.to.owner};
    // Whoever holds it already prolongs it, and keeps the token.
    if (free) one.to = {++last_token, what.owner};
    one.until_ms = now_ms + what.hold_ms;
    return one.to;
  }

  bool apply(const release& what) {
    const auto found = held.find(what.lock);
    if (found == held.end() || found->second.to.token != what.token) return false;  // it is another's by now
    held.erase(found);
    return true;
  }

  [[nodiscard]] grant answer(const who_holds& what) const {
    const auto found = held.find(what.lock);
    return found == held.end() ? grant{} : found->second.to;
  }

  std::map<std::string, held_lock> held;
  std::uint64_t last_token = 0;
};

BULWARK_OBJECT(locks, BULWARK_FIELD(held), BULWARK_FIELD(last_token))

/// What a lock protects: it takes no write of a holder with a token lower than one that it has seen.
class printer {
 public:
  bool print(const grant& by, const std::string& what) {
    const bool taken = by.token >= highest_;
    if (taken) highest_ = by.token;
    std::cout << (taken ? "printed: " : "refused: ") << what << "\n";
    return taken;
  }

 private:
  std::uint64_t highest_ = 0;
};

}  // namespace locking

CAF_BEGIN_TYPE_ID_BLOCK(locking, caf::first_custom_type_id + 1000)
CAF_ADD_TYPE_ID(locking, (locking::acquire))
CAF_ADD_TYPE_ID(locking, (locking::release))
CAF_ADD_TYPE_ID(locking, (locking::who_holds))
CAF_ADD_TYPE_ID(locking, (locking::grant))
CAF_END_TYPE_ID_BLOCK(locking)

int main() {
  using namespace locking;
  example::three_members<locks, caf::id_block::locking> group;
  printer shared;

  const auto ann = group.ask<grant>(1, acquire{"printer", "ann", 2000});
  const auto too_early = group.ask<grant>(2, acquire{"printer", "bob", 2000});
  std::cout << "ann got token " << ann.token << "; bob was told that " << too_early.owner << " has it\n";
  bool good = ann.token == 1 && too_early.token == 0 && too_early.owner == "ann";
  good = shared.print(ann, "a page of ann") && good;

  // Ann is stopped, by a debugger perhaps, for longer than she holds the lock.
  grant bob;
  while (bob.token == 0) bob = group.ask<grant>(2, acquire{"printer", "bob", 10'000});
  std::cout << "bob got token " << bob.token << "\n";
  good = shared.print(bob, "a page of bob") && good;
  good = !shared.print(ann, "a page of ann, who does not know yet") && good;

  const bool late = group.ask<bool>(1, release{"printer", ann.token});
  const auto holder = group.ask<grant>(3, who_holds{"printer"});
  std::cout << "ann's release changed nothing: " << holder.owner << " holds the lock\n";
  good = good && !late && holder.owner == "bob" && bob.token > ann.token;
  std::cout << (good ? "example: ok" : "example: FAILED") << std::endl;
  return good ? 0 : 1;
}
