// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot_format.hpp"

#include <system_error>

#include "bulwark/consensus/core/wire.hpp"
#include "bulwark/consensus/crc32c.hpp"

namespace bulwark::consensus {
namespace {

constexpr std::uint64_t snapshot_magic = 0x01706e736b777562;  // "buwksnp" and 1, in file order
constexpr std::uint32_t snapshot_version = 1;

}  // namespace

std::string encode_snapshot_header(const snapshot_header& header) {
  std::string out;
  wire_writer writer{out};
  writer.put(snapshot_magic);
  writer.put(snapshot_version);
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

std::optional<snapshot_header> decode_snapshot_header(std::string_view encoded) {
  if (encoded.size() != snapshot_header_bytes) return std::nullopt;
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
  if (magic != snapshot_magic || version != snapshot_version ||
      crc != crc32c(encoded.substr(0, snapshot_header_bytes - 4)))
    return std::nullopt;
  header.group = group_id{group};
  header.which.at = slot{at};
  return header;
}

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

}  // namespace bulwark::consensus
