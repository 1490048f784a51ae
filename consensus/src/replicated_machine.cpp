// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/replicated_machine.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <stdexcept>

#include "bulwark/consensus/core/wire.hpp"

namespace bulwark::consensus {
namespace {

constexpr std::uint8_t envelope_version = 1;
constexpr std::uint8_t snapshot_version = 1;

/// How far one command may move log time, so that one wrong clock does not end every lease and session.
constexpr std::uint64_t step_ms_max = session_limits{}.step_ms_max;

bytes say(machine_answer what, std::string_view text = {}) {
  bytes reply(1, static_cast<char>(what));
  reply += text;
  return reply;
}

struct command_envelope {
  std::uint16_t kind = 0;
  std::uint64_t now_ms = 0;
  std::uint64_t seed = 0;
  std::uint8_t in_session = 0;
  session_key session;
  std::string_view body;
};

bool read(std::string_view payload, command_envelope& what) {
  wire_reader in{payload};
  std::uint8_t version = 0;
  if (!in.get(version) || version != envelope_version) return false;
  if (!in.get(what.kind) || !in.get(what.now_ms) || !in.get(what.seed) || !in.get(what.in_session))
    return false;
  if (what.in_session > 1) return false;
  if (std::string_view client; what.in_session == 1) {
    if (!in.get_bytes(client) || !in.get(what.session.number)) return false;
    what.session.client = client;
  }
  return in.get_bytes(what.body) && in.complete();
}

}  // namespace

bytes make_command(std::size_t kind, std::uint64_t now_ms, std::uint64_t seed, const session_key* session,
                   std::string_view body) {
  bytes payload;
  wire_writer out{payload};
  out.put(envelope_version);
  out.put(static_cast<std::uint16_t>(kind));
  out.put(now_ms);
  out.put(seed);
  out.put(static_cast<std::uint8_t>(session ? 1 : 0));
  if (session) {
    out.put_bytes(session->client);
    out.put(session->number);
  }
  out.put_bytes(body);
  return payload;
}

bytes make_query(std::size_t kind, std::string_view body) {
  bytes payload;
  wire_writer out{payload};
  out.put(envelope_version);
  out.put(static_cast<std::uint16_t>(kind));
  out.put_bytes(body);
  return payload;
}

std::pair<machine_answer, std::string_view> split_reply(std::string_view reply) {
  if (reply.empty() ||
      static_cast<std::uint8_t>(reply[0]) > static_cast<std::uint8_t>(machine_answer::not_kept))
    return {machine_answer::not_understood, {}};
  return {machine_answer{static_cast<std::uint8_t>(reply[0])}, reply.substr(1)};
}

bytes replicated_machine_base::give_up(std::string_view strange) {
  understands_ = false;
  spdlog::error(
      "a command of {} bytes in the log is none that this program understands; expected one of this version "
      "or "
      "older. This member goes on voting, and answers nothing until it is started with a program that does",
      strange.size());
  return say(machine_answer::not_understood);
}

void replicated_machine_base::move_log_time(std::uint64_t now_ms) {
  // The first command sets it; from then on it goes in steps.
  const auto most = log_time_ms_ == 0 ? now_ms : log_time_ms_ + step_ms_max;
  log_time_ms_ = std::max(log_time_ms_, std::min(now_ms, most));
}

bytes replicated_machine_base::apply(const bytes& command) {
  if (!understands_) return say(machine_answer::not_understood);
  command_envelope what;
  if (!read(command, what)) return give_up(command);
  move_log_time(what.now_ms);
  const apply_context around{std::chrono::milliseconds{log_time_ms_}, what.seed};
  if (what.in_session == 0) return run_guarded(what.kind, what.body, around);
  return apply_in_session(what.session, what.now_ms, what.kind, what.body, around);
}

bytes replicated_machine_base::apply_in_session(const session_key& session, std::uint64_t now_ms,
                                                std::size_t kind, std::string_view body,
                                                const apply_context& around) {
  switch (sessions_.begin(session.client, session.number, now_ms)) {
    case session_table::verdict::repeated: return sessions_.reply_of(session.client);
    case session_table::verdict::stale: return say(machine_answer::stale_session);
    case session_table::verdict::unknown: return say(machine_answer::no_session);
    case session_table::verdict::too_large: return say(machine_answer::not_kept);
    case session_table::verdict::fresh: break;
  }
  auto reply = run_guarded(kind, body, around);
  if (understands_) sessions_.finish(session.client, session.number, reply);
  return reply;
}

bytes replicated_machine_base::run_guarded(std::size_t kind, std::string_view body,
                                           const apply_context& around) {
  std::string reply = say(machine_answer::reply);
  try {
    if (run(kind, body, around, reply) == outcome_of_run::done) return reply;
    return give_up(body);
  } catch (const std::bad_alloc&) {
    throw;  // another replica may have had the memory: this one must not go on with another state
  } catch (const std::exception& refusal) {
    return say(machine_answer::refused, refusal.what());
  }
}

bytes replicated_machine_base::query(const bytes& question) const {
  if (!understands_) return say(machine_answer::not_understood);
  wire_reader in{question};
  std::uint8_t version = 0;
  std::uint16_t kind = 0;
  std::string_view body;
  if (!in.get(version) || version != envelope_version || !in.get(kind) || !in.get_bytes(body) ||
      !in.complete())
    return say(machine_answer::not_understood);
  std::string reply = say(machine_answer::reply);
  try {
    if (ask(kind, body, reply) == outcome_of_run::done) return reply;
    return say(machine_answer::not_understood);
  } catch (const std::exception& refusal) {
    return say(machine_answer::refused, refusal.what());
  }
}

std::optional<bytes> replicated_machine_base::save() const {
  if (!understands_) return std::nullopt;
  bytes saved;
  wire_writer out{saved};
  out.put(snapshot_version);
  out.put(log_time_ms_);
  bytes sessions;
  sessions_.save(sessions);
  out.put_bytes(sessions);
  save_state(saved);
  return saved;
}

bool replicated_machine_base::restore(std::string_view saved) {
  wire_reader in{saved};
  std::uint8_t version = 0;
  std::uint64_t log_time_ms = 0;
  std::string_view sessions;
  if (!in.get(version) || version != snapshot_version || !in.get(log_time_ms) || !in.get_bytes(sessions))
    return false;
  session_table restored;
  if (!restored.restore(sessions) || !restore_state(saved.substr(saved.size() - in.left()))) return false;
  sessions_ = std::move(restored);
  log_time_ms_ = log_time_ms;
  understands_ = true;
  return true;
}

}  // namespace bulwark::consensus
