#include "net/router.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"

namespace hotshot::net {
namespace {

bool is_capture(std::string_view segment) { return segment.starts_with('{'); }
bool is_rest(std::string_view segment) { return segment.starts_with('{') && segment.ends_with("...}"); }

std::string capture_name(std::string_view segment) {
  return std::string(segment.substr(1, segment.size() - (is_rest(segment) ? 5 : 2)));
}

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    if (end > 0) segments.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return segments;
}

/// Of a pattern's segment, compared from the left: 2 for a fixed one, 1 for a capture and for the pattern's end, 0 for
/// the rest.
int weight(const std::vector<std::string>& pattern, std::size_t index) {
  if (index >= pattern.size()) return 1;
  return is_rest(pattern[index]) ? 0 : is_capture(pattern[index]) ? 1 : 2;
}

/// Of two patterns that fit the same path.
bool more_specific(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    if (weight(a, i) != weight(b, i)) return weight(a, i) > weight(b, i);
  }
  return false;
}

bool same_shape(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return is_capture(x) ? is_capture(y) && is_rest(x) == is_rest(y) : x == y;
  });
}

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  const bool rest = !pattern.empty() && is_rest(pattern.back());
  const std::size_t fixed = pattern.size() - (rest ? 1 : 0);
  if (rest ? path.size() < fixed : path.size() != fixed) return false;
  for (std::size_t i = 0; i < fixed; ++i) {
    if (!is_capture(pattern[i]) && pattern[i] != percent_decode(path[i])) return false;
  }
  return true;
}

std::vector<Headers::Pair> captures_of(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  std::vector<Headers::Pair> captures;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (!is_capture(pattern[i])) continue;
    std::string value;
    for (std::size_t k = i; k < (is_rest(pattern[i]) ? path.size() : i + 1); ++k) {
      if (k > i) value += '/';
      value += percent_decode(path[k]);
    }
    captures.emplace_back(capture_name(pattern[i]), std::move(value));
  }
  return captures;
}

std::string without_last_slash(std::string_view prefix) {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  return std::string(prefix);
}

bool below(std::string_view prefix, std::string_view path) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

Response plain_error(const HttpError& error) {
  const bool ours = error.status >= 500;
  return Response::json({{"error",
                          {{"message", error.what()},
                           {"type", ours ? "server_error" : "invalid_request_error"},
                           {"param", error.param.empty() ? nlohmann::json() : nlohmann::json(error.param)},
                           {"code", error.code}}}},
                        error.status);
}

const HttpError& internal_error() {
  static const HttpError error(500, "internal", "Something went wrong on our side.");
  return error;
}

}  // namespace

void Router::add(std::string_view method, std::string_view pattern, Handler handler, RouteOptions options) {
  Route route{std::string(method), std::string(pattern), split(pattern), std::move(handler), options};
  ensure(pattern.starts_with('/') && route.handler, "router", "expected a pattern with a handler but got '{}'",
         pattern);
  for (const auto& segment : route.segments) {
    const bool braces = segment.find_first_of("{}") != std::string::npos;
    const bool whole = is_capture(segment) && segment.find('}') == segment.size() - 1 && segment.rfind('{') == 0 &&
                       !capture_name(segment).empty();
    ensure(!braces || whole, "router", "expected {{name}} or {{name...}} but got '{}' in '{}'", segment, pattern);
    ensure(!is_rest(segment) || &segment == &route.segments.back(), "router", "expected '{}' at the end of '{}'",
           segment, pattern);
  }
  for (const auto& other : routes_) {
    ensure(other.method != route.method || !same_shape(other.segments, route.segments), "router",
           "{} {} is there twice", method, pattern);
  }
  routes_.push_back(std::move(route));
}

void Router::around(std::string_view prefix, Middleware middleware) {
  around_.emplace_back(without_last_slash(prefix), std::move(middleware));
}

void Router::errors(std::string_view prefix, ErrorRenderer renderer) {
  errors_.emplace_back(without_last_slash(prefix), std::move(renderer));
}

std::vector<RouteName> Router::routes() const {
  std::vector<RouteName> names;
  for (const auto& route : routes_) names.push_back({route.method, route.pattern});
  return names;
}

const Router::Route* Router::match(const std::string& method, const std::string& path,
                                   std::vector<Headers::Pair>* captures, std::vector<std::string>* allowed) const {
  const auto segments = split(path);
  const Route* best = nullptr;
  for (const auto& route : routes_) {
    if (!fits(route.segments, segments)) continue;
    if (allowed) allowed->push_back(route.method);
    const bool answers = route.method == method || (method == "HEAD" && route.method == "GET");
    if (!answers) continue;
    const bool exact_head = best && same_shape(best->segments, route.segments) && route.method == method;
    if (!best || more_specific(route.segments, best->segments) || exact_head) best = &route;
  }
  if (best && captures) *captures = captures_of(best->segments, segments);
  return best;
}

std::uint64_t Router::max_body(const RequestHead& head) const {
  const auto* route = match(head.method, head.path, nullptr, nullptr);
  const std::uint64_t most = route ? route->options.max_body : RouteOptions{}.max_body;
  if (most > RouteOptions{}.max_body && before_large_body && head.headers) before_large_body(head);
  return most;
}

Response Router::refuse(const Request& request, const HttpError& error) const {
  const ErrorRenderer* renderer = nullptr;
  std::size_t longest = 0;
  for (const auto& [prefix, candidate] : errors_) {
    if (!below(prefix, request.path) || (renderer && prefix.size() < longest)) continue;
    renderer = &candidate;
    longest = prefix.size();
  }
  Response response;
  try {
    response = renderer ? (*renderer)(request, error) : plain_error(error);
  } catch (...) {
    response = plain_error(error);
  }
  for (const auto& [name, value] : error.headers) response.headers.set(name, value);
  return response;
}

Response Router::handle(Request& request) const {
  const auto failed = [&](const std::string& what) {
    try {
      if (on_failure) on_failure(request, what);
    } catch (...) {  // who listens to failures must not make more
    }
    return refuse(request, internal_error());
  };
  const auto guarded = [&](const auto& action) -> Response {
    try {
      return action();
    } catch (const HttpError& error) {
      return refuse(request, error);
    } catch (const InvalidArgument& error) {
      return refuse(request, HttpError(400, "invalid_request", error.what()));
    } catch (const std::exception& error) {
      return failed(error.what());
    } catch (...) {
      return failed("an exception of unknown type");
    }
  };

  std::vector<std::string> allowed;
  const Route* route = match(request.method, request.path, &request.captures, &allowed);
  request.route = route ? route->pattern : "";
  std::vector<const Middleware*> chain;
  for (const auto& [prefix, middleware] : around_) {
    if (below(prefix, request.path)) chain.push_back(&middleware);
  }
  const auto innermost = [&](Request& inner) -> Response {
    if (route) return route->handler(inner);
    if (allowed.empty()) throw HttpError(404, "not_found", fmt::format("Nothing is at {}.", inner.path));
    if (std::count(allowed.begin(), allowed.end(), "GET")) allowed.push_back("HEAD");
    std::sort(allowed.begin(), allowed.end());
    allowed.erase(std::unique(allowed.begin(), allowed.end()), allowed.end());
    const auto list = fmt::format("{}", fmt::join(allowed, ", "));
    HttpError error(405, "method_not_allowed", fmt::format("{} is not possible here, but {} is.", inner.method, list));
    error.headers.set("allow", list);
    throw error;
  };
  std::function<Response(std::size_t, Request&)> run = [&](std::size_t index, Request& inner) -> Response {
    return guarded([&] {
      if (index == chain.size()) return innermost(inner);
      return (*chain[index])(inner, [&, index](Request& next) { return run(index + 1, next); });
    });
  };
  return run(0, request);
}

}  // namespace hotshot::net
