#include "store/s3_address.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "base/error.h"

namespace hotshot::store {
namespace {

constexpr std::string_view kScheme = "s3://";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string first_of(const std::string& given, const std::string& otherwise) {
  return given.empty() ? otherwise : given;
}

bool consists_of(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [&](unsigned char c) {
    return (std::isalnum(c) && c < 0x80) || others.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

// "s3://bucket/prefix" into the address.
void read_url(const std::string& url, S3Address& address) {
  require(is_s3_url(url), "s3", "expected s3://BUCKET or s3://BUCKET/PREFIX but got '{}'", url);
  const std::string rest = url.substr(kScheme.size());
  address.bucket = rest.substr(0, rest.find('/'));
  address.prefix = address.bucket.size() < rest.size() ? rest.substr(address.bucket.size() + 1) : "";
  require(address.bucket.size() >= 3 && address.bucket.size() <= 63 && consists_of(address.bucket, ".-") &&
              !address.bucket.starts_with('.'),
          "s3", "expected a bucket of 3 to 63 letters, digits, '.' and '-' but got '{}'", address.bucket);
  while (address.prefix.ends_with('/')) address.prefix.pop_back();
  const std::string slashed = "/" + address.prefix + "/";
  const bool plain = consists_of(address.prefix, "/._-") && slashed.find("/./") == std::string::npos &&
                     slashed.find("/../") == std::string::npos;
  require(address.prefix.empty() || (plain && slashed.find("//") == std::string::npos), "s3",
          "expected a prefix of letters, digits, '.', '_', '-' and single '/' but got '{}'", address.prefix);
  if (!address.prefix.empty()) address.prefix += '/';
}

// "https://host:port/path" into the address; the bucket stands in the path, as every server of one's own has it.
void read_endpoint(const std::string& endpoint, S3Address& address) {
  const auto colon = endpoint.find("://");
  address.scheme = endpoint.substr(0, std::min(colon, endpoint.size()));
  require(colon != std::string::npos && (address.scheme == "https" || address.scheme == "http"), "s3",
          "expected an endpoint with http:// or https:// but got '{}'", endpoint);
  std::string rest = endpoint.substr(colon + 3);
  while (rest.ends_with('/')) rest.pop_back();
  const auto slash = std::min(rest.find('/'), rest.size());
  address.host = rest.substr(0, slash);
  address.base_path = rest.substr(slash) + "/" + address.bucket;
  std::transform(address.host.begin(), address.host.end(), address.host.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  require(!address.host.empty() && consists_of(address.host, ".-:[]") && consists_of(address.base_path, "/._~-"), "s3",
          "expected an endpoint as https://HOST:PORT but got '{}'", endpoint);
  const std::string usual = address.scheme == "https" ? ":443" : ":80";  // which no client says in its Host header
  if (address.host.ends_with(usual)) address.host.resize(address.host.size() - usual.size());
  address.own_endpoint = true;
}

// Amazon's: the bucket stands in the host name, except where the certificate would not cover it.
void choose_amazon(S3Address& address) {
  const std::string& region = address.signer.region;
  const std::string host = fmt::format("s3.{}.amazonaws.com{}", region, region.starts_with("cn-") ? ".cn" : "");
  address.scheme = "https";
  const bool dotted = address.bucket.find('.') != std::string::npos;
  address.host = dotted ? host : address.bucket + "." + host;
  address.base_path = dotted ? "/" + address.bucket : "";
}

}  // namespace

bool is_s3_url(const std::string& url) { return url.starts_with(kScheme); }

std::string S3Address::shown() const {
  std::string text = fmt::format("{}{}/{}", kScheme, bucket, prefix);
  text.pop_back();
  return text;
}

S3Address s3_address(const S3Settings& settings) {
  S3Address address;
  read_url(settings.url, address);
  S3Signer& signer = address.signer;
  signer.access_key = first_of(settings.access_key, environment("AWS_ACCESS_KEY_ID"));
  signer.secret_key = first_of(settings.secret_key, environment("AWS_SECRET_ACCESS_KEY"));
  if (settings.access_key.empty()) signer.session_token = environment("AWS_SESSION_TOKEN");
  signer.region = first_of(first_of(settings.region, environment("AWS_REGION")), "us-east-1");
  require(consists_of(signer.region, "-_"), "s3", "expected a region as 'eu-central-1' but got '{}'", signer.region);
  require(!signer.access_key.empty() && !signer.secret_key.empty(), "s3",
          "expected s3_access_key and s3_secret_key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, but got {}",
          signer.access_key.empty() ? "no access key" : "no secret key");
  const std::string endpoint = first_of(settings.endpoint, environment("AWS_ENDPOINT_URL"));
  if (endpoint.empty()) {
    choose_amazon(address);
  } else {
    read_endpoint(endpoint, address);
  }
  return address;
}

}  // namespace hotshot::store
