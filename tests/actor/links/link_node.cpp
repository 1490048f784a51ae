// SPDX-License-Identifier: BSD-3-Clause
#include "link_node.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <stdexcept>
#include <utility>

#include "bulwark/actors/node_config.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "bulwark/actors/stable_ref.hpp"

namespace bulwark::test {

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 10s;

class subscriber final : public service_actor {
 public:
  subscriber(caf::actor_config& config, std::shared_ptr<inbox> into)
      : service_actor{config}, inbox_{std::move(into)} {}

  caf::behavior make_behavior() override {
    return {[this](const peer_packet& packet) { inbox_->take(packet); },
            [this](const peer_link_state& state) { inbox_->take(state); },
            [this](const peer_introduced& peer) { inbox_->take(peer); }};
  }

 private:
  std::shared_ptr<inbox> inbox_;
};

}  // namespace

bool inbox::await(const std::function<bool(const inbox&)>& holds) {
  std::unique_lock guard{mutex_};
  return changed_.wait_for(guard, patience, [&] { return holds(*this); });
}

std::size_t inbox::received() {
  const std::lock_guard guard{mutex_};
  return packets.size();
}

std::vector<peer_packet> inbox::received_packets() {
  const std::lock_guard guard{mutex_};
  return packets;
}

void inbox::stall(bool on) {
  const std::lock_guard guard{mutex_};
  stalled_ = on;
  changed_.notify_all();
}

void inbox::take(const peer_packet& packet) {
  std::unique_lock guard{mutex_};
  changed_.wait(guard, [this] { return !stalled_; });
  packets.push_back(packet);
  changed_.notify_all();
}

void inbox::take(const peer_link_state& state) {
  const std::lock_guard guard{mutex_};
  states[state.peer].push_back(state.up);
  changed_.notify_all();
}

void inbox::take(const peer_introduced& peer) {
  const std::lock_guard guard{mutex_};
  introduced[peer.peer].push_back(peer);
  changed_.notify_all();
}

struct link_node::parts {
  explicit parts(link_node_options given)
      : options{std::move(given)}, system{config}, connector{make_stable_ref(system, {.name = "connector"})} {
    for (const auto& [peer, port_of_peer] : options.peers)
      links.emplace(peer, make_stable_ref(system, {.name = "link"}));
    for (auto& one : inboxes) one = std::make_shared<inbox>();
    // Threads of their own: a subscriber that stands still must not keep one of the scheduler's few.
    for (std::size_t i = 0; i < link_channels; ++i) {
      subscribers[i] = make_stable_ref(system, {.name = "subscriber"});
      takers.push_back(system.spawn<subscriber, caf::detached>(inboxes[i]));
      bind(subscribers[i], takers.back());
    }
  }

  /// Waits for the end of all actors, and lets go of those with threads: CAF waits for such threads before it
  /// forgets its timers, which hold actors, which hold what they refer to.
  ~parts() {
    for (auto& one : inboxes) one->stall(false);
    for (const auto& [peer, link] : links) close(link, {});
    for (const auto& one : subscribers) close(one, {});
    close(connector, {});
    caf::scoped_actor self{system};
    auto all = takers;
    for (const auto& [key, actor] : incarnations) all.push_back(actor);
    for (const auto& one : all) self->monitor(one);
    for (const auto& one : all) kill_now(one);
    std::size_t ended = 0;
    self->receive_for(ended, all.size())([](const caf::down_msg&) {});
    system.await_actors_before_shutdown(false);
  }

  [[nodiscard]] node_identity self() const { return {options.cluster, options.id, options.incarnation}; }

  void run(std::uint32_t key, const caf::actor& ref, caf::actor incarnation) {
    bind(ref, incarnation);
    incarnations[key] = std::move(incarnation);
  }

  link_node_options options;
  node_config config;
  caf::actor_system system;
  caf::actor connector;
  std::map<std::uint32_t, caf::actor> links;
  std::map<std::uint32_t, caf::actor> incarnations;  ///< of the links, and of the connector under 0
  std::array<std::shared_ptr<inbox>, link_channels> inboxes;
  std::array<caf::actor, link_channels> subscribers;  ///< stable references to the takers
  std::vector<caf::actor> takers;
  std::uint16_t port = 0;
};

link_node::link_node(link_node_options options) : parts_{std::make_unique<parts>(std::move(options))} {
  parts_->port =
      open_door(parts_->system, parts_->connector, "127.0.0.1", parts_->options.port, parts_->options.tls);
  start_connector();
  for (const auto& [peer, ref] : parts_->links) start_link(peer);
}

link_node::~link_node() = default;

std::uint16_t link_node::port() const { return parts_->port; }

void link_node::send(std::uint32_t peer, std::string bytes, std::uint8_t channel) {
  send_to_link(peer, {peer, channel, std::move(bytes)});
}

void link_node::send_to_link(std::uint32_t peer, peer_packet packet) {
  caf::anon_send(parts_->links.at(peer), std::move(packet));
}

link_report link_node::report(std::uint32_t peer) {
  caf::scoped_actor self{parts_->system};
  link_report result;
  self->request(parts_->links.at(peer), patience, get_link_report{})
      .receive([&](link_report& told) { result = std::move(told); },
               [](caf::error& why) { throw std::runtime_error("no report of a link: " + error_text(why)); });
  return result;
}

bool link_node::await_report(std::uint32_t peer, const std::function<bool(const link_report&)>& wanted) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  do
    if (wanted(report(peer))) return true;
  while (std::chrono::steady_clock::now() < deadline);
  return false;
}

bool link_node::await_up(std::uint32_t peer) {
  return consensus().await([&](const inbox& seen) { return seen.up(peer); });
}

bool link_node::await_down(std::uint32_t peer) {
  return consensus().await([&](const inbox& seen) { return !seen.up(peer); });
}

void link_node::kill_link(std::uint32_t peer) {
  unbind(parts_->links.at(peer));
  kill_now(parts_->incarnations.at(peer));
}

void link_node::start_link(std::uint32_t peer) {
  link_options options{.self = parts_->self(),
                       .peer = peer,
                       .connector = parts_->connector,
                       .subscribers = parts_->subscribers};
  options.windows = parts_->options.windows;
  options.hello_timeout = 500ms;
  options.envoy = parts_->subscribers[membership_channel];
  parts_->run(peer, parts_->links.at(peer), spawn_link(parts_->system, std::move(options)));
}

void link_node::kill_connector() {
  unbind(parts_->connector);
  kill_now(parts_->incarnations.at(0));
}

void link_node::start_connector() {
  connector_options options{.self = parts_->self(), .addresses = {}, .links = parts_->links};
  for (const auto& [peer, port] : parts_->options.peers)
    options.addresses.emplace(peer, peer_address{"127.0.0.1", port});
  options.tls = parts_->options.tls;
  options.delays = {.initial = 5ms, .max = 50ms};
  parts_->run(0, parts_->connector, spawn_connector(parts_->system, std::move(options)));
}

inbox& link_node::consensus() { return *parts_->inboxes[consensus_channel]; }
inbox& link_node::envoy() { return *parts_->inboxes[membership_channel]; }
inbox& link_node::heartbeats() { return *parts_->inboxes[heartbeat_channel]; }

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

void knock(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(port);
  const bool open = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  if (!open) throw std::runtime_error("nothing listens");
}

black_hole::black_hole() {
  // With its queue full, the kernel of a listener drops whatever else comes.
  constexpr int queue = 1;
  const auto open = [this] {
    sockets_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return sockets_.back();
  };
  const int listener = open();
  auto address = loopback(0);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener, any, size) != 0 || ::listen(listener, queue) != 0 ||
      ::getsockname(listener, any, &size) != 0)
    throw std::runtime_error("cannot listen");
  port_ = ntohs(address.sin_port);
  for (int i = 0; i < queue + 2; ++i) static_cast<void>(::connect(open(), any, size));
}

black_hole::~black_hole() {
  for (const int socket : sockets_) ::close(socket);
}

std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = loopback(0);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  const bool found = ::bind(socket, any, size) == 0 && ::getsockname(socket, any, &size) == 0;
  ::close(socket);
  if (!found) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

}  // namespace bulwark::test
