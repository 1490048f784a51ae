// SPDX-License-Identifier: BSD-3-Clause
#include "recorded_history.hpp"

#include <random>

#include "bulwark/load/client.hpp"
#include "bulwark/load/local_cluster.hpp"

namespace bulwark::cluster_test {

namespace {

/// One command by itself, or alone in a transaction, which must make no difference.
load::call_result call(load::client& caller, std::initializer_list<std::string_view> command,
                       bool in_transaction) {
  if (!in_transaction) return caller.call(command);
  auto result = caller.call({"MULTI"});
  if (result.done()) result = caller.call(command);
  if (!result.done()) {
    caller.move_on();  // forgets the transaction
    result.what = load::outcome::refused;
    return result;
  }
  result = caller.call({"EXEC"});
  if (result.done()) result.answer = load::reply{result.answer.elements.at(0)};
  return result;
}

}  // namespace

recorded_history::recorded_history(history_options options) : options_{std::move(options)} {
  for (std::size_t i = 0; i < options_.clients; ++i) threads_.emplace_back([this, i] { work(i); });
}

recorded_history::~recorded_history() { stop(); }

void recorded_history::stop() {
  stops_ = true;
  for (auto& one : threads_)
    if (one.joinable()) one.join();
}

bool recorded_history::await_more(std::uint64_t operations, duration patience) const {
  const auto wanted = done() + operations;
  return load::eventually(patience, [&] { return done() >= wanted; });
}

void recorded_history::work(std::size_t index) {
  load::client caller({.endpoints = options_.endpoints,
                       .first = index % options_.endpoints.size(),
                       .request_timeout = options_.request_timeout});
  std::mt19937_64 random{options_.seed + index};
  while (!stops_) {
    const auto where = key(random() % options_.keys);
    const bool writes = random() % 3 != 0;
    auto value = std::to_string(++written_) + ":";
    value.resize(std::max(value.size(), options_.value_bytes), 'x');
    test::linearizability_checker::operation which{};
    {
      const std::lock_guard lock{mutex_};
      which = writes ? checker_.begin_write(where, value) : checker_.begin_read(where);
    }
    const bool in_transaction = random() % 3 == 0;
    const auto result = writes ? call(caller, {"GETSET", where, value}, in_transaction)
                               : call(caller, {"GET", where}, in_transaction);
    {
      const std::lock_guard lock{mutex_};
      if (result.done())
        checker_.end(which, result.answer.text);
      else if (result.what == load::outcome::refused)
        checker_.forget(which);
    }
    if (result.done())
      ++done_;
    else
      std::this_thread::sleep_for(std::chrono::milliseconds(10));  // nobody serves: no hurry
    std::this_thread::sleep_for(options_.pause);
  }
}

bool recorded_history::read_all(duration patience) {
  load::client caller({.endpoints = options_.endpoints});
  for (std::size_t i = 0; i < options_.keys; ++i) {
    const bool read = load::eventually(patience, [&] {
      const auto which = checker_.begin_read(key(i));
      const auto result = caller.call({"GET", key(i)});
      if (!result.done()) {
        checker_.forget(which);
        return false;
      }
      checker_.end(which, result.answer.text);
      return true;
    });
    if (!read) return false;
  }
  return true;
}

}  // namespace bulwark::cluster_test
