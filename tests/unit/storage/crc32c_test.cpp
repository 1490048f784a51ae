// SPDX-License-Identifier: BSD-3-Clause
// Goal: the checksum of the log is CRC-32C, whichever way it is computed.
// Method: published test vectors (RFC 3720, B.4); the portable and the fast function agree on all lengths and
// splits.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "bulwark/consensus/crc32c.hpp"

namespace bulwark::consensus {
namespace {

TEST(crc32c, published_vectors_hold) {
  std::string ascending;
  for (int i = 0; i < 32; ++i) ascending.push_back(static_cast<char>(i));
  for (auto* crc : {crc32c, crc32c_portable}) {
    EXPECT_EQ(crc("", 0), 0u);
    EXPECT_EQ(crc("123456789", 0), 0xe3069283u);
    EXPECT_EQ(crc(std::string(32, '\0'), 0), 0x8a9136aau);
    EXPECT_EQ(crc(std::string(32, '\xff'), 0), 0x62a8ab43u);
    EXPECT_EQ(crc(ascending, 0), 0x46dd794eu);
  }
}

TEST(crc32c, both_implementations_agree_and_continue_from_any_split) {
  std::mt19937_64 random{1};
  for (std::size_t size = 0; size < 200; ++size) {
    std::string data(size, '\0');
    for (auto& c : data) c = static_cast<char>(random());
    const auto whole = crc32c(data);
    EXPECT_EQ(whole, crc32c_portable(data)) << "size " << size;
    const auto split = size == 0 ? 0 : random() % size;
    EXPECT_EQ(whole, crc32c(data.substr(split), crc32c(data.substr(0, split))))
        << "size " << size << " split " << split;
  }
}

}  // namespace
}  // namespace bulwark::consensus
