// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bulwark::kv {

/// What a client may send, in bytes and counts. A request over a limit is a protocol error, found before its
/// payload is buffered.
struct request_limits {
  std::size_t bulk_bytes_max = 1u << 20;     ///< one argument
  std::size_t command_bytes_max = 4u << 20;  ///< one command as sent, headers included
  std::size_t arguments_max = 1u << 16;      ///< arguments of one command, its name included
  std::size_t line_bytes_max = 1u << 16;     ///< an inline command, or the header of a bulk or multibulk
};

/// Reads the commands of one client from its bytes, however they are cut: RESP multibulk, and inline lines
/// with quoting.
///
/// The words of the errors are those of Redis. Empty commands are skipped without an answer, as in Redis.
/// Owner:  one session; not thread-safe
/// Bounds: refuses what is over the limits before buffering it; but it is the caller who decides how much to
/// `feed` ahead of `pop` Errors: after `failed` no further command is ever read; `error()` says why
class request_parser {
 public:
  enum class state { incomplete, ready, failed };

  explicit request_parser(request_limits limits = {}) : limits_{limits} {}

  /// Adds bytes of the client. Invalidates `arguments()` until the next `parse()`.
  void feed(std::string_view data);

  /// Reads on to the end of the current command. Once it is `ready`, it stays so until `pop()`.
  state parse();

  /// The current command, its name first; never empty. Only after `parse()` said `ready`, and until `feed` or
  /// `pop`.
  [[nodiscard]] std::span<const std::string_view> arguments() const { return arguments_; }

  /// Forgets the current command.
  void pop();

  /// Why parsing failed: "Protocol error: ...", without the leading "ERR".
  [[nodiscard]] std::string_view error() const { return error_; }

  /// Bytes that were fed and not yet popped.
  [[nodiscard]] std::size_t buffered() const { return buffer_.size() - begin_; }

 private:
  struct range {
    std::size_t from, size;
  };

  state step();
  state read_bulks();
  bool find_line(std::string_view& line, std::string_view too_long);
  state fail(std::string reason);
  state finish();
  void skip();

  request_limits limits_;
  std::string buffer_;
  std::size_t begin_ = 0;     // of the current command
  std::size_t cursor_ = 0;    // what lies before is understood
  std::size_t searched_ = 0;  // no line feed in [cursor_, searched_)
  std::size_t missing_ = 0;   // bulks still to come in the current multibulk
  std::size_t bulk_ = 0;      // size of the bulk at the cursor, if in_bulk_
  bool in_bulk_ = false;
  state state_ = state::incomplete;
  bool views_stale_ = false;
  std::vector<range> ranges_;              // of a multibulk, in buffer_
  std::vector<std::string> inline_words_;  // of an inline command: unquoted, so not in buffer_
  std::vector<std::string_view> arguments_;
  std::string error_;
};

/// Splits a line into words as Redis does: blanks separate; "..." with escapes \n \r \t \b \a \xhh \" \\;
/// '...' with \'. Returns false if a quote is not closed, or is closed without a blank behind it.
bool split_inline(std::string_view line, std::vector<std::string>& words);

}  // namespace bulwark::kv
