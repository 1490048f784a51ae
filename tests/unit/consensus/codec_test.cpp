// SPDX-License-Identifier: BSD-3-Clause
// Goal: what is encoded comes back, and what anyone else sends does no harm.
// Method: random messages of every kind, whole and cut at every byte; random and slightly damaged packets.
#include "bulwark/consensus/core/codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "bulwark/actors/core/random.hpp"

namespace bulwark::consensus {
namespace {

using testing::HasSubstr;

constexpr group_id group{3};

class message_maker {
 public:
  explicit message_maker(std::uint64_t seed) : random_{seed} {}

  template <std::size_t Kind = 0>
  message make(std::size_t kind) {
    if constexpr (Kind == std::variant_size_v<message>) {
      return beat{};
    } else {
      if (kind != Kind) return make<Kind + 1>(kind);
      return fill(std::variant_alternative_t<Kind, message>{});
    }
  }

  envelope any() { return {some_node(), some_node(), make(random_.below(std::variant_size_v<message>))}; }
  random_stream& random() { return random_; }

 private:
  node_id some_node() { return node_id{static_cast<std::uint32_t>(random_.below(9))}; }
  ballot some_ballot() { return {random_() >> random_.below(64), some_node()}; }
  slot some_slot() { return slot{random_() >> random_.below(64)}; }
  bytes some_bytes() {
    bytes made(random_.below(4) == 0 ? 300 : random_.below(5), '\0');
    for (auto& c : made) c = static_cast<char>(random_());
    return made;
  }
  command some_command() { return {some_node(), random_(), random_(), some_bytes()}; }
  value some_value() {
    std::vector<command> commands(random_.below(4));
    for (auto& one : commands) one = some_command();
    return {std::move(commands)};
  }
  template <class Entry, class Make>
  std::vector<Entry> some(Make make_one) {
    std::vector<Entry> made(random_.below(4));
    for (auto& one : made) one = make_one();
    return made;
  }

  beat fill(beat) { return {random_()}; }
  snapshot_ask fill(snapshot_ask) { return {some_slot(), random_()}; }
  snapshot_chunk fill(snapshot_chunk) {
    return {{{some_slot(), random_(), random_()}, random_(), some_bytes()}, some_slot()};
  }
  beat_ack fill(beat_ack) {
    return {random_(), some_ballot(), some_ballot(), random_.below(2) == 1, some_slot()};
  }
  take_over fill(take_over) { return {some_ballot(), some_slot()}; }
  vouch fill(vouch) { return {random_(), random_()}; }
  vouched fill(vouched) { return {some_ballot(), some_slot(), random_(), random_()}; }
  rest fill(rest) { return {some_ballot(), some_slot(), random_()}; }
  resting fill(resting) { return {some_ballot(), random_()}; }
  prepare fill(prepare) { return {some_ballot(), some_slot()}; }
  promise fill(promise) {
    return {some_ballot(), some_slot(), 1, 2, some<accepted_entry>([this] {
              return accepted_entry{some_slot(), some_ballot(), some_value()};
            })};
  }
  accept fill(accept) {
    return {some_ballot(), some_slot(), some<value>([this] { return some_value(); }), some_slot()};
  }
  accepted fill(accepted) { return {some_ballot(), some_slot(), some_slot()}; }
  refused fill(refused) { return {some_ballot(), some_ballot()}; }
  chosen_up_to fill(chosen_up_to) { return {some_ballot(), some_slot()}; }
  learn fill(learn) { return {some_slot()}; }
  learned fill(learned) {
    return {some<chosen_entry>([this] { return chosen_entry{some_slot(), some_value()}; }), some_slot()};
  }
  confirm fill(confirm) { return {some_ballot(), random_(), some_lease()}; }
  confirmed fill(confirmed) { return {some_ballot(), random_(), some_lease()}; }
  std::uint32_t some_lease() { return random_.below(2) == 0 ? 0 : static_cast<std::uint32_t>(random_() | 1); }
  forward fill(forward) {
    return {some_ballot(), random_.below(2) == 0 ? request_kind::write : request_kind::read, some_command()};
  }
  forward_reply fill(forward_reply) {
    return {some_ballot(), random_(), random_(), outcome{static_cast<std::uint8_t>(1 + random_.below(5))},
            some_bytes()};
  }

  random_stream random_;
};

std::string encoded(const envelope& what) {
  std::string packet;
  encode(group, what, packet);
  return packet;
}

TEST(codec, every_message_comes_back_as_it_was) {
  message_maker maker{1};
  for (std::size_t kind = 0; kind < std::variant_size_v<message>; ++kind) {
    for (int i = 0; i < 50; ++i) {
      const envelope sent{node_id{1}, node_id{2}, maker.make(kind)};
      std::vector<std::pair<group_id, envelope>> got;
      ASSERT_EQ(decode_packet(encoded(sent), got), "") << "kind " << kind;
      ASSERT_EQ(got.size(), 1u);
      EXPECT_EQ(got[0].first, group);
      EXPECT_EQ(got[0].second, sent) << "kind " << kind;
    }
  }
}

TEST(codec, a_confirm_without_a_lease_looks_as_before_there_were_leases) {
  const auto with = encoded({node_id{1}, node_id{2}, confirm{{3, node_id{1}}, 7, 200}});
  auto without = encoded({node_id{1}, node_id{2}, confirm{{3, node_id{1}}, 7, 0}});
  EXPECT_EQ(with.size(), without.size() + 4);
  EXPECT_EQ(without.size(), 4 + 14 + 12 + 8u);
  without[0] = static_cast<char>(without[0] + 4);
  without.append(4, 0);
  std::vector<std::pair<group_id, envelope>> got;
  EXPECT_NE(decode_packet(without, got), "") << "one way to write it is enough";
}

TEST(codec, a_packet_holds_many_messages_in_their_order) {
  message_maker maker{2};
  std::vector<envelope> sent;
  std::string packet;
  for (int i = 0; i < 40; ++i) {
    sent.push_back(maker.any());
    encode(group, sent.back(), packet);
  }
  std::vector<std::pair<group_id, envelope>> got;
  ASSERT_EQ(decode_packet(packet, got), "");
  ASSERT_EQ(got.size(), sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) EXPECT_EQ(got[i].second, sent[i]);
}

TEST(codec, a_message_cut_anywhere_is_rejected) {
  message_maker maker{3};
  for (std::size_t kind = 0; kind < std::variant_size_v<message>; ++kind) {
    const auto packet = encoded({node_id{1}, node_id{2}, maker.make(kind)});
    for (std::size_t size = 1; size < packet.size(); ++size) {
      std::vector<std::pair<group_id, envelope>> got;
      EXPECT_NE(decode_packet(std::string_view{packet}.substr(0, size), got), "") << "kind " << kind;
      EXPECT_TRUE(got.empty());
    }
  }
}

TEST(codec, a_frame_that_is_cut_inside_its_own_size_is_rejected) {
  message_maker maker{4};
  for (std::size_t kind = 0; kind < std::variant_size_v<message>; ++kind) {
    const auto packet = encoded({node_id{1}, node_id{2}, maker.make(kind)});
    for (std::size_t size = 0; size + 4 < packet.size(); ++size) {
      auto cut = packet.substr(0, 4 + size);
      for (std::size_t i = 0; i < 4; ++i) cut[i] = static_cast<char>(size >> (8 * i) & 0xff);
      std::vector<std::pair<group_id, envelope>> got;
      EXPECT_NE(decode_packet(cut, got), "") << "kind " << kind << " size " << size;
    }
  }
}

TEST(codec, one_bad_frame_rejects_its_packet_and_leaves_the_output_alone) {
  std::string packet = encoded({node_id{1}, node_id{2}, beat{1}});
  packet += encoded({node_id{1}, node_id{2}, beat{2}});
  packet.back() = 0;
  packet.pop_back();
  std::vector<std::pair<group_id, envelope>> got(1);
  EXPECT_THAT(decode_packet(packet, got), HasSubstr("a cut frame (at byte 26 of the packet)"));
  EXPECT_EQ(got.size(), 1u);
}

TEST(codec, errors_name_what_is_wrong) {
  const auto good = encoded({node_id{1}, node_id{2}, forward{{}, request_kind::read, {}}});
  std::vector<std::pair<group_id, envelope>> got;
  auto bad = good;
  bad[4] = 9;
  EXPECT_THAT(decode_packet(bad, got), HasSubstr("version 9, expected 1"));
  bad = good;
  bad[5] = 99;
  EXPECT_THAT(decode_packet(bad, got), HasSubstr("an unknown kind, 99"));
  bad = good;
  bad[frame_header_bytes + 12] = 7;  // the request kind
  EXPECT_THAT(decode_packet(bad, got), HasSubstr("a broken message of kind 13"));
  bad = good + "x";
  bad[0] = static_cast<char>(bad[0] + 1);
  EXPECT_THAT(decode_packet(bad, got), HasSubstr("1 bytes too many"));
  EXPECT_TRUE(got.empty());
}

TEST(codec, a_forged_count_allocates_nothing) {
  auto packet = encoded({node_id{1}, node_id{2}, accept{{}, slot{1}, {}, slot{}}});
  const auto count_at = frame_header_bytes + 20;
  for (std::size_t i = 0; i < 4; ++i) packet[count_at + i] = '\xff';
  std::vector<std::pair<group_id, envelope>> got;
  EXPECT_THAT(decode_packet(packet, got), HasSubstr("a broken message"));
}

TEST(codec, noise_is_rejected_or_decoded_but_harmless) {
  message_maker maker{5};
  auto& random = maker.random();
  int decoded = 0;
  for (int i = 0; i < 20000; ++i) {
    auto packet = encoded(maker.any());
    for (auto changes = random.below(6); changes > 0; --changes)
      packet[4 + random.below(packet.size() - 4)] = static_cast<char>(random());
    if (i % 7 == 0)
      for (auto& c : packet) c = static_cast<char>(random());
    std::vector<std::pair<group_id, envelope>> got;
    if (!decode_packet(packet, got).empty()) continue;
    ++decoded;
    std::string again;
    encode(got[0].first, got[0].second, again);
    EXPECT_EQ(again, packet) << "one message has one encoding";
  }
  EXPECT_GT(decoded, 1000);
}

}  // namespace
}  // namespace bulwark::consensus
