// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include "bulwark/consensus/core/replica.hpp"

namespace bulwark::consensus {

/// Where the roles of a replica put their effects. The records of one step become one `persist`, at its end.
class output {
 public:
  explicit output(node_id self) : self_{self} {}

  void begin_step(std::vector<effect>& effects) { effects_ = &effects; }

  template <class Effect>
  void emit(Effect what) {
    effects_->emplace_back(std::in_place_type<Effect>, std::move(what));
  }

  /// Sends at once: for what does not lean on anything that may still be lost.
  void post(node_id to, message what) { emit(send{{self_, to, std::move(what)}}); }

  /// Sends once every record so far is durable.
  void post_when_durable(node_id to, message what) {
    if (records_.empty() && durable_ == issued_ && to != self_) return post(to, std::move(what));
    then_.push_back({self_, to, std::move(what)});
  }

  void write(record what) { records_.push_back(std::move(what)); }
  [[nodiscard]] bool has_records() const { return !records_.empty(); }

  /// The number under which the records of this step are written.
  [[nodiscard]] std::uint64_t write_number() const { return issued_ + 1; }
  /// All records up to this number are durable.
  [[nodiscard]] std::uint64_t durable() const { return durable_; }
  void persisted(std::uint64_t number) { durable_ = std::max(durable_, std::min(number, issued_)); }

  void end_step() {
    if (!records_.empty() || !then_.empty())
      emit(persist{++issued_, std::exchange(records_, {}), std::exchange(then_, {})});
    effects_ = nullptr;
  }

 private:
  node_id self_;
  std::vector<effect>* effects_ = nullptr;
  std::vector<record> records_;
  std::vector<envelope> then_;
  std::uint64_t issued_ = 0;
  std::uint64_t durable_ = 0;
};

}  // namespace bulwark::consensus
