// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/json_text.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>

namespace bulwark {

namespace {

/// The length of the UTF-8 sequence that the text begins with (RFC 3629), 0 if it is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t at = 1; at < length; ++at)
    if ((byte(at) & 0xc0) != 0x80) return 0;
  const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool surrogate = first == 0xed && byte(1) > 0x9f;
  const bool beyond = first == 0xf4 && byte(1) > 0x8f;
  return overlong || surrogate || beyond ? 0 : length;
}

void append_control(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  char code[8];
  std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
  out += code;
}

bool has_reason(event_kind kind) { return kind != event_kind::started && kind != event_kind::ready; }

void append_milliseconds(std::string& out, const char* name, duration length) {
  char text[64];
  std::snprintf(text, sizeof text, ",\"%s\":%.3f", name,
                std::chrono::duration<double, std::milli>{length}.count());
  out += text;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto length = utf8_length(text);
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (const char c = text.front(); length == 1 && (c < 0x20 || c == '"' || c == '\\')) {
      append_control(out, c);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

std::string to_json(const supervision_event& event, instant now) {
  std::string out = "{\"kind\":\"" + std::string{to_string(event.kind)} + "\",\"path\":";
  append_json_string(out, event.path);
  out += ",\"generation\":" + std::to_string(event.generation) +
         ",\"restarts\":" + std::to_string(event.restarts);
  if (has_reason(event.kind)) {
    out += ",\"reason\":{\"kind\":\"" + std::string{to_string(event.reason.kind)} + "\",\"text\":";
    append_json_string(out, event.reason.text);
    out += '}';
  }
  if (event.kind == event_kind::restarted) {
    append_milliseconds(out, "t_fail_ms", event.t_fail);
    append_milliseconds(out, "t_recover_ms", event.t_recover);
    append_milliseconds(out, "t_restart_ms", event.t_restart);
  }
  if (event.kind == event_kind::crash_storm) {
    out += ",\"ends\":" + std::to_string(event.ends);
    append_milliseconds(out, "within_ms", event.within);
  }
  if (event.kind == event_kind::resized)
    out += ",\"from\":" + std::to_string(event.from) + ",\"to\":" + std::to_string(event.to);
  append_milliseconds(out, "ago_ms", now - event.at);
  out += '}';
  return out;
}

}  // namespace bulwark
