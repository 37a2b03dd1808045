// Our own interface, /api/v1 (docs/service.md): what the studio speaks.
#pragma once

#include <memory>
#include <string_view>

#include "net/router.h"
#include "service/events.h"
#include "service/service.h"
#include "service/tasks.h"
#include "service/webhook_calls.h"

namespace hotshot::service {

/// Where archives go in.
inline constexpr std::string_view kImportPath = "/api/v1/import";

void add_native_session(net::Router& router, Service& service);
void add_native_jobs(net::Router& router, Service& service);
void add_native_library(net::Router& router, Service& service);
void add_native_keys(net::Router& router, Service& service);
void add_native_accounts(net::Router& router, Service& service);
void add_native_archive(net::Router& router, Service& service, Tasks& tasks);
void add_native_webhooks(net::Router& router, Service& service, std::shared_ptr<const WebhookCalls> calls);
void add_native_events(net::Router& router, Service& service, EventHub& events);

/// A request's body as a JSON object; an empty body is an empty object. HttpError 400, 415.
nlohmann::json json_body(const net::Request& request);

/// Members of a JSON object by name and type. HttpError 400 "invalid_request" with the member as param.
std::string text_member(const nlohmann::json& object, const char* name, const std::string& otherwise = {});
std::optional<std::int64_t> integer_member(const nlohmann::json& object, const char* name);
std::optional<bool> boolean_member(const nlohmann::json& object, const char* name);

/// What an account has here, as the session and the list of accounts say it.
nlohmann::json usage_json(const store::OwnerUsage& usage);

}  // namespace hotshot::service
