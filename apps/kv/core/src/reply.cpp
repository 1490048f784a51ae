// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/kv/core/reply.hpp"

#include <charconv>
#include <utility>

#include "bulwark/consensus/core/wire.hpp"

namespace bulwark::kv {

namespace {

using consensus::wire_reader;
using consensus::wire_writer;

template <class Integer>
void put_line(std::string& out, char tag, Integer number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  out.push_back(tag);
  out.append(digits, end).append("\r\n");
}

void put_line(std::string& out, char tag, std::string_view text) {
  out.push_back(tag);
  for (const char c : text) out.push_back(c == '\r' || c == '\n' ? ' ' : c);
  out.append("\r\n");
}

/// Renders what stands at the reader, without the elements of an array or map: their number is added to
/// `missing`.
bool render_one(wire_reader& in, protocol spoken, std::string& out, std::uint64_t& missing) {
  std::uint8_t tag = 0;
  std::uint32_t size = 0;
  std::uint64_t number = 0;
  std::string_view text;
  if (!in.get(tag)) return false;
  const char kind = static_cast<char>(tag);
  switch (kind) {
    case '+':
    case '-':
      if (!in.get_bytes(text)) return false;
      put_line(out, kind, text);
      return true;
    case ':':
      if (!in.get(number)) return false;
      put_line(out, ':', static_cast<std::int64_t>(number));
      return true;
    case '$':
      if (!in.get_bytes(text)) return false;
      put_line(out, '$', text.size());
      out.append(text).append("\r\n");
      return true;
    case '_': out.append(spoken == protocol::resp3 ? "_\r\n" : "$-1\r\n"); return true;
    case '!': out.append(spoken == protocol::resp3 ? "_\r\n" : "*-1\r\n"); return true;
    case '*':
    case '%': {
      if (!in.get(size)) return false;
      const auto elements = kind == '%' ? std::uint64_t{size} * 2 : size;
      const bool as_map = kind == '%' && spoken == protocol::resp3;
      put_line(out, as_map ? '%' : '*', as_map ? size : elements);
      missing += elements;
      return true;
    }
    default: return false;
  }
}

}  // namespace

void reply_builder::put_text(char tag, std::string_view text) {
  out_.push_back(tag);
  wire_writer{out_}.put_bytes(text);
}

void reply_builder::put_size(char tag, std::size_t size) {
  out_.push_back(tag);
  wire_writer{out_}.put(static_cast<std::uint32_t>(size));
}

void reply_builder::integer(std::int64_t number) {
  out_.push_back(':');
  wire_writer{out_}.put(static_cast<std::uint64_t>(number));
}

bool render(std::string_view& replies, protocol spoken, std::string& out) {
  const auto before = out.size();
  wire_reader in{replies};
  for (std::uint64_t missing = 1; missing > 0; --missing) {
    if (render_one(in, spoken, out, missing)) continue;
    out.resize(before);
    return false;
  }
  replies.remove_prefix(replies.size() - in.left());
  return true;
}

bool read_integers(std::string_view reply, std::vector<std::int64_t>& numbers) {
  constexpr std::size_t integer_bytes = 9;
  wire_reader in{reply};
  std::uint8_t tag = 0;
  std::uint32_t size = 0;
  if (!in.get(tag) || tag != '*' || !in.get(size) || in.left() != size * integer_bytes) return false;
  std::vector<std::int64_t> read;
  for (std::uint64_t number = 0; in.left() > 0 && in.get(tag) && in.get(number);) {
    if (tag != ':') return false;
    read.push_back(static_cast<std::int64_t>(number));
  }
  numbers = std::move(read);
  return true;
}

}  // namespace bulwark::kv
