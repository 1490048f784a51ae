// SPDX-License-Identifier: BSD-3-Clause
// Goal: the installed libraries work for a program outside the tree.
// Method: a supervised counter is crashed; the same handle must reach its next incarnation. What a replica
// would log survives a reopening of its store. A replicated tally, of one member, counts.

#include <unistd.h>

#include <bulwark/actors/messages.hpp>
#include <bulwark/actors/node_config.hpp>
#include <bulwark/actors/service_actor.hpp>
#include <bulwark/actors/stable_ref.hpp>
#include <bulwark/consensus/memory_log_store.hpp>
#include <bulwark/consensus/replicated.hpp>
#include <bulwark/supervision/messages.hpp>
#include <bulwark/supervision/supervisor.hpp>
#include <caf/all.hpp>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>

namespace consumer {

struct add {
  std::int64_t amount = 0;
};
BULWARK_OBJECT(add, BULWARK_FIELD(amount))

struct tally {
  using commands = bulwark::consensus::message_list<add>;
  using queries = bulwark::consensus::message_list<>;
  std::int64_t apply(const add& what) { return total += what.amount; }
  std::int64_t total = 0;
};
BULWARK_OBJECT(tally, BULWARK_FIELD(total))

}  // namespace consumer

CAF_BEGIN_TYPE_ID_BLOCK(consumer, caf::first_custom_type_id + 1000)
CAF_ADD_TYPE_ID(consumer, (consumer::add))
CAF_END_TYPE_ID_BLOCK(consumer)

namespace {

struct counter_state {
  int total = 0;
};

caf::behavior counter(caf::stateful_actor<counter_state, bulwark::service_actor>* self) {
  return {
      [self](caf::add_atom, int amount) { return self->state.total += amount; },
      [](caf::put_atom) { throw std::runtime_error{"as ordered"}; },
  };
}

/// Asks again if a crash came before the request.
int add(caf::scoped_actor& self, const caf::actor& counter, int amount) {
  int total = -1;
  bool again = true;
  while (std::exchange(again, false))
    self->request(counter, std::chrono::seconds{5}, caf::add_atom_v, amount)
        .receive([&](int now) { total = now; },
                 [&](const caf::error& problem) {
                   again = problem == bulwark::service_error::not_handled;
                   if (!again) std::cerr << to_string(problem) << '\n';
                 });
  return total;
}

bool restarts_a_crashed_child() {
  caf::actor_system_config config;
  bulwark::add_actors_messages(config);
  bulwark::add_supervision_messages(config);
  caf::actor_system system{config};

  const auto ref = bulwark::make_stable_ref(system, {.name = "counter"});
  bulwark::supervisor_options options{.name = "consumer"};
  options.children.push_back({.spec = {.id = "counter"},
                              .ref = ref,
                              .start = [](caf::actor_system& where, const caf::actor&) -> caf::actor {
                                return where.spawn(counter);
                              }});
  const auto root = bulwark::spawn_supervisor(system, std::move(options));

  caf::scoped_actor self{system};
  const bool counted = add(self, ref, 2) == 2 && add(self, ref, 3) == 5;
  self->request(ref, std::chrono::seconds{5}, caf::put_atom_v).receive([] {}, [](const caf::error&) {});
  const bool started_anew = add(self, ref, 7) == 7;
  bulwark::ask_to_stop(root);
  self->wait_for(root);
  return counted && started_anew;
}

bool keeps_what_was_logged() {
  using namespace bulwark::consensus;
  const auto medium = std::make_shared<memory_log_medium>();
  const group_id group{};
  const ballot mine{3, node_id{1}};
  const group_record promise{group, promise_record{mine}};
  memory_log_store{medium}.append({&promise, 1});
  return memory_log_store{medium}.recover(group).promised == mine;
}

bool replicates_a_tally() {
  struct tally_config : bulwark::node_config {
    tally_config() {
      bulwark::consensus::add_replicated_messages(*this);
      add_message_types<caf::id_block::consumer>();
    }
  } config;
  caf::actor_system system{config};
  bulwark::consensus::group_member_options options;
  options.self = 1;
  options.directory =
      std::filesystem::temp_directory_path() / ("bulwark-consumer-" + std::to_string(::getpid()));
  std::int64_t total = 0;
  {
    bulwark::consensus::replicated<consumer::tally> service{system, options};
    caf::scoped_actor self{system};
    for (const std::int64_t amount : {2, 3})
      self->request(service.ref(), std::chrono::seconds{10}, consumer::add{amount})
          .receive([&](std::int64_t now) { total = now; },
                   [&](const caf::error& problem) { std::cerr << system.render(problem) << '\n'; });
  }
  std::filesystem::remove_all(options.directory);
  return total == 5;
}

}  // namespace

int main() {
  const bool good = restarts_a_crashed_child() && keeps_what_was_logged() && replicates_a_tally();
  std::cout << (good ? "consumer: ok" : "consumer: FAILED") << '\n';
  return good ? 0 : 1;
}
