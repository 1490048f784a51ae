// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "bulwark/supervision/core/membership_types.hpp"

namespace bulwark {

/// Appends little-endian integers, and texts with their length in front.
class byte_writer {
 public:
  explicit byte_writer(std::string& out) : out_{out} {}

  template <std::unsigned_integral Integer>
  byte_writer& put(Integer number) {
    for (std::size_t i = 0; i < sizeof(Integer); ++i)
      out_.push_back(static_cast<char>(number >> (8 * i) & 0xff));
    return *this;
  }

  byte_writer& put(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    out_.append(text);
    return *this;
  }

  byte_writer& put(const node_life& life) { return put(life.node).put(life.incarnation); }

 private:
  std::string& out_;
};

/// Reads what byte_writer wrote, from bytes that nobody vouches for. After the first short read everything
/// reads as zero and empty, so that it is enough to ask at the end.
class byte_reader {
 public:
  explicit byte_reader(std::string_view in) : in_{in} {}

  template <std::unsigned_integral Integer>
  Integer take() {
    if (!enough(sizeof(Integer))) return 0;
    Integer number = 0;
    for (std::size_t i = 0; i < sizeof(Integer); ++i)
      number =
          static_cast<Integer>(number | static_cast<Integer>(static_cast<unsigned char>(in_[i])) << (8 * i));
    in_.remove_prefix(sizeof(Integer));
    return number;
  }

  std::string take_text() {
    const auto size = take<std::uint32_t>();
    if (!enough(size)) return {};
    std::string text{in_.substr(0, size)};
    in_.remove_prefix(size);
    return text;
  }

  node_life take_life() {
    const auto node = take<std::uint32_t>();
    return {node, take<std::uint64_t>()};
  }

  /// The length of a list whose elements take at least so many bytes each: 0 if there are not enough.
  std::uint32_t take_count(std::size_t element_bytes_min) {
    const auto count = take<std::uint32_t>();
    return enough(std::size_t{count} * element_bytes_min) ? count : 0;
  }

  /// One of the enumerators 0 to `last`.
  template <class Enum>
  Enum take_enum(Enum last) {
    const auto number = take<std::uint8_t>();
    if (number > static_cast<std::uint8_t>(last)) good_ = false;
    return good_ ? Enum{number} : Enum{};
  }

  bool take_flag() {
    const auto number = take<std::uint8_t>();
    if (number > 1) good_ = false;
    return number == 1;
  }

  void require(bool condition) { good_ = good_ && condition; }
  [[nodiscard]] bool good() const { return good_; }
  /// All was read, and nothing is left over.
  [[nodiscard]] bool complete() const { return good_ && in_.empty(); }

 private:
  bool enough(std::size_t size) { return good_ = good_ && in_.size() >= size; }

  std::string_view in_;
  bool good_ = true;
};

}  // namespace bulwark
