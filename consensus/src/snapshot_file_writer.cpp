// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot_file_writer.hpp"

#include <cstdio>
#include <random>
#include <string>
#include <system_error>
#include <utility>

#include "bulwark/consensus/crc32c.hpp"
#include "log_files.hpp"

namespace bulwark::consensus {
namespace {

constexpr std::uint64_t sync_bytes = 2u << 20;

/// ".5f3a9c01.tmp": one that is given up may go away only after the next has begun, also in another life.
std::string unfinished_suffix() {
  char suffix[16];
  std::snprintf(suffix, sizeof suffix, ".%08x.tmp", std::random_device{}());
  return suffix;
}

}  // namespace

snapshot_file_writer::snapshot_file_writer(file_layer& files, std::filesystem::path path,
                                           const snapshot_header& header)
    : files_{files}, path_{std::move(path)}, unfinished_path_{path_}, header_{header} {
  unfinished_path_ += unfinished_suffix();
  out_ = files_.open(unfinished_path_, open_mode::create);
}

snapshot_file_writer::~snapshot_file_writer() {
  out_.reset();
  if (renamed_) return;
  try {
    files_.remove(unfinished_path_);
  } catch (...) {
    // The next life removes it.
  }
}

void snapshot_file_writer::append(std::string_view piece) {
  if (broken_) throw log_failure{log_error::failed, path_.string() + ": an earlier write failed"};
  if (piece.empty()) return;
  try {
    write_all_at(*out_, piece, snapshot_header_bytes + hash_.size());
  } catch (const std::system_error& error) {
    auto failure = to_log_failure(error);
    broken_ = failure.code() != log_error::no_space;
    throw failure;
  }
  hash_.add(piece);
  header_.state_crc = crc32c(piece, header_.state_crc);
  unsynced_bytes_ += piece.size();
  if (unsynced_bytes_ >= sync_bytes) sync();
}

void snapshot_file_writer::sync() {
  try {
    out_->sync();
  } catch (const std::system_error& error) {
    broken_ = true;  // nothing is known of what was written before
    throw to_log_failure(error);
  }
  unsynced_bytes_ = 0;
}

void snapshot_file_writer::seal() {
  if (broken_) throw log_failure{log_error::failed, path_.string() + ": an earlier write failed"};
  header_.which = id();
  try {
    write_all_at(*out_, encode_snapshot_header(header_), 0);
  } catch (const std::system_error& error) {
    broken_ = true;
    throw to_log_failure(error);
  }
  sync();
}

void snapshot_file_writer::publish() try {
  if (!renamed_) files_.rename(unfinished_path_, path_);
  renamed_ = true;
  files_.sync_directory(path_.parent_path());
} catch (const std::system_error& error) {
  throw to_log_failure(error);
}

snapshot_id snapshot_file_writer::id() const { return {header_.which.at, hash_.size(), hash_.hash()}; }

}  // namespace bulwark::consensus
