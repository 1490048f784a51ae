// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/kv/core/transaction.hpp"

#include "bulwark/consensus/core/wire.hpp"

namespace bulwark::kv {

namespace {

/// What a watched key takes besides its bytes: here a node of a set, in the log its lengths and its revision.
constexpr std::size_t watched_overhead_bytes = 96;

std::size_t bytes_of(std::string_view key) { return key.size() + watched_overhead_bytes; }

constexpr std::string_view no_room = "BUSY Clients hold too much in buffers; the transaction cannot run";

}  // namespace

bool transaction::take(std::size_t bytes) {
  if (!server_.take_bytes(bytes)) return false;
  taken_ += bytes;
  return true;
}

void transaction::give_back(std::size_t bytes) {
  server_.give_back_bytes(bytes);
  taken_ -= bytes;
}

void transaction::forget() {
  if (taken_ > 0) give_back(taken_);
  watched_.clear();
  unknown_.clear();
  watched_bytes_ = commands_ = 0;
  queued_ = {};
  digits_ = {};
  open_ = spoilt_ = watch_refused_ = false;
}

std::string transaction::watch(std::string_view key) {
  if (unknown_.contains(key)) return {};
  const auto bytes = bytes_of(key);
  std::string fault;
  if (watched_.size() + unknown_.size() >= limits_.watched_keys_max)
    fault = "ERR too many keys are watched: at most " + std::to_string(limits_.watched_keys_max);
  else if (watched_bytes_ + bytes > limits_.watched_bytes_max)
    fault = "ERR too long keys are watched: at most " + std::to_string(limits_.watched_bytes_max) +
            " bytes together";
  else if (!take(bytes))
    fault = no_room;
  if (!fault.empty()) {
    watch_refused_ = true;
    return fault;
  }
  watched_bytes_ += bytes;
  unknown_.emplace(key);
  return {};
}

void transaction::learned(std::string_view key, std::uint64_t revision) {
  const auto found = unknown_.find(key);
  if (found == unknown_.end()) return;
  unknown_.erase(found);
  if (watched_.emplace(key, revision).second) return;
  watched_bytes_ -= bytes_of(key);
  give_back(bytes_of(key));
}

std::string transaction::queue(std::span<const std::string_view> words) {
  if (spoilt_) return {};
  if (commands_ >= limits_.commands_max)
    return "ERR too many commands in a transaction: at most " + std::to_string(limits_.commands_max);
  const auto before = queued_.size();
  consensus::wire_writer out{queued_};
  out.put_bytes(std::to_string(words.size()));
  for (const auto word : words) out.put_bytes(word);
  std::string fault;
  if (queued_.size() + watched_bytes_ > bytes_max_)
    fault = "ERR too long a transaction: at most " + std::to_string(bytes_max_) + " bytes";
  else if (!take(queued_.size() - before))
    fault = no_room;
  if (!fault.empty())
    queued_.resize(before);
  else
    ++commands_;
  return fault;
}

void transaction::spoil() {
  spoilt_ = true;
  give_back(queued_.size());
  queued_ = {};
}

std::string transaction::fault() const {
  if (spoilt_) return "EXECABORT Transaction discarded because of previous errors.";
  if (watch_refused_ || !unknown_.empty())
    return "EXECABORT Transaction discarded because a WATCH before it failed.";
  return {};
}

std::vector<std::string_view> transaction::arguments() {
  digits_.clear();
  digits_.reserve(watched_.size() + 1);
  std::vector<std::string_view> all;
  const auto add_number = [&](std::uint64_t number) {
    all.emplace_back(digits_.emplace_back(std::to_string(number)));
  };
  add_number(watched_.size());
  for (const auto& [key, revision] : watched_) {
    all.emplace_back(key);
    add_number(revision);
  }
  consensus::wire_reader in{queued_};
  for (std::string_view word; in.left() > 0 && in.get_bytes(word);) all.push_back(word);
  return all;
}

}  // namespace bulwark::kv
