#include "service/openapi.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.h"
#include "pipeline/recipe.h"
#include "pipeline/request.h"
#include "service/job_json.h"

namespace hotshot::service {
namespace {

using json = nlohmann::ordered_json;

std::vector<std::string> split(std::string_view text, std::string_view by) {
  std::vector<std::string> pieces;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(by), text.size());
    if (end > 0) pieces.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + by.size(), text.size()));
  }
  return pieces;
}

struct Tag {
  const char* name;
  const char* description;
};
constexpr auto kTags = std::to_array<Tag>({
    {"operations", "Whether the service is well, and this document."},
    {"session", "Who I am, and how I sign in."},
    {"accounts", "Who may use the service; for administrators."},
    {"keys", "For programs."},
    {"models", "What there is to make clips with."},
    {"jobs", "Clips: asked for, being made, kept."},
    {"archive", "Everything at once."},
    {"webhooks", "Who is told when jobs end."},
    {"OpenAI", "Its Videos and Images interfaces, and its list of models."},
    {"xAI", "Its video interface."},
    {"OpenRouter", "Its video interface."},
    {"MCP", "For agents."},
    {"links", "What opens without signing in."},
});

json reference(std::string_view name) { return {{"$ref", fmt::format("#/components/schemas/{}", name)}}; }

// " 1..16" behind a number's type or a text's: the bounds, and the type without them.
json bounded(std::string_view type, std::string_view bounds) {
  json schema = type_schema(type);
  const std::size_t dots = bounds.find("..");
  ensure(dots != std::string_view::npos, "openapi", "expected bounds behind '{}' but got '{}'", type, bounds);
  const bool text = type == "string";
  const auto set = [&](const char* name, std::string_view digits) {
    if (digits.empty()) return;
    double value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (value == static_cast<double>(static_cast<std::int64_t>(value))) {
      schema[name] = static_cast<std::int64_t>(value);
    } else {
      schema[name] = value;
    }
  };
  set(text ? "minLength" : "minimum", bounds.substr(0, dots));
  set(text ? "maxLength" : "maximum", bounds.substr(dots + 2));
  return schema;
}

json or_null(json schema) {
  if (schema.contains("type") && schema["type"].is_string()) {
    schema["type"] = json::array({schema["type"], "null"});
    if (schema.contains("enum")) schema["enum"].push_back(nullptr);
    return schema;
  }
  return {{"anyOf", json::array({schema, {{"type", "null"}}})}};
}

// {"member?": "type"} → an object's schema. Members that are tables themselves are objects within.
json object_schema(const json& members) {
  json schema{{"type", "object"}, {"properties", json::object()}}, required = json::array();
  for (const auto& [key, type] : members.items()) {
    const bool optional = key.ends_with('?');
    const std::string name = optional ? key.substr(0, key.size() - 1) : key;
    schema["properties"][name] = type.is_object() ? object_schema(type) : type_schema(type.get<std::string>());
    if (!optional) required.push_back(name);
  }
  if (!required.empty()) schema["required"] = required;
  return schema;
}

// A field of an options struct, as the request of the native interface has it.
json field_schema(const Field& field) {
  json schema;
  std::visit(
      [&](auto* value) {
        using Value = std::remove_pointer_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, std::string>) {
          schema["type"] = json::array({"string", "null"});
        } else if constexpr (std::is_same_v<Value, double> || std::is_same_v<Value, std::optional<double>>) {
          schema["type"] = json::array({"number", "null"});
        } else {
          schema["type"] = json::array({"integer", "null"});
          schema["minimum"] = 0;
        }
      },
      field.value);
  if (field.range.low > std::numeric_limits<double>::lowest()) schema["minimum"] = field.range.low;
  if (field.range.high < std::numeric_limits<double>::max()) schema["maximum"] = field.range.high;
  schema["description"] = field.help;
  return schema;
}

json schemas() {
  json all = json::object();
  const json table = json::parse(kSchemas);
  for (const auto& [name, members] : table.items()) {
    all[name] = members.is_object() ? object_schema(members) : type_schema(members.get<std::string>());
  }
  // What a request may say is what the pipeline takes, but for what is the machine's affair.
  pipeline::GenerateRequest request;
  json& properties = all["NewJobs"]["properties"];
  for (const Field& field : request.fields()) {
    if (field.name == "device" || field.name == "dtype" || field.name == "threads") continue;
    if (!properties.contains(field.name)) properties[field.name] = field_schema(field);
  }
  return all;
}

// "json:Job" or a media type → its entries of `content`.
void add_content(json& content, const std::string& piece) {
  if (piece.starts_with("json:")) {
    content["application/json"]["schema"] = type_schema(piece.substr(5));
  } else if (piece.starts_with("form:")) {
    for (const char* type : {"multipart/form-data", "application/x-www-form-urlencoded"})
      content[type]["schema"] = type_schema(piece.substr(5));
  } else if (piece.starts_with("upload:")) {
    content["multipart/form-data"]["schema"] = {
        {"type", "object"},
        {"properties", {{piece.substr(7), {{"type", "string"}, {"contentMediaType", "application/octet-stream"}}}}},
        {"required", json::array({piece.substr(7)})}};
  } else {
    content[piece] = json::object();
  }
}

json responses(const Operation& operation) {
  json all = json::object();
  for (const std::string& answer : split(operation.answer, ";")) {
    const std::vector<std::string> pieces = split(answer, " ");
    json response{{"description", pieces[0] == "204" ? "Done." : "The answer."}};
    for (std::size_t i = 1; i < pieces.size(); ++i) add_content(response["content"], pieces[i]);
    all[pieces[0]] = response;
  }
  all["4XX"] = {{"$ref", "#/components/responses/Refused"}};
  return all;
}

json parameters(const Operation& operation) {
  json list = json::array();
  for (const std::string& segment : split(operation.pattern, "/")) {
    if (!segment.starts_with('{')) continue;
    list.push_back({{"name", segment.substr(1, segment.size() - 2)},
                    {"in", "path"},
                    {"required", true},
                    {"schema", {{"type", "string"}}}});
  }
  const json query = json::parse(operation.query);
  for (const auto& [key, type] : query.items()) {
    const bool optional = key.ends_with('?');
    list.push_back({{"name", optional ? key.substr(0, key.size() - 1) : key},
                    {"in", "query"},
                    {"required", !optional},
                    {"schema", type_schema(type.get<std::string>())}});
  }
  return list;
}

json operation_json(const Operation& operation) {
  json result{{"operationId", operation.id}, {"tags", json::array({operation.tag})}, {"summary", operation.summary}};
  const std::string_view scope = operation.scope;
  if (scope.empty()) {
    result["security"] = json::array();
  } else {
    result["description"] = fmt::format("A key needs the scope `{}`.", scope);
  }
  if (json list = parameters(operation); !list.empty()) result["parameters"] = std::move(list);
  json content = json::object();
  for (const std::string& piece : split(operation.body, " ")) add_content(content, piece);
  if (!content.empty()) result["requestBody"] = {{"content", content}};
  result["responses"] = responses(operation);
  return result;
}

json components() {
  return {{"securitySchemes",
           {{"key", {{"type", "http"}, {"scheme", "bearer"}, {"description", "A key made in the studio, sk-…"}}},
            {"session", {{"type", "apiKey"}, {"in", "cookie"}, {"name", "hotshot_session"}}}}},
          {"responses",
           {{"Refused",
             {{"description", "What was wrong, for people and for programs."},
              {"content", {{"application/json", {{"schema", reference("Error")}}}}}}}}},
          {"schemas", schemas()}};
}

}  // namespace

json type_schema(std::string_view type) {
  if (type.ends_with(" or null")) return or_null(type_schema(type.substr(0, type.size() - 8)));
  if (type.starts_with("one of ")) return {{"type", "string"}, {"enum", split(type.substr(7), ", ")}};
  if (type.starts_with('[') && type.ends_with(']'))
    return {{"type", "array"}, {"items", type_schema(type.substr(1, type.size() - 2))}};
  if (type.starts_with('{') && type.ends_with('}'))
    return {{"type", "object"}, {"additionalProperties", type_schema(type.substr(1, type.size() - 2))}};
  if (const std::size_t space = type.find(' '); space != std::string_view::npos)
    return bounded(type.substr(0, space), type.substr(space + 1));
  if (type == "any") return json::object();
  if (type == "object") return {{"type", "object"}, {"additionalProperties", true}};
  if (type == "time") return {{"type", "integer"}, {"description", "milliseconds since 1970"}};
  constexpr auto kPlain = std::to_array<std::string_view>({"string", "integer", "number", "boolean", "null"});
  if (std::find(kPlain.begin(), kPlain.end(), type) != kPlain.end()) return {{"type", std::string(type)}};
  ensure(!type.empty() && type[0] >= 'A' && type[0] <= 'Z', "openapi", "expected a type but got '{}'", type);
  return reference(type);
}

json openapi_document(const std::string& server) {
  json paths = json::object(), tags = json::array();
  for (const Tag& tag : kTags) tags.push_back({{"name", tag.name}, {"description", tag.description}});
  for (const Operation& operation : operations()) {
    std::string method = operation.method;
    std::transform(method.begin(), method.end(), method.begin(), [](unsigned char c) { return std::tolower(c); });
    paths[operation.pattern][method] = operation_json(operation);
  }
  return {{"openapi", "3.1.0"},
          {"info",
           {{"title", "Hotshot"},
            {"version", std::string(pipeline::kEngine.substr(pipeline::kEngine.find(' ') + 1))},
            {"summary", "Clips from text, on your own machine."},
            {"description",
             "The native interface, /api/v1, and those of OpenAI, xAI and OpenRouter over the same jobs. Where nobody "
             "signs in (a service that only its own machine can reach) no key is needed."},
            {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
          {"servers", json::array({{{"url", server}}})},
          {"security", json::array({{{"key", json::array()}}, {{"session", json::array()}}})},
          {"tags", tags},
          {"paths", paths},
          {"components", components()}};
}

void add_openapi(net::Router& router, Service& service) {
  // Made once: anybody may ask for it, again and again.
  const std::string base = public_base(service.config());
  router.add("GET", "/openapi.json", [text = openapi_document(base.empty() ? "/" : base).dump(1)](net::Request&) {
    return net::Response::text(text, "application/json");
  });
}

}  // namespace hotshot::service
