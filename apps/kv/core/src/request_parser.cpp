// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/kv/core/request_parser.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace bulwark::kv {

namespace {

// An empty buffer larger than this is given back, so that ten thousand idle clients cost little.
constexpr std::size_t keep_capacity = 16 * 1024;

std::optional<std::int64_t> to_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

void request_parser::feed(std::string_view data) {
  if (state_ == state::failed) return;
  if (begin_ > 0 && (begin_ == buffer_.size() || begin_ >= buffer_.size() / 2)) {
    buffer_.erase(0, begin_);
    for (auto& r : ranges_) r.from -= begin_;
    cursor_ -= begin_;
    searched_ = searched_ > begin_ ? searched_ - begin_ : 0;
    begin_ = 0;
  }
  buffer_.append(data);
  views_stale_ = true;
}

request_parser::state request_parser::parse() {
  if (state_ == state::incomplete) state_ = step();
  if (state_ == state::ready && views_stale_) {
    arguments_.clear();
    for (const auto& word : inline_words_) arguments_.emplace_back(word);
    for (const auto& r : ranges_) arguments_.emplace_back(buffer_.data() + r.from, r.size);
    views_stale_ = false;
  }
  return state_;
}

void request_parser::pop() {
  if (state_ != state::ready) return;
  skip();
  state_ = state::incomplete;
}

void request_parser::skip() {
  begin_ = searched_ = cursor_;
  missing_ = 0;
  in_bulk_ = false;
  ranges_.clear();
  inline_words_.clear();
  arguments_.clear();
  if (begin_ < buffer_.size()) return;
  buffer_.clear();
  begin_ = cursor_ = searched_ = 0;
  if (buffer_.capacity() > keep_capacity) buffer_.shrink_to_fit();
}

request_parser::state request_parser::fail(std::string reason) {
  error_ = "Protocol error: " + std::move(reason);
  buffer_ = {};
  begin_ = cursor_ = searched_ = 0;
  return state::failed;
}

request_parser::state request_parser::finish() {
  views_stale_ = true;
  return state::ready;
}

/// Finds the line at the cursor and moves behind it. False if it is incomplete, or over the limit: then
/// error_ is set.
bool request_parser::find_line(std::string_view& line, std::string_view too_long) {
  const auto end = buffer_.find('\n', std::max(searched_, cursor_));
  const auto size = (end == std::string::npos ? buffer_.size() : end) - cursor_;
  if (size > limits_.line_bytes_max) {
    fail(std::string{too_long});
    return false;
  }
  if (end == std::string::npos) {
    searched_ = buffer_.size();
    return false;
  }
  line = std::string_view{buffer_}.substr(cursor_, size);
  if (line.ends_with('\r')) line.remove_suffix(1);
  searched_ = cursor_ = end + 1;
  return true;
}

request_parser::state request_parser::step() {
  for (;;) {
    if (missing_ > 0) return read_bulks();
    if (cursor_ >= buffer_.size()) return state::incomplete;
    const bool multibulk = buffer_[cursor_] == '*';
    std::string_view line;
    if (!find_line(line, multibulk ? "too big mbulk count string" : "too big inline request"))
      return error_.empty() ? state::incomplete : state::failed;
    if (multibulk) {
      const auto count = to_number(line.substr(1));
      if (!count || *count > static_cast<std::int64_t>(limits_.arguments_max))
        return fail("invalid multibulk length");
      missing_ = static_cast<std::size_t>(std::max<std::int64_t>(*count, 0));
      if (missing_ > 0) continue;
    } else {
      if (!split_inline(line, inline_words_)) return fail("unbalanced quotes in request");
      if (!inline_words_.empty()) return finish();
    }
    skip();  // an empty command
  }
}

request_parser::state request_parser::read_bulks() {
  while (missing_ > 0) {
    if (!in_bulk_) {
      if (cursor_ >= buffer_.size()) return state::incomplete;
      if (buffer_[cursor_] != '$') return fail(std::string{"expected '$', got '"} + buffer_[cursor_] + "'");
      std::string_view line;
      if (!find_line(line, "too big bulk count string"))
        return error_.empty() ? state::incomplete : state::failed;
      const auto size = to_number(line.substr(1));
      if (!size || *size < 0 || *size > static_cast<std::int64_t>(limits_.bulk_bytes_max))
        return fail("invalid bulk length");
      bulk_ = static_cast<std::size_t>(*size);
      if (cursor_ - begin_ + bulk_ > limits_.command_bytes_max) return fail("too big request");
      in_bulk_ = true;
    }
    if (buffer_.size() - cursor_ < bulk_ + 2) return state::incomplete;
    if (buffer_[cursor_ + bulk_] != '\r' || buffer_[cursor_ + bulk_ + 1] != '\n')
      return fail("expected CRLF behind a bulk");
    ranges_.push_back({cursor_, bulk_});
    searched_ = cursor_ += bulk_ + 2;
    in_bulk_ = false;
    --missing_;
  }
  return finish();
}

}  // namespace bulwark::kv
