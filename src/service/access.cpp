#include "service/access.h"

#include <algorithm>

#include "base/error.h"
#include "service/job_files.h"
#include "service/native.h"

namespace hotshot::service {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// "Example.org:8188" → "example.org"; "[::1]:80" → "::1".
std::string host_name(const std::string& host) {
  if (host.starts_with('[')) return lower(host.substr(1, host.find(']') - 1));
  return lower(host.substr(0, host.find(':')));
}

// Names that the owner gave the service.
bool is_given_name(const ServiceConfig& config, const std::string& name) {
  if (!config.public_url.empty() && name == lower(url_host(config.public_url))) return true;
  return std::any_of(config.hosts.begin(), config.hosts.end(),
                     [&](const std::string& host) { return lower(host) == name; });
}

bool is_own_host(const ServiceConfig& config, const std::string& name) {
  return name == "localhost" || name == "::1" || name == "127.0.0.1" || name == lower(config.address) ||
         is_given_name(config, name);
}

bool changes_something(const std::string& method) { return method != "GET" && method != "HEAD" && method != "OPTIONS"; }

std::string bearer(const net::Request& request) {
  const std::string value = request.headers.get("authorization");
  return lower(value.substr(0, 7)) == "bearer " ? value.substr(7) : "";
}

void require_own_page(const ServiceConfig& config, const net::Request& request) {
  const std::string* origin = request.headers.find("origin");
  if (!origin) return;  // a program: browsers send one with everything that changes something
  // The same host is not enough: other programs of this machine have pages at other ports.
  const std::string authority = lower(origin->substr(std::min(origin->find("://") + 3, origin->size())));
  const bool same = origin->find("://") != std::string::npos && authority == lower(request.headers.get("host"));
  if (!same && !is_given_name(config, lower(url_host(*origin)))) {
    throw net::HttpError(403, "forbidden_origin",
                         fmt::format("[origin] pages of {} may not use this service", *origin));
  }
}

// Pictures and clips may also come from where the service sends browsers for them.
std::string content_policy(const std::string& files) {
  return fmt::format(
      "default-src 'self'; img-src 'self' blob: data:{0}; media-src 'self' blob: data:{0}; "
      "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      files.empty() ? "" : " " + files);
}

}  // namespace

std::string session_secret(const net::Request& request) {
  const std::string cookies = request.headers.get("cookie");
  const std::string name = std::string(kSessionCookie) + "=";
  for (std::size_t begin = 0; begin < cookies.size();) {
    std::size_t end = std::min(cookies.find(';', begin), cookies.size());
    while (begin < end && cookies[begin] == ' ') ++begin;
    const std::string pair = cookies.substr(begin, end - begin);
    if (pair.starts_with(name)) return pair.substr(name.size());
    begin = end + 1;
  }
  return {};
}

std::string session_cookie(const Service& service, const std::string& secret) {
  const bool secure = service.config().public_url.starts_with("https://");
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict{}; Max-Age={}", kSessionCookie, secret,
                     secure ? "; Secure" : "", secret.empty() ? 0 : kSessionLifetimeMs / 1000);
}

store::Identity identify(Service& service, const net::Request& request, store::Scope needed) {
  std::optional<store::Identity> who;
  if (const std::string key = bearer(request); !key.empty()) {
    who = service.accounts().key(key);
    // Clients demand a key even where none is needed; any will do there.
    if (!who && service.sign_in())
      throw net::HttpError(401, "invalid_api_key", "[key] expected a valid key but got another");
  }
  if (!who) {
    if (const std::string secret = session_secret(request); !secret.empty()) {
      who = service.accounts().session(secret);
      if (who && changes_something(request.method) && request.headers.get("x-hotshot").empty()) {
        throw net::HttpError(403, "forbidden", "[session] expected the header x-hotshot but got none");
      }
    }
  }
  if (!who && !service.sign_in()) who = store::Identity{service.accounts().local(), store::Scope::admin, ""};
  if (!who) throw net::HttpError(401, "unauthorized", "[sign-in] expected a key or a session but got neither");
  if (static_cast<int>(who->scope) < static_cast<int>(needed)) {
    throw net::HttpError(
        403, "forbidden",
        fmt::format("[key] expected scope {} but got {}", store::scope_name(needed), store::scope_name(who->scope)));
  }
  return *who;
}

void require_person(const store::Identity& who) {
  if (who.key.empty() || who.scope == store::Scope::admin) return;
  throw net::HttpError(403, "forbidden", "[key] expected a session or a key of scope admin");
}

net::Handler allow(Service& service, store::Scope needed, IdentifiedHandler handler) {
  return [&service, needed, handler = std::move(handler)](net::Request& request) {
    return handler(request, identify(service, request, needed));
  };
}

namespace {

void require_own_host_and_page(const ServiceConfig& config, const net::Request& request) {
  const std::string host = host_name(request.headers.get("host"));
  if (!host.empty() && !is_own_host(config, host)) {
    throw net::HttpError(
        421, "unknown_host",
        fmt::format("[host] expected a name of this service but got '{}'; see the setting hosts", host));
  }
  if (changes_something(request.method)) require_own_page(config, request);
}

}  // namespace

std::function<void(const net::RequestHead&)> gate(Service& service) {
  return [&service](const net::RequestHead& head) {
    net::Request request;
    request.method = head.method;
    request.path = head.path;
    request.headers = *head.headers;
    require_own_host_and_page(service.config(), request);
    // Archives may be larger than all else: they are not taken in first and refused then.
    identify(service, request, head.path == kImportPath ? store::Scope::generate : store::Scope::read);
  };
}

net::Middleware guard(Service& service) {
  return [&service, policy = content_policy(link_origin(service.config()))](net::Request& request,
                                                                            const net::Handler& next) {
    require_own_host_and_page(service.config(), request);
    net::Response response = next(request);
    const auto fill = [&](std::string_view name, std::string_view value) {
      if (!response.headers.find(name)) response.headers.set(name, std::string(value));
    };
    fill("content-security-policy", policy);
    fill("x-content-type-options", "nosniff");
    fill("referrer-policy", "no-referrer");
    fill("cross-origin-opener-policy", "same-origin");
    fill("cross-origin-resource-policy", "same-origin");
    fill("cache-control", "no-store");
    return response;
  };
}

}  // namespace hotshot::service
