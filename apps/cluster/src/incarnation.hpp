// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/streambuf.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "bulwark/cluster/child_process.hpp"

namespace bulwark::cluster {

/// One process of the node, from its start until it was reaped.
struct incarnation {
  incarnation(boost::asio::io_context& io, const child_command& command, std::uint64_t number)
      : process(command),
        generation(number),
        ended(io, ::dup(process.pidfd())),
        output(io, process.output().release()),
        began(std::chrono::steady_clock::now()) {}

  /// Of output that was not read as a line yet.
  static constexpr std::size_t output_bytes_max = 64 << 10;

  child_process process;
  std::uint64_t generation;
  boost::asio::posix::stream_descriptor ended;
  boost::asio::posix::stream_descriptor output;
  boost::asio::streambuf lines{output_bytes_max};
  std::chrono::steady_clock::time_point began;
};

}  // namespace bulwark::cluster
