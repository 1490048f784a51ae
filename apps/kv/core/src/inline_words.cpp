// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/kv/core/request_parser.hpp"

namespace bulwark::kv {

namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0'; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char unescaped(char c) {
  switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return c;
  }
}

/// Reads the inside of a double-quoted part, from behind its opening quote to behind its closing one.
bool read_double_quoted(std::string_view& rest, std::string& word) {
  while (!rest.empty()) {
    const char c = rest[0];
    if (c == '"') {
      rest.remove_prefix(1);
      return true;
    }
    if (c != '\\' || rest.size() < 2) {
      word.push_back(c);
      rest.remove_prefix(1);
    } else if (rest[1] == 'x' && rest.size() >= 4 && hex_digit(rest[2]) >= 0 && hex_digit(rest[3]) >= 0) {
      word.push_back(static_cast<char>(hex_digit(rest[2]) * 16 + hex_digit(rest[3])));
      rest.remove_prefix(4);
    } else {
      word.push_back(unescaped(rest[1]));
      rest.remove_prefix(2);
    }
  }
  return false;
}

bool read_single_quoted(std::string_view& rest, std::string& word) {
  while (!rest.empty()) {
    if (rest[0] == '\'') {
      rest.remove_prefix(1);
      return true;
    }
    const bool quote = rest.starts_with("\\'");
    if (quote) rest.remove_prefix(1);
    word.push_back(rest[0]);
    rest.remove_prefix(1);
  }
  return false;
}

}  // namespace

bool split_inline(std::string_view line, std::vector<std::string>& words) {
  for (;;) {
    while (!line.empty() && is_blank(line[0])) line.remove_prefix(1);
    if (line.empty()) return true;
    std::string word;
    while (!line.empty() && !is_blank(line[0])) {
      const char c = line[0];
      line.remove_prefix(1);
      if (c != '"' && c != '\'') {
        word.push_back(c);
        continue;
      }
      const bool closed = c == '"' ? read_double_quoted(line, word) : read_single_quoted(line, word);
      if (!closed || (!line.empty() && !is_blank(line[0]))) return false;
    }
    words.push_back(std::move(word));
  }
}

}  // namespace bulwark::kv
