// Who a request comes from, and what may not even be looked at.
#pragma once

#include <functional>
#include <string>

#include "net/router.h"
#include "service/service.h"

namespace hotshot::service {

/// Name of the cookie of a browser's session.
inline constexpr std::string_view kSessionCookie = "hotshot_session";
inline constexpr std::int64_t kSessionLifetimeMs = 30ll * 24 * 3600 * 1000;

/// Whoever sends this request: by key (authorization: Bearer), by session, or "local" where nobody needs to sign in.
/// HttpError 401 "unauthorized" for nobody or a wrong key, 403 "forbidden" for less than `needed`.
store::Identity identify(Service& service, const net::Request& request, store::Scope needed);

/// Keys and sessions are the affair of people, and of programs they made administrators: a key that got into wrong
/// hands must not be able to outlive its end, or to end others. HttpError 403 "forbidden" for other keys.
void require_person(const store::Identity& who);

using IdentifiedHandler = std::function<net::Response(net::Request&, const store::Identity&)>;
/// A handler for those who may do `needed`.
net::Handler allow(Service& service, store::Scope needed, IdentifiedHandler handler);

/// Looks at the head of a request with a large body before that is taken: who nobody is, or another page's script,
/// sends nothing to this machine's disk.
std::function<void(const net::RequestHead&)> gate(Service& service);

/// Goes around everything: refuses hosts that this service does not go by (DNS rebinding), requests that another
/// page's script sends with a browser's session or to an open service on this machine (Origin, and x-hotshot for
/// sessions), and adds the headers that keep pages in their place (CSP and its like).
net::Middleware guard(Service& service);

/// The value of set-cookie for a session; empty `secret` ends it.
std::string session_cookie(const Service& service, const std::string& secret);
/// The session's secret of a request, or "".
std::string session_secret(const net::Request& request);

}  // namespace hotshot::service
