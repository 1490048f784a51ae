// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/kv/core/keyspace.hpp"

#include <algorithm>
#include <utility>

#include "bulwark/consensus/core/wire.hpp"
#include "bulwark/kv/core/keyspace_walk.hpp"

namespace bulwark::kv {

namespace {

/// FNV-1a, 64 bit.
class digest {
 public:
  void add(std::string_view data) {
    add(data.size());
    for (const char c : data) mix(static_cast<unsigned char>(c));
  }
  void add(std::uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) mix(number >> shift & 0xff);
  }
  /// Finished as in splitmix64, so that sums of digests do not cancel out.
  [[nodiscard]] std::uint64_t finish() const {
    auto x = state_;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
  }

 private:
  void mix(std::uint64_t byte) { state_ = (state_ ^ byte) * 0x100000001b3; }

  std::uint64_t state_ = 0xcbf29ce484222325;
};

}  // namespace

const keyspace::entry* keyspace::find(std::string_view key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

keyspace::entry& keyspace::touch(std::string_view key) {
  auto found = entries_.find(key);
  about_to_change(key, found == entries_.end() ? nullptr : &found->second);
  if (found == entries_.end()) {
    found = entries_.emplace(std::string{key}, entry{}).first;
    in_order_.insert(&*found);
    bytes_ += key.size() + overhead_bytes;
  }
  found->second.revision = ++revision_;
  return found->second;
}

void keyspace::about_to_change(std::string_view key, const entry* old) {
  if (walks_.empty()) return;
  std::erase_if(walks_, [&](const auto& one) {
    const auto walk = one.lock();
    if (walk) walk->set_aside(key, old);
    return walk == nullptr;
  });
}

void keyspace::put(std::string_view key, std::string_view value) {
  auto& e = touch(key);
  bytes_ = bytes_ - e.value.size() + value.size();
  e.value.assign(value);
}

std::size_t keyspace::append(std::string_view key, std::string_view tail) {
  auto& e = touch(key);
  bytes_ += tail.size();
  e.value.append(tail);
  return e.value.size();
}

bool keyspace::erase(std::string_view key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return false;
  about_to_change(key, &found->second);
  bytes_ -= found->first.size() + found->second.value.size() + overhead_bytes;
  in_order_.erase(&*found);
  entries_.erase(found);
  ++revision_;
  return true;
}

void keyspace::save(std::string& out) const {
  consensus::wire_writer writer{out};
  writer.put(revision_);
  writer.put(static_cast<std::uint64_t>(in_order_.size()));
  for (const auto* one : in_order_) {
    writer.put_bytes(one->first);
    writer.put_bytes(one->second.value);
    writer.put(one->second.revision);
  }
}

std::uint64_t keyspace::saved_bytes() const {
  constexpr std::uint64_t number_bytes = 8, lengths_bytes = 8;
  const auto keys_and_values = bytes_ - overhead_bytes * entries_.size();
  return 2 * number_bytes + keys_and_values + (lengths_bytes + number_bytes) * entries_.size();
}

std::shared_ptr<keyspace_walk> keyspace::begin_walk() {
  auto walk = std::make_shared<keyspace_walk>(*this);
  walks_.push_back(walk);
  return walk;
}

void keyspace::begin_restore(std::uint64_t revision) {
  *this = {};
  revision_ = revision;
}

bool keyspace::restore_entry(std::string_view key, std::string_view value, std::uint64_t revision) {
  if (!in_order_.empty() && key <= (*in_order_.rbegin())->first) return false;
  const auto made = entries_.emplace(std::string{key}, entry{std::string{value}, revision}).first;
  in_order_.insert(in_order_.end(), &*made);
  bytes_ += key.size() + value.size() + overhead_bytes;
  return true;
}

bool keyspace::restore(std::string_view saved) {
  consensus::wire_reader in{saved};
  keyspace made;
  std::uint64_t made_revision = 0, count = 0;
  if (!in.get(made_revision) || !in.get(count)) return false;
  made.begin_restore(made_revision);
  for (; count > 0; --count) {
    std::string_view key, value;
    std::uint64_t revision = 0;
    if (!in.get_bytes(key) || !in.get_bytes(value) || !in.get(revision)) return false;
    if (!made.restore_entry(key, value, revision)) return false;
  }
  if (!in.complete()) return false;
  *this = std::move(made);
  return true;
}

std::uint64_t keyspace::hash() const {
  digest whole;
  whole.add(revision_);
  std::uint64_t sum = whole.finish();
  for (const auto& [key, e] : entries_) {
    digest one;
    one.add(std::string_view{key});
    one.add(std::string_view{e.value});
    one.add(e.revision);
    sum += one.finish();
  }
  return sum;
}

}  // namespace bulwark::kv
