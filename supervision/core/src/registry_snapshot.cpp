// SPDX-License-Identifier: BSD-3-Clause
// The saved form of a registry: version u8 (1), counters, names that are held, names that are lost, ended
// tokens.
#include <utility>

#include "bulwark/supervision/core/registry.hpp"
#include "membership_bytes.hpp"

namespace bulwark {

namespace {

constexpr std::uint8_t registry_saved_version = 1;

/// The fewest bytes that each takes: bounds what a forged count makes us do.
constexpr std::size_t held_bytes_min = 33;
constexpr std::size_t lost_bytes_min = 12;
constexpr std::size_t ended_bytes_min = 9;

}  // namespace

std::string registry::save() const {
  std::string saved;
  byte_writer out{saved};
  out.put(registry_saved_version).put(revision_).put(last_token_);
  out.put(static_cast<std::uint8_t>(forgot_lost_)).put(static_cast<std::uint32_t>(held_.size()));
  for (const auto& [name, entry] : held_) {
    out.put(name).put(entry.owner).put(entry.start).put(entry.token);
    out.put(static_cast<std::uint8_t>(entry.must_wait));
  }
  out.put(static_cast<std::uint32_t>(lost_.size()));
  for (const auto& [name, token] : lost_) out.put(name).put(token);
  out.put(static_cast<std::uint32_t>(ended_.size()));
  for (const auto& one : ended_) out.put(one.token).put(static_cast<std::uint8_t>(one.how));
  return saved;
}

bool registry::restore(std::string_view saved) {
  byte_reader in{saved};
  if (in.take<std::uint8_t>() != registry_saved_version) return false;
  registry other;
  other.revision_ = in.take<std::uint64_t>();
  other.last_token_ = in.take<std::uint64_t>();
  other.forgot_lost_ = in.take_flag();
  for (auto count = in.take_count(held_bytes_min); count > 0 && in.good(); --count) {
    auto name = in.take_text();
    const auto owner = in.take_life();
    const auto start = in.take<std::uint64_t>();
    const auto token = in.take<std::uint64_t>();
    const name_entry entry{owner, start, token, in.take_flag()};
    in.require(entry.token <= other.last_token_);
    in.require(other.held_.empty() || other.held_.rbegin()->first < name);
    other.held_.emplace(std::move(name), entry);
  }
  for (auto count = in.take_count(lost_bytes_min); count > 0 && in.good(); --count) {
    auto name = in.take_text();
    in.require(other.lost_.empty() || other.lost_.rbegin()->first < name);
    other.lost_.emplace(std::move(name), in.take<std::uint64_t>());
  }
  for (auto count = in.take_count(ended_bytes_min); count > 0 && in.good(); --count) {
    const auto token = in.take<std::uint64_t>();
    other.ended_.push_back({token, in.take_enum(name_event::node_down)});
  }
  in.require(other.held_.size() <= names_max && other.lost_.size() <= names_max);
  in.require(other.ended_.size() <= ended_max);
  if (!in.complete()) return false;
  *this = std::move(other);
  return true;
}

}  // namespace bulwark
