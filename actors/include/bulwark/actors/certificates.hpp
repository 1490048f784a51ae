// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// Certificates by which nodes know each other: who may be which node of which cluster.
namespace bulwark {

/// What a node shows its peers, and by what it judges theirs. PEM files.
struct tls_files {
  std::filesystem::path certificate;  ///< of this node; certificates between it and the authority may follow
  std::filesystem::path key;          ///< its private key, not encrypted
  std::filesystem::path authority;    ///< certificates of those who may sign for nodes

  /// Some are named.
  [[nodiscard]] bool any() const { return !certificate.empty() || !key.empty() || !authority.empty(); }
  /// All are named.
  [[nodiscard]] bool complete() const { return !certificate.empty() && !key.empty() && !authority.empty(); }

  friend bool operator==(const tls_files&, const tls_files&) = default;
};

/// What the certificate of a node has among its names (subjectAltName, DNS): "n2.CLUSTER".
[[nodiscard]] std::string certificate_name(std::uint32_t node, std::string_view cluster);

/// What a certificate says.
struct certificate_facts {
  std::string subject;
  std::string issuer;
  std::vector<std::string> names;  ///< subjectAltName, DNS
  std::chrono::system_clock::time_point not_before;
  std::chrono::system_clock::time_point not_after;
  bool authority = false;  ///< may sign others
};

/// Reads the first certificate of a PEM file. Errors: throws std::runtime_error that names the file.
[[nodiscard]] certificate_facts read_certificate(const std::filesystem::path& file);

/// Why a node with this name could not work with these files now, for people: what is wrong, and what was
/// expected. Empty if it could. Looks at everything that a peer would: that the files are there and hold what
/// they should, that the key is that of the certificate, and that the certificate is signed by the authority,
/// in force, good for both ends of a connection, and has the name.
[[nodiscard]] std::string problem_with(const tls_files& files, const std::string& name);

/// Certificates to be made; EC P-256.
struct certificate_order {
  std::filesystem::path directory;  ///< made if it is not there
  std::string cluster;
  std::vector<std::uint32_t> nodes;
  std::chrono::days valid{365};  ///< of nodes; the authority's own is valid for ten years
  std::chrono::system_clock::time_point now = std::chrono::system_clock::now();  ///< when they begin
};

/// Where `make_certificates` puts what a node needs: ca.crt, n2.crt, n2.key.
[[nodiscard]] tls_files certificate_files(const std::filesystem::path& directory, std::uint32_t node);

/// Makes a certificate authority (ca.crt, ca.key) and a certificate for each node, as far as they are not
/// there, and makes those of nodes anew that end within a week: so more nodes get theirs later, from the same
/// authority. Private keys have the mode 0600 from the start and are never shown. A crash leaves no half
/// files. Returns the files that it wrote. Errors: throws std::runtime_error, also if a file that is there
/// cannot be used.
std::vector<std::filesystem::path> make_certificates(const certificate_order& order);

}  // namespace bulwark
