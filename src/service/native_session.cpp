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
  result["usage"] = {{"jobs", usage.jobs},
                     {"queued", usage.queued},
                     {"running", usage.running},
                     {"today", usage.today},
                     {"bytes", usage.bytes}};
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

net::Response signed_in(Service& service, const store::Account& account) {
  const std::string secret = service.accounts().start_session(account.id);
  const auto who = service.accounts().session(secret);
  return net::Response::json(session_json(service, who)).with("set-cookie", session_cookie(service, secret));
}

}  // namespace

void add_native_session(net::Router& router, Service& service) {
  router.add("GET", "/api/v1/session", [&service](net::Request& request) {
    return net::Response::json(session_json(service, identity_if_any(service, request)));
  });
  router.add("POST", "/api/v1/session", [&service](net::Request& request) {
    const json body = json_body(request);
    const auto account =
        service.accounts().sign_in(text_member(body, "name"), text_member(body, "password"), request.peer);
    if (!account) throw net::HttpError(401, "wrong_credentials", "[sign-in] expected a known name with its password");
    return signed_in(service, *account);
  });
  router.add("DELETE", "/api/v1/session", [&service](net::Request& request) {
    service.accounts().end_session(session_secret(request));
    return net::Response::empty().with("set-cookie", session_cookie(service, ""));
  });
  router.add("POST", "/api/v1/setup", [&service](net::Request& request) {
    const json body = json_body(request);
    return signed_in(service, service.accounts().set_up(text_member(body, "secret"), text_member(body, "name"),
                                                        text_member(body, "password")));
  });
}

}  // namespace hotshot::service
