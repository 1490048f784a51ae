// SPDX-License-Identifier: BSD-3-Clause
// Goal: a record comes back as it was written, or not at all.
// Method: round trips of every kind with extreme values; every truncation and every flipped bit is refused.
#include "bulwark/consensus/record_codec.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "bulwark/consensus/core/wire.hpp"
#include "bulwark/consensus/crc32c.hpp"

namespace bulwark::consensus {

bool operator==(const group_record& a, const group_record& b) {
  return a.group == b.group && a.what == b.what;
}

namespace {

std::vector<group_record> examples() {
  const ballot high{UINT64_MAX, node_id{UINT32_MAX}};
  const std::string binary{"\0\xff\r\n", 4};
  return {
      {group_id{0}, promise_record{}},
      {group_id{UINT32_MAX}, promise_record{high}},
      {group_id{1}, chosen_record{slot{UINT64_MAX}}},
      {group_id{2}, accepted_entry{slot{1}, {}, {}}},
      {group_id{3},
       accepted_entry{slot{9}, high, {{{node_id{1}, 2, 3, binary}, {node_id{2}, UINT64_MAX, 0, ""}}}}},
  };
}

std::string encoded(const group_record& what) {
  std::string out;
  encode_record(what, out);
  return out;
}

TEST(record_codec, every_kind_of_record_comes_back) {
  for (const auto& example : examples()) {
    const auto decoded = decode_record(encoded(example));
    ASSERT_TRUE(decoded.has_value());
    EXPECT_TRUE(*decoded == example);
  }
}

TEST(record_codec, an_outline_is_the_record_without_its_value) {
  for (auto example : examples()) {
    const auto outline = decode_outline(encoded(example));
    ASSERT_TRUE(outline.has_value());
    if (auto* entry = std::get_if<accepted_entry>(&example.what)) entry->what = {};
    EXPECT_TRUE(*outline == example);
  }
}

TEST(record_codec, an_outline_is_refused_where_the_record_would_be) {
  for (const auto& example : examples()) {
    const auto whole = encoded(example);
    // Any body, with a checksum that fits it.
    for (std::size_t at = record_prefix_bytes; at < whole.size(); ++at)
      for (const int change : {1, 7, 255}) {
        auto body = whole.substr(record_prefix_bytes);
        body[at - record_prefix_bytes] = static_cast<char>(body[at - record_prefix_bytes] ^ change);
        std::string sealed;
        wire_writer out{sealed};
        out.put(static_cast<std::uint32_t>(body.size()));
        out.put(crc32c(body));
        sealed += body;
        EXPECT_EQ(decode_outline(sealed).has_value(), decode_record(sealed).has_value()) << "byte " << at;
      }
  }
}

TEST(record_codec, records_written_behind_each_other_are_split_again) {
  std::string all;
  for (const auto& example : examples()) encode_record(example, all);
  std::string_view rest{all};
  for (const auto& example : examples()) EXPECT_EQ(split_record(rest), encoded(example));
  EXPECT_TRUE(rest.empty());
}

TEST(record_codec, truncated_records_are_refused) {
  for (const auto& example : examples()) {
    const auto whole = encoded(example);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      std::string_view part = std::string_view{whole}.substr(0, size);
      EXPECT_FALSE(decode_record(part).has_value()) << size;
      EXPECT_TRUE(split_record(part).empty()) << size;
    }
  }
}

TEST(record_codec, flipped_bits_are_refused) {
  for (const auto& example : examples()) {
    const auto whole = encoded(example);
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
      auto flipped = whole;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      EXPECT_FALSE(decode_record(flipped).has_value()) << "bit " << bit;
    }
  }
}

}  // namespace
}  // namespace bulwark::consensus
