// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/saved_state.hpp"

#include <cerrno>
#include <system_error>

#include "bulwark/consensus/crc32c.hpp"
#include "bulwark/consensus/log_store.hpp"
#include "log_files.hpp"
#include "snapshot_format.hpp"

namespace bulwark::consensus {

void write_saved_state(const std::filesystem::path& path, const std::string& cluster, slot at,
                       std::string_view state, file_layer& files) try {
  const auto absolute = std::filesystem::absolute(path);
  const snapshot_header header{
      0, cluster_hash(cluster), {}, {at, state.size(), snapshot_hash(state)}, crc32c(state)};
  write_durably(files, absolute, {encode_snapshot_header(header), state});
} catch (const std::system_error& problem) {
  const bool full = problem.code() == std::error_code{ENOSPC, std::generic_category()};
  throw log_failure{full ? log_error::no_space : log_error::failed,
                    "cannot write " + path.string() + ": " + problem.code().message()};
}

saved_state read_saved_state(const std::filesystem::path& path, file_layer& files) try {
  auto contents = read_all(*files.open(path, open_mode::read));
  const auto header = decode_snapshot_header(std::string_view{contents}.substr(0, snapshot_header_bytes));
  if (!header)
    throw log_failure{log_error::damaged, path.string() + ": no saved state, or its header is damaged"};
  contents.erase(0, snapshot_header_bytes);
  if (contents.size() != header->which.total)
    throw log_failure{log_error::damaged, path.string() + ": " + std::to_string(contents.size()) +
                                              " bytes of state, expected " +
                                              std::to_string(header->which.total)};
  if (crc32c(contents) != header->state_crc || snapshot_hash(contents) != header->which.hash)
    throw log_failure{log_error::damaged, path.string() + ": the state is not as it was written"};
  return {header->which.at, std::move(contents)};
} catch (const std::system_error& problem) {
  throw log_failure{log_error::failed, "cannot read " + path.string() + ": " + problem.code().message()};
}

}  // namespace bulwark::consensus
