// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <string>

namespace bulwark::test {

/// So many bytes of a socket; less at the end of the connection, or when its time limit is over.
inline std::string read_bytes(int socket, std::size_t bytes) {
  std::string text(bytes, '\0');
  std::size_t got = 0;
  while (got < bytes) {
    const auto more = ::recv(socket, text.data() + got, bytes - got, 0);
    if (more <= 0) break;
    got += static_cast<std::size_t>(more);
  }
  text.resize(got);
  return text;
}

}  // namespace bulwark::test
