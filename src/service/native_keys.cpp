#include <nlohmann/json.hpp>

#include "service/access.h"
#include "service/native.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

json key_json(const store::Key& key) {
  const auto time = [](const std::optional<std::int64_t>& ms) { return ms ? json(*ms) : json(); };
  return {{"id", key.id},
          {"name", key.name},
          {"hint", key.hint},
          {"scope", store::scope_name(key.scope)},
          {"created_ms", key.created_ms},
          {"expires_ms", time(key.expires_ms)},
          {"last_used_ms", time(key.last_used_ms)}};
}

}  // namespace

void add_native_keys(net::Router& router, Service& service) {
  router.add("GET", "/api/v1/keys",
             allow(service, store::Scope::generate, [&service](net::Request&, const store::Identity& who) {
               require_person(who);
               json keys = json::array();
               for (const store::Key& key : service.accounts().keys(who.account.id)) keys.push_back(key_json(key));
               return net::Response::json({{"keys", keys}});
             }));
  router.add("POST", "/api/v1/keys",
             allow(service, store::Scope::generate, [&service](net::Request& request, const store::Identity& who) {
               require_person(who);
               const json body = json_body(request);
               const store::Scope scope = store::parse_scope(text_member(body, "scope", "generate"));
               if (static_cast<int>(scope) > static_cast<int>(who.scope)) {
                 throw net::HttpError(403, "forbidden", "[scope] expected no more than the scope of who asks", "scope");
               }
               const store::NewKey made = service.accounts().create_key(
                   who.account.id, text_member(body, "name", "key"), scope, integer_member(body, "expires_ms"));
               service.audit().record(who.account, "key_created", made.key.name);
               return net::Response::json({{"key", key_json(made.key)}, {"secret", made.secret}}, 201);
             }));
  router.add("DELETE", "/api/v1/keys/{id}",
             allow(service, store::Scope::generate, [&service](net::Request& request, const store::Identity& who) {
               require_person(who);
               const std::string id = request.capture("id");
               for (const store::Key& key : service.accounts().keys(who.account.id)) {
                 if (key.id == id) service.audit().record(who.account, "key_ended", key.name);
               }
               service.accounts().revoke_key(who.account.id, id);
               return net::Response::empty();
             }));
}

}  // namespace hotshot::service
