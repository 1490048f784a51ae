// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot_pauses.hpp"

#include "closed_loop.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>

namespace bulwark::bench {

namespace {

/// What the directory of a node's log says of its snapshots.
struct snapshot_view {
  bool is_writing = false;
  std::uint64_t newest_bytes = 0;
};

snapshot_view look_at(const std::filesystem::path& log) {
  snapshot_view found;
  std::string newest;
  std::error_code gone;  // files come and go meanwhile
  for (std::filesystem::directory_iterator each(log, gone), end; !gone && each != end; each.increment(gone)) {
    const auto name = each->path().filename().string();
    if (name.find(".snap.") != std::string::npos) found.is_writing = true;
    if (!name.ends_with(".snap") || name < newest) continue;
    newest = name;
    std::error_code no_size;
    const auto size = each->file_size(no_size);
    if (!no_size) found.newest_bytes = size;
  }
  return found;
}

}  // namespace

snapshot_pauses measure_snapshots(const load::local_cluster& cluster, const snapshot_load& load) {
  const auto leader = cluster.await_leader(std::chrono::seconds(10));
  const auto target = cluster.endpoint_of(leader);
  const auto leaders_log = cluster.directory() / leader / "log";
  const auto keys = std::max<std::size_t>(1, load.state_bytes / load.value_bytes);
  fill(target, keys, load.value_bytes, load.patience);

  snapshot_pauses seen;
  bool writing = look_at(leaders_log).is_writing;
  const auto anybody_writes = [&] {
    const bool now = look_at(leaders_log).is_writing;
    seen.snapshots += now && !writing;
    writing = now;
    return now || std::any_of(cluster.ids().begin(), cluster.ids().end(), [&](const std::string& id) {
             return look_at(cluster.directory() / id / "log").is_writing;
           });
  };
  const auto deadline = std::chrono::steady_clock::now() + load.patience;
  // The loop ends behind the last snapshot, and a little later, so that there is something to compare with.
  while ((seen.snapshots < load.snapshots || writing) && std::chrono::steady_clock::now() < deadline) {
    auto measured = run_closed_loop({.targets = {target},
                                     .kind = work::put,
                                     .clients = load.clients,
                                     .value_bytes = load.value_bytes,
                                     .keys = keys,
                                     .length = std::chrono::seconds(5),
                                     .apart = anybody_writes});
    seen.without.merge(measured.latencies);
    seen.during.merge(measured.latencies_apart);
    seen.seconds += measured.seconds - measured.seconds_apart;
    seen.seconds_apart += measured.seconds_apart;
    seen.errors += measured.errors;
  }
  seen.bytes = look_at(leaders_log).newest_bytes;
  return seen;
}

}  // namespace bulwark::bench
