// AWS Signature Version 4 as S3 wants it: in a header of the request, or in the query of a link.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"

namespace hotshot::store {

/// Who signs, and for which region.
struct S3Signer {
  std::string access_key;
  std::string secret_key;
  std::string session_token = {};  // of keys that end; empty for those that last
  std::string region = "us-east-1";
};

/// A request before it is sent. Nothing in it is escaped yet.
struct S3Request {
  std::string method = "GET";
  std::string host;  // as the Host header says it: with the port where it is not the scheme's own
  std::string path = "/";
  std::vector<net::Headers::Pair> query = {};
  net::Headers headers = {};  // all of them are signed; without host
};

/// Adds x-amz-date, x-amz-content-sha256, x-amz-security-token (where there is one) and authorization to the headers.
/// `payload_sha256` is the hex digest of the body, also of an empty one.
void sign(S3Request& request, const S3Signer& signer, std::string_view payload_sha256, std::int64_t unix_seconds);

/// Adds X-Amz-… to the query, the signature last, so that path and query alone open what `request` asks for during
/// `lifetime` (at most seven days).
void presign(S3Request& request, const S3Signer& signer, std::chrono::seconds lifetime, std::int64_t unix_seconds);

/// "/a%20b?x=1": path and query as they are sent.
std::string request_target(const S3Request& request);

}  // namespace hotshot::store
