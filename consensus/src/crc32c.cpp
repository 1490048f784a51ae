// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/crc32c.hpp"

#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__)
#include <nmmintrin.h>
#define BULWARK_CRC32C_SSE42 1
#endif

namespace bulwark::consensus {
namespace {

using tables = std::array<std::array<std::uint32_t, 256>, 8>;

/// Eight tables, so that eight bytes are folded in one step ("slicing by eight").
constexpr tables make_tables() {
  constexpr std::uint32_t reversed_polynomial = 0x82f63b78;
  tables out{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    auto remainder = i;
    for (int bit = 0; bit < 8; ++bit)
      remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? reversed_polynomial : 0);
    out[0][i] = remainder;
  }
  for (std::size_t table = 1; table < out.size(); ++table)
    for (std::size_t i = 0; i < 256; ++i)
      out[table][i] = (out[table - 1][i] >> 8) ^ out[0][out[table - 1][i] & 0xff];
  return out;
}

constexpr tables slices = make_tables();

constexpr std::uint32_t byte_of(char c) { return static_cast<unsigned char>(c); }

std::uint32_t little_endian_word(const char* at) {
  return byte_of(at[0]) | byte_of(at[1]) << 8 | byte_of(at[2]) << 16 | byte_of(at[3]) << 24;
}

#ifdef BULWARK_CRC32C_SSE42
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(std::string_view data, std::uint32_t crc) {
  std::uint64_t state = ~crc;
  while (data.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, data.data(), sizeof word);
    state = _mm_crc32_u64(state, word);
    data.remove_prefix(sizeof word);
  }
  auto narrow = static_cast<std::uint32_t>(state);
  for (char c : data) narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(c));
  return ~narrow;
}
#endif

}  // namespace

std::uint32_t crc32c_portable(std::string_view data, std::uint32_t crc) {
  auto state = ~crc;
  while (data.size() >= 8) {
    const auto low = state ^ little_endian_word(data.data());
    const auto high = little_endian_word(data.data() + 4);
    state = slices[7][low & 0xff] ^ slices[6][low >> 8 & 0xff] ^ slices[5][low >> 16 & 0xff] ^
            slices[4][low >> 24] ^ slices[3][high & 0xff] ^ slices[2][high >> 8 & 0xff] ^
            slices[1][high >> 16 & 0xff] ^ slices[0][high >> 24];
    data.remove_prefix(8);
  }
  for (char c : data) state = (state >> 8) ^ slices[0][(state ^ byte_of(c)) & 0xff];
  return ~state;
}

std::uint32_t crc32c(std::string_view data, std::uint32_t crc) {
#ifdef BULWARK_CRC32C_SSE42
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return crc32c_sse42(data, crc);
#endif
  return crc32c_portable(data, crc);
}

}  // namespace bulwark::consensus
