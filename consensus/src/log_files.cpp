// SPDX-License-Identifier: BSD-3-Clause
#include "log_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <future>

#include "bulwark/consensus/record_codec.hpp"

namespace bulwark::consensus {
namespace {

constexpr std::size_t name_digits = 16;
constexpr std::string_view segment_suffix = ".log";

/// The number in a segment's name; none for other files.
std::optional<std::uint64_t> segment_number(std::string_view name) {
  if (name.size() != name_digits + segment_suffix.size() || !name.ends_with(segment_suffix))
    return std::nullopt;
  std::uint64_t out = 0;
  for (char c : name.substr(0, name_digits)) {
    const auto digit = std::string_view{"0123456789abcdef"}.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    out = out << 4 | digit;
  }
  return out;
}

[[noreturn]] void throw_damaged(const std::filesystem::path& path, std::uint64_t offset,
                                const std::string& what) {
  throw log_failure{log_error::damaged, path.string() + ", offset " + std::to_string(offset) + ": " + what};
}

/// The header, checked against the file that it stands in and the log that it should belong to.
segment_header checked_header(std::string_view contents, const std::filesystem::path& path,
                              std::uint64_t number, const file_log_options& options) {
  const auto header = decode_segment_header(contents);
  if (!header) throw_damaged(path, 0, "the segment header is damaged or of an unknown version");
  if (header->cluster != cluster_hash(options.cluster) || header->node != consensus::number(options.node))
    throw log_failure{log_error::foreign, path.string() + ": written by node n" +
                                              std::to_string(header->node) +
                                              (header->cluster == cluster_hash(options.cluster)
                                                   ? ""
                                                   : " of another cluster than \"" + options.cluster + '"') +
                                              ", opened by " + to_string(options.node)};
  if (header->number != number) throw_damaged(path, 0, "holds segment " + std::to_string(header->number));
  if (header->capacity != contents.size())
    throw_damaged(path, std::min<std::uint64_t>(contents.size(), header->capacity),
                  "the file has " + std::to_string(contents.size()) + " bytes, expected " +
                      std::to_string(header->capacity));
  return *header;
}

/// What an earlier life left unfinished.
void remove_unfinished(file_layer& files, const std::filesystem::path& directory) {
  for (const auto& name : files.list(directory))
    if (name.ends_with(".tmp")) files.remove(directory / name);
}

/// Reads segments in turn; with `ahead`, each one already while its user is busy with the one before.
class segment_reader {
 public:
  segment_reader(file_layer& files, const std::vector<std::filesystem::path>& paths, bool ahead)
      : files_{files}, paths_{paths}, policy_{ahead ? std::launch::async : std::launch::deferred} {
    begin({});
  }

  /// The contents of the next one. What was `spent` is memory for those after it, which makes reading half as
  /// long. Throws std::system_error. @pre called at most once for each path
  std::string next(std::string spent) {
    auto contents = coming_.get();
    ++at_;
    begin(std::move(spent));
    return contents;
  }

 private:
  void begin(std::string spent) {
    if (at_ < paths_.size())
      coming_ = std::async(policy_, [this, &path = paths_[at_], into = std::move(spent)]() mutable {
        return read_all(*files_.open(path, open_mode::read), std::move(into));
      });
  }

  file_layer& files_;
  const std::vector<std::filesystem::path>& paths_;
  const std::launch policy_;
  std::size_t at_ = 0;
  std::future<std::string> coming_;  ///< its destructor waits for the thread
};

struct index_writer {
  group_index& index;
  record_location where;

  void operator()(const promise_record& r) const { index.promised = std::max(index.promised, r.promised); }
  void operator()(const chosen_record& r) const { index.chosen = std::max(index.chosen, r.chosen); }
  void operator()(const accepted_entry& r) const { index.put(r.at, where); }
};

/// Enters the records of one batch into the index. False if one of them is damaged.
bool index_batch(std::string_view payload, std::uint32_t segment, std::uint64_t payload_offset,
                 log_index& index) {
  const auto* start = payload.data();
  while (!payload.empty()) {
    const auto encoded = split_record(payload);
    const auto decoded = decode_outline(encoded);
    if (!decoded) return false;
    const auto offset = payload_offset + static_cast<std::uint64_t>(encoded.data() - start);
    index_record(*decoded,
                 {segment, static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(encoded.size())},
                 index);
  }
  return true;
}

}  // namespace

std::filesystem::path segment_path(const std::filesystem::path& directory, std::uint64_t number) {
  char digits[name_digits + 1];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(number));
  return directory / (digits + std::string{segment_suffix});
}

std::uint64_t cluster_hash(std::string_view cluster) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a, 64 bit
  for (char c : cluster) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

log_failure to_log_failure(const std::system_error& error) {
  const auto code = error.code().value();
  const bool full = error.code().category() == std::generic_category() && (code == ENOSPC || code == EDQUOT);
  return log_failure{full ? log_error::no_space : log_error::failed, error.what()};
}

void index_record(const group_record& what, record_location where, log_index& index) {
  std::visit(index_writer{index[what.group], where}, what.what);
}

std::vector<std::uint64_t> find_segments(file_layer& files, const std::filesystem::path& directory) {
  std::vector<std::uint64_t> numbers;
  for (const auto& name : files.list(directory))
    if (const auto number = segment_number(name)) numbers.push_back(*number);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

loaded_log load_log(file_layer& files, const file_log_options& options, const log_beginning& beginning) {
  loaded_log log;
  std::filesystem::path previous_path;
  std::uint64_t previous_end = 0;
  bool torn = false;
  auto expected = beginning.first_segment;
  for (const auto& [group, kept] : beginning.kept) log.index[group].forget_up_to(kept);
  remove_unfinished(files, options.directory);
  std::vector<std::uint64_t> numbers;
  std::vector<std::filesystem::path> paths;
  for (const auto number : find_segments(files, options.directory)) {
    auto path = segment_path(options.directory, number);
    if (number < beginning.first_segment) {
      files.remove(path);
      continue;
    }
    numbers.push_back(number);
    paths.push_back(std::move(path));
  }
  segment_reader reader{files, paths, options.background};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto number = numbers[i];
    const auto& path = paths[i];
    if (number != expected)
      throw_damaged(segment_path(options.directory, expected), 0, "the segment is missing");
    if (torn)
      throw_damaged(previous_path, previous_end, "the segment ends in a bad batch although another follows");
    auto contents = reader.next(log.tail ? std::move(log.tail->contents) : std::string{});
    const auto header = checked_header(contents, path, number, options);
    if (number == beginning.first_segment && number > 1) log.next = header.first;
    if (header.first != log.next) throw_damaged(path, 0, "does not continue the segment before it");
    bool records_good = true;
    auto found = scan_segment(contents, header, [&](std::string_view payload, std::uint64_t offset) {
      const auto segment = static_cast<std::uint32_t>(number);
      records_good = records_good && index_batch(payload, segment, offset + batch_header_bytes, log.index);
    });
    if (!records_good) found.damage = "a record is damaged or of an unknown version";
    if (!found.damage.empty()) throw_damaged(path, found.end, found.damage);
    contents.resize(found.end);
    log.next = found.next;
    log.tail = {header, std::move(contents)};
    torn = found.torn;
    previous_path = path;
    previous_end = found.end;
    ++expected;
  }
  if (!log.tail && beginning.first_segment > 1)
    throw_damaged(segment_path(options.directory, beginning.first_segment), 0, "the segment is missing");
  return log;
}

accepted_entry record_reader::read(group_id group, slot at, record_location where) {
  run one{*this, 0};
  return one.read(group, at, where);
}

accepted_entry record_reader::run::read(group_id group, slot at, record_location where) {
  auto decoded = decode_record(encoded(where));
  auto* entry = decoded ? std::get_if<accepted_entry>(&decoded->what) : nullptr;
  if (entry == nullptr || decoded->group != group || entry->at != at)
    throw_damaged(segment_path(of_.directory_, where.segment), where.offset, "the record is damaged");
  return std::move(*entry);
}

std::string_view record_reader::run::encoded(record_location where) {
  const bool is_here = where.segment == segment_ && where.offset >= offset_ &&
                       std::uint64_t{where.offset} + where.size <= offset_ + ahead_.size();
  if (!is_here) {
    segment_ = where.segment;
    offset_ = where.offset;
    ahead_.resize(std::max<std::size_t>(where.size, at_once_));
    try {
      ahead_.resize(of_.segment(segment_).read_at(ahead_, offset_));
    } catch (const std::system_error& error) {
      throw log_failure{log_error::failed, error.what()};
    }
  }
  return std::string_view{ahead_}.substr(where.offset - offset_, where.size);
}

file& record_reader::segment(std::uint32_t number) {
  constexpr std::size_t open_max = 8;
  auto found = std::find_if(open_.begin(), open_.end(), [&](const auto& f) { return f.first == number; });
  if (found == open_.end()) {
    open_.emplace_front(number, files_.open(segment_path(directory_, number), open_mode::read));
    if (open_.size() > open_max) open_.pop_back();
  } else {
    open_.splice(open_.begin(), open_, found);
  }
  return *open_.front().second;
}

}  // namespace bulwark::consensus
