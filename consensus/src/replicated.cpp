// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/replicated.hpp"

#include <algorithm>
#include <caf/all.hpp>
#include <chrono>
#include <random>
#include <utility>

#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/node_config.hpp"
#include "bulwark/consensus/messages.hpp"
#include "bulwark/consensus/replicated_recovery_store.hpp"
#include "bulwark/supervision/messages.hpp"

namespace bulwark::consensus {
namespace {

std::uint64_t unix_ms() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

/// What a replica's outcome is to whoever asked; an empty error if it is done.
caf::error error_of(outcome what) {
  switch (what) {
    case outcome::done: return {};
    case outcome::not_done: return caf::make_error(replicated_error::not_done);
    case outcome::no_leader: return caf::make_error(replicated_error::no_leader);
    case outcome::overloaded: return caf::make_error(replicated_error::overloaded);
    case outcome::unknown: break;
  }
  return caf::make_error(replicated_error::unknown);
}

caf::error error_of(machine_answer what, std::string_view text) {
  switch (what) {
    case machine_answer::reply: return {};
    case machine_answer::refused: return caf::make_error(replicated_error::refused, std::string{text});
    case machine_answer::stale_session: return caf::make_error(replicated_error::stale_session);
    case machine_answer::no_session: return caf::make_error(replicated_error::no_session);
    case machine_answer::not_kept: return caf::make_error(replicated_error::not_kept);
    case machine_answer::not_understood: break;
  }
  return caf::make_error(replicated_error::not_understood);
}

/// The replica did not answer: it crashed before or after it had taken the request.
caf::error error_of_crash(const caf::error& why, request_kind kind) {
  if (kind != request_kind::write || (why && why == service_error::not_handled))
    return caf::make_error(replicated_error::not_done);
  if (why && why == service_error::overloaded) return caf::make_error(replicated_error::overloaded);
  return caf::make_error(replicated_error::unknown);
}

}  // namespace

std::string to_string(replicated_error error) {
  switch (error) {
    case replicated_error::none: return "none";
    case replicated_error::not_done: return "not_done";
    case replicated_error::no_leader: return "no_leader";
    case replicated_error::overloaded: return "overloaded";
    case replicated_error::unknown: return "unknown";
    case replicated_error::refused: return "refused";
    case replicated_error::not_understood: return "not_understood";
    case replicated_error::stale_session: return "stale_session";
    case replicated_error::no_session: return "no_session";
    case replicated_error::not_kept: return "not_kept";
  }
  return "unknown error";
}

replicated_front::replicated_front(caf::actor_config& config, caf::actor replica)
    : service_actor{config}, replica_{std::move(replica)} {
  std::random_device source;
  seed_ = std::uint64_t{source()} << 32 | source();
}

void replicated_front::submit_command(std::size_t kind, const session_key* session, std::string_view body,
                                      when_answered then) {
  // Anybody may know the next one: it is for shuffling, not for secrets.
  seed_ = seed_ * 6364136223846793005u + 1442695040888963407u;
  submit_payload({static_cast<std::uint8_t>(request_kind::write),
                  make_command(kind, unix_ms(), seed_, session, body), 0},
                 std::move(then));
}

void replicated_front::submit_query(std::size_t kind, const at_most* limit, std::string_view body,
                                    when_answered then) {
  const auto how = limit ? request_kind::stale_read : request_kind::read;
  const auto age = limit ? std::max(limit->age, std::chrono::milliseconds{0}).count() : 0;
  submit_payload({static_cast<std::uint8_t>(how), make_query(kind, body), static_cast<std::uint64_t>(age)},
                 std::move(then));
}

void replicated_front::submit_payload(submit what, when_answered then) {
  const auto number = ++requests_;
  const auto kind = what.kind;
  open_.emplace(number, open_request{kind, std::move(then)});
  request(replica_, caf::infinite, std::move(what))
      .then(
          [this, number](const submit_result& result) {
            if (auto problem = error_of(outcome{result.outcome})) return answer(number, {}, {}, problem);
            const auto [how, rest] = split_reply(result.reply);
            answer(number, rest, {std::chrono::milliseconds{result.age_ms}}, error_of(how, rest));
          },
          [this, number, kind](const caf::error& why) {
            answer(number, {}, {}, error_of_crash(why, request_kind{kind}));
          });
}

void replicated_front::answer(std::uint64_t number, std::string_view reply, at_most old,
                              const caf::error& problem) {
  const auto asked = open_.extract(number);
  if (!asked.empty()) asked.mapped().then(reply, old, problem);
}

void replicated_front::on_exit() {
  // A promise that is merely dropped would leave its owner waiting for ever.
  for (const auto& [number, asked] : std::exchange(open_, {}))
    asked.then({}, {}, error_of_crash({}, request_kind{asked.kind}));
  replica_ = nullptr;
}

void add_replicated_messages(caf::actor_system_config& config) {
  add_supervision_messages(config);
  add_consensus_messages(config);
  config.add_error_category(caf::atom("replicated"),
                            [](std::uint8_t code, caf::atom_value, const caf::message& context) {
                              return to_string(static_cast<replicated_error>(code)) + caf::to_string(context);
                            });
  config.add_message_types<caf::id_block::bulwark_replicated>();
  config.add_message_types<caf::id_block::bulwark_recovery_points>();
}

}  // namespace bulwark::consensus
