// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <system_error>
#include <thread>

#include "bulwark/cluster/cluster_view.hpp"
#include "bulwark/cluster/commands.hpp"
#include "bulwark/cluster/control_client.hpp"
#include "bulwark/cluster/rebuild_plan.hpp"
#include "bulwark/consensus/data_directory.hpp"
#include "bulwark/consensus/file_layer.hpp"
#include "bulwark/consensus/log_inspector.hpp"
#include "json_fields.hpp"
#include "member_change.hpp"

namespace bulwark::cluster {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

constexpr auto step_pause = 50ms;

/// For nodes on a machine that has much else to do.
constexpr std::chrono::milliseconds answer_limit = 1000ms;
constexpr auto answer_patience = 4000ms;

/// Longer than the launcher waits for a node to end, or to get ready.
constexpr auto launcher_limit = 70000ms;

struct damage_finder final : consensus::log_visitor {
  std::string first;
  void on_damage(const std::string& what) override {
    if (first.empty()) first = what;
  }
};

std::string folder_of_now() {
  const auto now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[40];
  std::strftime(text, sizeof text, "damaged-%Y%m%dT%H%M%SZ", &parts);
  return text;
}

/// Of a ballot as "7.n1"; 0 if it is none.
std::uint64_t round_in(const std::string& ballot) {
  std::uint64_t round = 0;
  std::from_chars(ballot.data(), ballot.data() + ballot.size(), round);
  return round;
}

/// One rebuild from its first step, or from where an earlier one was cut off. Each step may be the last: none
/// leaves the node with a vote that it must not give.
class rebuild {
 public:
  rebuild(const common_options& common, std::string node, bool forced, std::chrono::seconds patience)
      : common_{common},
        directory_{resolve_directory(common.directory)},
        config_{require_config(directory_)},
        node_{std::move(node)},
        data_{directory_.node_data(node_)},
        forced_{forced},
        patience_{patience} {
    if (!config_.find(node_))
      throw failure(exit_code::usage, "there is no node \"" + node_ + "\" in this cluster",
                    "see `bulwark ps`");
  }

  void run() {
    note_ = decide();
    if (!is_set_aside()) {
      save_note();
      remove_from_group();
      set_aside();
    }
    bring_up();
    take_back();
    note_.ended = true;
    save_note();
    conclude();
  }

 private:
  // -- what there is to do

  rebuild_note decide() {
    rebuild_situation now;
    now.node = node_;
    now.damaged = is_damaged();
    now.forced = forced_;
    now.earlier = load_note();
    now.earlier_is_set_aside = now.earlier && fs::exists(data_ / now.earlier->set_aside / "log");
    now.folder = folder_of_now();
    while (fs::exists(data_ / now.folder)) now.folder += '+';
    static_cast<void>(rebuild_to_do(now));  // that there is nothing to do is told before anything else
    now.group = voting_in(observe_with_quorum());
    return rebuild_to_do(now);
  }

  bool is_damaged() {
    if (!fs::is_directory(data_ / "log")) return false;
    damage_finder finder;
    try {
      consensus::inspect_log(data_ / "log", finder);
    } catch (const consensus::log_failure& problem) {
      finder.on_damage(problem.what());  // what cannot be read is lost, too
    }
    if (!finder.first.empty()) say("damaged: " + finder.first);
    return !finder.first.empty();
  }

  /// A node that is only slow to answer, or an election, gets another chance.
  cluster_view observe_with_quorum() const {
    for (const auto until = clock::now() + answer_patience;; std::this_thread::sleep_for(step_pause)) {
      auto view = observe_cluster();
      try {
        require_quorum_of_others(view, node_);
        if (view.leader().empty())
          throw failure(exit_code::no_quorum, "no node leads now", "see `bulwark status`");
        return view;
      } catch (const failure&) {
        if (clock::now() >= until) throw;
      }
    }
  }

  cluster_view observe_cluster() const {
    auto view = observe(directory_, std::max(common_.timeout, answer_limit));
    if (!view.launched)
      throw failure(exit_code::unreachable, "the launcher does not answer: " + view.launcher_error,
                    "`bulwark up` starts the cluster");
    return view;
  }

  bool is_set_aside() const { return fs::exists(data_ / note_.set_aside / "log"); }

  // -- the note

  fs::path note_file() const { return data_ / "rebuild.json"; }

  std::optional<rebuild_note> load_note() const {
    if (!fs::exists(note_file())) return std::nullopt;
    std::ostringstream text;
    text << std::ifstream{note_file()}.rdbuf();
    return parse_rebuild_note(text.str());
  }

  void save_note() const {
    auto& files = consensus::system_files();
    auto draft = note_file();
    draft += ".new";
    {
      const auto out = files.open(draft, consensus::open_mode::create);
      consensus::write_all_at(*out, to_json_text(note_), 0);
      out->sync();
    }
    files.rename(draft, note_file());
    files.sync_directory(data_);
  }

  // -- the steps

  void remove_from_group() {
    change_members(common_, {member_goal::kind::is_gone, node_, {}}, patience_);
    say("has no vote now");
  }

  /// What binds it, by whoever leads the group that is without it.
  consensus::lost_word word_of_leader() const {
    for (const auto until = clock::now() + patience_;; std::this_thread::sleep_for(step_pause)) {
      const auto view = observe_cluster();
      const auto group = voting_in(view);
      if (group.votes(node_) || group.learns(node_))
        throw failure(exit_code::unhealthy, node_ + " was taken into the group again meanwhile",
                      "begin again; see `bulwark member list`");
      for (const auto& one : view.nodes) {
        // Another one that leads by its own word may not know yet that it does not any more.
        if (one.role != "leader" || one.configured != group.configured || !most_go_by(group, view)) continue;
        const auto round = round_in(one.ballot.value_or(""));
        if (round > 0 && one.configured) return {consensus::slot{*one.configured}, round};
      }
      if (clock::now() >= until)
        throw failure(exit_code::no_quorum,
                      "no node leads, or most voters do not know yet that " + node_ + " is gone",
                      "begin again once `bulwark status` is well");
    }
  }

  /// They know the log up to where it says so: what only the node had besides one of them is not lost with
  /// both.
  static bool most_go_by(const voting_view& group, const cluster_view& view) {
    const auto count = std::count_if(view.nodes.begin(), view.nodes.end(), [&](const node_view& one) {
      return one.answered && group.votes(one.id) && one.configured == group.configured;
    });
    return static_cast<std::size_t>(count) > group.voters.size() / 2;
  }

  void set_aside() {
    ask_launcher("hold");
    auto held = lock_data();
    held.note_lost(word_of_leader());
    auto& files = consensus::system_files();
    files.create_directories(data_ / note_.set_aside);
    files.sync_directory(data_);
    if (fs::exists(data_ / "log")) files.rename(data_ / "log", data_ / note_.set_aside / "log");
    files.create_directories(data_ / note_.set_aside / "log");  // --force on a node that has none yet
    files.sync_directory(data_ / note_.set_aside);
    files.sync_directory(data_);
    say("set aside as " + (data_ / note_.set_aside).string());
  }

  consensus::data_directory lock_data() const {
    const consensus::data_identity identity{config_.cluster, consensus::node_id{config_.find(node_)->number}};
    for (const auto until = clock::now() + patience_;; std::this_thread::sleep_for(step_pause)) {
      try {
        return consensus::data_directory{data_, identity};
      } catch (const consensus::log_failure& problem) {
        if (problem.code() != consensus::log_error::locked || clock::now() >= until) throw;
      }
    }
  }

  void bring_up() {
    const auto view = observe_cluster();
    const auto found = std::find_if(view.nodes.begin(), view.nodes.end(),
                                    [&](const node_view& one) { return one.id == node_; });
    if (found != view.nodes.end() && found->answered && found->state == "up") return;
    ask_launcher("restart");
    say("runs with a fresh log");
  }

  void take_back() {
    group_ = voting_in(observe_cluster());
    if (note_.was == "outside") return;
    const auto wanted = note_.was == "voter" ? member_goal::kind::votes : member_goal::kind::learns;
    group_ = change_members(common_, {wanted, node_, {}}, patience_);
  }

  void ask_launcher(const std::string& verb) const {
    const ordered_json request{{"do", verb}, {"node", node_}};
    const auto answer = ask({directory_.root(), compact(request)}, launcher_limit);
    const auto told = parse_object(answer.line);
    if (answer.ok() && field<bool>(told, "ok").value_or(false)) return;
    throw failure(answer.ok() ? exit_code::unhealthy : exit_code::unreachable,
                  answer.ok() ? field<std::string>(told, "error").value_or("the launcher refused")
                              : "the launcher does not answer: " + answer.error,
                  "begin again once it is well: what was done so far is kept");
  }

  // -- what is told

  void say(const std::string& what) const {
    if (!common_.json) std::cout << node_ << " " << what << std::endl;
  }

  void conclude() const {
    const auto where = (data_ / note_.set_aside).string();
    if (common_.json) {
      std::cout << pretty({{"ok", true},
                           {"node", node_},
                           {"is", note_.was},
                           {"set_aside", where},
                           {"voters", group_.voters},
                           {"learners", group_.learners}});
      return;
    }
    say(note_.was == "voter"     ? "has caught up and votes again"
        : note_.was == "learner" ? "learns again"
                                 : "follows again, without a vote as before");
  }

  const common_options& common_;
  const cluster_directory directory_;
  const cluster_config config_;
  const std::string node_;
  const fs::path data_;
  const bool forced_;
  const std::chrono::seconds patience_;
  rebuild_note note_;
  voting_view group_;
};

}  // namespace

exit_code run_rebuild(const common_options& common, const std::string& node, bool forced,
                      std::chrono::seconds patience) {
  try {
    rebuild{common, node, forced, patience}.run();
  } catch (const consensus::log_failure& problem) {
    throw failure(exit_code::unhealthy, problem.what(), "see `bulwark logs " + node + "`");
  } catch (const std::system_error& problem) {
    throw failure(exit_code::unhealthy, problem.what(), "begin again once that is repaired");
  }
  return exit_code::ok;
}

}  // namespace bulwark::cluster
