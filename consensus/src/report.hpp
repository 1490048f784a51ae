// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "bulwark/consensus/core/replica.hpp"
#include "bulwark/consensus/messages.hpp"

namespace bulwark::consensus {

/// How the replica is, for people.
replica_report report_of(const replica& core, bool storage_writable);
/// Of one that still recovers its log.
replica_report report_of_recovery();

}  // namespace bulwark::consensus
