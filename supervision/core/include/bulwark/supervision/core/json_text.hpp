// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

#include "bulwark/actors/core/event.hpp"

namespace bulwark {

/// Appends a text as a JSON string (RFC 8259, section 7), with its quotes. Bytes that are not UTF-8 become
/// U+FFFD, so that the result is always valid.
void append_json_string(std::string& out, std::string_view text);

/// One JSON object on one line: kind, path, generation, restarts; reason {kind, text} unless the event has
/// none; of a restart t_fail_ms, t_recover_ms and t_restart_ms; of a crash storm ends and within_ms; of a
/// pool that is resized from and to. `ago_ms` says how long before `now` it was, since monotonic time means
/// nothing to others.
[[nodiscard]] std::string to_json(const supervision_event& event, instant now);

}  // namespace bulwark
