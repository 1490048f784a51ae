// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/kv/core/keyspace_walk.hpp"

#include <algorithm>
#include <utility>

#include "bulwark/consensus/core/wire.hpp"

namespace bulwark::kv {

namespace {

/// A key that was made since costs no bytes, but time: it counts as so many.
constexpr std::size_t passed_over_bytes = 64;

}  // namespace

keyspace_walk::keyspace_walk(const keyspace& of) : of_{of} {
  consensus::wire_writer writer{ready_};
  writer.put(of.revision_);
  writer.put(static_cast<std::uint64_t>(of.entries_.size()));
}

void keyspace_walk::set_aside(std::string_view key, const keyspace::entry* old) {
  if (at_end_ || (position_ && key <= *position_)) return;
  const auto place = aside_.lower_bound(key);
  if (place != aside_.end() && place->first == key) return;
  aside_.emplace_hint(place, key, old ? std::optional{*old} : std::nullopt);
}

void keyspace_walk::write(std::string_view key, const keyspace::entry& what) {
  consensus::wire_writer writer{ready_};
  writer.put_bytes(key);
  writer.put_bytes(what.value);
  writer.put(what.revision);
}

void keyspace_walk::write_ready(std::size_t enough) {
  const auto& in_order = of_.in_order_;
  auto now = position_ ? in_order.upper_bound(std::string_view{*position_}) : in_order.begin();
  std::size_t passed_over = 0;
  for (; ready_.size() + passed_over < enough && !at_end_;) {
    const bool none_now = now == in_order.end();
    if (aside_.empty() && none_now) {
      at_end_ = true;
    } else if (!aside_.empty() && (none_now || aside_.begin()->first <= (*now)->first)) {
      auto old = aside_.extract(aside_.begin());
      if (!none_now && old.key() == (*now)->first) ++now;
      if (old.mapped())
        write(old.key(), *old.mapped());
      else
        passed_over += passed_over_bytes;
      position_ = std::move(old.key());
    } else {
      write((*now)->first, (*now)->second);
      position_ = (*now)->first;
      ++now;
    }
  }
}

bool keyspace_walk::next(std::size_t bytes_max, std::string& out) {
  if (given_ == ready_.size()) {
    ready_.clear();
    given_ = 0;
    write_ready(bytes_max);
  } else if (ready_.size() - given_ < bytes_max && ready_.size() < 2 * bytes_max) {
    write_ready(given_ + bytes_max);
  }
  const auto size = std::min(bytes_max, ready_.size() - given_);
  out.append(ready_, given_, size);
  given_ += size;
  return !at_end_ || given_ < ready_.size();
}

}  // namespace bulwark::kv
