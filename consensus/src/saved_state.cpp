// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/saved_state.hpp"

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include "bulwark/consensus/crc32c.hpp"
#include "log_files.hpp"
#include "snapshot_file_writer.hpp"
#include "snapshot_format.hpp"

namespace bulwark::consensus {

namespace {

/// A snapshot file that belongs to no log and no node.
class saved_state_writer final : public snapshot_writer {
 public:
  saved_state_writer(std::filesystem::path path, const std::string& cluster, slot at, file_layer& files)
      : path_{std::move(path)}, header_{0, cluster_hash(cluster), {}, {at, 0, 0}, 0}, files_{files} {}

  void append(std::string_view piece) override {
    explained([&](snapshot_file_writer& out) { out.append(piece); });
  }
  void seal() override {
    explained([](snapshot_file_writer& out) {
      out.seal();
      out.publish();
    });
  }
  void publish() override {}
  [[nodiscard]] snapshot_id id() const override { return out_ ? out_->id() : header_.which; }

 private:
  /// Whoever saves should hear which file it is about.
  template <class Action>
  void explained(Action action) {
    const auto problem = [this](const log_failure& why) {
      return log_failure{why.code(), "cannot write " + path_.string() + ": " + why.what()};
    };
    try {
      if (!out_) out_.emplace(files_, path_, header_);
      action(*out_);
    } catch (const std::system_error& why) {
      throw problem(to_log_failure(why));
    } catch (const log_failure& why) {
      throw problem(why);
    }
  }

  const std::filesystem::path path_;
  const snapshot_header header_;
  file_layer& files_;
  std::optional<snapshot_file_writer> out_;
};

}  // namespace

std::unique_ptr<snapshot_writer> make_saved_state_writer(std::filesystem::path path,
                                                         const std::string& cluster, slot at,
                                                         file_layer& files) {
  return std::make_unique<saved_state_writer>(std::filesystem::absolute(path), cluster, at, files);
}

saved_state_reader::saved_state_reader(const std::filesystem::path& path, file_layer& files) try
    : path_{path}, in_{files.open(path_, open_mode::read)} {
  std::string head(snapshot_header_bytes, '\0');
  head.resize(in_->read_at(head, 0));
  const auto header = decode_snapshot_header(head);
  if (!header) complain("no saved state, or its header is damaged");
  id_ = header->which;
  crc_ = header->state_crc;
  const auto size = in_->size() - snapshot_header_bytes;
  if (size != id_.total)
    complain(std::to_string(size) + " bytes of state, expected " + std::to_string(id_.total));
} catch (const std::system_error& problem) {
  throw log_failure{log_error::failed, "cannot read " + path.string() + ": " + problem.code().message()};
}

void saved_state_reader::complain(const std::string& what) const {
  throw log_failure{log_error::damaged, path_.string() + ": " + what};
}

void saved_state_reader::read(const std::function<void(std::string_view)>& take,
                              std::size_t piece_bytes) try {
  snapshot_hasher hash;
  std::uint32_t crc = 0;
  std::string piece;
  while (hash.size() < id_.total) {
    piece.resize(std::min<std::uint64_t>(piece_bytes, id_.total - hash.size()));
    piece.resize(in_->read_at(piece, snapshot_header_bytes + hash.size()));
    if (piece.empty()) complain("it has become shorter while it was read");
    hash.add(piece);
    crc = crc32c(piece, crc);
    take(piece);
  }
  if (crc != crc_ || hash.hash() != id_.hash) complain("the state is not as it was written");
} catch (const std::system_error& problem) {
  throw log_failure{log_error::failed, "cannot read " + path_.string() + ": " + problem.code().message()};
}

}  // namespace bulwark::consensus
