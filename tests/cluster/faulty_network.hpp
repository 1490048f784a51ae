// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "bulwark/actors/core/time.hpp"
#include "bulwark/cluster/unique_fd.hpp"
#include "bulwark/load/endpoint.hpp"

#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace bulwark::cluster_test {

/// The network between nodes, with faults on command: each node reaches each other one through a proxy of its
/// own. As in a network whose packets get lost, a connection that is cut does not end: nothing arrives, in
/// one direction or in both, and what was sent meanwhile arrives when it is mended. A new connection that
/// cannot get through is accepted but stays silent.
///
/// All functions may be called from any thread.
class faulty_network {
 public:
  /// `real` tells where node N listens, counted from 1. Proxies listen from here on. Throws
  /// std::system_error.
  faulty_network(unsigned nodes, std::function<load::endpoint(unsigned)> real);
  faulty_network(const faulty_network&) = delete;
  faulty_network& operator=(const faulty_network&) = delete;
  ~faulty_network();

  /// Where `from` finds `to`.
  [[nodiscard]] load::endpoint address(unsigned from, unsigned to) const;

  /// What `from` sends does not reach `to`.
  void cut(unsigned from, unsigned to);
  void mend(unsigned from, unsigned to);

  /// Neither hears the other.
  void cut_both(unsigned one, unsigned other);
  void mend_both(unsigned one, unsigned other);

  /// `node` hears nobody and is heard by nobody.
  void isolate(unsigned node);

  /// No node of `group` hears one outside of it, nor is heard.
  void separate(const std::vector<unsigned>& group);

  /// Everything from `from` to `to` arrives this much later.
  void delay(unsigned from, unsigned to, duration by);

  /// All cables are as good as new.
  void heal();

 private:
  /// One direction between two nodes.
  struct cable {
    bool cut = false;
    duration delay{};
  };

  /// A connection, and the two threads that carry it.
  struct connection {
    cluster::unique_fd near, far;
    std::jthread there, back;
  };

  struct proxy {
    unsigned from, to;
    cluster::unique_fd listener;
    std::uint16_t port;
  };

  [[nodiscard]] cable& cable_of(unsigned from, unsigned to) { return cables_[(from - 1) * nodes_ + to - 1]; }
  void set(unsigned from, unsigned to, bool cut);
  void accept_all(const std::stop_token& stop);
  void connect(const proxy& through);
  void carry(const std::stop_token& stop, int source, int target, unsigned from, unsigned to);
  /// Waits until bytes may pass; the delay of the cable then. Nothing if it is time to stop.
  std::optional<duration> pass(const std::stop_token& stop, unsigned from, unsigned to);

  unsigned nodes_;
  std::function<load::endpoint(unsigned)> real_;
  std::vector<proxy> proxies_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<cable> cables_;

  std::list<connection> connections_;  ///< used by the acceptor, and by the destructor when that has ended
  std::jthread acceptor_;
};

}  // namespace bulwark::cluster_test
