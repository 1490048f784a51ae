// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot_files.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "bulwark/consensus/core/wire.hpp"
#include "bulwark/consensus/crc32c.hpp"
#include "log_files.hpp"

namespace bulwark::consensus {
namespace {

constexpr std::uint64_t snapshot_magic = 0x01706e736b777562;   // "buwksnp" and 1, in file order
constexpr std::uint64_t beginning_magic = 0x017473666b777562;  // "buwkfst" and 1
constexpr std::uint32_t format_version = 1;
constexpr std::size_t header_bytes = 64;
constexpr std::size_t piece_bytes = 1u << 20;
constexpr std::string_view snapshot_suffix = ".snap";
constexpr std::string_view beginning_name = "beginning";

struct snapshot_header {
  std::uint32_t node = 0;
  std::uint64_t cluster = 0;
  group_id group{};
  snapshot_id which;
  std::uint32_t state_crc = 0;
};

std::string encode_header(const snapshot_header& header) {
  std::string out;
  wire_writer writer{out};
  writer.put(snapshot_magic);
  writer.put(format_version);
  writer.put(header.node);
  writer.put(header.cluster);
  writer.put(number(header.group));
  writer.put(std::uint32_t{0});
  writer.put(number(header.which.at));
  writer.put(header.which.total);
  writer.put(header.which.hash);
  writer.put(header.state_crc);
  writer.put(crc32c(out));
  return out;
}

std::optional<snapshot_header> decode_header(std::string_view encoded) {
  if (encoded.size() != header_bytes) return std::nullopt;
  wire_reader in{encoded};
  snapshot_header header;
  std::uint64_t magic = 0, at = 0;
  std::uint32_t version = 0, group = 0, zero = 0, crc = 0;
  in.get(magic);
  in.get(version);
  in.get(header.node);
  in.get(header.cluster);
  in.get(group);
  in.get(zero);
  in.get(at);
  in.get(header.which.total);
  in.get(header.which.hash);
  in.get(header.state_crc);
  in.get(crc);
  if (magic != snapshot_magic || version != format_version ||
      crc != crc32c(encoded.substr(0, header_bytes - 4)))
    return std::nullopt;
  header.group = group_id{group};
  header.which.at = slot{at};
  return header;
}

/// Writes a whole file so that a crash leaves all of it or nothing under its name.
void write_durably(file_layer& files, const std::filesystem::path& path,
                   std::initializer_list<std::string_view> contents) {
  auto unfinished = path;
  unfinished += ".tmp";
  try {
    auto out = files.open(unfinished, open_mode::create);
    std::uint64_t end = 0;
    for (const auto part : contents) {
      write_all_at(*out, part, end);
      end += part.size();
    }
    out->sync();
  } catch (const std::system_error&) {
    files.remove(unfinished);
    throw;
  }
  files.rename(unfinished, path);
  files.sync_directory(path.parent_path());
}

/// Whether the state behind the header is as it was written; reads a piece at a time.
bool is_whole(file& from, const snapshot_header& header) {
  if (from.size() != header_bytes + header.which.total) return false;
  std::string piece(piece_bytes, '\0');
  std::uint32_t crc = 0;
  for (std::uint64_t at = header_bytes; at < from.size();) {
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
  std::string encoded(header_bytes, '\0');
  encoded.resize(from->read_at(encoded, 0));
  const auto header = decode_header(encoded);
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

void snapshot_files::write(group_id group, slot at, std::string_view state) {
  const snapshot_header header{number(options_.node),
                               cluster_hash(options_.cluster),
                               group,
                               {at, state.size(), snapshot_hash(state)},
                               crc32c(state)};
  write_durably(files_, path_of(group, at), {encode_header(header), state});
  all_[group].push_back(header.which);
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
  part.data.resize(from->read_at(part.data, header_bytes + part.offset));
  return part;
}

}  // namespace bulwark::consensus
