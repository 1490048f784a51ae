// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <cstddef>
#include <optional>

#include "bulwark/supervision/core/event_queue.hpp"
#include "bulwark/supervision/core/storm_filter.hpp"

namespace bulwark {

/// Has an actor told of all events of a tree from now on; any supervisor of the tree takes it. Answered by
/// ok_atom, or by supervision_error::invalid_spec, whose context says what is wrong. To subscribe again
/// replaces what was said before. Within one process only.
///
/// The subscriber gets `event_batch`es, and the next one only when it has handled the one before: what comes
/// meanwhile waits, up to `capacity`; beyond, the oldest are lost and `event_batch::lost` of the next batch
/// tells how many. One that ends, or that does not understand event_batch, is dropped; it is never kept alive
/// by its subscription. When the tree ends, what waits comes in a last batch.
struct subscribe_events {
  static constexpr std::size_t capacity_max = 1'000'000;
  static constexpr std::size_t subscribers_max = 64;  ///< of one tree

  caf::actor subscriber;
  std::size_t capacity = 1024;  ///< events that may wait, 1 to capacity_max
  /// If set, crash storms come as accounts instead of single events, see storm_filter.
  std::optional<storm_options> storms{};
};

/// Ends a subscription; the batch that is under way may still come. Answered by ok_atom, or by
/// supervision_error::not_found.
struct unsubscribe_events {
  caf::actor subscriber;
};

}  // namespace bulwark

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::event_batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::subscribe_events)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::unsubscribe_events)
