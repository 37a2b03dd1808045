#include "store/sigv4.h"

#include <algorithm>
#include <cctype>
#include <ctime>
#include <map>

#include "base/digest.h"
#include "base/error.h"

namespace hotshot::store {
namespace {

constexpr const char* kAlgorithm = "AWS4-HMAC-SHA256";

std::string timestamp(std::int64_t unix_seconds) {
  const auto time = static_cast<std::time_t>(unix_seconds);
  std::tm utc = {};
  ::gmtime_r(&time, &utc);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
                     utc.tm_min, utc.tm_sec);
}

// Each segment escaped once, slashes kept: S3 neither normalises paths nor escapes them twice as other services do.
std::string escaped_path(std::string_view path) {
  std::string text;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (begin > 0) text += '/';
    text += net::percent_encode(std::string(path.substr(begin, end - begin)));
    begin = end + 1;
  }
  return text;
}

std::string escaped_query(const std::vector<net::Headers::Pair>& query) {
  std::string text;
  for (const auto& [name, value] : query) {
    text += fmt::format("{}{}={}", text.empty() ? "" : "&", net::percent_encode(name), net::percent_encode(value));
  }
  return text;
}

// By escaped name, then by escaped value.
std::string canonical_query(const std::vector<net::Headers::Pair>& query) {
  std::vector<net::Headers::Pair> escaped;
  for (const auto& [name, value] : query) escaped.emplace_back(net::percent_encode(name), net::percent_encode(value));
  std::sort(escaped.begin(), escaped.end());
  std::string text;
  for (const auto& [name, value] : escaped) text += fmt::format("{}{}={}", text.empty() ? "" : "&", name, value);
  return text;
}

// Without spaces at the ends; several in a row count as one.
std::string canonical_value(std::string_view value) {
  std::string text;
  for (const char c : net::trimmed(value)) {
    if (c != ' ' || !text.ends_with(' ')) text += c;
  }
  return text;
}

// Header names in lower case, in order, with host.
std::map<std::string, std::string> canonical_headers(const S3Request& request) {
  std::map<std::string, std::string> headers{{"host", request.host}};
  for (const auto& [name, value] : request.headers) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    std::string& kept = headers[lower];
    kept += (kept.empty() ? "" : ",") + canonical_value(value);
  }
  return headers;
}

std::string names_of(const std::map<std::string, std::string>& headers) {
  std::string names;
  for (const auto& [name, value] : headers) names += (names.empty() ? "" : ";") + name;
  return names;
}

struct Scope {
  Scope(const S3Signer& signer, std::int64_t unix_seconds)
      : signer(signer),
        time(timestamp(unix_seconds)),
        day(time.substr(0, 8)),
        text(fmt::format("{}/{}/s3/aws4_request", day, signer.region)) {}
  std::string credential() const { return signer.access_key + "/" + text; }

  const S3Signer& signer;
  std::string time, day, text;
};

std::string signature_of(const S3Request& request, const Scope& scope, std::string_view payload) {
  const auto headers = canonical_headers(request);
  std::string canonical =
      fmt::format("{}\n{}\n{}\n", request.method, escaped_path(request.path), canonical_query(request.query));
  for (const auto& [name, value] : headers) canonical += fmt::format("{}:{}\n", name, value);
  canonical += fmt::format("\n{}\n{}", names_of(headers), payload);
  const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, scope.time, scope.text, sha256_text(canonical));
  std::string key = "AWS4" + scope.signer.secret_key;
  for (const std::string_view part : {std::string_view(scope.day), std::string_view(scope.signer.region),
                                      std::string_view("s3"), std::string_view("aws4_request")})
    key = hmac_sha256(key, part);
  return to_hex(hmac_sha256(key, to_sign));
}

}  // namespace

void sign(S3Request& request, const S3Signer& signer, std::string_view payload_sha256, std::int64_t unix_seconds) {
  const Scope scope(signer, unix_seconds);
  request.headers.set("x-amz-date", scope.time);
  request.headers.set("x-amz-content-sha256", std::string(payload_sha256));
  if (!signer.session_token.empty()) request.headers.set("x-amz-security-token", signer.session_token);
  const std::string names = names_of(canonical_headers(request));
  request.headers.set("authorization",
                      fmt::format("{} Credential={},SignedHeaders={},Signature={}", kAlgorithm, scope.credential(),
                                  names, signature_of(request, scope, payload_sha256)));
}

void presign(S3Request& request, const S3Signer& signer, std::chrono::seconds lifetime, std::int64_t unix_seconds) {
  const Scope scope(signer, unix_seconds);
  request.query.emplace_back("X-Amz-Algorithm", kAlgorithm);
  request.query.emplace_back("X-Amz-Credential", scope.credential());
  request.query.emplace_back("X-Amz-Date", scope.time);
  request.query.emplace_back("X-Amz-Expires", std::to_string(lifetime.count()));
  if (!signer.session_token.empty()) request.query.emplace_back("X-Amz-Security-Token", signer.session_token);
  request.query.emplace_back("X-Amz-SignedHeaders", names_of(canonical_headers(request)));
  request.query.emplace_back("X-Amz-Signature", signature_of(request, scope, "UNSIGNED-PAYLOAD"));
}

std::string request_target(const S3Request& request) {
  const std::string query = escaped_query(request.query);
  return escaped_path(request.path) + (query.empty() ? "" : "?" + query);
}

}  // namespace hotshot::store
