// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/command_line.hpp"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bulwark/cluster/commands.hpp"

namespace bulwark {

namespace {

using cluster::common_options;
using cluster::exit_code;
using cluster::failure;

constexpr const char* after_all =
    "Exit codes: 0 ok, 1 unhealthy or failed, 2 wrong usage, 3 nobody to ask, 4 no quorum.\n"
    "More on a command: bulwark COMMAND --help";

/// The command line as CLI11 knows it, and what it leads to.
class command_line {
 public:
  command_line() : app_("bulwark: services that survive faults, on a replicated log", "bulwark") {
    app_.require_subcommand(0, 1);
    // As everywhere: of an option given twice, the last one counts. Scripts rely on it to override what they
    // pass on.
    app_.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    app_.footer(after_all);
    app_.set_help_all_flag("--help-all", "Show the options of all commands");
    add_common(app_);
    app_.add_flag("--version", wants_version_, "Print the version");
    add_up();
    add_looking();
    add_breaking();
    add_rest();
  }

  exit_code run(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::Success& e) {  // --help
      app_.exit(e);
      return exit_code::ok;
    } catch (const CLI::ParseError& e) {
      throw failure(exit_code::usage, e.what(), "see `bulwark --help`, or `bulwark COMMAND --help`");
    }
    if (format_ != "table" && format_ != "json")
      throw failure(exit_code::usage, "-o " + format_ + ": unknown format", "expected table or json");
    common_.json = format_ == "json";
    common_.timeout = std::chrono::milliseconds(timeout_ms_);
    if (wants_version_) return print_version();
    if (action_) return action_();
    std::cout << app_.help() << std::flush;
    return exit_code::usage;
  }

  /// Before the parse has succeeded, failures too are shown as the user seems to want them.
  static bool asks_for_json(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
      const std::string_view word = argv[i];
      const std::string_view next = i + 1 < argc ? argv[i + 1] : "";
      if (((word == "-o" || word == "--output") && next == "json") || word == "-ojson" ||
          word == "--output=json")
        return true;
    }
    return false;
  }

  bool no_colour() const { return common_.no_colour; }

 private:
  void add_common(CLI::App& to) {
    to.add_option("--dir", common_.directory,
                  "Directory of the cluster (default: $XDG_STATE_HOME/bulwark/default, or "
                  "~/.local/state/bulwark/default)");
    to.add_option("-o,--output", format_, "table (default) or json");
    to.add_option("--timeout", timeout_ms_, "How long one process may take to answer, in ms (default 500)")
        ->check(CLI::Range(1, 3600000));
    to.add_flag("--no-color", common_.no_colour,
                "No colours; they are off anyway if NO_COLOR is set or on a pipe");
  }

  CLI::App& add(const std::string& name, const std::string& help, std::function<exit_code()> action) {
    auto* sub = app_.add_subcommand(name, help);
    sub->callback([this, action = std::move(action)] { action_ = action; });
    add_common(*sub);
    return *sub;
  }

  /// An option of `up` that every node gets as it is.
  void add_passed_on(CLI::App& up, const std::string& name, const std::string& help) {
    up.add_option_function<std::string>(
        name,
        [this, name](const std::string& value) {
          up_.node_arguments.insert(up_.node_arguments.end(), {name, value});
        },
        help + " (given to every node)");
  }

  /// What a new cluster is like.
  void add_shape(CLI::App& to) {
    to.add_option("--nodes", up_.wish.nodes, "Number of nodes; 5 for a new cluster, later it is fixed");
    to.add_option("--voters", up_.wish.voters,
                  "How many of the nodes vote at first, n1 to nN; the others follow (default: all)");
    to.add_option(
        "--accept-quorum", up_.wish.accept_quorum,
        "So many of the N voters make a write, N + 1 - so many elect a leader (default: a majority)");
    to.add_option("--base-port", up_.wish.base_port,
                  "P (default 7000): node i uses P+i for its peers and P+100+i for RESP");
  }

  void add_up() {
    auto& up =
        add("up", "Run a cluster on this machine until it is stopped", [this] { return start_cluster(); });
    add_shape(up);
    up.add_flag("-d,--detach", up_.detach, "Run in the background; return once the cluster is ready");
    up.add_option("--wait", wait_s_, "With -d: seconds that getting ready may take (default 60)")
        ->check(CLI::Range(1, 86400));
    up.add_flag("--tls", up_.wish.tls,
                "Nodes talk by TLS, with certificates made in DIR/tls; a cluster begun so stays so");
    up.add_option("--restore", up_.restore, "Begin a new cluster with the state in this file")
        ->check(CLI::ExistingFile);
    add_passed_on(up, "--interval-ms", "Time between heartbeats");
    add_passed_on(up, "--timeout-ms", "A peer not heard for interval + timeout is faulty");
    add_passed_on(up, "--election-timeout-ms", "A leader not heard for interval + this is replaced");
    add_passed_on(up, "--lease-ms",
                  "The leader reads by leases of this length; 0, the default: it asks others");
    add_passed_on(up, "--replace-after-s",
                  "A voter down for so long (default 30) is replaced by a node without a vote; 0: never");
    add_passed_on(up, "--sessions", "Session workers per node");
    add_passed_on(up, "--log-level", "trace, debug, info, warn, error");
    add_passed_on(up, "--log-format", "text or json");
    up.add_option_function<std::string>(
        "--config",
        [this](const std::string& file) {
          up_.node_arguments.insert(up_.node_arguments.end(),
                                    {"--config", std::filesystem::absolute(file).string()});
        },
        "TOML file with options of a node (given to every node)");
    up.add_option("node_options", extra_arguments_, "After --: more options for every node")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }

  void add_looking() {
    add("ps", "List the nodes: who leads, who is up, restarts, ballot, chosen, applied",
        [this] { return run_ps(common_); });
    add("status", "Judge the cluster: leader, quorum, laggards, who hears whom; 1 unhealthy, 4 no quorum",
        [this] { return run_status(common_); });
    add("members",
        "List the members as the nodes agreed on them: view, state, incarnation; 1 unless all are up",
        [this] { return run_members(common_); });
    auto& tree = add("tree", "Draw the supervision tree of a node, or of all",
                     [this] { return run_tree(common_, node_); });
    tree.add_option("NODE", node_, "n1, n2, …");
    auto& events = add("events", "Print what supervisors did lately: starts, ends, restarts",
                       [this] { return run_events(common_, node_, lines_, follow_); });
    events.add_option("NODE", node_, "n1, n2, …; all if left out");
    events.add_flag("-f,--follow", follow_, "Go on printing what happens");
    events.add_option("-n,--lines", lines_, "Events per node to begin with (default 100)");
    auto& logs = add("logs", "Print the end of the nodes' logs",
                     [this] { return run_logs(common_, node_, lines_, follow_); });
    logs.add_option("NODE", node_, "n1, n2, …; all if left out");
    logs.add_flag("-f,--follow", follow_, "Go on printing what is added");
    logs.add_option("-n,--lines", lines_, "Lines per node to begin with (default 100)");
  }

  void add_breaking() {
    auto& kill = add("kill", "Send a signal to a node's process (SIGKILL), or crash one actor in it",
                     [this] { return run_kill(common_, node_, signal_); });
    kill.add_option("TARGET", node_, "n2, or n2/ACTOR as `bulwark tree` shows it")->required();
    kill.add_option("--signal", signal_, "KILL (default), TERM, …, or a number; for a process only");
    const auto on_node = [this](const std::string& name, const std::string& help, auto command) {
      add(name, help, [this, command] { return command(common_, node_); })
          .add_option("NODE", node_, "n1, n2, …")
          ->required();
    };
    on_node("pause", "Stop a node's process in its tracks (SIGSTOP)", cluster::run_pause);
    on_node("resume", "Let a paused node go on (SIGCONT)", cluster::run_resume);
    on_node("restart", "Drain a node, stop it, start it again, wait until it is ready", cluster::run_restart);
  }

  void add_rest() {
    add("rolling-restart", "Restart all nodes, one after the other, without losing the quorum or a request",
        [this] { return run_rolling_restart(common_, std::chrono::seconds(wait_s_)); })
        .add_option("--wait", wait_s_,
                    "Seconds that one node may take to come back and catch up (default 60)")
        ->check(CLI::Range(1, 86400));
    auto& drain = add("drain", "Stop a node in an orderly way and leave it stopped, until `restart`",
                      [this] { return run_drain(common_, node_, force_); });
    drain.add_option("NODE", node_, "n1, n2, …")->required();
    drain.add_flag("--force", force_, "Also if the others cannot go on without it");
    add_rebuild();
    auto& leader = *app_.add_subcommand("leader", "Work on who leads: `bulwark leader move NODE`");
    leader.require_subcommand(1);
    auto* move = leader.add_subcommand("move", "Let another node lead; requests wait for a moment meanwhile");
    move->callback([this] { action_ = [this] { return run_leader_move(common_, node_); }; });
    add_common(*move);
    move->add_option("NODE", node_, "n1, n2, …")->required();
    add_member();
    auto& log = *app_.add_subcommand("log", "Look at what a node has on disk: `bulwark log inspect NODE`");
    log.require_subcommand(1);
    auto* inspect = log.add_subcommand(
        "inspect", "Print segments, snapshots and damage of a log, also while its node runs; 1 if damaged");
    inspect->callback([this] { action_ = [this] { return run_log_inspect(common_, node_, records_); }; });
    add_common(*inspect);
    inspect->add_option("WHERE", node_, "n1, n2, …, or the data directory of a node")->required();
    inspect->add_flag("--records", records_, "Print each record, too");
    add("metrics", "Print what the nodes measure, as text for Prometheus",
        [this] { return run_metrics(common_); });
    add("hash", "Compare the states of all nodes at one slot of the log; 1 if two differ",
        [this] { return run_hash(common_); });
    add_snapshot();
    add_certificate();
    add("down", "Stop all nodes and the launcher", [this] { return run_down(common_); });
    // These two are only listed here: they are told apart before, and read their own options.
    app_.add_subcommand("node", "Run one node in the foreground; see `bulwark node --help`");
    app_.add_subcommand("demo", "Show what it survives: load, faults, a table of what happened");
    add("version", "Print the version", [this] { return print_version(); });
    auto& help = add("help", "Explain a command", [this] { return print_help(); });
    help.add_option("COMMAND", node_);
  }

  void add_rebuild() {
    auto& rebuild =
        add("rebuild", "Set the damaged log of a node aside; bring it back without a vote, then with it",
            [this] { return run_rebuild(common_, node_, force_, std::chrono::seconds(wait_s_)); });
    rebuild.add_option("NODE", node_, "n1, n2, …")->required();
    rebuild.add_flag("--force", force_, "Also if its log is not damaged");
    rebuild.add_option("--wait", wait_s_, "Seconds that one step may take (default 60)")
        ->check(CLI::Range(1, 86400));
  }

  void add_member() {
    auto& member = *app_.add_subcommand("member", "Work on who votes: `bulwark member list`");
    member.require_subcommand(1);
    auto* list = member.add_subcommand("list", "List who votes, who learns, and who does neither");
    list->callback([this] { action_ = [this] { return run_member_list(common_); }; });
    add_common(*list);
    using kind = cluster::member_goal::kind;
    const auto change = [&](const std::string& name, const std::string& help, kind wanted) -> CLI::App& {
      auto* sub = member.add_subcommand(name, help);
      sub->callback([this, wanted] { action_ = [this, wanted] { return change_members(wanted); }; });
      add_common(*sub);
      sub->add_option("NODE", node_, "n1, n2, …")->required();
      sub->add_option("--wait", wait_s_, "Seconds that it may take (default 60)")
          ->check(CLI::Range(1, 86400));
      return *sub;
    };
    change("add", "Let a node learn, and vote once it has caught up", kind::votes)
        .add_flag("--learner", learner_, "It only learns");
    change("remove", "Take a node out; it goes on following until it is stopped", kind::is_gone);
    change("replace", "Let another node vote in the place of one, in one step", kind::is_replaced)
        .add_option("BY", other_node_, "The node that votes from then on")
        ->required();
  }

  void add_snapshot() {
    auto& snapshot = *app_.add_subcommand(
        "snapshot",
        "Save the state to a file: `bulwark snapshot save FILE`; `up --restore FILE` begins with it");
    snapshot.require_subcommand(1);
    const auto on_file = [&](const std::string& name, const std::string& help, auto command) -> CLI::App& {
      auto* sub = snapshot.add_subcommand(name, help);
      sub->callback([this, command] { action_ = [this, command] { return command(common_, node_); }; });
      add_common(*sub);
      sub->add_option("FILE", node_, "The file")->required();
      return *sub;
    };
    on_file("save", "Write the state of the node that leads to a file", cluster::run_snapshot_save);
    on_file("verify", "Read such a file and say what is in it; 1 if it is damaged",
            cluster::run_snapshot_verify);
    add_shape(on_file("restore",
                      "Prepare a new cluster (--dir) that begins with such a file; `bulwark up` starts it",
                      [this](const common_options& common, const std::string& file) {
                        return run_snapshot_restore(common, file, up_.wish);
                      }));
  }

  void add_certificate() {
    auto& certificate = *app_.add_subcommand(
        "certificate",
        "Work on who nodes are to each other (TLS): `bulwark certificate make --dir D --nodes 3`");
    certificate.alias("certificates");
    certificate.require_subcommand(1);
    auto* make = certificate.add_subcommand(
        "make", "Make an authority and a certificate per node, as far as they are not there, or end soon");
    make->callback([this] { action_ = [this] { return run_certificate_make(common_, certificates_); }; });
    make->add_option("--dir", certificates_.directory, "Where the files go")->required();
    make->add_option("--nodes", certificates_.nodes, "For n1 to this")->required()->check(CLI::Range(1, 999));
    make->add_option("--cluster", certificates_.cluster,
                     "Name of the cluster, as in --cluster-id of its nodes (default: default)");
    make->add_option("--days", certificates_.days, "How long those of nodes hold (default 365)")
        ->check(CLI::Range(1, 3650));
    make->add_option("-o,--output", format_, "table (default) or json");
    auto* show =
        certificate.add_subcommand("show", "Print whose a certificate is and when it holds; 1 if not now");
    show->callback([this] { action_ = [this] { return run_certificate_show(common_, node_); }; });
    show->add_option("FILE", node_, "The file (PEM)")->required();
    show->add_option("-o,--output", format_, "table (default) or json");
  }

  exit_code change_members(cluster::member_goal::kind wanted) {
    if (learner_) wanted = cluster::member_goal::kind::learns;
    return run_member_change(common_, {wanted, node_, other_node_}, std::chrono::seconds(wait_s_));
  }

  exit_code start_cluster() {
    up_.wait = std::chrono::seconds(wait_s_);
    up_.node_arguments.insert(up_.node_arguments.end(), extra_arguments_.begin(), extra_arguments_.end());
    return run_up(common_, up_);
  }

  exit_code print_version() const {
    if (common_.json)
      std::cout << R"({"name":"bulwark","version":")" BULWARK_VERSION "\"}" << std::endl;
    else
      std::cout << "bulwark " BULWARK_VERSION << std::endl;
    return exit_code::ok;
  }

  exit_code print_help() const {
    const CLI::App* about = &app_;
    if (!node_.empty()) {
      try {
        about = app_.get_subcommand(node_);
      } catch (const CLI::OptionNotFound&) {
        throw failure(exit_code::usage, "there is no command \"" + node_ + "\"", "see `bulwark --help`");
      }
    }
    std::cout << about->help() << std::flush;
    return exit_code::ok;
  }

  CLI::App app_;
  common_options common_;
  cluster::up_options up_;
  cluster::certificate_options certificates_;
  std::string format_ = "table";
  int timeout_ms_ = 500;
  int wait_s_ = 60;
  std::string node_;  ///< the positional argument of most commands
  std::string signal_;
  std::size_t lines_ = 100;
  bool follow_ = false;
  bool records_ = false;
  bool learner_ = false;
  bool force_ = false;
  std::string other_node_;
  bool wants_version_ = false;
  std::vector<std::string> extra_arguments_;
  std::function<exit_code()> action_;
};

}  // namespace

int run_command_line(int argc, char** argv) {
  const bool json = command_line::asks_for_json(argc, argv);
  command_line line;
  try {
    return number(line.run(argc, argv));
  } catch (const failure& e) {
    show_failure(e, json, line.no_colour());
    return number(e.code());
  } catch (const std::exception& e) {
    show_failure(failure(exit_code::unhealthy, e.what()), json, line.no_colour());
    return number(exit_code::unhealthy);
  }
}

}  // namespace bulwark
