// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "bulwark/consensus/core/ids.hpp"

namespace bulwark::consensus {

/// Where an accepted record lies: segment number, offset of the encoded record in the file, and its size.
struct record_location {
  std::uint32_t segment = 0;
  std::uint32_t offset = 0;
  std::uint32_t size = 0;  ///< 0 if there is none
};

/// What a log knows of one group in memory: the last promise, the chosen watermark, and where the latest
/// value of each slot lies. Slots are kept in pages of 128, so that dense logs take 12 B a slot and a wild
/// slot number costs one page.
class group_index {
 public:
  ballot promised;
  slot chosen{};

  void put(slot at, record_location where) {
    if (at <= kept_) return;
    auto& highest = highest_in_[where.segment];
    highest = std::max(highest, at);
    auto& page = pages_[number(at) / page_slots];
    if (!page) page = std::make_unique<page_type>();
    (*page)[number(at) % page_slots] = where;
  }

  /// The log begins behind this slot.
  [[nodiscard]] slot kept() const { return kept_; }
  /// Forgets all slots up to this one.
  void forget_up_to(slot kept) {
    kept_ = std::max(kept_, kept);
    // The page that the slot stands in may hold later ones.
    pages_.erase(pages_.begin(), pages_.lower_bound(number(kept_) / page_slots));
    if (const auto page = pages_.find(number(kept_) / page_slots); page != pages_.end())
      for (std::uint64_t i = 0; i <= number(kept_) % page_slots; ++i) (*page->second)[i] = {};
    std::erase_if(highest_in_, [this](const auto& one) { return one.second <= kept_; });
  }
  /// The first segment that holds a slot of this group; none if none does.
  [[nodiscard]] std::optional<std::uint32_t> first_segment() const {
    return highest_in_.empty() ? std::nullopt : std::optional{highest_in_.begin()->first};
  }

  /// None if nothing was accepted in the slot.
  [[nodiscard]] std::optional<record_location> find(slot at) const {
    const auto page = pages_.find(number(at) / page_slots);
    if (page == pages_.end()) return std::nullopt;
    const auto& where = (*page->second)[number(at) % page_slots];
    return where.size == 0 ? std::nullopt : std::optional{where};
  }

  /// Visits all slots behind `behind` that hold something, ascending.
  template <class Visitor>
  void for_each_behind(slot behind, Visitor&& visit) const {
    for (auto page = pages_.lower_bound(number(behind) / page_slots); page != pages_.end(); ++page)
      for (std::uint64_t i = 0; i < page_slots; ++i) {
        const slot at{page->first * page_slots + i};
        if (at > behind && (*page->second)[i].size != 0) visit(at, (*page->second)[i]);
      }
  }

 private:
  static constexpr std::uint64_t page_slots = 128;
  using page_type = std::array<record_location, page_slots>;

  std::map<std::uint64_t, std::unique_ptr<page_type>> pages_;
  std::map<std::uint32_t, slot> highest_in_;  ///< by segment: the highest slot that it holds
  slot kept_{};
};

using log_index = std::map<group_id, group_index>;

}  // namespace bulwark::consensus
