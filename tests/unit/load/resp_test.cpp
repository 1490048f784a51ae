// SPDX-License-Identifier: BSD-3-Clause
// Goal: the client's parser reads every kind of reply, however the bytes are cut, and refuses what is not
// RESP. Method: a corpus of replies fed whole and cut at every place; broken streams.
#include "bulwark/load/resp.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulwark::load {
namespace {

using namespace std::string_literals;

const std::string corpus =
    "+OK\r\n-ERR "
    "no\r\n:-42\r\n$5\r\nhe\r\no\r\n$0\r\n\r\n$-1\r\n*2\r\n:1\r\n*1\r\n$1\r\na\r\n*-1\r\n_\r\n%1\r\n+k\r\n:"
    "7\r\n";

std::string drain(reply_parser& parser) {
  std::string seen;
  while (const auto answer = parser.next()) seen += to_string(*answer) + "|";
  return seen;
}

const std::string expected = "OK|error: ERR no|-42|\"he\r\no\"|\"\"|nil|array of 2|nil|nil|array of 2|";

TEST(resp, replies_are_read_however_they_are_cut) {
  for (std::size_t cut = 0; cut <= corpus.size(); ++cut) {
    reply_parser parser;
    parser.feed(std::string_view(corpus).substr(0, cut));
    auto seen = drain(parser);
    parser.feed(std::string_view(corpus).substr(cut));
    seen += drain(parser);
    EXPECT_EQ(seen, expected) << "cut at " << cut;
    EXPECT_FALSE(parser.broken());
    EXPECT_EQ(parser.pending(), 0U);
  }
}

TEST(resp, nested_arrays_keep_their_elements) {
  reply_parser parser;
  parser.feed("*2\r\n:1\r\n*1\r\n$1\r\na\r\n");
  const auto answer = parser.next();
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->elements.size(), 2U);
  EXPECT_EQ(answer->elements[0].number, 1);
  ASSERT_EQ(answer->elements[1].elements.size(), 1U);
  EXPECT_TRUE(answer->elements[1].elements[0].is("a"));
}

TEST(resp, what_is_not_resp_breaks_the_stream) {
  for (const std::string text :
       {"hello\r\n", ":12x\r\n", "$x\r\n", "\r\n", "$1\r\nabc\r\n", "*9999999999\r\n", "$9999999999\r\n"}) {
    reply_parser parser;
    parser.feed(text);
    EXPECT_FALSE(parser.next()) << text;
    EXPECT_TRUE(parser.broken()) << text;
  }
}

TEST(resp, endless_nesting_is_refused) {
  reply_parser parser;
  std::string text;
  for (int i = 0; i < 100; ++i) text += "*1\r\n";
  parser.feed(text);
  EXPECT_FALSE(parser.next());
  EXPECT_TRUE(parser.broken());
}

TEST(resp, a_command_is_an_array_of_bulk_strings) {
  std::string out;
  append_command(out, {"SET", "k", std::string_view("a\0b", 3)});
  EXPECT_EQ(out, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\na\0b\r\n"s);
}

}  // namespace
}  // namespace bulwark::load
