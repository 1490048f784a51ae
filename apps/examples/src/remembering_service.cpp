// SPDX-License-Identifier: BSD-3-Clause
// A service that remembers: its state is saved as recovery points in files, and outlives crashes and the
// process. Prints the events of two processes' worth of supervision, then "example: ok".
#include <unistd.h>

#include <caf/all.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>

#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/stable_ref.hpp"
#include "bulwark/supervision/messages.hpp"
#include "bulwark/supervision/recoverable_actor.hpp"
#include "bulwark/supervision/supervisor.hpp"

namespace {

/// What is worth remembering. `inspect` tells what a point holds.
struct guest_book {
  std::map<std::string, int> visits;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, guest_book& x) {
    return f(caf::meta::type_name("guest_book"), x.visits);
  }
};

class porter : public bulwark::recoverable_actor<guest_book> {
 public:
  using recoverable_actor::recoverable_actor;

  caf::behavior make_behavior() override {
    return {[this](const std::string& guest) {
      if (guest.empty()) throw std::invalid_argument{"a guest without a name"};
      return ++state.visits[guest];
    }};
  }
};

/// How often this guest has come, or -1 if the porter fainted over this one. Who only waited behind such a
/// guest hears not_handled, and may ask again without being counted twice.
int visit(caf::scoped_actor& self, const caf::actor& service, const std::string& guest) {
  int times = -1;
  bool again = true;
  while (again) {
    again = false;
    self->request(service, std::chrono::seconds{5}, guest)
        .receive([&times](int now) { times = now; },
                 [&again](const caf::error& why) { again = why == bulwark::service_error::not_handled; });
  }
  return times;
}

/// One life of the process: Ann comes twice, then somebody without a name. How often Ann was seen comes back.
int live(caf::actor_system& system, const std::filesystem::path& directory) {
  const auto service = bulwark::make_stable_ref(system, {.name = "porter"});
  const auto points = bulwark::make_recovery({
      .rules = {.every_messages = 1},  // after each message; a real service saves more rarely
      .store = bulwark::make_file_recovery_store(directory, "porter"),
  });

  bulwark::supervisor_options options;
  options.sink = [](const bulwark::supervision_event& event) { std::cout << event << std::endl; };
  options.children.push_back({.spec = {.id = "porter"},
                              .ref = service,
                              .start = [points](caf::actor_system& where, const caf::actor&) -> caf::actor {
                                return where.spawn<porter>(points);
                              },
                              .recovery = points});
  const auto root = bulwark::spawn_supervisor(system, std::move(options));

  caf::scoped_actor self{system};
  visit(self, service, "Ann");
  visit(self, service, "");
  const int seen = visit(self, service, "Ann");  // the new porter knows her
  bulwark::ask_to_stop(root);
  self->wait_for(root);
  points->flush(system.clock().now());  // the thread that writes may still be at it
  return seen;
}

}  // namespace

int main() {
  caf::actor_system_config config;
  bulwark::add_actors_messages(config);
  bulwark::add_supervision_messages(config);
  caf::actor_system system{config};

  std::string name = std::filesystem::temp_directory_path() / "bulwark-example-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) return 1;
  const bool good = live(system, name) == 2 && live(system, name) == 4;
  std::filesystem::remove_all(name);
  std::cout << (good ? "example: ok" : "example: FAILED") << std::endl;
  return good ? 0 : 1;
}
