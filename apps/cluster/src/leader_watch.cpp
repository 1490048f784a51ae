// SPDX-License-Identifier: BSD-3-Clause
#include "leader_watch.hpp"

#include <utility>

#include "bulwark/cluster/control_socket.hpp"
#include "json_fields.hpp"

namespace bulwark::cluster {

/// The answers of one round.
struct leader_watch::round {
  struct claim {
    std::string leader;
    std::string ballot;
  };
  std::size_t missing = 0;  ///< answers to come
  std::vector<claim> claims;
};

leader_watch::leader_watch(boost::asio::io_context& io, std::vector<std::filesystem::path> nodes,
                           handler changed)
    : io_(io), nodes_(std::move(nodes)), changed_(std::move(changed)), timer_(io) {}

void leader_watch::stop() {
  stopped_ = true;
  timer_.cancel();
}

void leader_watch::next_round() {
  const auto asked = std::make_shared<round>();
  asked->missing = nodes_.size();
  for (const auto& node : nodes_) {
    control_query::start(io_, {node, R"({"do":"status"})"}, answer_time,
                         [this, asked](control_answer answer) {
                           const auto told = parse_object(answer.line);
                           const auto role = field<std::string>(told, "role").value_or("");
                           // Only a leader's own word counts: a follower may still name one that has just
                           // died.
                           if (role == "leader" && field<bool>(told, "quorum").value_or(true))
                             asked->claims.push_back({field<std::string>(told, "id").value_or(""),
                                                      field<std::string>(told, "ballot").value_or("")});
                           if (--asked->missing == 0 && !stopped_) judge(*asked);
                         });
  }
}

void leader_watch::judge(const round& asked) {
  // Two claims at once are a change in progress: the next round will tell.
  if (asked.claims.size() < 2) {
    const auto claim = asked.claims.empty() ? round::claim{} : asked.claims.front();
    if (claim.leader != leader_) {
      leader_ = claim.leader;
      changed_(claim.leader, claim.ballot);
      if (stopped_) return;
    }
  }
  timer_.expires_after(leader_.empty() ? pause_unknown : pause_known);
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error && !stopped_) next_round();
  });
}

}  // namespace bulwark::cluster
