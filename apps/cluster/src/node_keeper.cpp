// SPDX-License-Identifier: BSD-3-Clause
#include "node_keeper.hpp"

#include <algorithm>
#include <boost/asio/read_until.hpp>
#include <csignal>
#include <istream>
#include <nlohmann/json.hpp>
#include <random>
#include <type_traits>
#include <utility>
#include <variant>

#include "bulwark/cluster/log_file.hpp"
#include "incarnation.hpp"

namespace bulwark::cluster {

namespace asio = boost::asio;
using boost::system::error_code;
using clock = std::chrono::steady_clock;
using kind = launcher_event::kind;

namespace {

constexpr std::size_t log_excerpt_max = 200;

double seconds(clock::duration d) { return std::chrono::duration<double>(d).count(); }

/// A thread in the middle of a write to disk stops after it.
constexpr auto standstill_patience = std::chrono::seconds(1);

exit_status status_of(const child_end& end, bool asked) {
  if (asked && end.clean) return {exit_kind::shutdown, end.reason};
  if (end.clean) return {exit_kind::normal, end.reason};
  return {end.reason.starts_with("killed") ? exit_kind::killed : exit_kind::failure, end.reason};
}

}  // namespace

node_keeper::node_keeper(asio::io_context& io, const launcher_options& options, const node_entry& node,
                         listener tell)
    : io_(io), options_(options), node_(node), tell_(std::move(tell)), timer_(io) {
  first_starts_ = backoff({.initial = options.policy.delay_first, .max = options.policy.delay_max});
}

node_keeper::~node_keeper() = default;

void node_keeper::fresh_plan() {
  const auto& policy = options_.policy;
  supervisor_flags flags;
  flags.intensity = policy.restarts_max;
  flags.period = policy.window;
  child_spec spec;
  spec.id = node_.id;
  spec.shutdown = shutdown_policy::within(policy.stop_deadline);
  spec.delays = {.initial = policy.delay_first, .max = policy.delay_max, .reset_after = policy.calm};
  spec.start_timeout = policy.start_deadline;
  plan_ = std::make_unique<restart_plan>(flags, std::vector{spec}, std::random_device{}());
  was_ready_ = false;
  parked_ = false;
}

void node_keeper::start() {
  fresh_plan();
  feed(plan::start_all{});
}

void node_keeper::stop() {
  if (stopping_) return;
  stopping_ = true;
  answer_waiting("the cluster is being stopped");
  answer_holders("the cluster is being stopped");
  if (parked_ || !plan_) {
    timer_.cancel();
    stopped_ = true;
    return;
  }
  feed(plan::stop_all{});
}

void node_keeper::kill_now() {
  if (current_) current_->process.send(SIGKILL);
}

std::string node_keeper::signal(int number) {
  if (current_ && current_->process.send(number)) return {};
  std::string text = node_.id + " does not run";
  if (!reason_.empty()) text += " (" + reason_ + ")";
  return text;
}

void node_keeper::pause(answer done) {
  if (auto error = signal(SIGSTOP); !error.empty()) return done(error);
  await_standstill(current_, clock::now() + standstill_patience, std::move(done));
}

void node_keeper::await_standstill(const std::shared_ptr<incarnation>& process, clock::time_point until,
                                   answer done) {
  if (process != current_) return done(node_.id + " ended before it stood still");
  if (process->process.is_stopped()) return done({});
  if (clock::now() >= until) return done(node_.id + " got the signal, but some of its threads go on");
  const auto timer = std::make_shared<asio::steady_timer>(io_, std::chrono::milliseconds(1));
  timer->async_wait([this, process, until, done = std::move(done), timer](error_code) mutable {
    await_standstill(process, until, std::move(done));
  });
}

void node_keeper::restart(answer done) {
  if (!holders_.empty()) return done(node_.id + " is being held");
  held_for_good_ = false;
  waiting_.push_back(std::move(done));
  if (parked_) return start();
  feed(plan::restart{node_.id});
}

void node_keeper::hold(bool for_good, answer done) {
  held_for_good_ = held_for_good_ || for_good;
  const bool is_stopping = !holders_.empty();
  holders_.push_back(std::move(done));
  answer_waiting(node_.id + " is being held");
  if (!parked_ && !is_stopping) return feed(plan::stop_all{});
  if (!parked_) return;
  park(hold_time());
  answer_holders({});
}

void node_keeper::feed(plan::event event) {
  pending_.push_back(std::move(event));
  if (feeding_) return;  // an effect of an event caused another: it has its turn afterwards
  feeding_ = true;
  std::vector<plan::effect> effects;
  while (!pending_.empty()) {
    const auto next = std::move(pending_.front());
    pending_.pop_front();
    effects.clear();
    plan_->step(next, clock::now(), effects);
    for (const auto& effect : effects) perform(effect);
  }
  feeding_ = false;
  settle_timer();
}

void node_keeper::settle_timer() {
  if (parked_) return;
  timer_.cancel();
  const auto wakeup = plan_->next_wakeup();
  if (!wakeup) return;
  timer_.expires_at(*wakeup);
  timer_.async_wait([this](error_code error) {
    if (!error && !parked_) feed(plan::tick{});
  });
}

void node_keeper::perform(const plan::effect& effect) {
  std::visit(
      [this](const auto& e) {
        using effect_type = std::decay_t<decltype(e)>;
        if constexpr (std::is_same_v<effect_type, plan::start_child>) {
          launch(e.generation);
        } else if constexpr (std::is_same_v<effect_type, plan::stop_child>) {
          if (!current_) return;
          current_->process.send(SIGTERM);
          current_->process.send(SIGCONT);  // a paused process would not see it
        } else if constexpr (std::is_same_v<effect_type, plan::kill_child>) {
          if (current_) current_->process.send(SIGKILL);
        } else if constexpr (std::is_same_v<effect_type, plan::abandoned>) {
          // Its handlers keep it until it ends at last, and reap it then.
          current_.reset();
          tell_({kind::trouble, node_.id, 0, node_.id + " does not end even when killed; it is left behind",
                 0});
        } else if constexpr (std::is_same_v<effect_type, plan::publish>) {
          on_published(e.what);
        } else if constexpr (std::is_same_v<effect_type, plan::gave_up>) {
          on_gave_up(e.reason);
        } else if constexpr (std::is_same_v<effect_type, plan::stopped>) {
          on_stopped();
        }
      },
      effect);
}

void node_keeper::launch(std::uint64_t generation) {
  try {
    const auto program = options_.program.empty() ? own_program() : options_.program;
    const child_command command{program, node_command_line(options_, node_),
                                options_.directory.node_log(node_.id)};
    current_ = std::make_shared<incarnation>(io_, command, generation);
  } catch (const std::exception& e) {
    reason_ = e.what();
    return feed(plan::start_failed{node_.id, generation, reason_});
  }
  ++starts_;
  tell_({kind::node_started, node_.id, current_->process.pid(), {}, 0});
  await_end(current_);
  await_output(current_);
}

void node_keeper::await_end(const std::shared_ptr<incarnation>& process) {
  process->ended.async_wait(asio::posix::stream_descriptor::wait_read, [this, process](error_code error) {
    if (!error) on_end(process);
  });
}

void node_keeper::await_output(const std::shared_ptr<incarnation>& process) {
  asio::async_read_until(process->output, process->lines, '\n',
                         [this, process](error_code error, std::size_t) {
                           if (error == asio::error::not_found) {
                             process->lines.consume(process->lines.size());  // a line beyond all bounds
                           } else if (error) {
                             return;
                           } else {
                             std::istream in(&process->lines);
                             std::string line;
                             std::getline(in, line);
                             on_line(process, line);
                           }
                           await_output(process);
                         });
}

void node_keeper::on_line(const std::shared_ptr<incarnation>& process, const std::string& line) {
  append_to_log(options_.directory.node_log(node_.id), line + "\n");
  if (process != current_ || !line.starts_with("ready id=") || state() != child_state::starting) return;
  was_ready_ = true;
  first_starts_.reset();
  const auto took = seconds(clock::now() - process->began);
  feed(plan::child_ready{node_.id, process->generation});
  tell_({kind::node_ready, node_.id, process->process.pid(), node_.resp, took});
  answer_waiting({});
}

void node_keeper::on_end(const std::shared_ptr<incarnation>& process) {
  const auto end = process->process.reap_if_ended();
  if (!end) return await_end(process);  // a second process beside one that lives would never get its data
  if (process != current_) return;
  const bool asked = state() == child_state::stopping;
  current_.reset();
  reason_ = end->reason;
  if (!asked && !end->clean && !end->reason.starts_with("killed")) {
    // The last thing it said is the best guess at what was wrong.
    const auto last = last_lines(options_.directory.node_log(node_.id), 1);
    if (!last.empty()) reason_ += ": " + last.front().substr(0, log_excerpt_max);
  }
  auto status = status_of(*end, asked);
  status.text = reason_;
  feed(plan::child_exited{node_.id, process->generation, std::move(status)});
}

void node_keeper::on_published(const supervision_event& event) {
  switch (event.kind) {
    case event_kind::exited:
    case event_kind::start_failed: {
      // The first restart after a calm time is immediate; then the plan's next wakeup is another matter.
      const auto due = state() == child_state::waiting ? plan_->next_wakeup() : std::nullopt;
      const auto pause = due ? std::max(seconds(*due - clock::now()), 0.0) : 0.0;
      // If the plan ends with it, what comes next is told where that is decided.
      if (!plan_->ending()) tell_({kind::node_ended, node_.id, 0, event.reason.text, pause});
      answer_waiting(node_.id + " ended before it was ready: " + event.reason.text);
      break;
    }
    case event_kind::stopped: tell_({kind::node_stopped, node_.id, 0, event.reason.text, 0}); break;
    default: break;
  }
}

/// All is at rest, as asked.
void node_keeper::on_stopped() {
  stopped_ = stopping_;
  if (stopping_) return;
  park(hold_time());
  answer_holders({});
}

void node_keeper::on_gave_up(const std::string& reason) {
  if (stopping_ || !holders_.empty()) return on_stopped();
  if (was_ready_) {
    tell_({kind::node_parked, node_.id, 0, reason, seconds(options_.policy.parked)});
    return park(options_.policy.parked);
  }
  const auto pause = first_starts_.next(0.5);
  tell_({kind::node_ended, node_.id, 0, reason_.empty() ? reason : reason_, seconds(pause)});
  park(pause);
}

std::chrono::steady_clock::duration node_keeper::hold_time() const {
  return held_for_good_ ? std::chrono::hours{24 * 365 * 100} : options_.policy.held;
}

void node_keeper::park(clock::duration pause) {
  parked_ = true;
  timer_.expires_after(pause);
  timer_.async_wait([this](error_code error) {
    if (!error && parked_ && !stopping_) start();
  });
}

void node_keeper::answer_waiting(const std::string& error) {
  for (const auto& done : std::exchange(waiting_, {})) done(error);
}

void node_keeper::answer_holders(const std::string& error) {
  for (const auto& done : std::exchange(holders_, {})) done(error);
}

child_state node_keeper::state() const {
  const auto child = plan_ ? plan_->find_child(node_.id) : std::nullopt;
  return child ? child->state : child_state::down;
}

nlohmann::ordered_json node_keeper::report() const {
  nlohmann::ordered_json json;
  json["id"] = node_.id;
  json["pid"] = nullptr;
  json["resp"] = node_.resp;
  json["listen"] = node_.listen;
  json["data"] = options_.directory.node_data(node_.id).string();
  json["state"] = "down";
  json["restarts"] = starts_ > 0 ? starts_ - 1 : 0;
  json["uptime_s"] = nullptr;
  json["reason"] = reason_.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(reason_);
  if (!current_) return json;
  json["pid"] = current_->process.pid();
  json["uptime_s"] = seconds(clock::now() - current_->began);
  const auto now = state();
  json["state"] = current_->process.is_stopped() ? "paused"
                  : now == child_state::stopping ? "draining"
                  : now == child_state::up       ? "up"
                                                 : "starting";
  return json;
}

}  // namespace bulwark::cluster
