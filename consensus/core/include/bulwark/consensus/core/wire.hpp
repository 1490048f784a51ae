// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace bulwark::consensus {

/// Appends little-endian integers and length-prefixed bytes to a string.
class wire_writer {
 public:
  explicit wire_writer(std::string& out) : out_{out} {}

  template <class Integer>
  void put(Integer number) {
    static_assert(std::is_unsigned_v<Integer>);
    std::array<char, sizeof(Integer)> little;
    for (std::size_t i = 0; i < little.size(); ++i) little[i] = static_cast<char>(number >> (8 * i) & 0xff);
    out_.append(little.data(), little.size());
  }

  /// At most 2^32-1 bytes.
  void put_bytes(std::string_view data) {
    put(static_cast<std::uint32_t>(data.size()));
    out_.append(data);
  }

 private:
  std::string& out_;
};

/// Reads what wire_writer wrote, from bytes that nobody vouches for: every read says whether there was
/// enough. After the first short read all further ones fail too, so that a decoder may check once, at its
/// end.
class wire_reader {
 public:
  explicit wire_reader(std::string_view in) : in_{in} {}

  template <class Integer>
  bool get(Integer& number) {
    static_assert(std::is_unsigned_v<Integer>);
    if (!good_ || in_.size() < sizeof(Integer)) return good_ = false;
    number = 0;
    for (std::size_t i = 0; i < sizeof(Integer); ++i)
      number =
          static_cast<Integer>(number | static_cast<Integer>(static_cast<unsigned char>(in_[i])) << (8 * i));
    in_.remove_prefix(sizeof(Integer));
    return true;
  }

  /// The view points into the input.
  bool get_bytes(std::string_view& data) {
    std::uint32_t size = 0;
    if (!get(size) || in_.size() < size) return good_ = false;
    data = in_.substr(0, size);
    in_.remove_prefix(size);
    return true;
  }

  bool fail() { return good_ = false; }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] std::size_t left() const { return in_.size(); }
  /// All was read, and nothing is left over.
  [[nodiscard]] bool complete() const { return good_ && in_.empty(); }

 private:
  std::string_view in_;
  bool good_ = true;
};

}  // namespace bulwark::consensus
