#include "service/mcp.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/options.h"
#include "pipeline/recipe.h"
#include "service/access.h"
#include "service/fields.h"
#include "service/signed_links.h"
#include "service/wish.h"

namespace hotshot::service {
namespace {

using nlohmann::json;
using store::Identity;
using store::Job;

constexpr int kParseError = -32700, kInvalidRequest = -32600, kUnknownMethod = -32601, kInvalidParams = -32602;

// Of JSON-RPC.
struct RpcError {
  int code;
  std::string message;
};

struct Call {
  Service& service;
  const net::Request& request;
  const Identity& who;
  const json& arguments;
};

json video_summary(const Call& call, const Job& job) {
  json summary{{"id", job.id},
               {"status", store::status_name(job.status)},
               {"model", job.model},
               {"prompt", job.prompt},
               {"seconds", job_seconds(job)},
               {"progress", job.status == store::JobStatus::succeeded ? 1.0 : job.progress.fraction},
               {"warnings", job.warnings}};
  if (job.status == store::JobStatus::running) {
    summary["phase"] = job.progress.phase;
    if (job.progress.seconds_left) summary["seconds_left"] = *job.progress.seconds_left;
  }
  if (job.error) summary["error"] = job.error->message;
  if (job.status == store::JobStatus::succeeded)
    summary["video_url"] = signed_link(call.service, call.request, job, "video", 24 * 3600 * 1000);
  return summary;
}

// What a tool gives back: the same as text, for models, and as data; and where there is a clip, a link to it.
json tool_result(const json& data) {
  json content = json::array({{{"type", "text"}, {"text", data.dump()}}});
  if (data.contains("video_url")) {
    content.push_back({{"type", "resource_link"},
                       {"uri", data["video_url"]},
                       {"name", data["id"].get<std::string>() + ".mp4"},
                       {"mimeType", "video/mp4"}});
  }
  return {{"content", content}, {"structuredContent", data}, {"isError", false}};
}

Job job_of(const Call& call) {
  return visible_job(call.service, call.who, text_field(call.arguments, "id").value_or(""));
}

json generate_video(const Call& call) {
  const json& a = call.arguments;
  Asked asked{.model = text_field(a, "model").value_or(""),
              .prompt = text_field(a, "prompt").value_or(""),
              .negative = text_field(a, "negative_prompt").value_or(""),
              .size = text_field(a, "size"),
              .seconds = number_field(a, "seconds"),
              .seed = integer_field(a, "seed")};
  if (const auto ratio = text_field(a, "aspect_ratio")) asked.aspect = parse_aspect(*ratio, "aspect_ratio");
  return video_summary(call, grant(call.service, call.who, understand(call.service, asked), {.dialect = "mcp"}));
}

json get_video(const Call& call) { return video_summary(call, job_of(call)); }

json list_videos(const Call& call) {
  const std::int64_t limit = std::clamp<std::int64_t>(integer_field(call.arguments, "limit").value_or(20), 1, 100);
  json videos = json::array();
  for (const Job& job : call.service.jobs()
                            .list({.owner = call.who.account.id, .kind = "video", .limit = static_cast<int>(limit)})
                            .jobs) {
    videos.push_back(video_summary(call, job));
  }
  return {{"videos", videos}};
}

json cancel_video(const Call& call) {
  call.service.jobs().cancel(job_of(call).id);
  return video_summary(call, job_of(call));
}

json list_models(const Call& call) {
  json models = json::array();
  for (const OfferPointer& offer : call.service.catalogue().list()) {
    if (offer->problem.empty()) models.push_back(model_json(*offer, false));
  }
  return {{"models", models}};
}

struct Tool {
  const char* name;
  const char* description;
  const char* properties;  // of the input, JSON Schema
  const char* required;
  store::Scope scope;
  json (*run)(const Call&);
};

constexpr auto kTools = std::to_array<Tool>({
    {"generate_video", "Starts a clip made from text and returns its id at once; ask get_video until it has succeeded.",
     R"({"prompt":{"type":"string","description":"what the clip shows, in English or Chinese"},"model":{"type":"string"},"seconds":{"type":"number"},"aspect_ratio":{"type":"string","description":"16:9, 1:1 or 9:16"},"size":{"type":"string","description":"WIDTHxHEIGHT"},"negative_prompt":{"type":"string"},"seed":{"type":"integer"}})",
     R"(["prompt"])", store::Scope::generate, generate_video},
    {"get_video", "How far a clip is, and where its file lies once it is done.", R"({"id":{"type":"string"}})",
     R"(["id"])", store::Scope::read, get_video},
    {"list_videos", "The newest clips.", R"({"limit":{"type":"integer","minimum":1,"maximum":100}})", "[]",
     store::Scope::read, list_videos},
    {"cancel_video", "Stops a clip that waits or is being made.", R"({"id":{"type":"string"}})", R"(["id"])",
     store::Scope::generate, cancel_video},
    {"list_models", "The models, with sizes, lengths and settings.", "{}", "[]", store::Scope::read, list_models},
});

json tool_list() {
  json tools = json::array();
  for (const Tool& tool : kTools) {
    tools.push_back({{"name", tool.name},
                     {"description", tool.description},
                     {"inputSchema",
                      {{"type", "object"},
                       {"properties", json::parse(tool.properties)},
                       {"required", json::parse(tool.required)}}}});
  }
  return tools;
}

json server_info() {
  return {{"name", "hotshot"}, {"version", std::string(pipeline::kEngine.substr(pipeline::kEngine.find(' ') + 1))}};
}

json call_tool(Service& service, const net::Request& request, const json& params) {
  const std::string name = params.value("name", "");
  const json arguments =
      params.contains("arguments") && params["arguments"].is_object() ? params["arguments"] : json::object();
  for (const Tool& tool : kTools) {
    if (name != tool.name) continue;
    try {
      const Identity who = identify(service, request, tool.scope);
      return tool_result(tool.run({service, request, who, arguments}));
    } catch (const net::HttpError& error) {
      if (error.status == 401 || error.status >= 500) throw;
      // The model that called reads it and can do better.
      return {{"content", json::array({{{"type", "text"}, {"text", error.what()}}})}, {"isError", true}};
    } catch (const InvalidArgument& error) {
      return {{"content", json::array({{{"type", "text"}, {"text", error.what()}}})}, {"isError", true}};
    }
  }
  throw RpcError{kInvalidParams, fmt::format("unknown tool '{}'", name.substr(0, 80))};
}

json answer_to(Service& service, const net::Request& request, const std::string& method, const json& params) {
  // Since 2026-07-28 every result says that it is one.
  const bool stateless = request.headers.get("mcp-protocol-version") >= "2026-07-28";
  json result;
  if (method == "initialize") {
    const std::string asked = params.value("protocolVersion", "");
    constexpr std::array<std::string_view, 3> kKnown{"2025-03-26", "2025-06-18", "2025-11-25"};
    const bool known = std::find(kKnown.begin(), kKnown.end(), asked) != kKnown.end();
    return {{"protocolVersion", known ? asked : "2025-11-25"},
            {"capabilities", {{"tools", json::object()}}},
            {"serverInfo", server_info()}};
  }
  if (method == "server/discover") {
    return {{"resultType", "complete"},
            {"supportedVersions", json::array({"2026-07-28"})},
            {"capabilities", {{"tools", json::object()}}},
            {"serverInfo", server_info()},
            {"ttlMs", 3'600'000},
            {"cacheScope", "public"}};
  }
  if (method == "ping") {
    result = json::object();
  } else if (method == "tools/list") {
    result = {{"tools", tool_list()}};
    if (stateless) result["ttlMs"] = 3'600'000, result["cacheScope"] = "public";
  } else if (method == "tools/call") {
    result = call_tool(service, request, params);
  } else {
    throw RpcError{kUnknownMethod, fmt::format("unknown method '{}'", method.substr(0, 80))};
  }
  if (stateless) result["resultType"] = "complete";
  return result;
}

json rpc_error(const json& id, const RpcError& error) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"error", {{"code", error.code}, {"message", error.message}}}};
}

net::Response post(Service& service, net::Request& request) {
  identify(service, request, store::Scope::read);
  const json message = parse_json(request.body.text());
  if (message.is_discarded()) return net::Response::json(rpc_error(nullptr, {kParseError, "expected JSON"}), 400);
  const bool shaped = message.is_object() && message.contains("jsonrpc") && message["jsonrpc"] == "2.0" &&
                      message.contains("method") && message["method"].is_string();
  if (!shaped)
    return net::Response::json(rpc_error(nullptr, {kInvalidRequest, "expected a JSON-RPC 2.0 request"}), 400);
  if (!message.contains("id")) return net::Response::empty(202);  // a notification
  const json params = message.contains("params") && message["params"].is_object() ? message["params"] : json::object();
  try {
    return net::Response::json({{"jsonrpc", "2.0"},
                                {"id", message["id"]},
                                {"result", answer_to(service, request, message["method"], params)}});
  } catch (const RpcError& error) {
    return net::Response::json(rpc_error(message["id"], error));
  } catch (const json::exception&) {
    return net::Response::json(rpc_error(message["id"], {kInvalidParams, "expected other types of parameters"}));
  }
}

}  // namespace

void add_mcp(net::Router& router, Service& service) {
  router.add("POST", "/mcp", [&service](net::Request& request) { return post(service, request); });
}

}  // namespace hotshot::service
