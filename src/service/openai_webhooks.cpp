#include "service/openai_webhooks.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "service/access.h"
#include "service/native.h"
#include "service/webhook_message.h"
#include "service/webhook_signature.h"

namespace hotshot::service {
namespace {

using nlohmann::json;
using store::Identity;
using store::WebhookEndpoint;

constexpr const char* kBase = "/v1/webhook_endpoints";
constexpr std::size_t kPage = 20, kMostPage = 100;

json endpoint_json(const WebhookEndpoint& endpoint) {
  return {{"id", endpoint.id},
          {"object", "webhook_endpoint"},
          {"name", endpoint.name},
          {"url", endpoint.url},
          {"event_types", endpoint.events},
          {"signing_secret_hint", webhook_secret_hint(endpoint.secret)},
          {"created_at", endpoint.created_ms / 1000},
          {"updated_at", endpoint.updated_ms / 1000}};
}

// The only two answers that show it: when it was made, and when it was changed.
json with_secret(const WebhookEndpoint& endpoint) {
  json result = endpoint_json(endpoint);
  result["signing_secret"] = endpoint.secret;
  return result;
}

net::Response list(Service& service, const net::Request& request, const Identity& who) {
  std::vector<WebhookEndpoint> endpoints = service.webhooks().list(who.account.id);
  if (const std::string* after = request.query_value("after")) {
    std::erase_if(endpoints, [&](const WebhookEndpoint& endpoint) { return endpoint.id <= *after; });
  }
  const std::string* asked = request.query_value("limit");
  const std::size_t limit =
      asked ? std::clamp<std::size_t>(std::strtoul(asked->c_str(), nullptr, 10), 1, kMostPage) : kPage;
  json data = json::array();
  for (std::size_t i = 0; i < std::min(limit, endpoints.size()); ++i) data.push_back(endpoint_json(endpoints[i]));
  return net::Response::json({{"object", "list"},
                              {"data", data},
                              {"first_id", data.empty() ? json() : data.front()["id"]},
                              {"last_id", data.empty() ? json() : data.back()["id"]},
                              {"has_more", endpoints.size() > limit}});
}

net::Response test(const WebhookCalls& calls, const net::Request& request, const Identity& who) {
  const WebhookEndpoint endpoint = calls.find(who, request.capture("id"));
  const std::string type = text_member(json_body(request), "event_type");
  return calls.test(request, endpoint, type, [id = endpoint.id, type](const store::WebhookResult& result) {
    if (!result.status) throw net::HttpError(422, "no_answer", result.error);
    return net::Response::json({{"object", "webhook_endpoint.test"},
                                {"webhook_endpoint_id", id},
                                {"event_type", type},
                                {"status_code", *result.status},
                                {"success", true}});
  });
}

}  // namespace

void add_openai_webhooks(net::Router& router, Service& service, std::shared_ptr<const WebhookCalls> calls) {
  constexpr auto read = store::Scope::read, write = store::Scope::generate;
  const std::string one = std::string(kBase) + "/{id}";
  router.add("GET", "/v1/webhook_event_types", allow(service, read, [](net::Request&, const Identity&) {
               return net::Response::json({{"object", "list"}, {"data", webhook_event_types()}});
             }));
  router.add("GET", kBase, allow(service, read, [&service](net::Request& request, const Identity& who) {
               return list(service, request, who);
             }));
  router.add("POST", kBase, allow(service, write, [calls](net::Request& request, const Identity& who) {
               const json body = json_body(request);
               return net::Response::json(
                   with_secret(calls->create(who, text_member(body, "name"), text_member(body, "url"),
                                             texts_member(body, "event_types").value_or(std::vector<std::string>()))));
             }));
  router.add("GET", one, allow(service, read, [calls](net::Request& request, const Identity& who) {
               return net::Response::json(endpoint_json(calls->find(who, request.capture("id"))));
             }));
  router.add("POST", one, allow(service, write, [calls](net::Request& request, const Identity& who) {
               const json body = json_body(request);
               return net::Response::json(endpoint_json(calls->change(who, request.capture("id"),
                                                                      {.name = optional_text_member(body, "name"),
                                                                       .url = optional_text_member(body, "url"),
                                                                       .events = texts_member(body, "event_types")})));
             }));
  router.add("DELETE", one, allow(service, write, [calls](net::Request& request, const Identity& who) {
               const std::string id = request.capture("id");
               calls->remove(who, id);
               return net::Response::json({{"id", id}, {"object", "webhook_endpoint.deleted"}, {"deleted", true}});
             }));
  router.add("POST", one + "/rotate_secret", allow(service, write, [calls](net::Request& request, const Identity& who) {
               const bool keep =
                   boolean_member(json_body(request), "keep_old_secret_active_for_24_hours").value_or(false);
               return net::Response::json(with_secret(calls->rotate(who, request.capture("id"), keep)));
             }));
  router.add("POST", one + "/test", allow(service, write, [calls](net::Request& request, const Identity& who) {
               return test(*calls, request, who);
             }));
}

}  // namespace hotshot::service
