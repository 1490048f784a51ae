// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/core/session_table.hpp"

#include <algorithm>
#include <utility>

#include "bulwark/actors/core/invariant.hpp"
#include "bulwark/consensus/core/wire.hpp"

namespace bulwark::consensus {

session_table::verdict session_table::begin(std::string_view client, std::uint64_t number,
                                            std::uint64_t now_ms) {
  now_ms_ = now_ms_ == 0 ? now_ms : std::max(now_ms_, std::min(now_ms, now_ms_ + limits_.step_ms_max));
  while (!in_order_.empty() && now_ms_ - in_order_.front().used_ms > limits_.idle_ms_max) forget_oldest();
  const auto found = by_client_.find(client);
  if (found == by_client_.end()) return number == 1 ? verdict::fresh : verdict::unknown;
  auto& known = *found->second;
  known.used_ms = now_ms_;
  in_order_.splice(in_order_.end(), in_order_, found->second);
  if (number > known.latest) return verdict::fresh;
  if (number < known.latest) return verdict::stale;
  return known.kept ? verdict::repeated : verdict::too_large;
}

const std::string& session_table::reply_of(std::string_view client) const {
  const auto found = by_client_.find(client);
  BULWARK_INVARIANT(found != by_client_.end());
  return found->second->reply;
}

std::uint64_t session_table::latest_of(std::string_view client) const {
  const auto found = by_client_.find(client);
  return found == by_client_.end() ? 0 : found->second->latest;
}

void session_table::finish(std::string_view client, std::uint64_t number, std::string reply) {
  auto found = by_client_.find(client);
  if (found == by_client_.end()) {
    const auto made = in_order_.insert(in_order_.end(), session{std::string{client}, 0, now_ms_, true, {}});
    found = by_client_.emplace(made->client, made).first;
  }
  auto& known = *found->second;
  reply_bytes_ -= known.reply.size();
  known.latest = number;
  known.kept = reply.size() <= limits_.reply_bytes_max;
  known.reply = known.kept ? std::move(reply) : std::string{};
  reply_bytes_ += known.reply.size();
  make_room();
}

void session_table::forget_oldest() {
  reply_bytes_ -= in_order_.front().reply.size();
  by_client_.erase(in_order_.front().client);
  in_order_.pop_front();
}

void session_table::make_room() {
  // The one that has just been used is the last, and stays.
  while (in_order_.size() > 1 &&
         (in_order_.size() > limits_.sessions_max || reply_bytes_ > limits_.replies_bytes_max))
    forget_oldest();
}

void session_table::save(std::string& out) const {
  wire_writer writer{out};
  writer.put(now_ms_);
  writer.put(static_cast<std::uint64_t>(in_order_.size()));
  for (const auto& one : in_order_) {
    writer.put_bytes(one.client);
    writer.put(one.latest);
    writer.put(one.used_ms);
    writer.put(static_cast<std::uint8_t>(one.kept));
    writer.put_bytes(one.reply);
  }
}

bool session_table::restore(std::string_view saved) {
  wire_reader in{saved};
  session_table made{limits_};
  std::uint64_t count = 0;
  if (!in.get(made.now_ms_) || !in.get(count)) return false;
  for (; count > 0; --count) {
    session one;
    std::string_view client, reply;
    std::uint8_t kept = 0;
    if (!in.get_bytes(client) || !in.get(one.latest) || !in.get(one.used_ms) || !in.get(kept) ||
        !in.get_bytes(reply) || kept > 1)
      return false;
    one.client = client;
    one.kept = kept == 1;
    one.reply = reply;
    const auto at = made.in_order_.insert(made.in_order_.end(), std::move(one));
    if (!made.by_client_.emplace(at->client, at).second) return false;
    made.reply_bytes_ += at->reply.size();
  }
  if (!in.complete()) return false;
  in_order_ = std::move(made.in_order_);  // iterators and the views into its elements stay valid
  by_client_ = std::move(made.by_client_);
  reply_bytes_ = made.reply_bytes_;
  now_ms_ = made.now_ms_;
  return true;
}

}  // namespace bulwark::consensus
