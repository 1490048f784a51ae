// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/actors/tls.hpp"
#include "tls_handshakes.hpp"

namespace bulwark {

/// Who is at the other end of CAF's connections, by their certificates. Thread-safe.
class tls_guests {
 public:
  /// `connection` is CAF's number of it. Numbers are used again, and the old connection may be told to be
  /// gone after the new one came; so each entry has a key of its own.
  std::uint64_t enter(std::int64_t connection, std::vector<std::string> names) {
    const std::lock_guard guard{mutex_};
    guests_.insert_or_assign(connection, guest{++last_key_, std::move(names)});
    return last_key_;
  }

  void leave(std::int64_t connection, std::uint64_t key) {
    const std::lock_guard guard{mutex_};
    const auto found = guests_.find(connection);
    if (found != guests_.end() && found->second.key == key) guests_.erase(found);
  }

  /// Empty if nobody is there.
  [[nodiscard]] std::vector<std::string> names(std::int64_t connection) const {
    const std::lock_guard guard{mutex_};
    const auto found = guests_.find(connection);
    return found == guests_.end() ? std::vector<std::string>{} : found->second.names;
  }

 private:
  struct guest {
    std::uint64_t key = 0;
    std::vector<std::string> names;
  };

  mutable std::mutex mutex_;
  std::uint64_t last_key_ = 0;
  std::map<std::int64_t, guest> guests_;  ///< as many as there are connections
};

/// How both ends speak TLS. Does not judge the files. Throws std::runtime_error.
[[nodiscard]] ssl_context_ptr make_tls_context(const tls_files& files);

class tls_endpoint {
 public:
  tls_endpoint(ssl_context_ptr context, std::string cluster)
      : cluster_{cluster}, handshakes_{std::move(context), {.cluster = std::move(cluster)}} {}

  [[nodiscard]] const std::string& cluster() const { return cluster_; }
  [[nodiscard]] tls_handshakes& handshakes() { return handshakes_; }
  [[nodiscard]] const std::shared_ptr<tls_guests>& guests() const { return guests_; }

 private:
  const std::string cluster_;
  const std::shared_ptr<tls_guests> guests_ = std::make_shared<tls_guests>();
  tls_handshakes handshakes_;
};

}  // namespace bulwark
