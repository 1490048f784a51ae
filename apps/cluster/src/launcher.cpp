// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/cluster/launcher.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <map>
#include <set>
#include <utility>

#include "bulwark/actors/certificates.hpp"
#include "bulwark/cluster/control_server.hpp"
#include "bulwark/cluster/log_file.hpp"
#include "json_fields.hpp"
#include "leader_watch.hpp"
#include "node_keeper.hpp"

namespace bulwark::cluster {

namespace asio = boost::asio;
using boost::system::error_code;
using clock = std::chrono::steady_clock;

namespace {

std::string refusal(const std::string& error) { return compact({{"ok", false}, {"error", error}}); }
std::string consent() { return compact({{"ok", true}}); }

std::vector<std::filesystem::path> data_directories(const launcher_options& options) {
  std::vector<std::filesystem::path> result;
  for (const auto& node : options.config.nodes) result.push_back(options.directory.node_data(node.id));
  return result;
}

}  // namespace

class launcher::impl {
 public:
  explicit impl(launcher_options options)
      : options_(std::move(options)),
        server_(io_, options_.directory.root(),
                [this](const std::string& request, control_server::reply reply) {
                  serve(request, std::move(reply));
                }),
        watch_(io_, data_directories(options_),
               [this](const std::string& leader, const std::string& ballot) { on_leader(leader, ballot); }),
        signals_(io_),
        log_timer_(io_),
        reader_(io_) {
    for (const auto& node : options_.config.nodes)
      keepers_.push_back(std::make_unique<node_keeper>(io_, options_, node,
                                                       [this](const launcher_event& e) { on_node(e); }));
  }

  void run(const std::function<void()>& before_last_word) {
    ::signal(SIGPIPE, SIG_IGN);
    if (options_.handle_signals) {
      for (const int signal : {SIGINT, SIGTERM, SIGHUP}) signals_.add(signal);
      await_signal();
    }
    watch_logs();
    began_ = clock::now();
    for (auto& keeper : keepers_) keeper->start();
    watch_.start();
    while (!all_stopped()) io_.run_one();
    finish(before_last_word);
  }

  void stop(const std::string& why) {
    if (stopping_) return;
    stopping_ = true;
    tell({launcher_event::kind::stopping, {}, 0, why, 0});
    watch_.stop();
    for (auto& keeper : keepers_) keeper->stop();
  }

  void watch_reader(int writing_end, std::function<void()> hung_up) {
    reader_.assign(::dup(writing_end));
    reader_.async_wait(asio::posix::stream_descriptor::wait_error,
                       [call = std::move(hung_up)](error_code error) {
                         if (!error) call();
                       });
  }

 private:
  bool all_stopped() const {
    return stopping_ &&
           std::all_of(keepers_.begin(), keepers_.end(), [](const auto& k) { return k->stopped(); });
  }

  void finish(const std::function<void()>& before_last_word) {
    server_.close();
    if (before_last_word) before_last_word();
    for (const auto& reply : waiting_for_down_) reply(consent());
    // Lets the last answers out, and the sessions end; a client that does not read is not waited for.
    io_.restart();
    io_.run_for(std::chrono::milliseconds(200));
  }

  void await_signal() {
    signals_.async_wait([this](error_code error, int signal) {
      if (error) return;
      if (stopping_)
        for (auto& keeper : keepers_) keeper->kill_now();
      stop(signal == SIGINT ? "interrupted" : "asked by a signal");
      await_signal();
    });
  }

  void watch_logs() {
    log_timer_.expires_after(std::chrono::seconds(2));
    log_timer_.async_wait([this](error_code error) {
      if (error) return;
      std::vector<std::filesystem::path> files{options_.directory.launcher_log()};
      for (const auto& node : options_.config.nodes) files.push_back(options_.directory.node_log(node.id));
      for (const auto& file : files) {
        try {
          rotate_log(file, options_.log_bytes_max);
        } catch (const std::exception& e) {
          if (std::exchange(log_trouble_, e.what()) != e.what())
            tell({launcher_event::kind::trouble, {}, 0, std::string("cannot rotate a log: ") + e.what(), 0});
        }
      }
      watch_logs();
    });
  }

  void tell(const launcher_event& event) {
    if (options_.on_event) options_.on_event(event);
  }

  void on_node(const launcher_event& event) {
    if (event.what == launcher_event::kind::node_ready) were_ready_.insert(event.id);
    tell(event);
    check_readiness();
  }

  void on_leader(const std::string& leader, const std::string& ballot) {
    tell({launcher_event::kind::leader_changed, leader, 0, ballot, 0});
    check_readiness();
  }

  void check_readiness() {
    if (told_ready_ || stopping_ || were_ready_.size() < keepers_.size() || watch_.leader().empty()) return;
    told_ready_ = true;
    tell({launcher_event::kind::cluster_ready,
          watch_.leader(),
          0,
          {},
          std::chrono::duration<double>(clock::now() - began_).count()});
  }

  node_keeper* find(const std::string& id) {
    for (auto& keeper : keepers_)
      if (keeper->id() == id) return keeper.get();
    return nullptr;
  }

  std::string list() const {
    nlohmann::ordered_json answer;
    answer["ok"] = true;
    answer["pid"] = ::getpid();
    answer["cluster"] = options_.config.cluster;
    auto& nodes = answer["nodes"] = nlohmann::ordered_json::array();
    for (const auto& keeper : keepers_) nodes.push_back(keeper->report());
    return compact(answer);
  }

  void serve(const std::string& request, control_server::reply reply) {
    const auto json = parse_object(request);
    const auto verb = field<std::string>(json, "do").value_or("");
    if (verb == "ps") return reply(list());
    if (verb == "down") {
      waiting_for_down_.push_back(std::move(reply));
      return stop("asked to");
    }
    static const std::set<std::string> of_nodes{"kill", "pause", "resume", "restart", "hold"};
    if (!of_nodes.contains(verb))
      return reply(refusal("unknown request: expected one of ps, kill, pause, resume, restart, hold, down"));
    const auto id = field<std::string>(json, "node").value_or("");
    auto* keeper = find(id);
    if (!keeper)
      return reply(
          refusal("no node \"" + id + "\": expected n1 to n" + std::to_string(options_.config.nodes.size())));
    if (stopping_) return reply(refusal("the cluster is being stopped"));
    const auto answer = [reply](const std::string& error) {
      reply(error.empty() ? consent() : refusal(error));
    };
    if (verb == "restart") return keeper->restart(answer);
    if (verb == "hold") return keeper->hold(field<bool>(json, "for_good").value_or(false), answer);
    if (verb == "pause") return keeper->pause(answer);
    std::int64_t wanted = verb == "resume" ? SIGCONT : SIGKILL;
    if (verb == "kill" && json.contains("signal")) wanted = field<std::int64_t>(json, "signal").value_or(0);
    if (wanted < 1 || wanted >= NSIG)
      return reply(
          refusal("no signal " + std::to_string(wanted) + ": expected 1 to " + std::to_string(NSIG - 1)));
    answer(keeper->signal(static_cast<int>(wanted)));
  }

  launcher_options options_;
  asio::io_context io_{1};
  std::vector<std::unique_ptr<node_keeper>> keepers_;
  control_server server_;
  leader_watch watch_;
  asio::signal_set signals_;
  asio::steady_timer log_timer_;
  asio::posix::stream_descriptor reader_;
  std::vector<control_server::reply> waiting_for_down_;
  std::set<std::string> were_ready_;
  std::string log_trouble_;
  clock::time_point began_;
  bool told_ready_ = false;
  bool stopping_ = false;
};

launcher::launcher(launcher_options options) : impl_(std::make_unique<impl>(std::move(options))) {}
launcher::~launcher() = default;

void launcher::run(const std::function<void()>& before_last_word) { impl_->run(before_last_word); }
void launcher::stop(const std::string& why) { impl_->stop(why); }
void launcher::watch_reader(int writing_end, std::function<void()> hung_up) {
  impl_->watch_reader(writing_end, std::move(hung_up));
}

std::vector<std::string> node_command_line(const launcher_options& options, const node_entry& node) {
  std::string peers;
  for (const auto& other : options.config.nodes)
    if (other.number != node.number)
      peers += (peers.empty() ? "" : ",") + std::to_string(other.number) + "=" + other.listen;
  std::vector<std::string> line{"bulwark",      "node",
                                "--id",         std::to_string(node.number),
                                "--cluster-id", options.config.cluster,
                                "--resp",       node.resp,
                                "--listen",     node.listen,
                                "--data",       options.directory.node_data(node.id).string()};
  if (!peers.empty()) line.insert(line.end(), {"--peers", peers});
  std::string voters;
  for (std::uint32_t number = 1; number <= options.config.voters; ++number)
    voters += (number > 1 ? "," : "") + std::to_string(number);
  if (!voters.empty()) line.insert(line.end(), {"--voters", voters});
  if (options.config.accept_quorum > 0)
    line.insert(line.end(), {"--accept-quorum", std::to_string(options.config.accept_quorum)});
  if (options.config.tls) {
    const auto files = certificate_files(options.directory.certificates(), node.number);
    line.insert(line.end(), {"--tls-cert", files.certificate.string(), "--tls-key", files.key.string(),
                             "--tls-ca", files.authority.string()});
  }
  line.insert(line.end(), options.node_arguments.begin(), options.node_arguments.end());
  return line;
}

}  // namespace bulwark::cluster
