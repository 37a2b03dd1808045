// Which handler answers which request.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"

namespace hotshot::net {

/// What the router may know of a request before its body has come.
struct RequestHead {
  std::string method;
  std::string path;
  const Headers* headers = nullptr;
};

/// Makes an error's answer in the words of an interface ("dialect"): the envelope of OpenAI's, of xAI's, a page.
using ErrorRenderer = std::function<Response(const Request&, const HttpError&)>;

/// Goes around every handler below a prefix: signs in, checks origins. Calls `next` or answers itself. `next` never
/// throws: it answers errors rendered, so that a middleware can add its headers to them too.
using Middleware = std::function<Response(Request&, const Handler& next)>;

/// One way into the service, as it was added.
struct RouteName {
  std::string method, pattern;
};

struct RouteOptions {
  std::uint64_t max_body = 1u << 20;  // more is answered with 413 before it is read
};

/// Filled before the server starts, then only read: handle() may be called from several threads.
class Router {
 public:
  /// `pattern` is "/v1/videos/{id}/content": a segment in braces captures one segment; "{rest...}" at the end captures
  /// everything left, slashes included, or nothing. Fixed segments win over captures, captures over "{rest...}". HEAD
  /// is answered by GET routes. A malformed pattern or the same route twice is our mistake: std::runtime_error.
  void add(std::string_view method, std::string_view pattern, Handler handler, RouteOptions options = {});
  /// Around all routes below `prefix` ("/" for all; "/v1" is not a prefix of "/v10"), and around its 404 and 405; the
  /// first added is the outermost.
  void around(std::string_view prefix, Middleware middleware);
  /// Of the longest prefix that fits; without any: {"error":{"message","type","param","code"}}.
  void errors(std::string_view prefix, ErrorRenderer renderer);

  /// All routes, in the order they were added.
  std::vector<RouteName> routes() const;

  /// How many bytes of body to take: the route's, or RouteOptions' default where there is none (then comes the 404).
  /// HttpError where before_large_body says so.
  std::uint64_t max_body(const RequestHead& head) const;
  /// The answer; never throws. HttpError, InvalidArgument (400 "invalid_request"), other exceptions (500 "internal",
  /// whose text goes to `on_failure`, not to the client), unknown paths (404 "not_found") and methods (405 with Allow)
  /// go through the prefix's renderer.
  Response handle(Request& request) const;
  /// For a request that never became one (too large, malformed): the renderer of its path.
  Response refuse(const Request& request, const HttpError& error) const;

  /// Asked before a body of a route that takes more than RouteOptions' default is read; may throw HttpError.
  std::function<void(const RequestHead&)> before_large_body;

  std::function<void(const Request&, const std::string& what)> on_failure;

 private:
  struct Route {
    std::string method;
    std::string pattern;
    std::vector<std::string> segments;
    Handler handler;
    RouteOptions options;
  };
  const Route* match(const std::string& method, const std::string& path, std::vector<Headers::Pair>* captures,
                     std::vector<std::string>* allowed) const;

  std::vector<Route> routes_;
  std::vector<std::pair<std::string, Middleware>> around_;
  std::vector<std::pair<std::string, ErrorRenderer>> errors_;
};

}  // namespace hotshot::net
