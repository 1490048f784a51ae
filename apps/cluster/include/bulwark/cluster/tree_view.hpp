// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

namespace bulwark::cluster {

/// Draws a supervision tree, as a node answers to `tree`, with box-drawing characters; one line per actor:
/// name, (strategy), state unless it is fine, uptime, mailbox if it is not empty, restarts and the last
/// reason. `title` stands in front of the root's name. Errors: throws failure (unhealthy) if the text is no
/// such answer.
std::string draw_tree(std::string_view answer, const std::string& title, bool colour);

}  // namespace bulwark::cluster
