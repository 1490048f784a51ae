// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/actors/compat.hpp"

namespace bulwark::test {

/// What became of the questions of an asker. Thread-safe.
class asked_so_far {
 public:
  /// The number of the next question; 0 if there is to be none.
  std::uint64_t ask() {
    const std::lock_guard guard{mutex_};
    if (!goes_on_) return 0;
    open_.insert(++asked_);
    return asked_;
  }
  /// `problem`: empty if it was answered well.
  void settle(std::uint64_t number, const std::string& problem) {
    const std::lock_guard guard{mutex_};
    open_.erase(number);
    ++(problem.empty() ? answered_ : failed_);
    if (!problem.empty() && problems_.size() < 10)
      problems_.push_back(std::to_string(number) + ": " + problem);
  }
  void stop() {
    const std::lock_guard guard{mutex_};
    goes_on_ = false;
  }
  [[nodiscard]] std::uint64_t asked() const {
    const std::lock_guard guard{mutex_};
    return asked_;
  }
  [[nodiscard]] std::uint64_t answered() const {
    const std::lock_guard guard{mutex_};
    return answered_;
  }
  [[nodiscard]] std::uint64_t failed() const {
    const std::lock_guard guard{mutex_};
    return failed_;
  }
  /// How the first ten of those failed.
  [[nodiscard]] std::vector<std::string> problems() const {
    const std::lock_guard guard{mutex_};
    return problems_;
  }
  /// No question up to this number is open.
  [[nodiscard]] bool is_settled(std::uint64_t up_to) const {
    const std::lock_guard guard{mutex_};
    return open_.empty() || *open_.begin() > up_to;
  }

 private:
  mutable std::mutex mutex_;
  bool goes_on_ = true;
  std::uint64_t asked_ = 0, answered_ = 0, failed_ = 0;
  std::vector<std::string> problems_;
  std::set<std::uint64_t> open_;
};

/// Asks `whom` the numbers of its questions again and again, so many at a time. `is_right` judges the
/// answers.
template <class Word, class Answer>
caf::behavior steady_asker(caf::event_based_actor* self, caf::actor whom, std::shared_ptr<asked_so_far> told,
                           int at_a_time, bool (*is_right)(Word, Answer)) {
  const auto ask = [self, whom, told, is_right] {
    const auto number = told->ask();
    if (number == 0) return;
    const auto settle = [self, told, number](const std::string& problem) {
      told->settle(number, problem);
      self->delayed_send(self, std::chrono::milliseconds{1}, caf::ok_atom_v);
    };
    const auto word = static_cast<Word>(number);
    self->request(whom, caf::infinite, word)
        .then([=](Answer what) { settle(is_right(word, what) ? "" : "the answer is wrong"); },
              [settle](const caf::error& why) { settle(error_text(why)); });
  };
  for (int i = 0; i < at_a_time; ++i) self->send(self, caf::ok_atom_v);
  return {[ask](caf::ok_atom) { ask(); }};
}

}  // namespace bulwark::test
