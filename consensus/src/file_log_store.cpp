// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/file_log_store.hpp"

#include <algorithm>
#include <optional>
#include <random>
#include <system_error>
#include <utility>

#include "bulwark/actors/core/invariant.hpp"
#include "bulwark/consensus/record_codec.hpp"
#include "log_files.hpp"
#include "segment_preparer.hpp"
#include "snapshot_files.hpp"

namespace bulwark::consensus {
namespace {

constexpr std::size_t read_ahead_bytes = 256u << 10;

}  // namespace

class file_log_store::impl {
 public:
  explicit impl(file_log_options options)
      : options_{std::move(options)},
        files_{options_.files != nullptr ? *options_.files : system_files()},
        reader_{files_, options_.directory},
        snapshots_{files_, options_} {
    BULWARK_INVARIANT(options_.batch_bytes_max <= 1u << 31);
    BULWARK_INVARIANT(options_.segment_bytes >= 4096 && options_.segment_bytes <= 1u << 31);
    try {
      open();
    } catch (const std::system_error& error) {
      throw to_log_failure(error);
    }
    preparer_.emplace(files_, options_.directory, options_.segment_bytes, options_.background);
    finish_installs();
    preparer_->prefetch();
  }

  void append(std::span<const group_record> records) {
    if (!broken_.empty()) throw log_failure{log_error::failed, broken_};
    if (records.empty()) return;
    encode(records);
    const auto payload_bytes = buffer_.size() - batch_header_bytes;
    const auto whole = batch_bytes(payload_bytes);
    if (whole > options_.batch_bytes_max) throw std::length_error{"the records exceed batch_bytes_max"};
    if (tail_end_ + whole > tail_.capacity) start_segment(whole);
    seal_batch(buffer_, next_, tail_.salt);
    try {
      write_all_at(*tail_file_, buffer_, tail_end_);
      tail_file_->sync();
    } catch (const std::system_error& error) {
      latch(error);
    }
    index_appended(records);
    tail_end_ += whole;
    ++next_;
  }

  recovered_state recover(group_id group) {
    const auto& known = index_[group];
    const auto newest = snapshots_.newest(group);
    recovered_state state{known.promised, std::max(known.chosen, newest), {}, newest, known.kept()};
    known.for_each_behind(state.chosen, [&](slot at, record_location where) {
      state.entries.push_back(reader_.read(group, at, where));
    });
    return state;
  }

  std::vector<chosen_entry> read(group_id group, slot first, slot last, std::size_t bytes_max) {
    std::vector<chosen_entry> out;
    const auto found = index_.find(group);
    if (found == index_.end()) return out;
    record_reader::run run{reader_, std::min(bytes_max, read_ahead_bytes)};
    std::size_t bytes_read = 0;
    for (auto at = first; at <= last; at = next(at)) {
      const auto where = found->second.find(at);
      // The record is a little larger than its payload: never reads what could only be thrown away.
      if (!where || (!out.empty() && bytes_read + where->size > bytes_max)) break;
      bytes_read += where->size;
      out.push_back({at, run.read(group, at, *where).what});
    }
    return out;
  }

  std::unique_ptr<snapshot_writer> begin_snapshot(group_id group, slot at) {
    if (!broken_.empty()) throw log_failure{log_error::failed, broken_};
    try {
      return snapshots_.begin(group, at);
    } catch (const std::system_error& error) {
      throw to_log_failure(error);
    }
  }

  void finish_snapshot(group_id group, snapshot_writer& written, bool installed) {
    if (!broken_.empty()) throw log_failure{log_error::failed, broken_};
    const auto which = written.id();
    if (which.at < snapshots_.newest(group)) return;
    if (which.at > snapshots_.newest(group)) {
      publish(written);
      snapshots_.add(group, which);
    }
    try {
      if (installed)
        begin_behind(group, which.at);
      else if (snapshots_.count(group) > 1)
        begin_behind(group, snapshots_.newest_but_one(group));
    } catch (const log_failure& failure) {
      // The next snapshot frees what this one could not; but a gap in the log must be known as such.
      if (failure.code() == log_error::failed) broken_ = failure.what();
      if (installed || failure.code() != log_error::no_space) throw;
      return;
    }
    try {
      snapshots_.keep(group, installed ? 1 : 2);
    } catch (const std::system_error& error) {
      latch(error);
    }
  }

  snapshot_part read_snapshot(group_id group, slot at, std::uint64_t offset, std::size_t bytes_max) const {
    try {
      return snapshots_.read(group, at, offset, bytes_max);
    } catch (const std::system_error& error) {
      throw log_failure{log_error::failed, error.what()};
    }
  }

  slot kept(group_id group) { return index_[group].kept(); }

 private:
  void publish(snapshot_writer& written) {
    try {
      written.publish();
    } catch (const log_failure& failure) {
      if (failure.code() == log_error::failed) broken_ = failure.what();
      throw;
    }
  }

  /// The log of the group is not needed up to this slot. What else stands in segments that are removed is
  /// written again first, then where the log begins; only then are they removed.
  void begin_behind(group_id group, slot kept) {
    if (kept <= beginning_.kept[group]) return;
    index_[group].forget_up_to(kept);
    auto first = static_cast<std::uint32_t>(tail_.number);
    for (const auto& [id, known] : index_) first = std::min(first, known.first_segment().value_or(first));
    auto beginning = beginning_;
    beginning.kept[group] = kept;
    if (first > beginning.first_segment) {
      std::vector<group_record> again;
      for (const auto& [id, known] : index_) {
        again.push_back({id, promise_record{known.promised}});
        again.push_back({id, chosen_record{known.chosen}});
      }
      append(again);
      beginning.first_segment = first;
    }
    try {
      save_beginning(files_, options_.directory, beginning);
    } catch (const std::system_error& error) {
      // The note is still the old one, or the new one: both are right.
      throw to_log_failure(error);
    }
    try {
      reader_.forget_before(first);
      for (auto number = beginning_.first_segment; number < first; ++number)
        files_.remove(segment_path(options_.directory, number));
    } catch (const std::system_error& error) {
      latch(error);
    }
    beginning_ = std::move(beginning);
  }

  /// A power cut may have come between another member's snapshot and the note that the log has a gap before
  /// it.
  void finish_installs() {
    for (auto& [group, known] : index_) {
      const auto newest = snapshots_.newest(group);
      auto at = next(known.kept());
      while (at <= newest && known.find(at)) at = next(at);
      if (at > newest) continue;
      begin_behind(group, newest);
      snapshots_.keep(group, 1);
    }
  }

  void open() {
    files_.create_directories(options_.directory);
    files_.sync_directory(options_.directory.has_parent_path() ? options_.directory.parent_path() : ".");
    beginning_ = load_beginning(files_, options_.directory);
    snapshots_.load(beginning_);
    auto log = load_log(files_, options_, beginning_);
    index_ = std::move(log.index);
    for (const auto group : snapshots_.groups()) index_.try_emplace(group);
    next_ = log.next;
    if (log.tail) {
      rewrite_tail(log.tail->header, log.tail->contents);
    } else {
      place(make_spare(files_, options_.directory / "first.tmp", options_.segment_bytes),
            new_header(1, options_.segment_bytes));
      files_.sync_directory(options_.directory);
    }
  }

  /// Replaces the last segment by a synced copy of its good part. It keeps its salt, so that the batches stay
  /// valid.
  void rewrite_tail(segment_header header, std::string_view contents) {
    header.capacity = std::max<std::uint64_t>(options_.segment_bytes, contents.size());
    auto copy = make_spare(files_, options_.directory / "copy.tmp", header.capacity);
    write_all_at(*copy.handle, contents.substr(segment_header_bytes), segment_header_bytes);
    place(std::move(copy), header);
    files_.sync_directory(options_.directory);
    tail_end_ = contents.size();
  }

  [[nodiscard]] segment_header new_header(std::uint64_t number, std::uint64_t capacity) const {
    return {consensus::number(options_.node),
            cluster_hash(options_.cluster),
            number,
            next_,
            capacity,
            std::random_device{}()};
  }

  /// Makes the spare file the segment that is written to.
  void place(spare_file spare, const segment_header& header) {
    write_all_at(*spare.handle, encode_segment_header(header), 0);
    spare.handle->sync();
    files_.rename(spare.path, segment_path(options_.directory, header.number));
    tail_ = header;
    tail_file_ = std::move(spare.handle);
    tail_end_ = segment_header_bytes;
  }

  /// Goes on in a new segment with room for a batch of that size; throws `no_space` with everything as it
  /// was.
  void start_segment(std::uint64_t needed) {
    try {
      const auto large = segment_header_bytes + needed;
      const bool oversized = large > options_.segment_bytes;
      auto spare =
          oversized ? make_spare(files_, options_.directory / "large.tmp", large) : preparer_->take();
      place(std::move(spare), new_header(tail_.number + 1, std::max(options_.segment_bytes, large)));
    } catch (const std::system_error& error) {
      // Whatever the reason, the log is as it was, and the next append tries again.
      throw log_failure{log_error::no_space, std::string{"no new segment: "} + error.what()};
    }
    try {
      files_.sync_directory(options_.directory);
    } catch (const std::system_error& error) {
      latch(error);
    }
    preparer_->prefetch();
  }

  void encode(std::span<const group_record> records) {
    constexpr std::size_t kept_bytes = 4u << 20;
    buffer_.clear();
    if (buffer_.capacity() > kept_bytes) buffer_.shrink_to_fit();
    buffer_.append(batch_header_bytes, '\0');
    record_ends_.clear();
    for (const auto& one : records) {
      encode_record(one, buffer_);
      record_ends_.push_back(buffer_.size());
    }
  }

  void index_appended(std::span<const group_record> records) {
    std::size_t begin = batch_header_bytes;
    for (std::size_t i = 0; i < records.size(); begin = record_ends_[i++]) {
      const record_location where{static_cast<std::uint32_t>(tail_.number),
                                  static_cast<std::uint32_t>(tail_end_ + begin),
                                  static_cast<std::uint32_t>(record_ends_[i] - begin)};
      index_record(records[i], where, index_);
    }
  }

  [[noreturn]] void latch(const std::system_error& error) {
    broken_ = std::string{error.what()} + " (the log takes nothing more until it is opened anew)";
    throw log_failure{log_error::failed, broken_};
  }

  const file_log_options options_;
  file_layer& files_;
  record_reader reader_;
  log_index index_;
  snapshot_files snapshots_;
  log_beginning beginning_;

  segment_header tail_;  ///< of the segment that is written to
  std::unique_ptr<file> tail_file_;
  std::uint64_t tail_end_ = 0;            ///< where its next batch goes
  std::uint64_t next_ = 1;                ///< that batch's sequence number
  std::string buffer_;                    ///< the batch that is being written
  std::vector<std::size_t> record_ends_;  ///< where in it each record ends
  std::string broken_;                    ///< not empty once a write or sync failed

  std::optional<segment_preparer> preparer_;  ///< made once the directory is loaded
};

file_log_store::file_log_store(file_log_options options)
    : impl_{std::make_unique<impl>(std::move(options))} {}
file_log_store::~file_log_store() = default;

void file_log_store::append(std::span<const group_record> records) { impl_->append(records); }
recovered_state file_log_store::recover(group_id group) { return impl_->recover(group); }

std::unique_ptr<snapshot_writer> file_log_store::begin_snapshot(group_id group, slot at) {
  return impl_->begin_snapshot(group, at);
}
void file_log_store::finish_snapshot(group_id group, snapshot_writer& written, bool installed) {
  impl_->finish_snapshot(group, written, installed);
}
snapshot_part file_log_store::read_snapshot(group_id group, slot at, std::uint64_t offset,
                                            std::size_t bytes_max) {
  return impl_->read_snapshot(group, at, offset, bytes_max);
}
slot file_log_store::kept(group_id group) { return impl_->kept(group); }

std::vector<chosen_entry> file_log_store::read(group_id group, slot first, slot last, std::size_t bytes_max) {
  return impl_->read(group, first, last, bytes_max);
}

}  // namespace bulwark::consensus
