// SPDX-License-Identifier: BSD-3-Clause
#include "fake_node.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>

namespace {

namespace fs = std::filesystem;

std::string answer_to(const std::string& request, const std::string& id) {
  const auto has = [&](const char* word) { return request.find(word) != std::string::npos; };
  const std::string role = id == "n1" ? "leader" : "follower";
  if (has("\"status\""))
    return R"({"ok":true,"id":")" + id + R"(","pid":)" + std::to_string(::getpid()) +
           R"(,"state":"up","role":")" + role +
           R"(","leader":"n1","ballot":"1.n1","chosen":7,"applied":7,"quorum":true,"uptime_s":1.5,"peers":[]})";
  if (has("\"tree\""))
    return R"({"ok":true,"tree":{"id":"root","kind":"supervisor","state":"up","strategy":"one_for_one","restarts":0,)"
           R"("uptime_s":1.5,"children":[{"id":"heartbeats","kind":"worker","state":"up","restarts":2}]}})";
  if (has("\"kill\"") && has("heartbeats")) return R"({"ok":true,"killed":"heartbeats"})";
  return R"({"ok":false,"error":"no such actor: expected heartbeats"})";
}

int listen_in(const fs::path& data) {
  // Relative, since a socket's address is short and the path of the directory may not be.
  const std::string name = "control.sock";
  fs::current_path(data);
  fs::remove(name);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, name.c_str(), sizeof address.sun_path - 1);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(fd, 16) != 0)
    return -1;
  return fd;
}

void serve(int listener, const std::string& id) {
  const int client = ::accept(listener, nullptr, nullptr);
  std::string request;
  char c = 0;
  while (request.size() < 4096 && ::read(client, &c, 1) == 1 && c != '\n') request += c;
  const auto answer = answer_to(request, id) + "\n";
  static_cast<void>(!::send(client, answer.data(), answer.size(), MSG_NOSIGNAL));
  ::close(client);
}

}  // namespace

int fake_node(int argc, char** argv) {
  std::map<std::string, std::string> options;
  for (int i = 2; i + 1 < argc; i += 2) options[argv[i]] = argv[i + 1];
  const auto id = "n" + options["--id"];
  const fs::path data = options["--data"];
  const auto told_to = [&](const char* what) { return fs::exists(data.parent_path() / (id + "." + what)); };

  std::fprintf(stderr, "%s starts with --log-level %s\n", id.c_str(), options["--log-level"].c_str());
  if (told_to("crash")) {
    std::fprintf(stderr, "told to crash\n");
    return 70;
  }
  if (told_to("stubborn")) std::signal(SIGTERM, SIG_IGN);
  fs::create_directories(data);
  const int listener = listen_in(data);
  if (listener < 0) return 71;
  if (!told_to("mute")) {
    std::printf("ready id=%s resp=%s listen=%s\n", id.c_str(), options["--resp"].c_str(),
                options["--listen"].c_str());
    std::fflush(stdout);
  }
  for (;;) {
    pollfd waiting{listener, POLLIN, 0};
    if (::poll(&waiting, 1, -1) == 1) serve(listener, id);
  }
}
