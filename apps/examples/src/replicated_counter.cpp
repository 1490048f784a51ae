// SPDX-License-Identifier: BSD-3-Clause
// A counter that three nodes keep: it is asked like any actor, at any node, and survives the loss of one.
// Prints what happens, then "example: ok".
#include <cstdint>
#include <iostream>

#include "three_members.hpp"

namespace counting {

// What changes it, and what is asked of it: CAF messages like all others.
struct add {
  std::int64_t amount = 0;
};
struct get {};

BULWARK_OBJECT(add, BULWARK_FIELD(amount))
BULWARK_EMPTY_OBJECT(get)

/// The state. Nothing in it knows of nodes, logs or messages.
struct counter {
  using commands = bulwark::consensus::message_list<add>;
  using queries = bulwark::consensus::message_list<get>;

  std::int64_t apply(const add& what) { return total += what.amount; }
  [[nodiscard]] std::int64_t answer(const get&) const { return total; }

  std::int64_t total = 0;
};

BULWARK_OBJECT(counter, BULWARK_FIELD(total))

}  // namespace counting

CAF_BEGIN_TYPE_ID_BLOCK(counting, caf::first_custom_type_id + 1000)
CAF_ADD_TYPE_ID(counting, (counting::add))
CAF_ADD_TYPE_ID(counting, (counting::get))
CAF_END_TYPE_ID_BLOCK(counting)

int main() {
  using namespace counting;
  example::three_members<counter, caf::id_block::counting> group;

  std::int64_t total = 0;
  for (std::uint32_t member = 1; member <= 3; ++member) total = group.ask<std::int64_t>(member, add{5});
  std::cout << "each member was asked to add 5: " << total << "\n";

  group.stop(3);
  // A session key makes it safe to ask again, should the answer be that nobody can tell.
  const bulwark::consensus::session_key first{"example", 1};
  std::int64_t without = 0;
  while (without == 0) without = group.ask<std::int64_t>(1, first, add{5});
  std::cout << "without member 3: " << without << "\n";

  group.start(3);
  std::int64_t back = 0;
  while (back == 0) back = group.ask<std::int64_t>(3, get{});
  std::cout << "member 3 is back, and has missed nothing: " << back << "\n";

  const bool good = total == 15 && without == 20 && back == 20;
  std::cout << (good ? "example: ok" : "example: FAILED") << std::endl;
  return good ? 0 : 1;
}
