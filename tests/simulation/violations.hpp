// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <utility>

namespace bulwark::test {

/// The first thing that a checker found wrong; what follows from it would only hide it.
class violations {
 public:
  void add(std::string text) {
    if (first_.empty()) first_ = std::move(text);
  }
  void expect(bool holds, const char* text) {
    if (!holds) add(text);
  }
  [[nodiscard]] bool any() const { return !first_.empty(); }
  [[nodiscard]] const std::string& first() const { return first_; }

 private:
  std::string first_;
};

}  // namespace bulwark::test
