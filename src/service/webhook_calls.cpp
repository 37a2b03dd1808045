#include "service/webhook_calls.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/options.h"
#include "service/native.h"
#include "service/webhook_message.h"
#include "service/webhook_signature.h"
#include "store/ids.h"

namespace hotshot::service {
namespace {

using store::Identity;
using store::WebhookEndpoint;

constexpr std::int64_t kKeepOldMs = 24ll * 3600 * 1000;
constexpr const char* kNoClip = "video_test";
constexpr int kMostTests = 4;  // at once, of everybody

WebhookEndpoint there(const std::optional<WebhookEndpoint>& endpoint, const std::string& id) {
  if (!endpoint)
    throw net::HttpError(404, "not_found", fmt::format("[webhook] expected a known id but got '{}'", id.substr(0, 64)));
  return *endpoint;
}

void check_type(const std::string& type, const char* param) {
  const auto types = webhook_event_types();
  if (std::find(types.begin(), types.end(), type) != types.end()) return;
  throw net::HttpError(400, "invalid_request",
                       fmt::format("[{}] expected one of {} but got '{}'", param,
                                   fmt::join(types.begin(), types.end(), ", "), type.substr(0, 64)),
                       param);
}

}  // namespace

WebhookCalls::WebhookCalls(const net::Router& router, Service& service, Tasks& tasks)
    : router_(router), service_(service), tasks_(tasks), client_(webhook_reach(service.config())) {}

void WebhookCalls::check(const store::EndpointChanges& changes) const {
  for (const std::string& type : changes.events.value_or(std::vector<std::string>())) check_type(type, "event_types");
  if (!changes.url) return;
  try {
    client_.check_url(*changes.url);
  } catch (const InvalidArgument& error) {
    throw net::HttpError(400, "invalid_request", error.what(), "url");
  }
}

WebhookEndpoint WebhookCalls::find(const Identity& who, const std::string& id) const {
  return there(service_.webhooks().find(who.account.id, id), id);
}

WebhookEndpoint WebhookCalls::create(const Identity& who, const std::string& name, const std::string& url,
                                     const std::vector<std::string>& events) const {
  check({.url = url, .events = events});
  const WebhookEndpoint made = service_.webhooks().create(who.account.id, name, url, events, new_webhook_secret());
  service_.audit().record(who.account, "webhook_created", made.name);
  return made;
}

WebhookEndpoint WebhookCalls::change(const Identity& who, const std::string& id,
                                     const store::EndpointChanges& changes) const {
  check(changes);
  const WebhookEndpoint after = there(service_.webhooks().change(who.account.id, id, changes), id);
  service_.audit().record(who.account, "webhook_changed", after.name);
  return after;
}

WebhookEndpoint WebhookCalls::rotate(const Identity& who, const std::string& id, bool keep_old) const {
  const WebhookEndpoint after =
      there(service_.webhooks().rotate(who.account.id, id, new_webhook_secret(), keep_old ? kKeepOldMs : 0), id);
  service_.audit().record(who.account, "webhook_secret_rotated", after.name);
  return after;
}

void WebhookCalls::remove(const Identity& who, const std::string& id) const {
  const WebhookEndpoint endpoint = find(who, id);
  service_.webhooks().remove(who.account.id, id);
  service_.audit().record(who.account, "webhook_removed", endpoint.name);
}

net::Response WebhookCalls::test(const net::Request& request, const WebhookEndpoint& endpoint, const std::string& type,
                                 std::function<net::Response(const store::WebhookResult&)> shown) const {
  check_type(type, "event_type");
  net::Response response;
  response.body = net::LaterBody([this, request, endpoint, type, shown = std::move(shown)](auto answer) {
    const bool runs = tasks_.run(
        [this, request, endpoint, type, shown, answer](const std::stop_token& stop) {
          store::WebhookDelivery sample;
          sample.event = store::new_id("evt");
          sample.type = type;
          sample.job = kNoClip;
          sample.created_ms = store::now_ms();
          try {
            answer(shown(send_webhook(client_, endpoint, sample, [&stop] { return stop.stop_requested(); })));
          } catch (const net::HttpError& error) {
            answer(router_.refuse(request, error));
          } catch (const Cancelled&) {
            answer(router_.refuse(request, net::HttpError(503, "stopping", "[webhook] the service ends")));
          }
        },
        kMostTests);
    if (!runs) answer(router_.refuse(request, net::HttpError(429, "busy", "[webhook] expected fewer tests at once")));
  });
  return response;
}

std::optional<std::vector<std::string>> texts_member(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return {};
  const bool texts = found->is_array() && std::all_of(found->begin(), found->end(),
                                                      [](const nlohmann::json& text) { return text.is_string(); });
  if (!texts) {
    throw net::HttpError(400, "invalid_request",
                         fmt::format("[{}] expected a list of strings but got {}", name, shown(*found)), name);
  }
  return found->get<std::vector<std::string>>();
}

std::optional<std::string> optional_text_member(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return {};
  return text_member(object, name);
}

}  // namespace hotshot::service
