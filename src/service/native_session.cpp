#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "pipeline/recipe.h"
#include "service/access.h"
#include "service/native.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

json sunset_json(const ServiceConfig& config) {
  if (config.creation_ends.empty()) return nullptr;
  return {{"creation_ends_ms", parse_day(config.creation_ends, "serve")},
          {"export_ends_ms", config.export_ends.empty() ? json() : json(parse_day(config.export_ends, "serve"))},
          {"message", config.sunset_message}};
}

json session_json(Service& service, const std::optional<store::Identity>& who) {
  json result{{"sign_in", service.sign_in()},
              {"needs_setup", service.sign_in() && service.accounts().empty()},
              {"version", std::string(pipeline::kEngine.substr(pipeline::kEngine.find(' ') + 1))},
              {"sunset", sunset_json(service.config())},
              {"account", nullptr},
              {"quota", nullptr},
              {"usage", nullptr}};
  if (!who) return result;
  const store::Account& account = who->account;
  const store::OwnerUsage usage = service.jobs().usage(account.id);
  result["account"] = {{"id", account.id}, {"name", account.name}, {"role", store::role_name(account.role)}};
  result["quota"] = {{"clips_per_day", account.clips_per_day.value_or(service.config().clips_per_day)},
                     {"today", usage.today},
                     {"max_queued", service.config().max_queued},
                     {"max_bytes", service.config().quota().max_bytes}};
  result["usage"] = usage_json(usage);
  return result;
}

std::optional<store::Identity> identity_if_any(Service& service, const net::Request& request) {
  try {
    return identify(service, request, store::Scope::read);
  } catch (const net::HttpError& error) {
    if (error.status == 401) return {};
    throw;
  }
}

// How a browser names itself: shown to its owner, so that an unknown one is noticed.
std::string device_of(const net::Request& request) {
  const std::string name = request.headers.get("user-agent");
  return net::is_utf8(name) ? name : "";
}

net::Response signed_in(Service& service, const net::Request& request, const store::Account& account) {
  const std::string secret = service.accounts().start_session(account.id, kSessionLifetimeMs, device_of(request));
  const auto who = service.accounts().session(secret);
  return net::Response::json(session_json(service, who)).with("set-cookie", session_cookie(service, secret));
}

store::Invitation require_invitation(Service& service, const json& body) {
  const auto found = service.accounts().invitation(text_member(body, "secret"));
  if (!found) throw net::HttpError(404, "not_found", "[invitation] expected a link that is still good but got another");
  return *found;
}

net::Response change_password(Service& service, const net::Request& request, const store::Identity& who) {
  require_person(who);
  const json body = json_body(request);
  const bool knows =
      service.accounts().sign_in(who.account.name, text_member(body, "current"), request.peer).has_value();
  if (!knows) throw net::HttpError(403, "wrong_credentials", "[current] expected the password of now", "current");
  service.accounts().set_password(who.account.id, text_member(body, "password"));
  service.audit().record(who.account, "password_changed");
  return signed_in(service, request, who.account);
}

json sessions_json(Service& service, const store::Identity& who) {
  json list = json::array();
  for (const store::Session& session : service.accounts().sessions(who.account.id)) {
    list.push_back({{"id", session.id},
                    {"device", session.device},
                    {"created_ms", session.created_ms},
                    {"expires_ms", session.expires_ms},
                    {"last_used_ms", session.last_used_ms ? json(*session.last_used_ms) : json()},
                    {"current", session.id == who.session}});
  }
  return {{"sessions", list}};
}

void add_doors(net::Router& router, Service& service) {
  router.add("POST", "/api/v1/setup", [&service](net::Request& request) {
    const json body = json_body(request);
    return signed_in(service, request,
                     service.accounts().set_up(text_member(body, "secret"), text_member(body, "name"),
                                               text_member(body, "password")));
  });
  // Not GET: the secret stays out of addresses, and so out of logs.
  router.add("POST", "/api/v1/invitation/look", [&service](net::Request& request) {
    const store::Invitation found = require_invitation(service, json_body(request));
    return net::Response::json({{"name", found.account.name}, {"expires_ms", found.expires_ms}});
  });
  router.add("POST", "/api/v1/invitation", [&service](net::Request& request) {
    const json body = json_body(request);
    require_invitation(service, body);
    const store::Account account =
        service.accounts().accept(text_member(body, "secret"), text_member(body, "password"));
    service.audit().record(account, "account_joined");
    return signed_in(service, request, account);
  });
}

void add_own_affairs(net::Router& router, Service& service) {
  router.add("POST", "/api/v1/password",
             allow(service, store::Scope::generate, [&service](net::Request& request, const store::Identity& who) {
               return change_password(service, request, who);
             }));
  router.add("GET", "/api/v1/sessions",
             allow(service, store::Scope::generate, [&service](net::Request&, const store::Identity& who) {
               require_person(who);
               return net::Response::json(sessions_json(service, who));
             }));
  router.add("DELETE", "/api/v1/sessions/{id}",
             allow(service, store::Scope::generate, [&service](net::Request& request, const store::Identity& who) {
               require_person(who);
               service.accounts().end_session(who.account.id, request.capture("id"));
               return net::Response::empty();
             }));
  router.add("DELETE", "/api/v1/sessions",
             allow(service, store::Scope::generate, [&service](net::Request&, const store::Identity& who) {
               require_person(who);
               service.accounts().end_other_sessions(who.account.id, who.session);
               return net::Response::empty();
             }));
}

net::Response sign_in_now(Service& service, const net::Request& request, const json& body) {
  const auto account =
      service.accounts().sign_in(text_member(body, "name"), text_member(body, "password"), request.peer);
  if (!account) throw net::HttpError(401, "wrong_credentials", "[sign-in] expected a known name with its password");
  return signed_in(service, request, *account);
}

// A name that many have tried waits before it is looked at, on no thread of the server, and few wait at once.
net::Response sign_in(Service& service, const net::Router& router, Tasks& waiting, const net::Request& request) {
  constexpr int kMostWaiting = 16;
  const json body = json_body(request);
  const auto delay = service.accounts().sign_in_delay(text_member(body, "name"));
  if (delay.count() == 0) return sign_in_now(service, request, body);
  net::Response response;
  response.body = net::LaterBody([=, &service, &router, &waiting](std::function<void(net::Response)> answer) {
    const bool waits = waiting.run(
        [=, &service, &router](const std::stop_token& stop) {
          std::mutex mutex;
          std::unique_lock lock(mutex);
          std::condition_variable_any().wait_for(lock, stop, delay, [] { return false; });
          try {
            answer(sign_in_now(service, request, body));
          } catch (const net::HttpError& error) {
            answer(router.refuse(request, error));
          }
        },
        kMostWaiting);
    if (waits) return;
    net::HttpError busy(429, "busy", "[sign-in] expected fewer tries of this name at once");
    busy.headers.set("retry-after", std::to_string(std::chrono::ceil<std::chrono::seconds>(delay).count()));
    answer(router.refuse(request, busy));
  });
  return response;
}

}  // namespace

json usage_json(const store::OwnerUsage& usage) {
  return {{"jobs", usage.jobs},
          {"queued", usage.queued},
          {"running", usage.running},
          {"today", usage.today},
          {"bytes", usage.bytes}};
}

void add_native_session(net::Router& router, Service& service) {
  router.add("GET", "/api/v1/session", [&service](net::Request& request) {
    return net::Response::json(session_json(service, identity_if_any(service, request)));
  });
  router.add("POST", "/api/v1/session",
             [&service, &router, waiting = std::make_shared<Tasks>()](net::Request& request) {
               return sign_in(service, router, *waiting, request);
             });
  router.add("DELETE", "/api/v1/session", [&service](net::Request& request) {
    service.accounts().end_session(session_secret(request));
    return net::Response::empty().with("set-cookie", session_cookie(service, ""));
  });
  add_doors(router, service);
  add_own_affairs(router, service);
}

}  // namespace hotshot::service
