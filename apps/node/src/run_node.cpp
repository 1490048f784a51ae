// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/node/run_node.hpp"

#include <pthread.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <caf/all.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <random>

#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/node_config.hpp"
#include "bulwark/actors/tls.hpp"
#include "bulwark/consensus/messages.hpp"
#include "bulwark/supervision/heartbeat_monitor.hpp"
#include "bulwark/supervision/messages.hpp"
#include "bulwark/supervision/storm_sink.hpp"
#include "logging.hpp"
#include "node_tree.hpp"

namespace bulwark {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr int exit_usage = 2;
constexpr int exit_gave_up = 70;
constexpr int exit_data = 73;
constexpr int exit_port = 74;

/// Events of the tree that can be asked for.
constexpr std::size_t events_kept = 1000;

/// How long a node that ends waits for the group to hear of it: when all nodes end, the last ones wait in
/// vain.
constexpr auto leave_patience = 300ms;

/// Tells the main thread that the tree has ended, or got ready.
constexpr int signal_ended = SIGUSR1;
constexpr int signal_ready = SIGUSR2;

/// Signals are taken by the main thread alone; every thread that comes later inherits the mask.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int one : {SIGTERM, SIGINT, SIGHUP, signal_ended, signal_ready}) sigaddset(&set, one);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

/// The next signal, or 0 if none comes by then.
int await_signal(const sigset_t& set, clock::time_point until) {
  const auto left = std::max(until - clock::now(), clock::duration{0});
  const timespec limit{std::chrono::duration_cast<std::chrono::seconds>(left).count(),
                       static_cast<long>((left % 1s).count())};
  const int got = sigtimedwait(&set, nullptr, &limit);
  return got < 0 ? 0 : got;
}

bool is_stop(int signal) { return signal == SIGTERM || signal == SIGINT || signal == SIGHUP; }

/// Passes "ready" on to the main thread; stands in for the parent of the root supervisor.
caf::behavior ready_listener(caf::event_based_actor* self, pthread_t main_thread) {
  self->set_default_handler(caf::skip);
  return {[main_thread](child_ready) { pthread_kill(main_thread, signal_ready); }};
}

void log_event(const supervision_event& event) {
  const bool routine = event.kind == event_kind::started || event.kind == event_kind::ready ||
                       event.kind == event_kind::stopped;
  spdlog::log(routine ? spdlog::level::debug : spdlog::level::warn, "{}", to_string(event));
}

std::uint64_t draw_incarnation() {
  // Grows from life to life as long as the clock does, and differs even if it does not.
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
             std::chrono::duration_cast<std::chrono::nanoseconds>(since_epoch).count()) ^
         (std::random_device{}() & 0xff);
}

/// Runs until the tree has ended; returns the exit code.
class node_run {
 public:
  node_run(const node::node_options& options, const consensus::data_directory& data,
           std::shared_ptr<tls_endpoint> tls, caf::actor_system& system, const sigset_t& signals)
      : options_{options}, signals_{signals}, facts_{std::make_shared<node::node_facts>()} {
    facts_->id = "n" + std::to_string(options.id);
    facts_->cluster = options.cluster;
    facts_->incarnation = draw_incarnation();
    facts_->started = clock::now();
    const auto main_thread = pthread_self();
    parent_ = system.spawn(ready_listener, main_thread);
    tree_ = std::make_unique<node::node_tree>(system,
                                              node::node_parts{.options = &options,
                                                               .data = &data,
                                                               .facts = facts_,
                                                               .sink = sink(),
                                                               .events = events_,
                                                               .parent = parent_,
                                                               .tls = std::move(tls),
                                                               .drain = [] { ::kill(::getpid(), SIGTERM); }});
    tree_->root()->attach_functor(
        [main_thread](const caf::error&) { pthread_kill(main_thread, signal_ended); });
  }

  ~node_run() {
    log_.flush(clock::now());
    caf::anon_send_exit(parent_, caf::exit_reason::kill);
  }

  int run() {
    for (;;) {
      const int got = await_signal(signals_, clock::now() + 1s);
      log_.tick(clock::now());
      if (got == signal_ready) announce();
      if (got == signal_ended) {
        spdlog::critical("the root supervisor gave up; the process ends for its launcher to start a new one");
        return exit_gave_up;
      }
      if (is_stop(got)) return stop(got);
    }
  }

 private:
  void announce() {
    if (facts_->phase.exchange(node::node_phase::up) != node::node_phase::starting) return;
    spdlog::info("serves clients at {} and peers at {}", tree_->resp(), facts_->listen);
    std::printf("ready id=%s resp=%s listen=%s\n", facts_->id.c_str(), tree_->resp().c_str(),
                facts_->listen.c_str());
    std::fflush(stdout);
  }

  /// The log is spared storms; who asks for events gets them all, as far as they are kept.
  event_sink sink() const {
    return [log = log_.sink(), events = events_](const supervision_event& event) {
      events->push(event);
      log(event);
    };
  }

  int stop(int signal) {
    spdlog::info("got {}; drains for at most {} ms", strsignal(signal), options_.drain.count());
    const auto before = facts_->phase.exchange(node::node_phase::draining);
    // While clients are still served: their requests go on to the next leader, which need not be elected
    // then.
    if (before == node::node_phase::up) tree_->hand_leadership_over();
    tree_->drain_clients();
    const auto drained_by = clock::now() + options_.drain;
    while (tree_->connections() > 0 && clock::now() < drained_by)
      if (const int again = await_signal(signals_, clock::now() + 10ms); is_stop(again)) ::_exit(128 + again);
    tree_->leave(leave_patience);
    ask_to_stop(tree_->root());
    const auto stopped_by = clock::now() + options_.drain + 5s;
    for (;;) {
      const int got = await_signal(signals_, stopped_by);
      if (got == signal_ended) break;
      if (is_stop(got)) ::_exit(128 + got);
      if (got == 0) {
        spdlog::error("the tree did not stop in time; the process ends without waiting for it");
        ::_exit(exit_gave_up);
      }
    }
    spdlog::info("stopped");
    return 0;
  }

  const node::node_options& options_;
  const sigset_t& signals_;
  std::shared_ptr<node::node_facts> facts_;
  const storm_sink log_{log_event, {}};
  const std::shared_ptr<node::event_ring> events_ = std::make_shared<node::event_ring>(events_kept);
  caf::actor parent_;
  std::unique_ptr<node::node_tree> tree_;
};

int run(const node::node_options& options) {
  const auto signals = block_signals();
  node::set_up_logging(options);
  std::unique_ptr<consensus::data_directory> data;
  try {
    data = std::make_unique<consensus::data_directory>(
        options.data, consensus::data_identity{options.cluster, consensus::node_id{options.id}});
  } catch (const consensus::log_failure& problem) {
    spdlog::critical("{}", problem.what());
    return exit_data;
  }
  std::shared_ptr<tls_endpoint> tls;
  try {
    if (options.tls.any()) tls = make_tls_endpoint(options.tls, options.cluster, options.id);
  } catch (const std::runtime_error& problem) {
    spdlog::critical("{}", problem.what());
    return exit_usage;
  }
  node_config config;
  add_supervision_messages(config);
  add_heartbeat_messages(config);
  consensus::add_consensus_messages(config);
  caf::actor_system system{config};
  system.await_actors_before_shutdown(false);
  int code = 0;
  try {
    code = node_run{options, *data, tls, system, signals}.run();
  } catch (const std::exception& problem) {
    spdlog::critical("{}", problem.what());
    code = exit_port;
  }
  // What is durable is durable; nothing is won by waiting for actors that may be stuck.
  std::fflush(nullptr);
  ::_exit(code);
}

}  // namespace

int run_node(int argc, char** argv) {
  try {
    return run(node::parse_options(argc, argv));
  } catch (const node::options_exit& end) {
    if (end.code == 0)
      std::fputs(end.what(), stdout);
    else
      std::fprintf(stderr, "bulwark node: %s\nbulwark node --help lists the options.\n", end.what());
    return end.code;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "bulwark node: %s\n", problem.what());
    return exit_usage;
  }
}

}  // namespace bulwark
