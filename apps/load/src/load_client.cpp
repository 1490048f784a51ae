// SPDX-License-Identifier: BSD-3-Clause
#include "checked_state.hpp"

#include <array>
#include <charconv>
#include <random>

namespace bulwark::load {

namespace {

/// One client: chooses operations at random, tells the models what it does and what came of it.
class load_client {
 public:
  load_client(checked_state& shared, std::size_t number, const std::stop_token& stop)
      : shared_(shared),
        number_(number),
        stop_(stop),
        connection_(shared.connection(number)),
        random_(shared.options.seed * 0x9E3779B97F4A7C15ULL + number),
        padding_(shared.options.value_bytes, 'x') {}

  void run() {
    for (std::uint64_t turn = 1; !stop_.stop_requested(); ++turn) {
      // A node that came back gets its clients back.
      if (turn % 256 == 0) connection_.go_home();
      step();
      if (failed_) {
        rest(std::chrono::milliseconds(10));
      } else if (shared_.options.pause > duration{}) {
        rest(shared_.options.pause);
      }
    }
  }

 private:
  void step() {
    failed_ = false;
    const auto dice = random_() % 100;
    if (dice < 45) {
      write(own_register());
    } else if (dice < 60) {
      failed_ = !shared_.check(connection_, own_register());
    } else if (dice < 75) {
      failed_ = !shared_.check(connection_, any(shared_.registers));
    } else if (dice < 90 || shared_.chains.empty()) {
      increment(any(shared_.counters));
    } else {
      extend(any(shared_.chains));
    }
  }

  void write(checked_key<register_model>& key) {
    std::uint64_t value = 0;
    {
      const std::lock_guard lock(key.guard);
      value = key.model.begin_write();
    }
    const auto result = call({"SET", key.name, std::to_string(value) + ":" + padding_});
    const std::lock_guard lock(key.guard);
    if (const auto found = key.model.end_write(value, result.what)) shared_.report(key.name, *found);
  }

  void increment(checked_key<counter_model>& key) {
    read_token token;
    {
      const std::lock_guard lock(key.guard);
      token = key.model.begin_increment();
    }
    const auto result = call({"INCR", key.name});
    const auto value = static_cast<std::uint64_t>(result.answer.number);
    const std::lock_guard lock(key.guard);
    const auto found = key.model.end_increment(token, result.what, value);
    if (!found) return;
    shared_.report(key.name, *found);
    if (found->kind == fault_kind::lost) key.model.accept_loss(value);
  }

  void extend(checked_key<chain_model>& key) {
    const auto held = shared_.get(connection_, key.name);
    failed_ = !held;
    if (!held) return;
    if (held->is_nil()) {
      // The first link of a chain needs something to replace. SETNX may be repeated by anybody.
      call({"SETNX", key.name, "0"});
      return;
    }
    std::uint64_t expected = 0;
    const auto& text = held->text;
    if (std::from_chars(text.data(), text.data() + text.size(), expected).ec != std::errc{}) return;
    std::uint64_t value = 0;
    {
      const std::lock_guard lock(key.guard);
      value = key.model.begin_link(expected);
    }
    const auto result = call({"CAS", key.name, text, std::to_string(value)});
    const std::lock_guard lock(key.guard);
    if (const auto found = key.model.end_link(value, result.what, result.answer.number == 1)) {
      shared_.report(key.name, *found);
    }
  }

  /// Sends one write and counts what came of it.
  call_result call(std::initializer_list<std::string_view> arguments) {
    auto result = shared_.call(connection_, arguments, true);
    failed_ = !result.done();
    return result;
  }

  void rest(duration length) {
    std::unique_lock lock(resting_);
    wake_.wait_for(lock, stop_, length, [] { return false; });
  }

  checked_key<register_model>& own_register() {
    const auto per_client = shared_.options.registers_per_client;
    return shared_.registers[number_ * per_client + random_() % per_client];
  }

  template <class Keys>
  typename Keys::reference any(Keys& keys) {
    return keys[random_() % keys.size()];
  }

  checked_state& shared_;
  const std::size_t number_;
  const std::stop_token& stop_;
  client connection_;
  std::mt19937_64 random_;
  const std::string padding_;
  std::mutex resting_;
  std::condition_variable_any wake_;
  bool failed_ = false;  ///< the last operation was not done: rest before the next
};

}  // namespace

void run_client(checked_state& shared, std::size_t number, const std::stop_token& stop) {
  load_client(shared, number, stop).run();
}

}  // namespace bulwark::load
