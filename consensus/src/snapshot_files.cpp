// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot_files.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "bulwark/consensus/core/wire.hpp"
#include "bulwark/consensus/crc32c.hpp"
#include "log_files.hpp"
#include "snapshot_file_writer.hpp"
#include "snapshot_format.hpp"

namespace bulwark::consensus {
namespace {

constexpr std::uint64_t beginning_magic = 0x017473666b777562;  // "buwkfst" and 1
constexpr std::uint32_t format_version = 1;
constexpr std::size_t piece_bytes = 1u << 20;
constexpr std::string_view snapshot_suffix = ".snap";
constexpr std::string_view beginning_name = "beginning";

/// Whether the state behind the header is as it was written; reads a piece at a time.
bool is_whole(file& from, const snapshot_header& header) {
  if (from.size() != snapshot_header_bytes + header.which.total) return false;
  std::string piece(piece_bytes, '\0');
  std::uint32_t crc = 0;
  for (std::uint64_t at = snapshot_header_bytes; at < from.size();) {
    const auto size = from.read_at(piece, at);
    if (size == 0) return false;
    crc = crc32c(std::string_view{piece}.substr(0, size), crc);
    at += size;
  }
  return crc == header.state_crc;
}

[[noreturn]] void throw_damaged(const std::filesystem::path& path, const std::string& what) {
  throw log_failure{log_error::damaged, path.string() + ": " + what};
}

}  // namespace

// -- where the log begins ----------------------------------------------------------------------------

log_beginning load_beginning(file_layer& files, const std::filesystem::path& directory) {
  const auto names = files.list(directory);
  if (std::find(names.begin(), names.end(), beginning_name) == names.end()) return {};
  const auto path = directory / beginning_name;
  const auto contents = read_all(*files.open(path, open_mode::read));
  wire_reader in{contents};
  log_beginning found;
  std::uint64_t magic = 0;
  std::uint32_t version = 0, count = 0, crc = 0;
  const bool good_crc = contents.size() >= 4 &&
                        wire_reader{std::string_view{contents}.substr(contents.size() - 4)}.get(crc) &&
                        crc == crc32c(std::string_view{contents}.substr(0, contents.size() - 4));
  if (!good_crc || !in.get(magic) || magic != beginning_magic || !in.get(version) ||
      version != format_version || !in.get(found.first_segment) || !in.get(count) ||
      in.left() != count * std::uint64_t{12} + 4)
    throw_damaged(path, "damaged or of an unknown version");
  for (; count > 0; --count) {
    std::uint32_t group = 0;
    std::uint64_t at = 0;
    in.get(group);
    in.get(at);
    found.kept[group_id{group}] = slot{at};
  }
  return found;
}

void save_beginning(file_layer& files, const std::filesystem::path& directory, const log_beginning& what) {
  std::string out;
  wire_writer writer{out};
  writer.put(beginning_magic);
  writer.put(format_version);
  writer.put(what.first_segment);
  writer.put(static_cast<std::uint32_t>(what.kept.size()));
  for (const auto& [group, at] : what.kept) {
    writer.put(number(group));
    writer.put(number(at));
  }
  writer.put(crc32c(out));
  write_durably(files, directory / beginning_name, {out});
}

// -- snapshots ---------------------------------------------------------------------------------------

namespace {

std::filesystem::path snapshot_path(const std::filesystem::path& directory, group_id group, slot at) {
  char name[48];
  std::snprintf(name, sizeof name, "%08x-%016llx.snap", number(group),
                static_cast<unsigned long long>(number(at)));
  return directory / name;
}

found_snapshot look_at_snapshot(file_layer& files, const std::filesystem::path& path) {
  auto from = files.open(path, open_mode::read);
  std::string encoded(snapshot_header_bytes, '\0');
  encoded.resize(from->read_at(encoded, 0));
  const auto header = decode_snapshot_header(encoded);
  if (!header || path != snapshot_path(path.parent_path(), header->group, header->which.at) ||
      !is_whole(*from, *header))
    return {path, 0, 0, {}, {}, false};
  return {path, header->node, header->cluster, header->group, header->which, true};
}

}  // namespace

std::vector<found_snapshot> find_snapshots(file_layer& files, const std::filesystem::path& directory) {
  std::vector<found_snapshot> found;
  for (const auto& name : files.list(directory))
    if (name.ends_with(snapshot_suffix)) found.push_back(look_at_snapshot(files, directory / name));
  return found;
}

std::filesystem::path snapshot_files::path_of(group_id group, slot at) const {
  return snapshot_path(options_.directory, group, at);
}

void snapshot_files::load(const log_beginning& beginning) {
  for (const auto& one : find_snapshots(files_, options_.directory)) {
    if (!one.whole) continue;
    if (one.cluster != cluster_hash(options_.cluster) || one.node != number(options_.node))
      throw log_failure{log_error::foreign, one.path.string() + ": the snapshot of another cluster or node"};
    all_[one.group].push_back(one.which);
  }
  for (auto& [group, snapshots] : all_)
    std::sort(snapshots.begin(), snapshots.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  for (const auto& [group, kept] : beginning.kept) {
    if (newest(group) < kept)
      throw_damaged(path_of(group, kept),
                    "no whole snapshot of this slot or a later one, and the log before it is gone");
    while (oldest(group) < kept) keep(group, count(group) - 1);
  }
}

std::unique_ptr<snapshot_writer> snapshot_files::begin(group_id group, slot at) const {
  const snapshot_header header{number(options_.node), cluster_hash(options_.cluster), group, {at, 0, 0}, 0};
  return std::make_unique<snapshot_file_writer>(files_, path_of(group, at), header);
}

void snapshot_files::keep(group_id group, std::size_t count) {
  auto& snapshots = all_[group];
  for (; snapshots.size() > count; snapshots.pop_front()) files_.remove(path_of(group, snapshots.front().at));
}

std::vector<group_id> snapshot_files::groups() const {
  std::vector<group_id> found;
  for (const auto& [group, snapshots] : all_) found.push_back(group);
  return found;
}

slot snapshot_files::newest(group_id group) const {
  const auto found = all_.find(group);
  return found == all_.end() || found->second.empty() ? slot::none : found->second.back().at;
}

slot snapshot_files::oldest(group_id group) const {
  const auto found = all_.find(group);
  return found == all_.end() || found->second.empty() ? slot::none : found->second.front().at;
}

std::size_t snapshot_files::count(group_id group) const {
  const auto found = all_.find(group);
  return found == all_.end() ? 0 : found->second.size();
}

snapshot_part snapshot_files::read(group_id group, slot at, std::uint64_t offset,
                                   std::size_t bytes_max) const {
  const auto found = all_.find(group);
  if (found == all_.end() || found->second.empty()) return {};
  snapshot_part part{found->second.back(), 0, {}};
  for (const auto& one : found->second)
    if (one.at == at && offset <= one.total) part = {one, offset, {}};
  part.data.resize(std::min<std::uint64_t>(bytes_max, part.of.total - part.offset));
  auto from = files_.open(path_of(group, part.of.at), open_mode::read);
  part.data.resize(from->read_at(part.data, snapshot_header_bytes + part.offset));
  return part;
}

}  // namespace bulwark::consensus
