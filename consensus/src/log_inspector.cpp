// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/log_inspector.hpp"

#include <optional>
#include <system_error>
#include <utility>

#include "bulwark/consensus/record_codec.hpp"
#include "log_files.hpp"
#include "segment_format.hpp"
#include "snapshot_files.hpp"

namespace bulwark::consensus {
namespace {

class inspection {
 public:
  inspection(std::filesystem::path directory, log_visitor& visitor, file_layer& files)
      : directory_{std::move(directory)}, visitor_{visitor}, files_{files} {}

  log_visitor::totals run() {
    const auto first = look_at_beginning();
    for (const auto& one : find_snapshots(files_, directory_)) {
      ++totals_.snapshots;
      visitor_.on_snapshot({one.path.string(), one.group, one.which.at, one.which.total, one.whole});
      if (!one.whole) damage(one.path, 0, "the snapshot is damaged or of an unknown version");
    }
    auto expected = first;
    for (const auto number : find_segments(files_, directory_)) {
      if (number < first) continue;  // about to be removed
      if (number != expected) damage(segment_path(directory_, expected), 0, "the segment is missing");
      look_at_segment(number);
      expected = number + 1;
    }
    return totals_;
  }

 private:
  std::uint64_t look_at_beginning() {
    try {
      const auto found = load_beginning(files_, directory_);
      for (const auto& [group, kept] : found.kept) visitor_.on_beginning(found.first_segment, group, kept);
      return found.first_segment;
    } catch (const log_failure& failure) {
      visitor_.on_damage(failure.what());
      return 1;
    }
  }

  void look_at_segment(std::uint64_t number) {
    const auto path = segment_path(directory_, number);
    if (!torn_.empty()) visitor_.on_damage(std::exchange(torn_, {}));
    std::string contents;
    try {
      contents = read_all(*files_.open(path, open_mode::read));
    } catch (const std::system_error& error) {
      if (error.code() != std::errc::no_such_file_or_directory) throw;
      return;  // a running node has removed it, as it is not needed any more
    }
    const auto header = decode_segment_header(contents);
    if (!header) return damage(path, 0, "the segment header is damaged or of an unknown version");
    ++totals_.segments;
    visitor_.on_segment({header->number, header->node, header->first, header->capacity, path.string()});
    if (header->capacity != contents.size())
      damage(path, 0,
             "the file has " + std::to_string(contents.size()) + " bytes, expected " +
                 std::to_string(header->capacity));
    if (header->number != number)
      damage(path, 0, "holds segment " + std::to_string(header->number));
    else if (next_ && header->first != *next_)
      damage(path, 0, "does not continue the segment before it");
    auto sequence = header->first;
    const auto found = scan_segment(contents, *header, [&](std::string_view payload, std::uint64_t offset) {
      look_at_batch(payload, {number, sequence++, offset + batch_header_bytes, 0}, path);
    });
    next_ = found.next;
    totals_.torn = found.torn && found.damage.empty();
    if (!found.damage.empty())
      damage(path, found.end, found.damage);
    else if (found.torn)
      torn_ = at(path, found.end) + "the segment ends in a bad batch although another follows";
  }

  void look_at_batch(std::string_view payload, log_visitor::place where, const std::filesystem::path& path) {
    ++totals_.batches;
    while (!payload.empty()) {
      const auto encoded = split_record(payload);
      const auto record = decode_record(encoded);
      if (!record) return damage(path, where.offset, "a record is damaged or of an unknown version");
      where.bytes = encoded.size();
      ++totals_.records;
      visitor_.on_record(where, *record);
      where.offset += encoded.size();
    }
  }

  static std::string at(const std::filesystem::path& path, std::uint64_t offset) {
    return path.string() + ", offset " + std::to_string(offset) + ": ";
  }
  void damage(const std::filesystem::path& path, std::uint64_t offset, const std::string& what) {
    visitor_.on_damage(at(path, offset) + what);
  }

  const std::filesystem::path directory_;
  log_visitor& visitor_;
  file_layer& files_;
  log_visitor::totals totals_;
  std::optional<std::uint64_t> next_;  ///< sequence number that the next segment begins with
  std::string torn_;                   ///< damage, if another segment follows
};

}  // namespace

log_visitor::totals inspect_log(const std::filesystem::path& directory, log_visitor& visitor,
                                file_layer& files) {
  try {
    return inspection{directory, visitor, files}.run();
  } catch (const std::system_error& error) {
    throw to_log_failure(error);
  }
}

}  // namespace bulwark::consensus
