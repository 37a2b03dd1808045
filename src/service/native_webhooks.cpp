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

constexpr const char* kBase = "/api/v1/webhooks";
constexpr int kPage = 50, kMostPage = 200;

json time_or_null(const std::optional<std::int64_t>& ms) { return ms ? json(*ms) : json(); }

json webhook_json(const WebhookEndpoint& endpoint) {
  const bool old_signs = !endpoint.old_secret.empty() && endpoint.old_secret_until_ms > store::now_ms();
  return {{"id", endpoint.id},
          {"name", endpoint.name},
          {"url", endpoint.url},
          {"events", endpoint.events},
          {"enabled", endpoint.enabled},
          {"hint", webhook_secret_hint(endpoint.secret)},
          {"old_secret_until_ms", old_signs ? json(endpoint.old_secret_until_ms) : json()},
          {"failures", endpoint.failures},
          {"failing_since_ms", time_or_null(endpoint.failing_since_ms)},
          {"created_ms", endpoint.created_ms},
          {"updated_ms", endpoint.updated_ms}};
}

json delivery_json(const store::WebhookDelivery& delivery) {
  const bool waits = delivery.state == store::DeliveryState::waiting;
  return {{"id", delivery.id},
          {"event", delivery.event},
          {"type", delivery.type},
          {"job", delivery.job},
          {"state", store::state_name(delivery.state)},
          {"attempts", delivery.attempts},
          {"status", delivery.status ? json(*delivery.status) : json()},
          {"error", delivery.error.empty() ? json() : json(delivery.error)},
          {"created_ms", delivery.created_ms},
          {"tried_ms", time_or_null(delivery.tried_ms)},
          {"next_ms", waits ? json(delivery.due_ms) : json()}};
}

net::Response with_secret(const WebhookEndpoint& endpoint, int status) {
  return net::Response::json({{"webhook", webhook_json(endpoint)}, {"secret", endpoint.secret}}, status);
}

std::vector<std::string> all_events() {
  const auto types = webhook_event_types();
  return {types.begin(), types.end()};
}

net::Response list(Service& service, const Identity& who) {
  json webhooks = json::array();
  for (const WebhookEndpoint& endpoint : service.webhooks().list(who.account.id))
    webhooks.push_back(webhook_json(endpoint));
  return net::Response::json({{"webhooks", webhooks}, {"events", webhook_event_types()}});
}

net::Response deliveries(Service& service, const net::Request& request, const WebhookEndpoint& endpoint) {
  const std::string *asked = request.query_value("limit"), *after = request.query_value("after");
  const int limit =
      asked ? std::clamp(static_cast<int>(std::strtol(asked->c_str(), nullptr, 10)), 1, kMostPage) : kPage;
  auto page = service.webhooks().deliveries(endpoint.id, limit + 1, after ? *after : "");
  const bool more = page.size() > static_cast<std::size_t>(limit);
  if (more) page.pop_back();
  json list = json::array();
  for (const store::WebhookDelivery& delivery : page) list.push_back(delivery_json(delivery));
  return net::Response::json({{"deliveries", list}, {"has_more", more}});
}

net::Response test(const WebhookCalls& calls, const net::Request& request, const Identity& who) {
  const WebhookEndpoint endpoint = calls.find(who, request.capture("id"));
  return calls.test(request, endpoint, text_member(json_body(request), "event_type", endpoint.events.at(0)),
                    [](const store::WebhookResult& result) {
                      return net::Response::json({{"delivered", result.error.empty()},
                                                  {"status", result.status ? json(*result.status) : json()},
                                                  {"error", result.error.empty() ? json() : json(result.error)}});
                    });
}

net::Response send_again(Service& service, const net::Request& request, const WebhookEndpoint& endpoint) {
  const std::string id = request.capture("delivery");
  if (!endpoint.enabled)
    throw net::HttpError(409, "disabled", "[webhook] expected an enabled webhook but this one is disabled");
  if (!service.webhooks().send_again(endpoint.id, id))
    throw net::HttpError(404, "not_found",
                         fmt::format("[delivery] expected a known id but got '{}'", id.substr(0, 64)));
  return net::Response::empty();
}

}  // namespace

void add_native_webhooks(net::Router& router, Service& service, std::shared_ptr<const WebhookCalls> calls) {
  constexpr auto read = store::Scope::read, write = store::Scope::generate;
  const std::string one = std::string(kBase) + "/{id}";
  router.add("GET", kBase,
             allow(service, read, [&service](net::Request&, const Identity& who) { return list(service, who); }));
  router.add("POST", kBase, allow(service, write, [calls](net::Request& request, const Identity& who) {
               const json body = json_body(request);
               return with_secret(calls->create(who, text_member(body, "name", "webhook"), text_member(body, "url"),
                                                texts_member(body, "events").value_or(all_events())),
                                  201);
             }));
  router.add("GET", one, allow(service, read, [calls](net::Request& request, const Identity& who) {
               return net::Response::json(webhook_json(calls->find(who, request.capture("id"))));
             }));
  router.add("PATCH", one, allow(service, write, [calls](net::Request& request, const Identity& who) {
               const json body = json_body(request);
               return net::Response::json(webhook_json(calls->change(who, request.capture("id"),
                                                                     {.name = optional_text_member(body, "name"),
                                                                      .url = optional_text_member(body, "url"),
                                                                      .events = texts_member(body, "events"),
                                                                      .enabled = boolean_member(body, "enabled")})));
             }));
  router.add("DELETE", one, allow(service, write, [calls](net::Request& request, const Identity& who) {
               calls->remove(who, request.capture("id"));
               return net::Response::empty();
             }));
  router.add("POST", one + "/rotate", allow(service, write, [calls](net::Request& request, const Identity& who) {
               const bool keep = boolean_member(json_body(request), "keep_old").value_or(false);
               return with_secret(calls->rotate(who, request.capture("id"), keep), 200);
             }));
  router.add("POST", one + "/test", allow(service, write, [calls](net::Request& request, const Identity& who) {
               return test(*calls, request, who);
             }));
  router.add("GET", one + "/deliveries",
             allow(service, read, [&service, calls](net::Request& request, const Identity& who) {
               return deliveries(service, request, calls->find(who, request.capture("id")));
             }));
  router.add("POST", one + "/deliveries/{delivery}/retry",
             allow(service, write, [&service, calls](net::Request& request, const Identity& who) {
               return send_again(service, request, calls->find(who, request.capture("id")));
             }));
}

}  // namespace hotshot::service
