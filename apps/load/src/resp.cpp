// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/load/resp.hpp"

#include <charconv>

namespace bulwark::load {

namespace {

constexpr int depth_max = 16;
constexpr std::int64_t elements_max = 1 << 20;
constexpr std::int64_t bulk_bytes_max = std::int64_t{512} << 20;

std::optional<std::int64_t> parse_number(std::string_view digits) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

std::string shortened(const std::string& text) {
  constexpr std::size_t shown = 80;
  return text.size() <= shown ? text
                              : text.substr(0, shown) + "... (" + std::to_string(text.size()) + " bytes)";
}

}  // namespace

std::string to_string(const reply& answer) {
  switch (answer.kind) {
    case reply::type::status: return shortened(answer.text);
    case reply::type::error: return "error: " + shortened(answer.text);
    case reply::type::integer: return std::to_string(answer.number);
    case reply::type::bulk: return '"' + shortened(answer.text) + '"';
    case reply::type::nil: return "nil";
    case reply::type::array: return "array of " + std::to_string(answer.elements.size());
  }
  return "?";
}

void append_command(std::string& out, std::span<const std::string_view> arguments) {
  out += '*';
  out += std::to_string(arguments.size());
  out += "\r\n";
  for (const auto argument : arguments) {
    out += '$';
    out += std::to_string(argument.size());
    out += "\r\n";
    out += argument;
    out += "\r\n";
  }
}

void append_command(std::string& out, std::initializer_list<std::string_view> arguments) {
  append_command(out, std::span(arguments.begin(), arguments.size()));
}

std::optional<reply> reply_parser::next() {
  if (broken_ || buffer_.size() == consumed_ || buffer_.size() < wanted_) return std::nullopt;
  cursor_ = consumed_;
  wanted_ = 0;
  reply answer;
  if (!parse(answer, 0)) return std::nullopt;
  consumed_ = cursor_;
  if (consumed_ == buffer_.size() || consumed_ > (std::size_t{1} << 20)) {
    buffer_.erase(0, consumed_);
    consumed_ = 0;
  }
  return answer;
}

void reply_parser::clear() {
  buffer_.clear();
  consumed_ = cursor_ = wanted_ = 0;
  broken_ = false;
}

std::optional<std::string_view> reply_parser::line() {
  const auto end = buffer_.find("\r\n", cursor_);
  if (end == std::string::npos) return std::nullopt;
  const auto text = std::string_view(buffer_).substr(cursor_, end - cursor_);
  cursor_ = end + 2;
  return text;
}

bool reply_parser::parse(reply& into, int depth) {
  if (depth > depth_max) return fail();
  const auto text = line();
  if (!text) return false;
  if (text->empty()) return fail();
  const auto body = text->substr(1);
  const char kind = text->front();
  switch (kind) {
    case '+':
    case ',':
    case '#':
    case '(':
      into.kind = reply::type::status;
      into.text = body;
      return true;
    case '-':
      into.kind = reply::type::error;
      into.text = body;
      return true;
    case '_': into.kind = reply::type::nil; return true;
    default: break;
  }
  const auto number = parse_number(body);
  if (!number) return fail();
  switch (kind) {
    case ':':
      into.kind = reply::type::integer;
      into.number = *number;
      return true;
    case '$':
    case '=': return parse_bulk(into, *number);
    case '*':
    case '~':
    case '>': return parse_elements(into, *number, depth);
    case '%': return *number > elements_max ? fail() : parse_elements(into, *number * 2, depth);
    default: return fail();
  }
}

bool reply_parser::parse_bulk(reply& into, std::int64_t length) {
  if (length < 0) return true;  // RESP2's null bulk; `into` is nil already
  if (length > bulk_bytes_max) return fail();
  const auto bytes = static_cast<std::size_t>(length);
  if (buffer_.size() < cursor_ + bytes + 2) {
    wanted_ = cursor_ + bytes + 2;
    return false;
  }
  if (std::string_view(buffer_).substr(cursor_ + bytes, 2) != "\r\n") return fail();
  into.kind = reply::type::bulk;
  into.text = buffer_.substr(cursor_, bytes);
  cursor_ += bytes + 2;
  return true;
}

bool reply_parser::parse_elements(reply& into, std::int64_t count, int depth) {
  if (count < 0) return true;  // RESP2's null array
  if (count > elements_max) return fail();
  into.kind = reply::type::array;
  for (std::int64_t i = 0; i < count; ++i) {
    if (!parse(into.elements.emplace_back(), depth + 1)) return false;
  }
  return true;
}

}  // namespace bulwark::load
