// X.509 certificates as C2PA wants them (2.2, 14.5): made for this machine, read, checked, trusted.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "provenance/openssl.h"

namespace hotshot::provenance {

/// A key and the certificates that say whose it is, DER, the key's own first.
struct Identity {
  KeyPtr key;
  std::vector<std::string> chain;
};

/// A new key on P-256, certified by an authority of its own whose key is forgotten at once. Good for 25 years.
Identity make_identity();

/// The PEM files of a signing folder.
inline constexpr const char *kKeyFile = "key.pem", *kChainFile = "chain.pem";
/// The key's file has mode 0600; until it has, the folder must be closed to others.
void write_identity(const Identity& identity, const std::filesystem::path& folder);
/// Throws InvalidArgument, "[signing] …", where they are missing, no PEM, not of each other, not of the profile, or
/// where the certificate is not valid now.
Identity read_identity(const std::filesystem::path& folder);

/// Every certificate of a PEM file as DER. InvalidArgument, "[signing] …", where there is none.
std::vector<std::string> read_certificates(const std::filesystem::path& path);

/// Null where the bytes are no certificate.
CertificatePtr parse_certificate(std::string_view der);
bool is_self_signed(std::string_view der);
/// Why a certificate may not sign claims; "" where it may.
std::string profile_problem(const X509& certificate);
bool is_valid_now(const X509& certificate);
/// Whether `chain` (the signer's first) leads to one of `anchors`, today.
bool leads_to(const std::vector<std::string>& chain, const std::vector<std::string>& anchors);

/// Of a certificate's subject: its organisation and its common name, "" where there is none.
std::string organisation_of(const X509& certificate);
std::string common_name_of(const X509& certificate);

}  // namespace hotshot::provenance
