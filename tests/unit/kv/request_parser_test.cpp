// SPDX-License-Identifier: BSD-3-Clause
// Goal: a client's bytes become the same commands however the network cuts them; what breaks the protocol is
// refused early and for good. Method: tables; every split point of a corpus; seeded random bytes and random
// cuts against the result of one uncut feed.
#include "bulwark/kv/core/request_parser.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

namespace bulwark::kv {
namespace {

using testing::ElementsAre;
using commands = std::vector<std::vector<std::string>>;
using state = request_parser::state;

/// Takes all complete commands; what breaks the protocol is noted as a last command {"error", text}.
void drain(request_parser& parser, commands& out) {
  while (parser.parse() == state::ready) {
    const auto words = parser.arguments();
    out.emplace_back(words.begin(), words.end());
    parser.pop();
  }
}

commands parse_all(std::string_view input, request_limits limits = {}) {
  request_parser parser{limits};
  parser.feed(input);
  commands out;
  drain(parser, out);
  if (parser.parse() == state::failed) out.push_back({"error", std::string{parser.error()}});
  return out;
}

struct row {
  const char* name;
  std::string input;
  commands expected;
};

void PrintTo(const row& r, std::ostream* out) { *out << r.name; }

std::string binary(std::string_view text) { return std::string{text}; }

const row rows[] = {
    {"multibulk", "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", {{"GET", "k"}}},
    {"two_commands", "*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n", {{"PING"}, {"ECHO", "hi"}}},
    {"empty_argument", "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n", {{"ECHO", ""}}},
    {"binary_argument",
     binary({"*2\r\n$4\r\nECHO\r\n$4\r\n\r\n\0\xff\r\n", 24}),
     {{"ECHO", binary({"\r\n\0\xff", 4})}}},
    {"empty_multibulk_is_skipped", "*0\r\n*-1\r\n*1\r\n$4\r\nPING\r\n", {{"PING"}}},
    {"inline_command", "SET key  value\r\n", {{"SET", "key", "value"}}},
    {"inline_with_bare_line_feed", "PING\nPING\r\n", {{"PING"}, {"PING"}}},
    {"empty_lines_are_skipped", "\r\n\n  \r\nPING\r\n", {{"PING"}}},
    {"double_quotes", "SET k \"a b\\n\\x41\\\"\\\\\"\r\n", {{"SET", "k", "a b\nA\"\\"}}},
    {"single_quotes", "SET k 'a \"b\" \\' c'\r\n", {{"SET", "k", "a \"b\" ' c"}}},
    {"quotes_with_nothing_in_them", "SET \"\" ''\r\n", {{"SET", "", ""}}},
    {"inline_between_multibulk", "*1\r\n$1\r\na\r\nb\r\n*1\r\n$1\r\nc\r\n", {{"a"}, {"b"}, {"c"}}},
    {"incomplete", "*2\r\n$3\r\nGET\r\n$1\r\n", {}},
    {"unbalanced_quotes", "SET k \"a\r\n", {{"error", "Protocol error: unbalanced quotes in request"}}},
    {"text_behind_a_quote", "SET k \"a\"b\r\n", {{"error", "Protocol error: unbalanced quotes in request"}}},
    {"good_before_bad", "PING\r\n*x\r\n", {{"PING"}, {"error", "Protocol error: invalid multibulk length"}}},
    {"multibulk_length_too_large", "*65537\r\n", {{"error", "Protocol error: invalid multibulk length"}}},
    {"multibulk_length_overflows",
     "*99999999999999999999\r\n",
     {{"error", "Protocol error: invalid multibulk length"}}},
    {"multibulk_length_is_missing", "*\r\n", {{"error", "Protocol error: invalid multibulk length"}}},
    {"bulk_expected", "*1\r\n:1\r\n", {{"error", "Protocol error: expected '$', got ':'"}}},
    {"bulk_length_negative", "*1\r\n$-1\r\n", {{"error", "Protocol error: invalid bulk length"}}},
    {"bulk_length_no_number", "*1\r\n$1x\r\n", {{"error", "Protocol error: invalid bulk length"}}},
    {"a_gibibyte_is_announced", "*1\r\n$1073741824\r\n", {{"error", "Protocol error: invalid bulk length"}}},
    {"bulk_too_long_for_its_length",
     "*1\r\n$1\r\nab\r\n",
     {{"error", "Protocol error: expected CRLF behind a bulk"}}},
};

class request_table : public testing::TestWithParam<row> {};

TEST_P(request_table, is_read_as_redis_reads_it) {
  EXPECT_EQ(parse_all(GetParam().input), GetParam().expected);
}

TEST_P(request_table, is_read_alike_for_every_split_point) {
  const auto& input = GetParam().input;
  for (std::size_t cut = 0; cut <= input.size(); ++cut) {
    request_parser parser;
    commands out;
    parser.feed(std::string_view{input}.substr(0, cut));
    drain(parser, out);
    parser.feed(std::string_view{input}.substr(cut));
    drain(parser, out);
    if (parser.parse() == state::failed) out.push_back({"error", std::string{parser.error()}});
    EXPECT_EQ(out, GetParam().expected) << "cut at " << cut;
  }
}

TEST_P(request_table, is_read_alike_byte_by_byte) {
  request_parser parser;
  commands out;
  for (const char c : GetParam().input) {
    parser.feed({&c, 1});
    drain(parser, out);
  }
  if (parser.parse() == state::failed) out.push_back({"error", std::string{parser.error()}});
  EXPECT_EQ(out, GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(kv, request_table, testing::ValuesIn(rows),
                         [](const auto& param) { return param.param.name; });

TEST(request_parser, a_command_stays_ready_while_more_is_fed) {
  request_parser parser;
  parser.feed("*1\r\n$1\r\na\r\n");
  ASSERT_EQ(parser.parse(), state::ready);
  for (int i = 0; i < 1000; ++i) parser.feed("*1\r\n$1\r\nb\r\n");
  ASSERT_EQ(parser.parse(), state::ready);
  EXPECT_THAT(parser.arguments(), ElementsAre("a"));
  parser.pop();
  ASSERT_EQ(parser.parse(), state::ready);
  EXPECT_THAT(parser.arguments(), ElementsAre("b"));
}

TEST(request_parser, limits_refuse_before_the_payload_comes) {
  const request_limits limits{
      .bulk_bytes_max = 10, .command_bytes_max = 40, .arguments_max = 4, .line_bytes_max = 16};
  const commands too_long_bulk{{"error", "Protocol error: invalid bulk length"}};
  EXPECT_EQ(parse_all("*1\r\n$11\r\n", limits), too_long_bulk);
  const commands too_many{{"error", "Protocol error: invalid multibulk length"}};
  EXPECT_EQ(parse_all("*5\r\n", limits), too_many);
  const commands too_long_line{{"error", "Protocol error: too big inline request"}};
  EXPECT_EQ(parse_all("GET aaaaaaaaaaaaaaaaa", limits), too_long_line);
  const commands too_large{{"error", "Protocol error: too big request"}};
  EXPECT_EQ(parse_all("*3\r\n$10\r\naaaaaaaaaa\r\n$10\r\naaaaaaaaaa\r\n$10\r\n", limits), too_large);
  const commands header{{"error", "Protocol error: too big mbulk count string"}};
  EXPECT_EQ(parse_all("*11111111111111111", limits), header);
}

TEST(request_parser, nothing_is_read_behind_an_error) {
  request_parser parser;
  parser.feed("*x\r\n");
  ASSERT_EQ(parser.parse(), state::failed);
  parser.feed("*1\r\n$4\r\nPING\r\n");
  EXPECT_EQ(parser.parse(), state::failed);
  EXPECT_EQ(parser.buffered(), 0u);
}

TEST(request_parser, everything_popped_leaves_nothing_buffered) {
  request_parser parser;
  parser.feed("PING\r\n*1\r\n$4\r\nPING\r\n*2");
  commands out;
  drain(parser, out);
  EXPECT_EQ(parser.buffered(), 2u);
}

/// Pieces that often lead deep into the parser, mixed with noise.
std::string random_input(std::mt19937& random) {
  static constexpr std::string_view pieces[] = {
      "*1\r\n", "*3\r\n", "$3\r\n",  "$0\r\n",  "GET\r\n", "\r\n", "PING\r\n", "\"",
      "'",      "\\x4",   "*-1\r\n", "$99\r\n", "*",       "$",    " ",        "\n"};
  std::string input;
  const auto count = random() % 30;
  for (unsigned i = 0; i < count; ++i) {
    if (random() % 8 == 0)
      input.push_back(static_cast<char>(random()));
    else
      input.append(pieces[random() % std::size(pieces)]);
  }
  return input;
}

TEST(request_parser, random_bytes_are_read_alike_however_they_are_cut) {
  for (unsigned seed = 1; seed <= 20000; ++seed) {
    std::mt19937 random{seed};
    const auto input = random_input(random);
    request_parser parser;
    commands out;
    for (std::size_t at = 0; at < input.size();) {
      const auto size = std::min<std::size_t>(1 + random() % 9, input.size() - at);
      parser.feed(std::string_view{input}.substr(at, size));
      if (random() % 2 == 0) drain(parser, out);
      at += size;
    }
    drain(parser, out);
    if (parser.parse() == state::failed) out.push_back({"error", std::string{parser.error()}});
    ASSERT_EQ(out, parse_all(input)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace bulwark::kv
