// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bulwark::load {

/// One reply of a server that speaks RESP2 or RESP3.
struct reply {
  enum class type : std::uint8_t { status, error, integer, bulk, nil, array };

  type kind = type::nil;
  std::string text{};  ///< of a status, error or bulk; also of RESP3 scalars that have no kind of their own
  std::int64_t number = 0;        ///< of an integer
  std::vector<reply> elements{};  ///< of an array; a RESP3 map is an array of keys and values in turn

  bool is_error() const { return kind == type::error; }
  bool is_nil() const { return kind == type::nil; }
  /// True for the status or bulk reply with just this text.
  bool is(std::string_view expected) const {
    return (kind == type::status || kind == type::bulk) && text == expected;
  }
};

/// A short form of a reply for messages to people; long texts are cut.
std::string to_string(const reply& answer);

/// Appends one command, as an array of bulk strings, to `out`.
void append_command(std::string& out, std::span<const std::string_view> arguments);
void append_command(std::string& out, std::initializer_list<std::string_view> arguments);

/// Takes replies out of a stream of bytes that arrives in pieces.
///
/// Not thread-safe. Bounds: nesting 16 deep, 1 Mi elements per array, 512 MiB per bulk; anything beyond
/// counts as broken.
class reply_parser {
 public:
  void feed(std::string_view bytes) { buffer_.append(bytes); }

  /// The next whole reply; nothing if more bytes are needed or the stream is broken.
  std::optional<reply> next();

  /// True once the stream was found not to be RESP; only clear() helps then.
  bool broken() const { return broken_; }

  /// Bytes fed and not yet returned as replies.
  std::size_t pending() const { return buffer_.size() - consumed_; }

  void clear();

 private:
  bool parse(reply& into, int depth);
  bool parse_elements(reply& into, std::int64_t count, int depth);
  bool parse_bulk(reply& into, std::int64_t length);
  std::optional<std::string_view> line();
  bool fail() {
    broken_ = true;
    return false;
  }

  std::string buffer_;
  std::size_t consumed_ = 0;  ///< start of the first reply not yet returned
  std::size_t cursor_ = 0;    ///< where the attempt under way reads
  std::size_t wanted_ =
      0;  ///< no attempt before the buffer has this many bytes, so that big bulks stay cheap
  bool broken_ = false;
};

}  // namespace bulwark::load
