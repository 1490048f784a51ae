// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bulwark::kv {

/// What a connection speaks: RESP2 until `HELLO 3`.
enum class protocol : std::uint8_t { resp2 = 2, resp3 = 3 };

/// Writes replies in a neutral, typed form, since whoever executes a command does not know the protocol of
/// the client's connection. Replies follow each other without separators; `array(n)` is followed by n
/// replies, `map(n)` by n pairs of replies.
class reply_builder {
 public:
  explicit reply_builder(std::string& out) : out_{out} {}

  void status(std::string_view text) { put_text('+', text); }
  /// `text` starts with the code: "ERR ...". Line breaks become blanks.
  void error(std::string_view text) { put_text('-', text); }
  void integer(std::int64_t number);
  void bulk(std::string_view data) { put_text('$', data); }
  void null() { out_.push_back('_'); }
  /// In place of an array.
  void null_array() { out_.push_back('!'); }
  void array(std::size_t size) { put_size('*', size); }
  /// One whole neutral reply that another builder wrote.
  void copy(std::string_view neutral) { out_.append(neutral); }
  void map(std::size_t pairs) { put_size('%', pairs); }

 private:
  void put_text(char tag, std::string_view text);
  void put_size(char tag, std::size_t size);

  std::string& out_;
};

/// Takes one neutral reply from the front of `replies` and appends it to `out` as RESP. False, with both
/// unchanged, if the bytes are no complete reply.
bool render(std::string_view& replies, protocol spoken, std::string& out);

/// Reads one neutral reply that is an array of integers, and nothing else. False, with nothing read, if it is
/// something else.
bool read_integers(std::string_view reply, std::vector<std::int64_t>& numbers);

}  // namespace bulwark::kv
