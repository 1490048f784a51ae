// SPDX-License-Identifier: BSD-3-Clause
// Goal: whatever an actor had to say for itself, what is told of it is valid JSON.
// Method: each class of characters by hand.
#include "bulwark/supervision/core/json_text.hpp"

#include <gtest/gtest.h>

namespace bulwark {
namespace {

using namespace std::chrono_literals;

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(json_text, escapes_what_has_to_be_escaped_and_nothing_else) {
  EXPECT_EQ(quoted("plain"), "\"plain\"");
  EXPECT_EQ(quoted("a \"b\" \\ c\n\r\t"), R"("a \"b\" \\ c\n\r\t")");
  EXPECT_EQ(quoted(std::string_view{"\0\x1f", 2}), R"("\u0000\u001f")");
  EXPECT_EQ(quoted("ä € 😀 \x7f"), "\"ä € 😀 \x7f\"");
}

TEST(json_text, replaces_bytes_that_are_no_utf_8) {
  const std::string bad = "\"\xef\xbf\xbd\"";
  EXPECT_EQ(quoted("\x80"), bad);
  EXPECT_EQ(quoted("\xff"), bad);
  EXPECT_EQ(quoted("\xc3"), bad) << "cut off";
  EXPECT_EQ(quoted("\xc3("), "\"\xef\xbf\xbd(\"");
  EXPECT_EQ(quoted("\xc0\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\"") << "longer than need be";
  EXPECT_EQ(quoted("\xed\xa0\x80").find('\xed'), std::string::npos) << "half of a pair";
  EXPECT_EQ(quoted("\xf4\x90\x80\x80").find('\xf4'), std::string::npos) << "beyond the last character";
}

TEST(json_text, an_event_is_one_object) {
  supervision_event event;
  event.kind = event_kind::restarted;
  event.path = "sub/w";
  event.reason = {exit_kind::failure, "\"boom\""};
  event.generation = 3;
  event.restarts = 2;
  event.at = instant{1h};
  event.t_fail = 2ms;
  event.t_recover = 500us;
  event.t_restart = 2500us;
  EXPECT_EQ(to_json(event, instant{1h} + 1s),
            R"({"kind":"restarted","path":"sub/w","generation":3,"restarts":2,)"
            R"("reason":{"kind":"failure","text":"\"boom\""},)"
            R"("t_fail_ms":2.000,"t_recover_ms":0.500,"t_restart_ms":2.500,"ago_ms":1000.000})");
}

TEST(json_text, an_event_without_a_reason_has_none) {
  supervision_event event;
  event.kind = event_kind::ready;
  event.path = "w";
  event.at = instant{1h};
  EXPECT_EQ(to_json(event, instant{1h}),
            R"({"kind":"ready","path":"w","generation":0,"restarts":0,"ago_ms":0.000})");
  event.kind = event_kind::crash_storm;
  event.ends = 17;
  event.within = 10s;
  EXPECT_NE(to_json(event, instant{1h}).find(R"("ends":17,"within_ms":10000.000)"), std::string::npos);
  event.kind = event_kind::resized;
  event.from = 2;
  event.to = 3;
  EXPECT_NE(to_json(event, instant{1h}).find(R"(,"from":2,"to":3,"ago_ms")"), std::string::npos);
}

}  // namespace
}  // namespace bulwark
