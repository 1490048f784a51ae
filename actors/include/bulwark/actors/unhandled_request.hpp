// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/mailbox_element.hpp>

#include "bulwark/actors/core/time.hpp"

namespace bulwark {

/// A request that was surely not handled, as whoever asked sent it: refuse() answers it, and so does an actor
/// that it is given to, straight to whoever asked.
struct unhandled_request {
  caf::mailbox_element_ptr element;
  instant deadline{};  ///< nobody is to be asked once more after that
};

}  // namespace bulwark
