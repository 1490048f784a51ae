// SPDX-License-Identifier: BSD-3-Clause
// Goal: the classic paths of the protocol happen exactly as written down in the *.txt files beside this one.
// Method: each file is a script; a line that begins with "> " is a command, the lines below it are what must
// happen.
//         BULWARK_UPDATE=1 writes down what does happen instead; review the difference before you keep it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "scenario.hpp"

namespace bulwark::test {
namespace {

std::vector<std::filesystem::path> script_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator{BULWARK_SCENARIO_DIR})
    if (entry.path().extension() == ".txt" && entry.path().stem() != "CMakeLists")
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

class scenario_file : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(scenario_file, happens_as_written) {
  std::ifstream file{GetParam()};
  ASSERT_TRUE(file);
  std::string written, happened, line, last_command;
  scenario story;
  while (std::getline(file, line)) {
    written += line + "\n";
    const bool is_command = line.rfind("> ", 0) == 0;
    if (line.empty() || line[0] == '#' || is_command) happened += line + "\n";
    if (!is_command) continue;
    last_command = line.substr(2);
    happened += story.run(last_command);
    EXPECT_EQ(story.found().first(), "") << "after: " << last_command;
  }
  EXPECT_EQ(last_command, "prove_liveness") << "a scenario ends by proving liveness";
  EXPECT_NE(happened.find("every member writes and reads, and all are of one mind"), std::string::npos);
  if (std::getenv("BULWARK_UPDATE"))
    std::ofstream{GetParam()} << happened;
  else
    EXPECT_EQ(happened, written);
}

INSTANTIATE_TEST_SUITE_P(consensus, scenario_file, testing::ValuesIn(script_files()),
                         [](const auto& tested) { return tested.param.stem().string(); });

}  // namespace
}  // namespace bulwark::test
