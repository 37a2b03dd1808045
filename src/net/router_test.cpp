#include "net/router.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace hotshot::net {
namespace {

Handler says(std::string what) {
  return [what](Request& request) {
    std::string text = what;
    for (const auto& [name, value] : request.captures) text += " " + name + "=" + value;
    return Response::text(text);
  };
}

Response ask(const Router& router, std::string method, std::string path) {
  Request request;
  request.method = std::move(method);
  request.path = std::move(path);
  return router.handle(request);
}

std::string text_of(const Response& response) { return std::get<std::string>(response.body); }

std::string answer(const Router& router, std::string method, std::string path) {
  const auto response = ask(router, std::move(method), std::move(path));
  return response.status == 200 ? text_of(response) : std::to_string(response.status);
}

TEST(RouterTest, FindsTheMostSpecificRoute) {
  Router router;
  router.add("GET", "/{rest...}", says("all"));
  router.add("GET", "/", says("root"));
  router.add("GET", "/v1/videos/{id}", says("one"));
  router.add("GET", "/v1/videos/latest", says("latest"));
  router.add("DELETE", "/v1/videos/{id}", says("gone"));
  router.add("GET", "/v1/videos/{id}/content", says("content"));
  router.add("GET", "/v1/{kind}/{id}/content", says("other"));
  router.add("GET", "/v1/videos/{path...}", says("rest"));
  const std::vector<std::pair<std::string, std::string>> cases{
      {"/", "root"},
      {"/x", "all rest=x"},
      {"/x/y", "all rest=x/y"},
      {"/v1/videos/7", "one id=7"},
      {"/v1/videos/latest", "latest"},
      {"/v1/videos", "rest path="},
      {"/v1/videos/7/content", "content id=7"},
      {"/v1/images/7/content", "other kind=images id=7"},
      {"/v1/videos/7/x", "rest path=7/x"},
      {"/v1/videos/owner%2Fname", "one id=owner/name"},
      {"/v1/videos/a%252Fb", "one id=a%2Fb"},
      {"/x/a%2Fb/c", "all rest=x/a/b/c"},
  };
  for (const auto& [path, expected] : cases) EXPECT_EQ(answer(router, "GET", path), expected) << path;
  EXPECT_EQ(answer(router, "DELETE", "/v1/videos/latest"), "gone id=latest");
  EXPECT_EQ(answer(router, "HEAD", "/v1/videos/7"), "one id=7");
}

TEST(RouterTest, OrderOfAddingDoesNotMatter) {
  Router router;
  router.add("GET", "/a/b", says("fixed"));
  router.add("GET", "/a/{x}", says("capture"));
  router.add("GET", "/{y}/b", says("late"));
  router.add("HEAD", "/a/b", says("head"));
  EXPECT_EQ(answer(router, "GET", "/a/b"), "fixed");
  EXPECT_EQ(answer(router, "GET", "/a/c"), "capture x=c");
  EXPECT_EQ(answer(router, "GET", "/c/b"), "late y=c");
  EXPECT_EQ(answer(router, "HEAD", "/a/b"), "head");
}

TEST(RouterTest, MistakesInPatternsAreOurs) {
  Router router;
  router.add("GET", "/a/{x}", says(""));
  EXPECT_THROW(router.add("GET", "/a/{y}", says("")), std::runtime_error);
  for (const auto* pattern : {"a", "", "/{", "/{}", "/{...}", "/x{y}", "/{y}x", "/{a...}/b", "/{a}{b}"}) {
    EXPECT_THROW(router.add("GET", pattern, says("")), std::runtime_error) << pattern;
  }
  EXPECT_THROW(router.add("GET", "/b", nullptr), std::runtime_error);
}

TEST(RouterTest, UnknownPathsAndMethods) {
  Router router;
  router.add("GET", "/a/{x}", says(""));
  router.add("POST", "/a/b", says(""));
  const auto missing = ask(router, "GET", "/b");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(nlohmann::json::parse(text_of(missing))["error"]["code"], "not_found");
  const auto wrong = ask(router, "PUT", "/a/b");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.get("allow"), "GET, HEAD, POST");
  EXPECT_EQ(ask(router, "POST", "/a/c").headers.get("allow"), "GET, HEAD");
  EXPECT_EQ(ask(router, "get", "/a/b").status, 405);
}

TEST(RouterTest, FailuresBecomeAnswers) {
  Router router;
  std::string failure;
  router.on_failure = [&](const Request& request, const std::string& what) { failure = request.path + " " + what; };
  router.add("GET", "/http", [](Request&) -> Response {
    HttpError error(429, "slow_down", "later", "n");
    error.headers.set("retry-after", "7");
    throw error;
  });
  router.add("GET", "/invalid", [](Request&) -> Response { throw InvalidArgument("[x] expected 1 but got 2"); });
  router.add("GET", "/secret", [](Request&) -> Response { throw std::runtime_error("secret"); });
  router.add("GET", "/odd", [](Request&) -> Response { throw 7; });
  const auto http = ask(router, "GET", "/http");
  EXPECT_EQ(http.status, 429);
  EXPECT_EQ(http.headers.get("retry-after"), "7");
  EXPECT_EQ(nlohmann::json::parse(text_of(http)),
            nlohmann::json::parse(
                R"({"error":{"message":"later","type":"invalid_request_error","param":"n","code":"slow_down"}})"));
  EXPECT_EQ(failure, "");
  const auto invalid = nlohmann::json::parse(text_of(ask(router, "GET", "/invalid")));
  EXPECT_EQ(invalid["error"]["code"], "invalid_request");
  EXPECT_EQ(invalid["error"]["message"], "[x] expected 1 but got 2");
  EXPECT_TRUE(invalid["error"]["param"].is_null());
  const auto secret = ask(router, "GET", "/secret");
  EXPECT_EQ(secret.status, 500);
  EXPECT_EQ(text_of(secret).find("secret"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(text_of(secret))["error"]["code"], "internal");
  EXPECT_EQ(failure, "/secret secret");
  EXPECT_EQ(ask(router, "GET", "/odd").status, 500);
  router.on_failure = [](const Request&, const std::string&) { throw std::runtime_error("again"); };
  EXPECT_EQ(ask(router, "GET", "/secret").status, 500);
}

TEST(RouterTest, MiddlewareGoesAroundInOrderAndAroundErrors) {
  Router router;
  std::string order;
  const auto notes = [&](std::string name) {
    return [&order, name](Request& request, const Handler& next) {
      order += name + "(";
      auto response = next(request);
      order += ")" + name;
      return response.with("x-" + name, "1");
    };
  };
  router.around("/", notes("a"));
  router.around("/v1/", notes("b"));
  router.around("/v10", notes("c"));
  router.around("/v1/closed", [](Request&, const Handler&) -> Response { throw HttpError(401, "no", "sign in"); });
  router.add("GET", "/v1/x", says("x"));
  router.add("GET", "/v1/bad", [](Request&) -> Response { throw std::runtime_error("bad"); });
  EXPECT_EQ(answer(router, "GET", "/v1/x"), "x");
  EXPECT_EQ(order, "a(b()b)a");
  const auto missing = ask(router, "GET", "/v1/none");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.headers.get("x-b"), "1");
  EXPECT_EQ(ask(router, "PUT", "/v1/x").headers.get("x-a"), "1");
  EXPECT_EQ(ask(router, "GET", "/v1/bad").headers.get("x-b"), "1");
  const auto closed = ask(router, "GET", "/v1/closed/x");
  EXPECT_EQ(closed.status, 401);
  EXPECT_EQ(closed.headers.get("x-a"), "1");
  EXPECT_EQ(ask(router, "GET", "/v1").headers.get("x-b"), "1");
  EXPECT_EQ(ask(router, "GET", "/v10").headers.find("x-b"), nullptr);
}

TEST(RouterTest, MiddlewareMayAnswerItselfAndChangeTheRequest) {
  Router router;
  router.around("/", [](Request& request, const Handler& next) {
    if (request.method == "OPTIONS") return Response::empty(204);
    request.captures.emplace_back("user", "ann");
    return next(request);
  });
  router.add("GET", "/x", says("x"));
  EXPECT_EQ(ask(router, "OPTIONS", "/x").status, 204);
  EXPECT_EQ(answer(router, "GET", "/x"), "x user=ann");
}

TEST(RouterTest, TheLongestPrefixRendersErrors) {
  Router router;
  const auto renders = [](std::string name) {
    return [name](const Request&, const HttpError& error) { return Response::text(name, "text/plain", error.status); };
  };
  router.errors("/v1", renders("v1"));
  router.errors("/", renders("all"));
  router.errors("/v1/deep", renders("deep"));
  router.errors("/broken", [](const Request&, const HttpError&) -> Response { throw std::runtime_error("x"); });
  EXPECT_EQ(text_of(ask(router, "GET", "/v1/deep/x")), "deep");
  EXPECT_EQ(text_of(ask(router, "GET", "/v1/x")), "v1");
  EXPECT_EQ(text_of(ask(router, "GET", "/v1")), "v1");
  EXPECT_EQ(text_of(ask(router, "GET", "/v12")), "all");
  EXPECT_EQ(ask(router, "GET", "/broken").status, 404);
  Request request;
  request.path = "/v1/y";
  EXPECT_EQ(router.refuse(request, HttpError(413, "too_large", "x")).status, 413);
  EXPECT_EQ(text_of(router.refuse(request, HttpError(413, "too_large", "x"))), "v1");
}

TEST(RouterTest, NamesItsRoutesAndTheOneThatAnswers) {
  Router router;
  router.add("GET", "/a/{x}", [](Request& request) { return Response::text(request.route); });
  router.add("POST", "/b", says(""));
  ASSERT_EQ(router.routes().size(), 2u);
  EXPECT_EQ(router.routes()[1].method, "POST");
  EXPECT_EQ(router.routes()[1].pattern, "/b");
  EXPECT_EQ(answer(router, "GET", "/a/7"), "/a/{x}");
  std::string seen = "nothing";
  router.around("/", [&](Request& request, const Handler& next) {
    Response response = next(request);
    seen = request.route;
    return response;
  });
  ask(router, "GET", "/a/7");
  EXPECT_EQ(seen, "/a/{x}");
  ask(router, "GET", "/none");
  EXPECT_EQ(seen, "");
}

TEST(RouterTest, KnowsHowMuchBodyToTake) {
  Router router;
  router.add("POST", "/a/{x}", says(""), {.max_body = 7});
  router.add("GET", "/a/{x}", says(""), {.max_body = 3});
  EXPECT_EQ(router.max_body({"POST", "/a/b"}), 7u);
  EXPECT_EQ(router.max_body({"HEAD", "/a/b"}), 3u);
  EXPECT_EQ(router.max_body({"POST", "/b"}), RouteOptions{}.max_body);
}

}  // namespace
}  // namespace hotshot::net
