#include "service/openapi.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "service/studio.h"
#include "service/test_support.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

TEST(OpenApi, HasEveryRouteAndNoOther) {
  TestFolder folder;
  ServiceConfig config;
  config.data = (folder.path() / "data").string();
  Service service(config);
  EventHub events(service);
  Tasks tasks;
  Measures measures(service);
  net::Router router;
  add_routes(router, service, events, tasks, measures);
  net::Router studio;  // its files are no interface
  add_studio(studio, find_studio(config));
  std::set<std::string> routes, rows, files;
  for (const net::RouteName& route : studio.routes()) files.insert(route.method + " " + route.pattern);
  files.erase("GET /");
  for (const net::RouteName& route : router.routes()) {
    const std::string name = route.method + " " + route.pattern;
    if (!files.contains(name)) routes.insert(name);
  }
  for (const Operation& operation : operations())
    EXPECT_TRUE(rows.insert(std::string(operation.method) + " " + operation.pattern).second) << operation.pattern;
  for (const std::string& route : routes) EXPECT_TRUE(rows.contains(route)) << route << " wants a row";
  for (const std::string& row : rows) EXPECT_TRUE(routes.contains(row)) << row << " is no route";
}

TEST(OpenApi, ScopesAreThoseThatAreDemanded) {
  TestService test([](ServiceConfig& config) { config.sign_in = "always"; });
  const auto account = test.service->accounts().create("Ann", "correct horse", store::Role::admin);
  std::map<std::string, std::string> secrets;
  for (const store::Scope scope : {store::Scope::read, store::Scope::generate, store::Scope::admin}) {
    secrets[std::string(store::scope_name(scope))] =
        "authorization: Bearer " + test.service->accounts().create_key(account.id, "k", scope).secret + "\r\n";
  }
  const auto status = [&](const Operation& operation, const std::string& headers) {
    const std::string path = std::regex_replace(operation.pattern, std::regex(R"(\{[a-z]+\})"), "x");
    return test.send(operation.method, path, "", headers).status;
  };
  for (const Operation& operation : operations()) {
    const std::string scope = operation.scope;
    const std::string where = fmt::format("{} {}", operation.method, operation.pattern);
    if (std::string_view(operation.answer).find("event-stream") != std::string_view::npos && scope == "read") continue;
    if (scope.empty()) {
      const int given = status(operation, "");
      EXPECT_TRUE(given != 401 || where == "POST /api/v1/session") << where;
      continue;
    }
    EXPECT_EQ(status(operation, ""), 401) << where;
    if (scope == "generate") EXPECT_EQ(status(operation, secrets.at("read")), 403) << where;
    if (scope == "admin") EXPECT_EQ(status(operation, secrets.at("generate")), 403) << where;
    if (scope == "read") EXPECT_NE(status(operation, secrets.at("read")), 403) << where;
  }
}

TEST(OpenApi, IsWholeAndOpenToAll) {
  TestService test([](ServiceConfig& config) { config.sign_in = "always"; });
  const Answer answer = test.get("/openapi.json");
  ASSERT_EQ(answer.status, 200);
  const json document = answer.json();
  EXPECT_EQ(document["openapi"], "3.1.0");
  std::set<std::string> ids, tags, used, known;
  for (const json& tag : document["tags"]) EXPECT_TRUE(tags.insert(tag["name"]).second) << tag;
  for (const auto& [path, methods] : document["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      EXPECT_TRUE(ids.insert(operation["operationId"]).second) << path;
      EXPECT_TRUE(tags.contains(operation["tags"][0])) << path;
    }
  }
  for (const auto& [name, schema] : document["components"]["schemas"].items()) known.insert(name);
  const std::string text = answer.body;
  const std::regex reference(R"re("#/components/schemas/([A-Za-z]+)")re");
  for (std::sregex_iterator at(text.begin(), text.end(), reference), end; at != end; ++at) used.insert((*at)[1]);
  EXPECT_EQ(used, known);
}

TEST(OpenApi, TypesAreWhatTheyLookLike) {
  const auto schema = [](const char* type) { return json(type_schema(type)).dump(); };
  EXPECT_EQ(schema("integer 1..16"), R"({"maximum":16,"minimum":1,"type":"integer"})");
  EXPECT_EQ(schema("string 0..200 or null"), R"({"maxLength":200,"minLength":0,"type":["string","null"]})");
  EXPECT_EQ(schema("[Job]"), R"({"items":{"$ref":"#/components/schemas/Job"},"type":"array"})");
  EXPECT_EQ(schema("{File}"), R"({"additionalProperties":{"$ref":"#/components/schemas/File"},"type":"object"})");
  EXPECT_EQ(schema("one of a, b or null"), R"({"enum":["a","b",null],"type":["string","null"]})");
  EXPECT_EQ(schema("Job or null"), R"({"anyOf":[{"$ref":"#/components/schemas/Job"},{"type":"null"}]})");
  EXPECT_THROW(type_schema("strnig"), std::runtime_error);
  EXPECT_THROW(type_schema(""), std::runtime_error);
}

}  // namespace
}  // namespace hotshot::service
