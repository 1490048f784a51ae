// SPDX-License-Identifier: BSD-3-Clause
#include "front_rig.hpp"

#include <caf/all.hpp>

#include "bulwark/consensus/messages.hpp"

namespace bulwark::kv {

namespace {

using consensus::outcome;
using consensus::request_kind;

class direct_replica : public caf::event_based_actor {
 public:
  direct_replica(caf::actor_config& config, std::shared_ptr<replica_script> script)
      : caf::event_based_actor{config}, script_{std::move(script)} {}

  caf::behavior make_behavior() override {
    return {
        [this](const consensus::submit& what) { return submit(what); },
        [this](consensus::get_replica_status) {
          consensus::replica_report report;
          report.role = script_->leads ? "leader" : "follower";
          report.leader = script_->leads ? 1 : 2;
          report.ballot = "7.n1";
          report.chosen = report.applied = applied_;
          report.quorum = true;
          return report;
        },
    };
  }

  // The machine knows the service, and the service this actor: without this they would keep each other.
  void on_exit() override {
    kept_.clear();
    machine_.reset();
    script_.reset();
  }

 private:
  caf::result<consensus::submit_result> submit(const consensus::submit& what) {
    ++script_->submits;
    const bool write = what.kind == static_cast<std::uint8_t>(request_kind::write);
    script_->writes += write;
    if (!script_->answers) {
      kept_.push_back(make_response_promise<consensus::submit_result>());
      return kept_.back();
    }
    consensus::submit_result result;
    result.outcome = static_cast<std::uint8_t>(script_->outcome.load());
    if (script_->outcome != outcome::done) return result;
    if (what.kind == static_cast<std::uint8_t>(request_kind::stale_read)) result.age_ms = what.at_most_ms - 1;
    applied_ += write;
    if (!machine_) machine_ = script_->machine();
    result.reply = write ? machine_->apply(what.payload) : machine_->query(what.payload);
    return result;
  }

  std::shared_ptr<replica_script> script_;
  std::unique_ptr<consensus::state_machine> machine_;
  std::uint64_t applied_ = 0;
  std::vector<caf::typed_response_promise<consensus::submit_result>> kept_;
};

}  // namespace

struct front_rig::parts {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::actor replica;
  std::vector<caf::actor> sessions;
  caf::actor front;
  std::unique_ptr<service> clients;

  void kill(caf::actor& victim);
};

void front_rig::parts::kill(caf::actor& victim) {
  if (!victim) return;
  caf::scoped_actor self{system};
  const auto gone = std::exchange(victim, nullptr);
  caf::anon_send<caf::message_priority::high>(gone, caf::exit_msg{gone.address(), caf::exit_reason::kill});
  self->wait_for(gone);
}

front_rig::front_rig(std::function<void(front_options&)> change)
    : script_{std::make_shared<replica_script>()}, parts_{std::make_unique<parts>()} {
  parts_->replica = parts_->system.spawn<direct_replica>(script_);
  front_options options{.sessions = 2, .replica = parts_->replica};
  if (change) change(options);
  parts_->sessions.resize(options.sessions);
  parts_->clients = std::make_unique<service>(std::move(options));
  script_->machine = parts_->clients->machine_factory();
  for (std::size_t i = 1; i <= parts_->sessions.size(); ++i) start_session(i);
  start_front();
}

front_rig::~front_rig() {
  kill_front();
  for (auto& session : parts_->sessions) parts_->kill(session);
  kill_replica();
}

std::uint16_t front_rig::port() const { return parts_->clients->port(); }
std::size_t front_rig::connections() const { return parts_->clients->connections(); }

void front_rig::kill_session(std::size_t number) { parts_->kill(parts_->sessions.at(number - 1)); }
void front_rig::kill_front() { parts_->kill(parts_->front); }
void front_rig::kill_replica() { parts_->kill(parts_->replica); }

void front_rig::start_session(std::size_t number) {
  parts_->sessions.at(number - 1) = parts_->clients->session_child(number)(parts_->system, nullptr);
}

void front_rig::start_front() { parts_->front = parts_->clients->front_child()(parts_->system, nullptr); }

}  // namespace bulwark::kv
