// SPDX-License-Identifier: BSD-3-Clause
// Goal: no decoder crashes on any bytes, nor understands what it would write differently.
// Method: good examples as they are, and changed at random a few thousand times each: cut, flipped, spliced.
// The
//       search proper is tests/fuzz/run, which needs clang.
#include <gtest/gtest.h>

#include <string>

#include "bulwark/actors/core/random.hpp"
#include "targets.hpp"

namespace bulwark::fuzz {
namespace {

/// Changes some bytes, as an accident or an enemy would.
std::string changed(std::string bytes, const std::vector<std::string>& others, random_stream& dice) {
  for (auto times = 1 + dice.below(4); times > 0; --times) {
    const auto at = bytes.empty() ? 0 : dice.below(bytes.size());
    switch (dice.below(5)) {
      case 0: bytes.resize(at); break;
      case 1:
        if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << dice.below(8)));
        break;
      case 2:
        if (!bytes.empty()) bytes[at] = static_cast<char>(dice.below(2) == 0 ? 0xff : dice.below(256));
        break;
      case 3: bytes.insert(at, 1 + dice.below(9), static_cast<char>(dice.below(256))); break;
      default: {
        const auto& other = others[dice.below(others.size())];
        bytes.replace(at, bytes.size(), other.substr(std::min<std::size_t>(at, other.size())));
      }
    }
  }
  return bytes;
}

class decoders : public testing::TestWithParam<target> {};

TEST_P(decoders, take_good_and_bad_bytes_alike) {
  const auto& tested = GetParam();
  const auto examples = tested.examples();
  random_stream dice{42};
  for (const auto& one : examples) tested.run(one);
  for (int round = 0; round < 4000; ++round)
    tested.run(changed(examples[dice.below(examples.size())], examples, dice));
  tested.run({});
}

INSTANTIATE_TEST_SUITE_P(all, decoders, testing::ValuesIn(all_targets()),
                         [](const auto& tested) { return std::string{tested.param.name}; });

}  // namespace
}  // namespace bulwark::fuzz
