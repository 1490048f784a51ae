// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/kv/core/conversation.hpp"

#include <vector>

#include "bulwark/actors/core/invariant.hpp"
#include "explain.hpp"
#include "local_commands.hpp"
#include "session_words.hpp"
#include "stale_words.hpp"

namespace bulwark::kv {

namespace {

using consensus::outcome;
using consensus::request_kind;

}  // namespace

conversation::conversation(const conversation_limits& limits, client_record client, server_view& server)
    : limits_{limits},
      client_{std::move(client)},
      server_{server},
      parser_{limits.requests},
      transaction_{limits.transactions, limits.requests.command_bytes_max, server} {}

conversation::need conversation::advance() {
  if (awaiting_ != awaiting::nothing || finished_) return need::input;
  if (!resumed_.empty()) return need::submit;
  for (;;) {
    if (output_.size() >= limits_.output_bytes_step) return stop_or_submit(need::more);
    const auto state = parser_.parse();
    if (state == request_parser::state::incomplete) {
      if (input_ended_ && !batch_) finished_ = true;
      return stop_or_submit(need::input);
    }
    if (state == request_parser::state::failed) {
      if (batch_) return need::submit;
      reply_error("ERR " + std::string{parser_.error()});
      finished_ = true;
      return need::input;
    }
    const auto arguments = parser_.arguments();
    const auto* spec = find_command(arguments[0]);
    const auto what =
        concerns_transaction(spec) ? go_on_in_transaction(spec, arguments) : carry_out(spec, arguments);
    if (what != need::more) return what;
    parser_.pop();
  }
}

/// Returns need::more once the command is answered, or in the batch.
conversation::need conversation::carry_out(const command_spec* spec, arguments_view arguments) {
  const bool replicated =
      spec != nullptr && spec->kind != command_kind::local && fault_of(spec, arguments).empty();
  if (replicated && !draining_) return add_to_batch(*spec, arguments.subspan(1)) ? need::more : need::submit;
  if (batch_) return need::submit;  // the replies of the batch come first
  if (!replicated) return answer_locally(spec, arguments);
  reply_error(shutting_down);
  return need::more;
}

std::string conversation::fault_of(const command_spec* spec, arguments_view arguments) const {
  if (spec == nullptr) return unknown_command(arguments);
  if (!arity_fits(*spec, arguments.size())) return wrong_arity(*spec);
  auto inner = arguments.subspan(0, 0);  // of a command that runs another one
  if (spec->id == command_id::session) {
    if (auto fault = fault_of_session(arguments); !fault.empty()) return fault;
    inner = arguments.subspan(3);
  }
  if (spec->id == command_id::stale) {
    if (auto fault = fault_of_stale(arguments); !fault.empty()) return fault;
    inner = arguments.subspan(2);
  }
  if (keys_fit(*spec, arguments) && (inner.empty() || keys_fit(*find_command(inner[0]), inner))) return {};
  return "ERR key is too long: at most " + std::to_string(limits_.key_bytes_max) + " bytes";
}

conversation::need conversation::stop_or_submit(need otherwise) { return batch_ ? need::submit : otherwise; }

bool conversation::fits_into_batch(arguments_view arguments) const {
  std::size_t size = 0;
  for (const auto argument : arguments) size += argument.size();
  return batch_->count() < limits_.batch_commands_max && batch_->bytes() + size <= limits_.batch_bytes_max;
}

void conversation::begin_batch(request_kind kind, std::chrono::milliseconds at_most) {
  batch_.emplace(limits_.batches);
  kind_ = kind;
  at_most_ = at_most;
  batch_returns_values_ = false;
}

/// A batch has one age. False if the one at hand is full, or of another.
bool conversation::add_stale(arguments_view arguments) {
  const auto at_most = *to_age(arguments[0]);
  if (batch_ && (kind_ != request_kind::stale_read || at_most_ != at_most || !fits_into_batch(arguments)))
    return false;
  if (!batch_) begin_batch(request_kind::stale_read, at_most);
  const auto& spec = *find_command(arguments[1]);
  batch_returns_values_ |= spec.returns_values;
  batch_->add(spec.id, arguments.subspan(2));
  return true;
}

/// False if the batch is full, or of stale reads.
bool conversation::add_to_batch(const command_spec& spec, arguments_view arguments) {
  if (spec.id == command_id::stale) return add_stale(arguments);
  if (batch_ && (kind_ == request_kind::stale_read || !fits_into_batch(arguments))) return false;
  if (!batch_) begin_batch(request_kind::read, {});
  if (spec.kind == command_kind::write) kind_ = request_kind::write;
  batch_returns_values_ |= spec.returns_values;
  if (spec.id == command_id::session)
    add_session(arguments[0], arguments[1], arguments.subspan(2));
  else
    batch_->add(spec.id, arguments);
  return true;
}

/// With the time, by which sessions end.
void conversation::add_session(std::string_view client, std::string_view number, arguments_view inner) {
  const auto now = std::to_string(server_.unix_ms());
  std::vector<std::string_view> stamped{client, number, now};
  stamped.insert(stamped.end(), inner.begin(), inner.end());
  batch_->add(command_id::session, stamped);
}

bool conversation::keys_fit(const command_spec& spec, arguments_view arguments) const {
  bool fit = true;
  for_each_key(spec, arguments,
               [&](std::size_t at) { fit &= arguments[at].size() <= limits_.key_bytes_max; });
  return fit;
}

/// Returns need::more once the command is answered.
conversation::need conversation::answer_locally(const command_spec* spec, arguments_view arguments) {
  if (const auto fault = fault_of(spec, arguments); !fault.empty()) {
    reply_error(fault);
  } else if (needs_status(spec->id) && !status_asked_) {
    awaiting_ = awaiting::status;
    return need::status;
  } else {
    std::string neutral;
    reply_builder reply{neutral};
    const auto after = answer_local(spec->id, arguments, client_, server_, status_, reply);
    std::string_view rest = neutral;
    BULWARK_INVARIANT(render(rest, client_.spoken, output_));
    if (spec->id == command_id::reset) transaction_.forget();
    status_asked_ = false;
    status_.reset();
    server_.count_commands(1);
    finished_ = after == after_reply::close;
    if (finished_) {
      parser_.pop();
      return need::input;
    }
  }
  return need::more;
}

conversation::submission conversation::take_submit() {
  awaiting_ = awaiting::answer;
  if (!resumed_.empty()) {
    kept_ = std::move(resumed_);
    resumed_.clear();
    return {kind_, kept_, at_most_};
  }
  BULWARK_INVARIANT(batch_.has_value());
  batch_count_ = batch_->count();
  submission result{kind_, std::move(*batch_).take(), at_most_};
  batch_.reset();
  kept_ = batch_returns_values_ ? result.payload : std::string{};
  server_.count_commands(batch_count_);
  return result;
}

void conversation::answered(outcome result, std::string_view reply, std::chrono::milliseconds age) {
  if (!awaits_answer()) return;
  awaiting_ = awaiting::nothing;
  if (!watching_.empty()) {
    revisions_answered(result, reply);
  } else if (result == outcome::done) {
    render_answers(reply, age);
  } else {
    while (batch_count_ > 0) {
      reply_error(explain(result));
      --batch_count_;
    }
  }
  if (batch_count_ == 0) kept_ = {};
}

/// Takes one from the front. That of a stale read stands behind its age.
bool conversation::render_answer(std::string_view& answers, std::chrono::milliseconds age) {
  if (kind_ != request_kind::stale_read) return render(answers, client_.spoken, output_);
  const auto before = output_.size();
  output_ += "*2\r\n:" + std::to_string(age.count()) + "\r\n";
  if (render(answers, client_.spoken, output_)) return true;
  output_.resize(before);
  return false;
}

void conversation::render_answers(std::string_view answer, std::chrono::milliseconds age) {
  std::size_t executed = 0;
  bool good = read_executed(answer, executed) && executed > 0 && executed <= batch_count_;
  for (std::size_t i = 0; good && i < executed; ++i) {
    good = render_answer(answer, age);
    if (good) --batch_count_;
  }
  if (good && batch_count_ > 0) resumed_ = without_first(kept_, executed);
  if (!resumed_.empty()) return;
  for (; batch_count_ > 0; --batch_count_) reply_error(explain(outcome::done));
}

void conversation::status_known(std::optional<replica_view> status) {
  if (!awaits_status()) return;
  awaiting_ = awaiting::nothing;
  status_asked_ = true;
  status_ = std::move(status);
}

std::string conversation::take_output() {
  std::string result;
  result.swap(output_);
  return result;
}

void conversation::reply_error(std::string_view text) {
  std::string neutral;
  reply_builder{neutral}.error(text);
  std::string_view rest = neutral;
  BULWARK_INVARIANT(render(rest, client_.spoken, output_));
}

void conversation::reply_status(std::string_view text) {
  output_.append("+").append(text).append("\r\n");
  server_.count_commands(1);
}

}  // namespace bulwark::kv
