// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <openssl/pem.h>

#include <filesystem>
#include <string>
#include <vector>

#include "openssl_ptr.hpp"

/// Certificates and keys in files. All of these throw std::runtime_error that names the file and what was
/// expected of it; `role` tells what the file is for.
namespace bulwark {

[[nodiscard]] bio_ptr open_pem(const std::filesystem::path& file, const std::string& role);

/// All certificates in a file, at least one.
[[nodiscard]] std::vector<x509_ptr> read_pem_certificates(const std::filesystem::path& file,
                                                          const std::string& role);

[[nodiscard]] key_ptr read_pem_key(const std::filesystem::path& file);

}  // namespace bulwark
