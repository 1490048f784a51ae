// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agreement_checker.hpp"
#include "ballot_checker.hpp"
#include "member.hpp"
#include "violations.hpp"

namespace bulwark::test {

/// A group that a script leads through a story. Messages arrive at once and in order, disks complete at once,
/// and time stands still, unless the script says otherwise. Each command returns what happened, line by line;
/// heartbeats, and watermarks that tell nothing new, are left out.
///
///     group N [EVERY [MS]]  starts N members, which take a snapshot after EVERY commands (0: never) and
///                           whose leaders read by leases of MS (0: none)
///     pass MS               lets time pass
///     write nI TEXT         a client of nI writes "key TEXT"
///     read nI               a client of nI reads the key
///     stale nI MS           a client of nI reads the key, as it was MS ago or later
///     crash nI / start nI   power cut, and a new life from what the disk has
///     disk nI off|on        writes wait, or complete
///     way nI nJ drop|hold|open   messages from nI to nJ are lost, or kept; `open` lets what was kept go
///     link nI nJ down|up    the connection is reset, or there again; both notice
///     link nI nJ lost       only nI notices a reset, and messages still pass
///     isolate nI / join nI  all links of nI
///     spare                 starts one more node, which joins
///     add|promote|remove nI nJ   nI is asked to do that with nJ
///     replace nI nJ nK      nI is asked to let nK vote in place of nJ
///     transfer nI nJ        nI is asked to hand leadership over to nJ
///     show                  one line for each member
///     prove_liveness        mends everything, and wants every member to write and to read
class scenario final : public member_observer {
 public:
  scenario();
  ~scenario() override;

  /// Runs one command. Throws std::runtime_error if it is none.
  std::string run(const std::string& command);
  [[nodiscard]] const violations& found() const { return violations_; }

  void on_send(member& by, consensus::envelope what) override;
  void on_write(member& by, const consensus::persist& what) override;
  void on_durable(member& by, const std::vector<consensus::record>& records) override;
  void on_apply(member& by, const consensus::apply& what) override;
  void on_answer(member& by, const consensus::answer& what, instant now) override;
  void on_fetch(member& by, const consensus::fetch& what) override;
  void on_leader(member& by, consensus::ballot leader) override;
  void on_transferred(member& by, const consensus::transferred& what) override;
  void on_members_changed(member& by, const consensus::members_changed& what) override;
  void on_configured(member& by, const consensus::configuration& group) override;
  void on_disk_work(member& by, std::function<void(member&, instant)> then) override;
  bool disk_has_room(member&) override { return true; }
  void on_restored(member& by, consensus::slot at, bool own) override;
  bool on_query(member&, std::function<void(member&, instant)>) override { return false; }

 private:
  using way = std::pair<std::size_t, std::size_t>;

  void form_group(std::size_t members, std::size_t snapshot_entries, std::chrono::milliseconds lease);
  void start(std::size_t which);
  void start_spare();
  void change(const std::string& verb, std::size_t asked, std::size_t node, const std::string& by);
  void pass(duration time);
  void settle();
  bool deliver_one();
  bool sync_all();
  void submit(std::size_t which, consensus::request_kind kind, const std::string& payload);
  void submit_stale(std::size_t which, std::chrono::milliseconds at_most);
  void set_link(std::size_t a, std::size_t b, bool up);
  void lose_link(std::size_t at, std::size_t peer);
  void set_way(way which, const std::string& how);
  void isolate(std::size_t which, bool alone);
  void show();
  void prove_liveness();
  void say(const std::string& line) { output_ += line + "\n"; }
  [[nodiscard]] bool tells_nothing_new(const consensus::envelope& what);

  violations violations_;
  std::unique_ptr<agreement_checker> agreement_;
  ballot_checker ballots_;
  instant now_;
  std::vector<std::unique_ptr<member>> members_;
  std::vector<bool> disk_on_;
  std::set<way> dropping_;
  std::set<way> holding_;
  std::set<way> linked_down_;
  std::deque<consensus::envelope> network_;
  std::deque<consensus::envelope> held_;
  std::deque<std::pair<std::size_t, consensus::fetch>> fetches_;
  std::deque<std::function<void()>> disk_work_;
  std::size_t voters_ = 0;  ///< that the group began with
  std::size_t snapshot_entries_ = 0;
  std::chrono::milliseconds lease_{};
  std::map<way, consensus::slot> told_;
  std::uint64_t requests_ = 0;
  std::uint64_t done_ = 0;
  std::string output_;
};

}  // namespace bulwark::test
