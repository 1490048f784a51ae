// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace bulwark::load {

/// A base port P so that P+1 .. P+200 are for its owner, as far as programs that ask in this way are
/// concerned, and were free when asked. Between 20000 and the range from which the kernel takes ports by
/// itself.
///
/// Blocks are kept apart by names in the kernel that end with their process. Neither moves nor copies.
class port_block {
 public:
  /// Throws std::runtime_error if all blocks are taken.
  port_block();
  port_block(const port_block&) = delete;
  port_block& operator=(const port_block&) = delete;
  ~port_block();

  std::uint16_t base() const { return base_; }

 private:
  bool try_take(std::uint16_t base);

  std::uint16_t base_ = 0;
  int lock_ = -1;
};

}  // namespace bulwark::load
