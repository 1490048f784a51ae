// SPDX-License-Identifier: BSD-3-Clause
#include "control.hpp"

#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <caf/all.hpp>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "bulwark/actors/service_actor.hpp"
#include "bulwark/cluster/control_server.hpp"
#include "bulwark/consensus/core/replica.hpp"
#include "bulwark/consensus/group_machine.hpp"
#include "bulwark/consensus/log_store.hpp"
#include "bulwark/consensus/log_store_actor.hpp"
#include "bulwark/consensus/messages.hpp"
#include "bulwark/consensus/replica_actor.hpp"
#include "bulwark/consensus/saved_state.hpp"
#include "bulwark/supervision/heartbeat_monitor.hpp"
#include "bulwark/supervision/messages.hpp"
#include "bulwark/supervision/tree.hpp"
#include "events_json.hpp"
#include "group_json.hpp"
#include "members_json.hpp"

namespace bulwark::node {

namespace {

using nlohmann::json;
using reply_function = std::function<void(const json&)>;

/// A line that came in on the control socket.
struct control_request {
  json what;
  reply_function reply;
};

}  // namespace
}  // namespace bulwark::node

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::node::control_request)

namespace bulwark::node {
namespace {

const caf::duration answer_limit{std::chrono::milliseconds{400}};
const caf::duration hash_limit{std::chrono::seconds{60}};  ///< for a state that is large
const caf::duration save_limit{std::chrono::minutes{60}};  ///< likewise, and a slow disk
const caf::duration change_limit{std::chrono::seconds{12}};
const caf::duration transfer_limit{std::chrono::seconds{10}};  ///< the replica itself ends it much earlier
constexpr std::chrono::milliseconds answer_head_start{20};
constexpr const char* own_path = "control";  ///< in the tree of the node, see node_tree.hpp

const char* to_string(node_phase phase) {
  switch (phase) {
    case node_phase::up: return "up";
    case node_phase::draining: return "draining";
    case node_phase::starting: break;
  }
  return "starting";
}

/// A reply that is still owed. It holds a session of the socket, which must not outlive the event loop: the
/// loop goes last, however late the reply comes.
struct owed_reply {
  std::shared_ptr<boost::asio::io_context> loop;
  cluster::control_server::reply send;

  void operator()(const json& answer) const {
    boost::asio::post(
        *loop,
        [send = send, text = answer.dump(-1, ' ', false, json::error_handler_t::replace)] { send(text); });
  }
};

/// The socket and the thread that serves it. Destruction ends both.
class control_socket {
 public:
  control_socket(const std::filesystem::path& directory, std::function<void(json, reply_function)> take)
      : take_{std::move(take)},
        server_{*loop_, directory,
                [this](const std::string& line, cluster::control_server::reply reply) {
                  receive(line, std::move(reply));
                }},
        thread_{[this] { loop_->run(); }} {}

  ~control_socket() {
    loop_->stop();
    thread_.join();
  }

 private:
  void receive(const std::string& line, cluster::control_server::reply reply) {
    auto request = json::parse(line, nullptr, false);
    if (!request.is_object() || !request.value("do", json{}).is_string())
      return reply(failure("expected one JSON object a line with the field \"do\"").dump());
    take_(std::move(request), owed_reply{loop_, std::move(reply)});
  }

  std::function<void(json, reply_function)> take_;
  std::shared_ptr<boost::asio::io_context> loop_ = std::make_shared<boost::asio::io_context>(1);
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop_->get_executor()};
  cluster::control_server server_;
  std::thread thread_;
};

class control_actor final : public service_actor {
 public:
  control_actor(caf::actor_config& config, control_options options)
      : service_actor{config}, options_{std::move(options)} {}

  const char* name() const override { return "bulwark.control"; }

  caf::behavior make_behavior() override {
    // A weak address: the socket must not keep its own actor alive.
    const auto self = caf::actor_cast<caf::actor_addr>(this);
    socket_ = std::make_unique<control_socket>(options_.directory, [self](json what, reply_function reply) {
      if (const auto actor = caf::actor_cast<caf::actor>(self))
        caf::anon_send(actor, control_request{std::move(what), std::move(reply)});
      else
        reply(failure("the node ends"));
    });
    return {[this](control_request& request) { take(request); }};
  }

  /// Before a successor can exist, which takes over the socket's name.
  void on_exit() override { socket_.reset(); }

 private:
  void take(control_request& request) {
    const auto what = request.what["do"].get<std::string>();
    if (what == "status") return status(std::move(request.reply));
    if (what == "members") return request.reply(members_json(options_.board->latest().get()));
    if (what == "tree") return tree(std::move(request.reply));
    if (what == "events")
      return request.reply(events_json(*options_.events, options_.facts->incarnation, request.what));
    if (what == "kill") return kill(request.what.value("actor", json{}), std::move(request.reply));
    if (what == "move_leader") return move_leader(request.what.value("to", json{}), request.reply);
    if (what == "change_group") return change_group(request.what, request.reply);
    if (what == "hash") return hash(request.what.value("at", json{}), request.reply);
    if (what == "save_state") return save_state(request.what.value("file", json{}), request.reply);
    if (what == "drain") {
      options_.drain();
      return request.reply({{"ok", true}});
    }
    request.reply(failure(
        "\"" + what +
        "\" is not understood; expected status, members, tree, events, kill, move_leader, change_group, "
        "hash, save_state or drain"));
  }

  // -- status: the replica's part, then the peers', each left out if its actor does not answer in time

  void status(reply_function reply) {
    auto out = std::make_shared<json>(own_status());
    request(options_.replica, answer_limit, consensus::get_replica_status{})
        .then(
            [this, out, reply](const consensus::replica_report& report) {
              add(*out, report);
              add_peers(out, reply);
            },
            [this, out, reply](caf::error&) { add_peers(out, reply); });
  }

  json own_status() const {
    const auto& facts = *options_.facts;
    const std::chrono::duration<double> uptime = std::chrono::steady_clock::now() - facts.started;
    json out{{"ok", true},
             {"id", facts.id},
             {"pid", ::getpid()},
             {"cluster", facts.cluster},
             {"state", to_string(facts.phase.load())},
             {"role", nullptr},
             {"leader", nullptr},
             {"ballot", nullptr},
             {"promised", nullptr},
             {"chosen", nullptr},
             {"applied", nullptr},
             {"quorum", nullptr},
             {"uptime_s", uptime.count()},
             {"incarnation", facts.incarnation},
             {"resp", options_.resp()},
             {"listen", facts.listen},
             {"version", BULWARK_VERSION},
             {"connections", options_.connections()},
             {"peers", json::array()},
             {"view", nullptr},
             {"member", nullptr}};
    if (const auto group = options_.board->latest()) {
      out["view"] = group->nodes().view();
      const auto* self = group->nodes().find(options_.node);
      if (self) out["member"] = to_string(self->state);
    }
    return out;
  }

  static void add(json& out, const consensus::replica_report& report) {
    out["role"] = report.role == "candidate" ? "follower" : report.role;
    out["configured"] = report.configured;
    out["voters"] = names_of(report.voters);
    out["learners"] = names_of(report.learners);
    out["accept_votes"] = report.accept_votes;
    out["prepare_votes"] = report.prepare_votes;
    if (report.leader != 0) out["leader"] = "n" + std::to_string(report.leader);
    out["ballot"] = report.ballot;
    out["promised"] = report.promised;
    out["chosen"] = report.chosen;
    out["applied"] = report.applied;
    out["quorum"] = report.quorum;
    out["elections"] = report.elections;
    out["in_flight"] = report.in_flight;
    out["waiting"] = report.waiting;
    out["storage_writable"] = report.storage_writable;
  }

  void add_peers(const std::shared_ptr<json>& out, const reply_function& reply) {
    request(options_.heartbeats, answer_limit, get_peers{})
        .then(
            [out, reply](const peer_table& table) {
              for (const auto& peer : table.peers) {
                json one{{"id", "n" + std::to_string(peer.peer)},
                         {"state", peer.state},
                         {"status", peer.status},
                         {"incarnation", peer.incarnation},
                         {"uptime_s", static_cast<double>(peer.uptime_ms) / 1000}};
                one["rtt_ms"] = peer.rtt_us < 0 ? json() : json(static_cast<double>(peer.rtt_us) / 1000);
                one["silent_ms"] =
                    peer.silent_us < 0 ? json() : json(static_cast<double>(peer.silent_us) / 1000);
                one["phi"] = std::round(peer.phi * 100) / 100;
                one["lag_ms"] = static_cast<double>(peer.lag_us) / 1000;
                one["cpu"] = static_cast<double>(peer.cpu_permille) / 1000;
                one["memory_mib"] = static_cast<double>(peer.memory_kib / 1024);
                one["queue"] = peer.queue;
                one["mailbox_age_ms"] = static_cast<double>(peer.mailbox_age_us) / 1000;
                one["anomaly"] = std::round(peer.anomaly * 10) / 10;
                one["anomaly_of"] = peer.anomaly_of;
                (*out)["peers"].push_back(std::move(one));
              }
              reply(*out);
            },
            [out, reply](caf::error&) { reply(*out); });
  }

  /// `to` is "n2".
  void move_leader(const json& to, const reply_function& reply) {
    const auto name = to.is_string() ? to.get<std::string>() : std::string{};
    const auto target = number_of(name);
    if (target == 0) return reply(failure("expected the node that is to lead in \"to\", such as n2"));
    request(options_.replica, transfer_limit, consensus::transfer_leadership{target})
        .then(
            [reply, name](const consensus::transfer_result& result) {
              const consensus::transfer_outcome how{result.outcome};
              if (how == consensus::transfer_outcome::moved) return reply({{"ok", true}, {"leader", name}});
              reply(failure("leadership did not go to " + name + ": " + consensus::to_string(how)));
            },
            [reply](caf::error&) { reply(failure("the replica did not answer in time")); });
  }

  void change_group(const json& what, const reply_function& reply) {
    const auto change = to_change(what);
    if (!change)
      return reply(
          failure("expected add, promote, remove or replace in \"change\", a node such as n2 in "
                  "\"node\", and for replace another in \"by\""));
    request(options_.replica, change_limit, *change)
        .then([reply](const consensus::group_change_result& result) { reply(to_json(result)); },
              [reply](caf::error&) { reply(failure("the replica did not answer in time")); });
  }

  // -- the state

  /// `at` is a slot, or nothing.
  void hash(const json& at, const reply_function& reply) {
    const auto wanted = at.is_number_unsigned() ? at.get<std::uint64_t>() : 0;
    ask_state({consensus::slot{wanted}}, reply, [reply](const consensus::replica_state& found) {
      char text[32];
      std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(found.hash));
      reply({{"ok", true}, {"slot", number(found.at)}, {"hash", text}, {"bytes", found.size}});
    });
  }

  /// Without the membership: that is of this cluster alone.
  void save_state(const json& file, const reply_function& reply) {
    if (!file.is_string() || !std::filesystem::path{file.get<std::string>()}.is_absolute())
      return reply(failure("expected an absolute path in \"file\""));
    const auto writer = [path = file.get<std::string>(),
                         cluster = options_.facts->cluster](consensus::slot at) {
      return std::shared_ptr{consensus::make_saved_state_writer(path, cluster, at)};
    };
    ask_state({{}, writer}, reply, [reply](const consensus::replica_state& found) {
      reply({{"ok", true}, {"slot", number(found.at)}, {"bytes", found.size}});
    });
  }

  template <class Then>
  void ask_state(const consensus::get_state& what, const reply_function& reply, Then then) {
    request(options_.replica, what.write_to ? save_limit : hash_limit, what)
        .then(
            [reply, then](const consensus::replica_state& found) {
              if (!found.found) return reply(failure("that slot is gone by, or the state cannot be saved"));
              then(found);
            },
            [reply](const caf::error& why) {
              if (const auto problem = consensus::text_of(why)) return reply(failure(*problem));
              reply(failure("the replica did not get there in time"));
            });
  }

  // -- the tree

  void tree(reply_function reply) {
    const auto root = options_.root();
    if (!root) return reply(failure("the node starts"));
    request(root, answer_limit, get_tree{300})
        .then(
            [reply](const tree_node& tree) {
              reply({{"ok", true}, {"tree", json::parse(to_json(tree))}});
            },
            [reply](caf::error&) { reply(failure("the root supervisor did not answer in time")); });
  }

  void kill(const json& target, reply_function reply) {
    if (!target.is_string())
      return reply(failure("expected the path of an actor in \"actor\", such as clients/sessions/session1"));
    const auto path = target.get<std::string>();
    const auto root = options_.root();
    if (!root) return reply(failure("the node starts"));
    if (path.find('/') != std::string::npos) return kill_path(root, path, std::move(reply));
    request(root, answer_limit, get_tree{300})
        .then(
            [this, root, path, reply](const tree_node& tree) {
              const auto found = find_path(tree, path);
              if (found.empty())
                return reply(failure("no actor, or more than one, is called \"" + path + "\"; see the tree"));
              kill_path(root, found, reply);
            },
            [reply](caf::error&) { reply(failure("the root supervisor did not answer in time")); });
  }

  void kill_path(const caf::actor& root, const std::string& path, const reply_function& reply) {
    if (path == own_path) {
      // The answer goes through what the kill ends: it gets a head start.
      caf::delayed_anon_send(root, answer_head_start, kill_child{path, {}});
      return reply({{"ok", true}, {"killed", path}});
    }
    request(root, answer_limit, kill_child{path, {}})
        .then(
            [reply](const kill_result& result) {
              if (result.killed.empty()) return reply(failure(result.error));
              reply({{"ok", true}, {"killed", result.killed}});
            },
            [reply](caf::error&) { reply(failure("the root supervisor did not answer in time")); });
  }

  control_options options_;
  std::unique_ptr<control_socket> socket_;
};

}  // namespace

caf::actor spawn_control(caf::actor_system& system, control_options options) {
  return system.spawn<control_actor>(std::move(options));
}

}  // namespace bulwark::node
