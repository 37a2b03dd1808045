#include "net/outgoing_url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/error.h"

namespace hotshot::net {
namespace {

constexpr std::size_t kMaxUrlBytes = 8192;

std::string part(CURLU* url, CURLUPart which, unsigned int flags = 0) {
  char* text = nullptr;
  if (::curl_url_get(url, which, &text, flags) != CURLUE_OK) return {};
  std::string copy(text);
  ::curl_free(text);
  return copy;
}

std::string without_brackets(const std::string& host) {
  return host.size() > 2 && host.front() == '[' && host.back() == ']' ? host.substr(1, host.size() - 2) : host;
}

bool is_address(const std::string& host) {
  std::array<unsigned char, 16> bytes{};
  return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 || host.find(':') != std::string::npos;
}

// A location may be relative: then it replaces a part of what `url` holds.
void set_url(CURLU* url, const std::string& text) {
  require(text.size() <= kMaxUrlBytes, "http", "expected a URL of at most {} bytes but got {}", kMaxUrlBytes,
          text.size());
  const CURLUcode code = ::curl_url_set(url, CURLUPART_URL, text.c_str(), CURLU_DISALLOW_USER);
  require(code != CURLUE_USER_NOT_ALLOWED, "http", "expected a URL without a name and password in it but got some");
  require(code == CURLUE_OK && text.find('\0') == std::string::npos, "http", "expected a URL but got '{}' ({})",
          text.substr(0, 200), ::curl_url_strerror(code));
}

}  // namespace

OutgoingUrl::OutgoingUrl(const std::string& url, const Reach& reach)
    : OutgoingUrl(
          [&] {
            Handle handle(::curl_url(), ::curl_url_cleanup);
            set_url(handle.get(), url);
            return handle;
          }(),
          reach) {}

OutgoingUrl OutgoingUrl::at(const std::string& location, const Reach& reach) const {
  Handle handle(::curl_url_dup(url_.get()), ::curl_url_cleanup);
  set_url(handle.get(), location);
  return OutgoingUrl(std::move(handle), reach);
}

OutgoingUrl::OutgoingUrl(Handle url, const Reach& reach)
    : url_(std::move(url)),
      scheme_(part(url_.get(), CURLUPART_SCHEME)),
      host_(without_brackets(part(url_.get(), CURLUPART_HOST))),
      port_(part(url_.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT)) {
  require((scheme_ == "https" || scheme_ == "http") && !host_.empty(), "http",
          "expected a URL with http:// or https:// and a host but got '{}'",
          part(url_.get(), CURLUPART_URL).substr(0, 200));
  listed_ = std::any_of(reach.hosts.begin(), reach.hosts.end(), [&](const std::string& host) {
    return same_name(without_brackets(host), host_) || same_name(host, host_ + ":" + port_) ||
           same_name(host, "[" + host_ + "]:" + port_);
  });
  require(listed_ || reach.plain_http || scheme_ == "https", "http",
          "expected a URL with https:// but got http:// for '{}'", host_);
  const int port = std::atoi(port_.c_str());
  require(listed_ || port == 80 || port == 443 || port >= 1024, "http",
          "expected port 80, 443 or one from 1024 on but got {}", port_);
  require(listed_ || reach.private_addresses || !is_address(host_) || !is_private_address(host_), "http",
          "expected a public address but got {}", host_);
}

bool OutgoingUrl::same_origin(const OutgoingUrl& other) const {
  return scheme_ == other.scheme_ && same_name(host_, other.host_) && port_ == other.port_;
}

}  // namespace hotshot::net
