// SPDX-License-Identifier: BSD-3-Clause
// Goal: with TLS only nodes of the same cluster get to talk, each as itself; whoever else knocks is refused,
// said so once, and disturbs nobody. Method: two or three networks in actor systems of this process,
// connected over loopback; certificates that the library makes when a test begins; what is refused is known
// by the line that is logged. Every wait ends with what it waits for, and fails after a while.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <caf/all.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dial_and_wait.hpp"
#include "link_node.hpp"
#include "log_watch.hpp"
#include "tls_endpoint.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// A directory that goes with this object.
class scratch {
 public:
  scratch() {
    std::string name = std::filesystem::temp_directory_path() / "bulwark-tls-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = name;
  }
  ~scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  scratch(const scratch&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A connection of somebody who speaks no TLS.
class stranger {
 public:
  explicit stranger(std::uint16_t port) : socket_{dial_and_wait({"127.0.0.1", port}, 10s).socket} {}
  void say(const std::string& bytes) const {
    [[maybe_unused]] const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  [[nodiscard]] bool connected() const { return static_cast<bool>(socket_); }

 private:
  tcp_socket socket_;
};

/// Node 1 listens; others dial it.
class tls_test : public ::testing::Test {
 protected:
  tls_test() { make_certificates({.directory = here.path(), .cluster = "test", .nodes = {1, 2, 3}}); }

  std::shared_ptr<tls_endpoint> endpoint(std::uint32_t node) {
    return make_tls_endpoint(certificate_files(here.path(), node), "test", node);
  }

  std::unique_ptr<link_node> listener() {
    return std::make_unique<link_node>(
        link_node_options{.id = 1, .peers = {{2, 0}, {3, 0}}, .tls = endpoint(1)});
  }

  /// Node `id`, which shows what `tls` has.
  std::unique_ptr<link_node> dialler(std::uint32_t id, const link_node& to,
                                     std::shared_ptr<tls_endpoint> tls) {
    return std::make_unique<link_node>(
        link_node_options{.id = id, .peers = {{1, to.port()}}, .tls = std::move(tls)});
  }

  static void expect_traffic(link_node& one, link_node& two, const std::string& text) {
    const auto has_it = [&](const inbox& seen) {
      return !seen.packets.empty() && seen.packets.back().bytes == text;
    };
    one.send(2, text);
    two.send(1, text);
    EXPECT_TRUE(one.consensus().await(has_it));
    EXPECT_TRUE(two.consensus().await(has_it));
  }

  /// Node 2 gets to talk with node 1, whatever else is going on.
  void expect_service(link_node& one) {
    const auto two = dialler(2, one, endpoint(2));
    ASSERT_TRUE(one.await_up(2));
    ASSERT_TRUE(two->await_up(1));
    expect_traffic(one, *two, "served");
  }

  log_watch log;
  scratch here;
};

TEST_F(tls_test, nodes_of_one_cluster_talk) {
  const auto one = listener();
  const auto two = dialler(2, *one, endpoint(2));
  ASSERT_TRUE(one->await_up(2));
  ASSERT_TRUE(two->await_up(1));
  for (int i = 0; i < 2000; ++i) two->send(1, std::to_string(i));
  ASSERT_TRUE(one->consensus().await([](const inbox& seen) { return seen.packets.size() == 2000; }));
  const auto packets = one->consensus().received_packets();
  for (std::size_t i = 0; i < packets.size(); ++i) ASSERT_EQ(packets[i].bytes, std::to_string(i));
  std::string bulk(5 << 20, '\0');
  for (std::size_t i = 0; i < bulk.size(); ++i) bulk[i] = static_cast<char>(i * 31 % 257);
  expect_traffic(*one, *two, bulk);
}

TEST_F(tls_test, each_session_has_a_connection_of_its_own) {
  const auto one = listener();
  const auto two = dialler(2, *one, endpoint(2));
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(one->await_up(2));
    ASSERT_TRUE(two->await_up(1));
    expect_traffic(*one, *two, "round " + std::to_string(round));
    two->kill_link(1);
    ASSERT_TRUE(one->await_down(2));
    two->start_link(1);
  }
}

TEST_F(tls_test, a_restarted_connector_dials_again) {
  const auto one = listener();
  auto two = dialler(2, *one, endpoint(2));
  ASSERT_TRUE(one->await_up(2));
  two->kill_connector();
  two->start_connector();
  two->kill_link(1);
  ASSERT_TRUE(one->await_down(2));
  two->start_link(1);
  ASSERT_TRUE(one->await_up(2));
  two.reset();
  ASSERT_TRUE(one->await_down(2));
  expect_service(*one);
}

TEST_F(tls_test, a_plain_node_is_refused) {
  const auto one = listener();
  const auto plain = dialler(3, *one, nullptr);
  // Each waits for the other one to begin; who gives up first is open.
  EXPECT_TRUE(log->await("tls: refused 127.0.0.1: it "));
  EXPECT_TRUE(log->await("cannot reach n1 at 127.0.0.1:" + std::to_string(one->port())));
  EXPECT_FALSE(one->report(3).up);
  expect_service(*one);
  // The two ways in which it can end are two complaints, each of which is said once in a minute.
  const auto said = log->sorted_lines("tls: refused 127.0.0.1: it ");
  EXPECT_EQ(std::adjacent_find(said.begin(), said.end()), said.end()) << said.front();
}

TEST_F(tls_test, a_plain_door_is_not_entered) {
  link_node plain{{.id = 1, .peers = {{2, 0}}}};
  const auto two = dialler(2, plain, endpoint(2));
  EXPECT_TRUE(
      log->await("cannot reach n1 at 127.0.0.1:" + std::to_string(plain.port()) + ": it does not speak TLS"));
}

TEST_F(tls_test, a_node_of_another_authority_is_refused) {
  const scratch elsewhere;
  make_certificates({.directory = elsewhere.path(), .cluster = "test", .nodes = {3}});
  auto files = certificate_files(elsewhere.path(), 3);
  files.authority = here.path() / "ca.crt";  // so that it is the listener who refuses
  const auto one = listener();
  const auto foreign = dialler(3, *one, std::make_shared<tls_endpoint>(make_tls_context(files), "test"));
  EXPECT_TRUE(log->await("tls: refused 127.0.0.1: its certificate does not hold"));
  EXPECT_TRUE(log->await("cannot reach n1 at 127.0.0.1:" + std::to_string(one->port()) +
                         ": it refused this node's certificate"));
  expect_service(*one);
  EXPECT_EQ(log->count("its certificate does not hold"), 1) << "said more than once in a minute";
}

TEST_F(tls_test, a_certificate_that_is_over_is_refused) {
  const scratch past;
  std::filesystem::copy(here.path() / "ca.crt", past.path() / "ca.crt");
  std::filesystem::copy(here.path() / "ca.key", past.path() / "ca.key");
  make_certificates({.directory = past.path(),
                     .cluster = "test",
                     .nodes = {3},
                     .valid = std::chrono::days{1},
                     .now = std::chrono::system_clock::now() - 48h});
  const auto files = certificate_files(past.path(), 3);
  const auto one = listener();
  const auto late = dialler(3, *one, std::make_shared<tls_endpoint>(make_tls_context(files), "test"));
  EXPECT_TRUE(log->await("tls: refused 127.0.0.1: its certificate does not hold: certificate has expired"));
  expect_service(*one);
}

TEST_F(tls_test, a_node_of_another_cluster_with_the_same_authority_is_refused) {
  std::filesystem::remove(here.path() / "n3.crt");
  make_certificates({.directory = here.path(), .cluster = "elsewhere", .nodes = {3}});
  const auto one = listener();
  const auto other = dialler(
      3, *one, std::make_shared<tls_endpoint>(make_tls_context(certificate_files(here.path(), 3)), "test"));
  EXPECT_TRUE(
      log->await("tls: refused 127.0.0.1: its certificate is that of n3.elsewhere; expected a node of "
                 "the cluster \"test\""));
  expect_service(*one);
}

TEST_F(tls_test, a_node_cannot_claim_to_be_another_one) {
  const auto one = listener();
  const auto impostor = dialler(3, *one, endpoint(2));
  ASSERT_TRUE(impostor->await_report(1, [](const link_report& told) { return told.refusals > 0; }));
  EXPECT_THAT(impostor->report(1).refusal,
              HasSubstr("who claims to be n3 has the certificate of n2.test; expected n3.test"));
  EXPECT_FALSE(impostor->report(1).up);
}

TEST_F(tls_test, who_listens_where_another_node_is_expected_is_not_talked_to) {
  link_node wrong{{.id = 1, .peers = {{3, 0}}, .tls = endpoint(2)}};
  const auto three = dialler(3, wrong, endpoint(3));
  EXPECT_TRUE(log->await("its certificate is that of n2.test; expected n1.test"));
  EXPECT_FALSE(wrong.report(3).up);
}

TEST_F(tls_test, garbage_and_silence_disturb_nobody) {
  const auto one = listener();
  std::vector<std::unique_ptr<stranger>> crowd;
  // What CAF's own protocol would begin with: a header that announces four gigabytes.
  const std::string announcement = std::string("\0\0\0\0\xff\xff\xff\xff", 8) + std::string(40, '\0');
  for (int i = 0; i < 200; ++i) {
    crowd.push_back(std::make_unique<stranger>(one->port()));
    ASSERT_TRUE(crowd.back()->connected());
    if (i % 3 == 0) crowd.back()->say(announcement);
    if (i % 3 == 1) crowd.back()->say(std::string(100'000, 'x'));
  }
  expect_service(*one);
  EXPECT_TRUE(log->await("tls: refused 127.0.0.1: it does not speak TLS"));
  EXPECT_TRUE(log->await("too many others knocked"));
  EXPECT_EQ(log->count("it does not speak TLS"), 1) << "said more than once in a minute";
}

TEST_F(tls_test, a_peer_that_says_nothing_holds_up_no_other_one) {
  const auto deaf = listen_tcp({"127.0.0.1", 0});
  link_node two{{.id = 2, .peers = {{3, 0}}, .tls = endpoint(2)}};
  link_node three{{.id = 3, .peers = {{1, local_port(deaf.socket)}, {2, two.port()}}, .tls = endpoint(3)}};
  EXPECT_TRUE(three.await_up(2));
  EXPECT_TRUE(two.await_up(3));
  EXPECT_TRUE(log->await("cannot reach n1 at 127.0.0.1:" + std::to_string(local_port(deaf.socket)) +
                         ": it did not say who it is within"));
}

}  // namespace
}  // namespace bulwark::test
