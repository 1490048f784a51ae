// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/actors/core/time.hpp"

namespace bulwark {

/// Requests that were refused by the fence of a service which has to serve no more, and so were surely not
/// handled, until their reference is bound to somebody else.
///
/// Each binding of a reference has a number. What a binding has refused is not given back to that one: its
/// fence never opens again.
///
/// Owner:  one thread at a time
/// Bounds: requests_max in all; beyond, what comes is given back at once
template <class Request>
class fenced_requests {
 public:
  explicit fenced_requests(std::size_t requests_max) : requests_max_{requests_max} {}

  /// `refused_by`: number of the binding. The request itself if there is no room for it.
  std::optional<Request> put(const std::string& name, std::uint64_t refused_by, instant deadline,
                             Request request) {
    if (size_ >= requests_max_) return request;
    names_[name].push_back({refused_by, deadline, std::move(request)});
    ++size_;
    return std::nullopt;
  }

  /// The reference to the name is bound now, by the binding of that number: those that may go there.
  std::vector<Request> take_for(const std::string& name, std::uint64_t bound_by) {
    return take_if(name, [=](const entry& one) { return one.refused_by != bound_by; });
  }

  /// Nobody came to serve the name.
  std::vector<Request> take_all(const std::string& name) {
    return take_if(name, [](const entry&) { return true; });
  }

  /// Those whose deadline has come.
  std::vector<Request> take_late(instant now) {
    std::vector<Request> late;
    for (auto one = names_.begin(); one != names_.end();) {
      const auto name = (one++)->first;  // which may be gone after that
      auto some = take_if(name, [=](const entry& waiting) { return waiting.deadline <= now; });
      std::ranges::move(some, std::back_inserter(late));
    }
    return late;
  }

  /// All of all names.
  std::vector<Request> take_everything() { return take_late(instant::max()); }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  struct entry {
    std::uint64_t refused_by = 0;
    instant deadline{};
    Request request;
  };

  /// In the order in which they came.
  template <class Condition>
  std::vector<Request> take_if(const std::string& name, Condition condition) {
    std::vector<Request> taken;
    const auto found = names_.find(name);
    if (found == names_.end()) return taken;
    auto& some = found->second;
    for (auto one = some.begin(); one != some.end();) {
      if (!condition(*one)) {
        ++one;
        continue;
      }
      taken.push_back(std::move(one->request));
      one = some.erase(one);
    }
    size_ -= taken.size();
    if (some.empty()) names_.erase(found);
    return taken;
  }

  std::size_t requests_max_;
  std::size_t size_ = 0;
  std::map<std::string, std::list<entry>> names_;  ///< the oldest first; never empty
};

}  // namespace bulwark
