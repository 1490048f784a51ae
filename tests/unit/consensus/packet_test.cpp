// SPDX-License-Identifier: BSD-3-Clause
// Goal: a packet of frames of several groups is taken apart without loss, and any bytes are taken.
// Method: packets that are put together by hand, whole, cut and broken.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bulwark/consensus/core/codec.hpp"

namespace bulwark::consensus {
namespace {

std::string frame_of(std::uint32_t group, std::uint64_t round) {
  std::string bytes;
  encode(group_id{group}, {node_id{1}, node_id{2}, beat{round}}, bytes);
  return bytes;
}

using runs = std::vector<std::pair<group_id, std::string_view>>;

TEST(packet, is_taken_apart_by_runs_of_a_group) {
  const auto one = frame_of(1, 1) + frame_of(1, 2);
  const auto two = frame_of(2, 3);
  const auto packet = one + two + frame_of(1, 4);
  runs found;
  EXPECT_EQ(split_packet(packet, found), "");
  EXPECT_EQ(found, (runs{{group_id{1}, one}, {group_id{2}, two}, {group_id{1}, frame_of(1, 4)}}));
}

TEST(packet, may_be_empty) {
  runs found;
  EXPECT_EQ(split_packet("", found), "");
  EXPECT_TRUE(found.empty());
}

TEST(packet, a_cut_one_is_refused_as_a_whole) {
  const auto packet = frame_of(1, 1) + frame_of(2, 2);
  for (std::size_t size = 1; size < packet.size(); ++size) {
    runs found{{group_id{9}, "before"}};
    const auto is_whole = size == frame_of(1, 1).size();
    EXPECT_EQ(split_packet(packet.substr(0, size), found).empty(), is_whole) << size;
    if (!is_whole) {
      EXPECT_EQ(found, (runs{{group_id{9}, "before"}})) << size;
    }
  }
}

TEST(packet, a_frame_too_short_for_a_group_is_refused) {
  runs found;
  const std::string bytes{"\x03\0\0\0\x01\x01\x07", 7};
  EXPECT_NE(split_packet(bytes, found), "");
}

}  // namespace
}  // namespace bulwark::consensus
