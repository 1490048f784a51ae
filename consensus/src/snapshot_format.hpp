// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "bulwark/consensus/core/ids.hpp"
#include "bulwark/consensus/core/snapshot.hpp"
#include "bulwark/consensus/file_layer.hpp"

/// How a snapshot looks in a file: docs/protocol.md, "On disk".
namespace bulwark::consensus {

inline constexpr std::size_t snapshot_header_bytes = 64;

struct snapshot_header {
  std::uint32_t node = 0;     ///< whose log it belongs to; 0: to none
  std::uint64_t cluster = 0;  ///< hash of its name
  group_id group{};
  snapshot_id which;
  std::uint32_t state_crc = 0;
};

std::string encode_snapshot_header(const snapshot_header& header);
/// None if the bytes are no header of a known version, or damaged.
std::optional<snapshot_header> decode_snapshot_header(std::string_view encoded);

/// Writes a whole file so that a crash leaves all of it or nothing under its name. Throws std::system_error.
void write_durably(file_layer& files, const std::filesystem::path& path,
                   std::initializer_list<std::string_view> contents);

}  // namespace bulwark::consensus
