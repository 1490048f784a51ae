// SPDX-License-Identifier: BSD-3-Clause
#include "linearizability_checker.hpp"

#include <algorithm>
#include <set>
#include <unordered_set>
#include <utility>

#include "bulwark/actors/core/random.hpp"

namespace bulwark::test {
namespace {

/// One operation on one register, with values by number.
struct step {
  std::size_t written = 0;  ///< 0 for a read
  std::size_t reply = 0;
  bool returned = false;
};

/// Calls and returns in their order, as a list from which operations are lifted and put back.
class search {
 public:
  struct event {
    std::size_t of;
    bool is_return;
    std::size_t before = 0;
    std::size_t behind = 0;
  };

  search(std::vector<step> steps, const std::vector<std::pair<std::size_t, bool>>& order)
      : steps_{std::move(steps)}, call_at_(steps_.size()), return_at_(steps_.size()) {
    events_.push_back({0, false});  // the head
    for (const auto& [of, is_return] : order) {
      (is_return ? return_at_ : call_at_)[of] = events_.size();
      events_.push_back({of, is_return});
      if (is_return) ++returns_left_;
    }
    for (const auto& one : steps_) {
      left_to_see_.resize(std::max({left_to_see_.size(), one.reply + 1, one.written + 1}));
      if (one.returned) ++left_to_see_[one.reply];
    }
    for (std::size_t i = 0; i < events_.size(); ++i) {
      events_[i].before = i == 0 ? events_.size() - 1 : i - 1;
      events_[i].behind = (i + 1) % events_.size();
    }
  }

  bool succeeds() {
    auto at = take_reads();
    while (returns_left_ > 0) {
      const auto& here = events_[at];
      if (at != 0 && !here.is_return) {
        at = enter(here.of) ? take_reads() : here.behind;
      } else if (const auto choice = go_back(); choice != 0) {
        at = events_[choice].behind;
      } else {
        return false;
      }
    }
    return true;
  }

 private:
  struct taken {
    std::size_t which;
    std::size_t value_before;
    bool is_choice;
  };

  /// A read that can happen may as well happen now: it is in nobody's way. Returns where to go on.
  std::size_t take_reads() {
    for (auto at = events_[0].behind; at != 0 && !events_[at].is_return;) {
      const auto& what = steps_[events_[at].of];
      if (what.written == 0 && what.reply == value_) {
        take(events_[at].of, value_, false);
        at = events_[0].behind;
      } else {
        at = events_[at].behind;
      }
    }
    return events_[0].behind;
  }

  /// Lets a write happen next, unless it cannot or that was tried before.
  bool enter(std::size_t which) {
    const auto& what = steps_[which];
    if (what.written == 0) return false;
    if (what.returned ? what.reply != value_ : !is_awaited(what.written)) return false;
    // Once it is replaced, a value never comes back: whoever saw it must have had their turn.
    if (left_to_see_[value_] != (what.returned ? 1u : 0u)) return false;
    // A collision could only raise a false alarm.
    const auto happened = happened_ ^ random_stream::at(which + 1);
    if (!seen_.insert(happened ^ random_stream::at(~std::uint64_t{what.written})).second) return false;
    take(which, what.written, true);
    return true;
  }

  /// What never returned may as well happen right before the first that saw it.
  [[nodiscard]] bool is_awaited(std::size_t value) const {
    for (auto at = events_[0].behind; at != 0 && !events_[at].is_return; at = events_[at].behind)
      if (const auto& what = steps_[events_[at].of]; what.returned && what.reply == value) return true;
    return false;
  }

  void take(std::size_t which, std::size_t value_after, bool is_choice) {
    path_.push_back({which, std::exchange(value_, value_after), is_choice});
    happened_ ^= random_stream::at(which + 1);
    unlink(call_at_[which]);
    if (!steps_[which].returned) return;
    unlink(return_at_[which]);
    --returns_left_;
    --left_to_see_[steps_[which].reply];
  }

  /// Undoes the last choice, and all that followed from it; returns where it began. The head if there was
  /// none.
  std::size_t go_back() {
    while (!path_.empty()) {
      const auto last = path_.back();
      path_.pop_back();
      value_ = last.value_before;
      happened_ ^= random_stream::at(last.which + 1);
      if (steps_[last.which].returned) {
        link(return_at_[last.which]);
        ++returns_left_;
        ++left_to_see_[steps_[last.which].reply];
      }
      link(call_at_[last.which]);
      if (last.is_choice) return call_at_[last.which];
    }
    return 0;
  }

  void unlink(std::size_t at) {
    events_[events_[at].before].behind = events_[at].behind;
    events_[events_[at].behind].before = events_[at].before;
  }
  void link(std::size_t at) {
    events_[events_[at].before].behind = at;
    events_[events_[at].behind].before = at;
  }

  std::vector<step> steps_;
  std::vector<event> events_;
  std::vector<std::size_t> call_at_;
  std::vector<std::size_t> return_at_;
  std::size_t returns_left_ = 0;
  std::vector<std::size_t> left_to_see_;  ///< by value: operations to come that returned it

  std::size_t value_ = 0;
  std::uint64_t happened_ = 0;
  std::vector<taken> path_;
  std::unordered_set<std::uint64_t> seen_;
};

}  // namespace

linearizability_checker::operation linearizability_checker::begin_write(std::string key,
                                                                        std::string written) {
  all_.push_back({std::move(key), std::move(written), {}, ++clock_});
  return all_.size() - 1;
}

linearizability_checker::operation linearizability_checker::begin_read(std::string key) {
  all_.push_back({std::move(key), std::nullopt, {}, ++clock_});
  return all_.size() - 1;
}

void linearizability_checker::end(operation which, std::string reply) {
  all_[which].reply = std::move(reply);
  all_[which].returned = ++clock_;
}

std::string linearizability_checker::check() const {
  std::map<std::string, std::vector<const entry*>> by_key;
  for (const auto& one : all_)
    if (!one.forgotten) by_key[one.key].push_back(&one);
  for (const auto& [key, operations] : by_key)
    if (!is_linearizable(operations)) return key;
  return {};
}

bool linearizability_checker::is_linearizable(const std::vector<const entry*>& of_a_key) const {
  std::set<std::string> seen;
  for (const auto* one : of_a_key)
    if (one->returned != 0) seen.insert(one->reply);
  std::map<std::string, std::size_t> numbers{{"", 0}};
  const auto number = [&](const std::string& value) {
    return numbers.emplace(value, numbers.size()).first->second;
  };
  std::vector<step> steps;
  std::vector<std::pair<std::uint64_t, std::pair<std::size_t, bool>>> moments;
  for (const auto* one : of_a_key) {
    // What never returned explains something only if its value was seen.
    if (one->returned == 0 && (!one->written || seen.count(*one->written) == 0)) continue;
    moments.push_back({one->called, {steps.size(), false}});
    if (one->returned != 0) moments.push_back({one->returned, {steps.size(), true}});
    steps.push_back({one->written ? number(*one->written) : 0, number(one->reply), one->returned != 0});
  }
  std::sort(moments.begin(), moments.end());
  std::vector<std::pair<std::size_t, bool>> order;
  for (const auto& one : moments) order.push_back(one.second);
  return search{std::move(steps), order}.succeeds();
}

}  // namespace bulwark::test
