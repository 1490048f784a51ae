// SPDX-License-Identifier: BSD-3-Clause
#include <utility>

#include "bulwark/kv/core/conversation.hpp"
#include "explain.hpp"
#include "session_words.hpp"
#include "transaction_words.hpp"

namespace bulwark::kv {

namespace {

using consensus::outcome;
using consensus::request_kind;

constexpr std::string_view exec_without_multi = "ERR EXEC without MULTI";
constexpr std::string_view watch_inside_multi = "ERR WATCH inside MULTI is not allowed";

}  // namespace

bool conversation::concerns_transaction(const command_spec* spec) const {
  if (transaction_.open()) return true;
  if (spec == nullptr) return false;
  switch (spec->id) {
    case command_id::multi:
    case command_id::exec:
    case command_id::discard:
    case command_id::watch:
    case command_id::watchat:
    case command_id::unwatch: return true;
    default: return false;
  }
}

/// A command between MULTI and EXEC, or one of those that speak of transactions. Returns need::more once it
/// is answered, or in the batch.
conversation::need conversation::go_on_in_transaction(const command_spec* spec, arguments_view arguments) {
  if (batch_) return need::submit;  // the replies of the batch come first
  const bool numbered_exec = spec != nullptr && spec->id == command_id::session && arguments.size() == 4 &&
                             equal_ignoring_case(arguments[3], "exec");
  const auto fault = numbered_exec ? fault_of_numbering(arguments) : fault_of(spec, arguments);
  if (!fault.empty()) {
    refuse_in_transaction(spec, fault);
    return need::more;
  }
  if (numbered_exec) {
    submit_transaction(arguments);
    return need::more;
  }
  switch (spec->id) {
    case command_id::multi: begin_transaction(); break;
    case command_id::discard: discard_transaction(); break;
    case command_id::exec: submit_transaction({}); break;
    case command_id::watch: return watch(arguments.subspan(1));
    case command_id::watchat: watch_at(arguments.subspan(1)); break;
    case command_id::quit:
    case command_id::reset: return answer_locally(spec, arguments);
    case command_id::unwatch:
      if (!transaction_.open()) {
        transaction_.forget();
        reply_status("OK");
        break;
      }
      [[fallthrough]];
    default: queue(spec, arguments);
  }
  return need::more;
}

void conversation::refuse_in_transaction(const command_spec* spec, std::string_view fault) {
  const auto is = [&](command_id id) { return spec != nullptr && spec->id == id; };
  if (is(command_id::exec)) {  // ends the transaction nevertheless, as in Redis
    transaction_.forget();
    return reply_error("EXECABORT Transaction discarded because of: " +
                       std::string{fault.substr(fault.find(' ') + 1)});
  }
  if (transaction_.open())
    transaction_.spoil();
  else if (is(command_id::watch) || is(command_id::watchat))
    transaction_.watch_refused();
  reply_error(fault);
}

void conversation::begin_transaction() {
  if (transaction_.open()) return reply_error("ERR MULTI calls can not be nested");
  transaction_.begin();
  reply_status("OK");
}

void conversation::discard_transaction() {
  if (!transaction_.open()) return reply_error("ERR DISCARD without MULTI");
  transaction_.forget();
  reply_status("OK");
}

void conversation::queue(const command_spec* spec, arguments_view arguments) {
  auto fault = fault_of_queued(spec, arguments);
  if (fault.empty()) fault = transaction_.queue(arguments);
  if (fault.empty()) return reply_status("QUEUED");
  transaction_.spoil();
  reply_error(fault);
}

/// `session` is empty, or SESSION with its client and number.
void conversation::submit_transaction(arguments_view session) {
  if (!transaction_.open()) return reply_error(exec_without_multi);
  const auto fault = draining_ ? std::string{shutting_down} : transaction_.fault();
  if (fault.empty()) {
    begin_batch(request_kind::write, {});
    batch_returns_values_ = true;
    auto words = transaction_.arguments();
    if (session.empty()) {
      batch_->add(command_id::transaction, words);
    } else {
      words.insert(words.begin(), transaction_name);
      add_session(session[1], session[2], words);
    }
  } else {
    reply_error(fault);
  }
  transaction_.forget();
}

/// Asks for the revisions, in a request of its own: what is gathered with it would go to the log if there is
/// a write.
conversation::need conversation::watch(arguments_view keys) {
  auto fault = transaction_.open() ? std::string{watch_inside_multi} : std::string{};
  if (fault.empty() && draining_) {
    transaction_.watch_refused();
    fault = shutting_down;
  }
  for (std::size_t i = 0; i < keys.size() && fault.empty(); ++i) fault = transaction_.watch(keys[i]);
  if (!fault.empty()) {
    reply_error(fault);
    return need::more;
  }
  begin_batch(request_kind::read, {});
  batch_->add(command_id::revision, keys);
  watching_.assign(keys.begin(), keys.end());
  parser_.pop();
  return need::submit;
}

void conversation::watch_at(arguments_view pairs) {
  if (transaction_.open()) return reply_error(watch_inside_multi);
  std::string fault;
  for (std::size_t i = 0; i + 1 < pairs.size() && fault.empty(); i += 2) {
    std::uint64_t revision = 0;
    if (to_revision(pairs[i + 1], revision)) {
      fault = transaction_.watch(pairs[i]);
      if (fault.empty()) transaction_.learned(pairs[i], revision);
    } else {
      transaction_.watch_refused();
      fault = "ERR a revision must be an integer from 0 to 9223372036854775807";
    }
  }
  fault.empty() ? reply_status("OK") : reply_error(fault);
}

/// Keys whose revisions did not come stay watched, so that a transaction that was sent along does not run.
void conversation::revisions_answered(outcome result, std::string_view reply) {
  const auto keys = std::exchange(watching_, {});
  batch_count_ = 0;
  if (result != outcome::done) return reply_error(explain(result));
  std::size_t executed = 0;
  std::vector<std::int64_t> revisions;
  if (!read_executed(reply, executed) || executed != 1) return reply_error(explain(result));
  if (reply.starts_with('-') && render(reply, client_.spoken, output_)) return;
  if (!read_integers(reply, revisions) || revisions.size() != keys.size())
    return reply_error(explain(result));
  for (std::size_t i = 0; i < keys.size(); ++i)
    transaction_.learned(keys[i], static_cast<std::uint64_t>(revisions[i]));
  output_ += "+OK\r\n";
}

}  // namespace bulwark::kv
