// SPDX-License-Identifier: BSD-3-Clause
// What a supervisor is asked: its tree, and to kill a child.
#include <algorithm>
#include <memory>

#include "supervisor_actor.hpp"

namespace bulwark {

namespace {

std::uint64_t milliseconds_between(instant from, instant to) {
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::milliseconds>(to - from).count()));
}

/// An answer in the making: complete when nothing is missing.
struct tree_in_progress {
  tree_node tree;
  std::size_t missing = 0;
  caf::response_promise promise;

  void deliver_if_complete() {
    if (missing == 0) promise.deliver(std::move(tree));
  }
};

}  // namespace

tree_node supervisor_actor::describe() const {
  tree_node node;
  node.id = name_;
  node.kind = to_string(child_type::supervisor);
  node.state = plan_.ending() ? to_string(child_state::stopping) : to_string(child_state::up);
  node.strategy = to_string(plan_.flags().strategy);
  node.uptime_ms = milliseconds_between(started_at_, now());
  node.mailbox = depth();
  for (const auto& view : plan_.which_children()) {
    tree_node one;
    one.id = view.id;
    one.kind = to_string(view.type);
    one.state = to_string(view.state);
    one.restarts = view.restarts;
    one.last_reason = view.last_reason;
    if (view.state == child_state::up) one.uptime_ms = milliseconds_between(view.since, now());
    const auto& handle = members_.at(view.id).current;
    if (const auto* gauge = gauge_of(handle)) one.mailbox = gauge->depth();
    node.children.push_back(std::move(one));
  }
  return node;
}

/// Asks the sub-supervisors at the same time and answers when the last one did or its time is over.
caf::response_promise supervisor_actor::answer_tree(const get_tree& question) {
  auto answer = std::make_shared<tree_in_progress>();
  answer->tree = describe();
  answer->promise = make_response_promise();
  const auto patience = std::max<std::uint32_t>(question.deadline_ms, 10);
  for (std::size_t place = 0; place < answer->tree.children.size(); ++place) {
    auto& node = answer->tree.children[place];
    const auto& handle = members_.at(node.id).current;
    if (node.kind != to_string(child_type::supervisor) || !handle) continue;
    ++answer->missing;
    // Who is below gets less time, so that a silent one deep down does not make those above it silent.
    request(handle, std::chrono::milliseconds{patience}, get_tree{patience * 3 / 4})
        .then(
            [answer, place](tree_node& below) {
              auto& filled = answer->tree.children[place];
              filled.strategy = std::move(below.strategy);
              filled.children = std::move(below.children);
              --answer->missing;
              answer->deliver_if_complete();
            },
            [answer, place](const caf::error& problem) {
              if (problem == caf::sec::request_timeout) answer->tree.children[place].state = "silent";
              --answer->missing;
              answer->deliver_if_complete();
            });
  }
  answer->deliver_if_complete();
  return answer->promise;
}

caf::response_promise supervisor_actor::answer_kill(const kill_child& order) {
  auto promise = make_response_promise();
  const auto slash = order.path.find('/');
  const auto id = order.path.substr(0, slash);
  const auto rest = slash == std::string::npos ? std::string{} : order.path.substr(slash + 1);
  const auto path = order.base.empty() ? id : order.base + '/' + id;
  const auto found = members_.find(id);
  if (found == members_.end()) {
    promise.deliver(kill_result{{}, "there is no actor \"" + path + '"'});
  } else if (!found->second.current) {
    promise.deliver(kill_result{{}, '"' + path + "\" is not running"});
  } else if (rest.empty()) {
    kill_now(found->second.current);
    promise.deliver(kill_result{path, {}});
  } else if (found->second.what->spec.type == child_type::supervisor) {
    promise.delegate(found->second.current, kill_child{rest, path});
  } else {
    promise.deliver(kill_result{{}, '"' + path + "\" is a worker and has no children"});
  }
  return promise;
}

}  // namespace bulwark
