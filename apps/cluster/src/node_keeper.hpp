// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "bulwark/actors/core/backoff.hpp"
#include "bulwark/cluster/launcher.hpp"
#include "bulwark/supervision/core/restart_plan.hpp"

namespace bulwark::cluster {

struct incarnation;

/// Keeps the process of one node running: does what a restart_plan with that one child decides.
///
/// A plan that gives up is not the end: the node is parked and gets a new plan after a while, since whoever
/// repairs what is wrong (a full disk, a taken port) expects it back.
///
/// Owner: one launcher, on its event loop; not thread-safe. It must outlive the loop's run.
class node_keeper {
 public:
  using listener = std::function<void(const launcher_event&)>;
  /// Takes an error text, empty if all went well.
  using answer = std::function<void(const std::string& error)>;

  node_keeper(boost::asio::io_context& io, const launcher_options& options, const node_entry& node,
              listener tell);
  ~node_keeper();

  const std::string& id() const noexcept { return node_.id; }

  void start();
  /// SIGTERM, and SIGKILL after the policy's deadline. Final.
  void stop();
  bool stopped() const noexcept { return stopped_; }
  void kill_now();

  /// Sends a signal to the process; returns an error text, empty if it was sent.
  std::string signal(int number);
  /// Stops the process in its tracks; answers once all of it stands still.
  void pause(answer done);
  /// Stops the process if it runs and starts it at once; answers when it is ready, or failed.
  void restart(answer done);

  /// Stops the process if it runs, and does not start it until restart(); unless `for_good`, also when the
  /// policy's time is over. Answers once it has ended.
  void hold(bool for_good, answer done);

  /// What the launcher's `ps` says of the node.
  nlohmann::ordered_json report() const;

 private:
  void fresh_plan();
  void feed(plan::event event);
  void settle_timer();
  void perform(const plan::effect& effect);
  void launch(std::uint64_t generation);
  void await_end(const std::shared_ptr<incarnation>& process);
  void await_output(const std::shared_ptr<incarnation>& process);
  void on_line(const std::shared_ptr<incarnation>& process, const std::string& line);
  void on_end(const std::shared_ptr<incarnation>& process);
  void on_published(const supervision_event& event);
  void on_stopped();
  void on_gave_up(const std::string& reason);
  void park(std::chrono::steady_clock::duration pause);
  void answer_waiting(const std::string& error);
  void answer_holders(const std::string& error);
  [[nodiscard]] std::chrono::steady_clock::duration hold_time() const;
  void await_standstill(const std::shared_ptr<incarnation>& process,
                        std::chrono::steady_clock::time_point until, answer done);
  child_state state() const;

  boost::asio::io_context& io_;
  const launcher_options& options_;
  node_entry node_;
  listener tell_;
  boost::asio::steady_timer timer_;
  std::unique_ptr<restart_plan> plan_;
  std::deque<plan::event> pending_;
  bool feeding_ = false;
  std::shared_ptr<incarnation> current_;  ///< the process that the plan knows; null if there is none
  backoff first_starts_;                  ///< delays between plans whose first start failed
  bool was_ready_ = false;                ///< under the present plan
  bool parked_ = false;                   ///< the plan gave up, the next one is due when the timer fires
  bool stopping_ = false;
  bool stopped_ = false;
  std::uint64_t starts_ = 0;
  std::string reason_;  ///< why it ended last
  std::vector<answer> waiting_;
  bool held_for_good_ = false;   ///< by one of those who hold it
  std::vector<answer> holders_;  ///< not empty: it is being stopped to be held
};

}  // namespace bulwark::cluster
