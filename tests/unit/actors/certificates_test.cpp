// SPDX-License-Identifier: BSD-3-Clause
// Goal: the certificates that the library makes are good for the nodes they name and for nobody else, keys
// are private, and files that cannot work are told apart by what is wrong with them. Method: real files in a
// directory of the test; each fault is planted by itself.
#include "bulwark/actors/certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <ostream>
#include <stdexcept>

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using path = std::filesystem::path;

class certificates_test : public ::testing::Test {
 protected:
  certificates_test() {
    std::string name = std::filesystem::temp_directory_path() / "bulwark-certificates-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    root = name;
  }
  ~certificates_test() override {
    std::error_code ignored;
    std::filesystem::remove_all(root, ignored);
  }

  [[nodiscard]] certificate_order order(std::vector<std::uint32_t> nodes) const {
    return {.directory = root / "tls", .cluster = "shop", .nodes = std::move(nodes)};
  }
  [[nodiscard]] tls_files files(std::uint32_t node) const { return certificate_files(root / "tls", node); }

  path root;
};

void write(const path& file, const std::string& text) { std::ofstream{file} << text; }

TEST_F(certificates_test, each_node_gets_a_certificate_that_holds) {
  EXPECT_EQ(make_certificates(order({1, 2})).size(), 6u);
  for (const std::uint32_t node : {1u, 2u}) {
    EXPECT_EQ(problem_with(files(node), certificate_name(node, "shop")), "");
    const auto facts = read_certificate(files(node).certificate);
    EXPECT_THAT(facts.names, ElementsAre(certificate_name(node, "shop")));
    EXPECT_FALSE(facts.authority);
    EXPECT_GT(facts.not_after, std::chrono::system_clock::now() + 364 * 24h);
    EXPECT_LT(facts.not_before, std::chrono::system_clock::now());
  }
  EXPECT_TRUE(read_certificate(files(1).authority).authority);
}

TEST_F(certificates_test, keys_are_for_their_owner_only) {
  (void)make_certificates(order({1}));
  for (const auto* name : {"ca.key", "n1.key"}) {
    const auto mode = std::filesystem::status(root / "tls" / name).permissions();
    EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write) << name;
  }
}

TEST_F(certificates_test, what_is_there_is_kept_and_more_nodes_are_added) {
  (void)make_certificates(order({1}));
  EXPECT_THAT(make_certificates(order({1})), IsEmpty());
  EXPECT_THAT(make_certificates(order({1, 2})), ElementsAre(files(2).certificate, files(2).key));
  EXPECT_EQ(problem_with(files(2), "n2.shop"), "");
}

TEST_F(certificates_test, a_certificate_that_ends_soon_is_made_anew) {
  auto soon = order({1});
  soon.valid = std::chrono::days{3};
  (void)make_certificates(soon);
  EXPECT_THAT(make_certificates(order({1})), ElementsAre(files(1).certificate, files(1).key));
  EXPECT_EQ(problem_with(files(1), "n1.shop"), "");
}

TEST_F(certificates_test, a_key_without_a_certificate_is_made_anew) {
  (void)make_certificates(order({1}));
  std::filesystem::remove(files(1).certificate);
  EXPECT_THAT(make_certificates(order({1})), ElementsAre(files(1).certificate, files(1).key));
  EXPECT_EQ(problem_with(files(1), "n1.shop"), "");
}

TEST_F(certificates_test, a_directory_of_another_cluster_is_left_alone) {
  (void)make_certificates(order({1}));
  auto other = order({1});
  other.cluster = "bank";
  EXPECT_THROW((void)make_certificates(other), std::runtime_error);
  EXPECT_EQ(problem_with(files(1), "n1.shop"), "");
}

TEST_F(certificates_test, names_that_cannot_be_are_refused) {
  for (const auto& name : {std::string{}, std::string(201, 'x'), std::string{"two\nlines"}}) {
    auto what = order({1});
    what.cluster = name;
    EXPECT_THROW((void)make_certificates(what), std::runtime_error) << name;
  }
  auto syntax = order({1});
  syntax.cluster = "a, DNS:n2.a";  // what is syntax in OpenSSL's own notation
  (void)make_certificates(syntax);
  EXPECT_THAT(read_certificate(files(1).certificate).names, ElementsAre("n1.a, DNS:n2.a"));
}

struct fault {
  const char* what;
  std::function<void(tls_files&, const path& elsewhere)> plant;
  const char* told;
};
std::ostream& operator<<(std::ostream& out, const fault& one) { return out << one.what; }

TEST_F(certificates_test, each_fault_is_told_by_what_was_expected) {
  const fault faults[] = {
      {"no file", [](tls_files& it, const path& dir) { it.certificate = dir / "none"; }, "cannot read"},
      {"a directory", [](tls_files& it, const path& dir) { it.key = dir; }, "it is no regular file"},
      {"no certificate", [](tls_files& it, const path&) { it.authority = it.key; }, "holds no certificate"},
      {"no key", [](tls_files& it, const path&) { it.key = it.certificate; }, "holds no private key"},
      {"garbage",
       [](tls_files& it, const path& dir) {
         write(dir / "garbage", std::string(5000, '\x7f'));
         it.certificate = dir / "garbage";
       },
       "holds no certificate"},
      {"another key", [](tls_files& it, const path& dir) { it.key = dir / "n1.key"; },
       "is not that of the certificate"},
      {"another authority", [](tls_files& it, const path& dir) { it.authority = dir / "ca.crt"; },
       "does not hold before"},
      {"another node",
       [](tls_files& it, const path&) {
         it.certificate.replace_filename("n2.crt");
         it.key.replace_filename("n2.key");
       },
       "is that of n2.shop; expected the name n1.shop"},
      {"two of three", [](tls_files& it, const path&) { it.authority.clear(); }, "expected all three"},
  };
  (void)make_certificates(order({1, 2}));
  auto other = order({1});
  other.directory = root / "elsewhere";
  (void)make_certificates(other);
  for (const auto& one : faults) {
    auto given = files(1);
    one.plant(given, other.directory);
    EXPECT_THAT(problem_with(given, "n1.shop"), HasSubstr(one.told)) << one;
  }
}

TEST_F(certificates_test, a_certificate_that_is_over_or_not_yet_in_force_is_told) {
  for (const auto& [shift, told] : {std::pair{-400 * 24h, "ended on"}, std::pair{24h, "begins on"}}) {
    auto what = order({1});
    what.directory = root / told;
    what.now = std::chrono::system_clock::now() + shift;
    (void)make_certificates(what);
    EXPECT_THAT(problem_with(certificate_files(what.directory, 1), "n1.shop"), HasSubstr(told));
  }
}

}  // namespace
}  // namespace bulwark
