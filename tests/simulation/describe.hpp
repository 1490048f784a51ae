// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "bulwark/consensus/core/replica.hpp"

namespace bulwark::test {

/// One line for people and golden files: "n1 -> n2 accept 3.n1 4 [x 1] chosen 3".
std::string describe(const consensus::envelope& what);
std::string describe(const consensus::value& what);
std::string describe(const consensus::record& what);
std::string describe(consensus::outcome what);

}  // namespace bulwark::test
