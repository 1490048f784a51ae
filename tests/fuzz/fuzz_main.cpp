// SPDX-License-Identifier: BSD-3-Clause
// The door of libFuzzer. Which target it searches stands in BULWARK_FUZZ; tests/fuzz/run sets it.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "targets.hpp"

namespace {

const bulwark::fuzz::target& wanted() {
  const char* name = std::getenv("BULWARK_FUZZ");
  for (const auto& one : bulwark::fuzz::all_targets())
    if (name && one.name == name) return one;
  std::fprintf(stderr, "BULWARK_FUZZ names no target; expected one of");
  for (const auto& one : bulwark::fuzz::all_targets())
    std::fprintf(stderr, " %s", std::string{one.name}.c_str());
  std::fprintf(stderr, "\n");
  std::exit(2);
}

}  // namespace

/// Puts the good examples into the directory of the search, which begins from them.
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  const std::filesystem::path corpus = (*argv)[*argc - 1];
  if (!std::filesystem::is_directory(corpus)) return 0;
  std::size_t number = 0;
  for (const auto& one : wanted().examples())
    std::ofstream{corpus / ("example-" + std::to_string(number++)), std::ios::binary} << one;
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto& target = wanted();
  target.run({reinterpret_cast<const char*>(data), size});
  return 0;
}
