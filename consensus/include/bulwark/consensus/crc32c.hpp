// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string_view>

namespace bulwark::consensus {

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `data`, continuing from `crc`, which is 0 or an earlier
/// result. Uses the SSE4.2 instruction where the processor has it. Thread-safe.
std::uint32_t crc32c(std::string_view data, std::uint32_t crc = 0);

/// The same without special instructions; public so that tests can compare the two.
std::uint32_t crc32c_portable(std::string_view data, std::uint32_t crc = 0);

}  // namespace bulwark::consensus
