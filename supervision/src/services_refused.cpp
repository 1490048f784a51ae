// SPDX-License-Identifier: BSD-3-Clause
#include "services_refused.hpp"

#include <caf/all.hpp>
#include <optional>
#include <utility>

#include "bulwark/actors/compat.hpp"
#include "bulwark/actors/messages.hpp"

namespace bulwark {

bool refused_requests::keep(const std::string& name, std::uint64_t refused_by, unhandled_request one) {
  std::optional<unhandled_request> left;
  {
    const std::lock_guard guard{mutex_};
    const auto deadline = one.deadline;
    left = closed_ ? std::optional{std::move(one)} : waiting_.put(name, refused_by, deadline, std::move(one));
  }
  if (left) refuse(*left->element, service_error::fenced);
  return !left;
}

std::vector<unhandled_request> refused_requests::take_for(const std::string& name, std::uint64_t bound_by) {
  const std::lock_guard guard{mutex_};
  return waiting_.take_for(name, bound_by);
}

void refused_requests::give_up(const std::string& name) {
  std::unique_lock guard{mutex_};
  auto some = waiting_.take_all(name);
  guard.unlock();
  answer(std::move(some));
}

void refused_requests::look(instant now) {
  std::unique_lock guard{mutex_};
  auto late = waiting_.take_late(now);
  guard.unlock();
  answer(std::move(late));
}

void refused_requests::close() {
  std::unique_lock guard{mutex_};
  closed_ = true;
  auto all = waiting_.take_everything();
  guard.unlock();
  answer(std::move(all));
}

/// Without the lock, as whoever asked may run.
void refused_requests::answer(std::vector<unhandled_request> some) {
  for (auto& one : some) refuse(*one.element, service_error::fenced);
}

}  // namespace bulwark
