// COSE_Sign1 (RFC 9052) as C2PA signs claims with it: the claim itself is not in it, the certificates are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "provenance/certificate.h"

namespace hotshot::provenance {

/// A signature as it was read.
struct CoseSignature {
  std::int64_t algorithm = 0;      // of the IANA registry: -7 is ES256
  std::vector<std::string> chain;  // DER, the signer's first
  std::string protected_header;    // as it was signed
  std::string signature;
  bool has_time_stamp = false;
};

/// An ES256 signature of `claim`. Certificates that sign themselves are left out: who trusts them has them.
std::string sign_claim(const Identity& identity, std::string_view claim);

/// Throws InvalidArgument, "[cose] …", for what is no COSE_Sign1 with algorithm and 1 to 16 certificates.
CoseSignature parse_signature(std::string_view cbor);

/// Whether this program can check an algorithm: ES256, ES384, ES512, PS256, PS384, PS512, EdDSA.
bool is_known_algorithm(std::int64_t algorithm);

/// Whether the key of the first certificate made the signature over `claim`.
bool signature_matches(const CoseSignature& signature, std::string_view claim);

}  // namespace hotshot::provenance
