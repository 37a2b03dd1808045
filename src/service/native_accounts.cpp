#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/options.h"
#include "service/access.h"
#include "service/job_json.h"
#include "service/native.h"

namespace hotshot::service {
namespace {

using nlohmann::json;
using store::Account;
using store::Identity;

constexpr int kEntriesPerPage = 100;

json or_null(const std::optional<std::int64_t>& value) { return value ? json(*value) : json(); }

std::string_view state_of(const Account& account) {
  if (account.id == store::kLocalAccount) return "local";
  if (account.disabled) return "disabled";
  return account.has_password ? "active" : "invited";
}

json account_json(Service& service, const Account& account, const std::optional<std::int64_t>& invited_until_ms) {
  const store::OwnerUsage usage = service.jobs().usage(account.id);
  return {{"id", account.id},
          {"name", account.name},
          {"role", store::role_name(account.role)},
          {"state", state_of(account)},
          {"disabled", account.disabled},
          {"clips_per_day", or_null(account.clips_per_day)},
          {"created_ms", account.created_ms},
          {"invited_until_ms", or_null(invited_until_ms)},
          {"usage", usage_json(usage)}};
}

json account_json(Service& service, const Account& account) {
  const auto open = service.accounts().open_invitations();
  const auto found = open.find(account.id);
  return account_json(service, account, found == open.end() ? std::nullopt : std::optional(found->second));
}

// The secret stands behind '#': browsers do not send it on, and no log of a proxy holds it.
json invitation_json(Service& service, const store::Invitation& made) {
  return {{"account", account_json(service, made.account, made.expires_ms)},
          {"invitation",
           {{"url", fmt::format("{}/#/invite/{}", public_base(service.config()), made.secret)},
            {"expires_ms", made.expires_ms}}}};
}

// "local" is whoever sits at this machine, while nobody signs in: nothing about it can be changed.
Account person(Service& service, const net::Request& request) {
  const std::string id = request.capture("id");
  const auto account = service.accounts().find(id);
  if (!account) throw net::HttpError(404, "not_found", fmt::format("[account] expected a known id but got '{}'", id));
  if (id == store::kLocalAccount && !service.sign_in())
    throw net::HttpError(409, "local_account", "[account] expected an account that signs in but got the local one");
  return *account;
}

std::optional<std::int64_t> clips_per_day(const json& body) { return integer_member(body, "clips_per_day"); }

net::Response list(Service& service) {
  const auto open = service.accounts().open_invitations();
  json accounts = json::array();
  for (const Account& account : service.accounts().list()) {
    const auto found = open.find(account.id);
    accounts.push_back(
        account_json(service, account, found == open.end() ? std::nullopt : std::optional(found->second)));
  }
  return net::Response::json({{"accounts", accounts}});
}

net::Response invite(Service& service, const net::Request& request, const Identity& who) {
  const json body = json_body(request);
  const store::Invitation made = service.accounts().invite(
      text_member(body, "name"), store::parse_role(text_member(body, "role", "member")), clips_per_day(body));
  service.audit().record(who.account, "account_invited", made.account.name);
  return net::Response::json(invitation_json(service, made), 201);
}

net::Response change(Service& service, const net::Request& request, const Identity& who) {
  Account account = person(service, request);
  const json body = json_body(request);
  for (const auto& [name, value] : body.items()) {
    if (name != "name" && name != "role" && name != "disabled" && name != "clips_per_day")
      throw_unknown("account", name, {"name", "role", "disabled", "clips_per_day"});
  }
  account.name = text_member(body, "name", account.name);
  account.role = store::parse_role(text_member(body, "role", std::string(store::role_name(account.role))));
  account.disabled = boolean_member(body, "disabled").value_or(account.disabled);
  if (body.contains("clips_per_day")) account.clips_per_day = clips_per_day(body);
  service.accounts().update(account);
  service.audit().record(who.account, "account_changed", account.name);
  return net::Response::json(account_json(service, account));
}

net::Response reset(Service& service, const net::Request& request, const Identity& who) {
  const store::Invitation made = service.accounts().reset(person(service, request).id);
  service.audit().record(who.account, "account_reset", made.account.name);
  return net::Response::json(invitation_json(service, made));
}

void remove_clips(Service& service, const std::string& owner) {
  for (const bool trashed : {false, true}) {
    const store::JobQuery query{.owner = owner, .trashed = trashed, .limit = 1000};
    for (store::JobPage page = service.jobs().list(query); !page.jobs.empty(); page = service.jobs().list(query))
      for (const store::Job& job : page.jobs) service.jobs().remove(job.id);
  }
}

net::Response remove(Service& service, const net::Request& request, const Identity& who) {
  Account account = person(service, request);
  const std::string* clips = request.query_value("clips");
  if (clips && *clips != "remove") throw_unknown("clips", *clips, {"remove"});
  if (clips) {
    account.disabled = true;  // nothing new comes meanwhile; refused for the last admin, before anything is lost
    service.accounts().update(account);
    remove_clips(service, account.id);
  }
  service.accounts().remove(account.id);
  service.audit().record(who.account, "account_removed", account.name);
  return net::Response::empty();
}

net::Response audit(Service& service, const net::Request& request) {
  const std::string* after = request.query_value("after");
  const store::AuditPage page = service.audit().list(kEntriesPerPage, after ? *after : "");
  json entries = json::array();
  for (const store::AuditEntry& entry : page.entries) {
    entries.push_back({{"id", entry.id},
                       {"at_ms", entry.at_ms},
                       {"actor", {{"id", entry.actor}, {"name", entry.actor_name}}},
                       {"action", entry.action},
                       {"subject", entry.subject}});
  }
  return net::Response::json({{"entries", entries}, {"has_more", page.has_more}});
}

// For administrators; what the store says cannot be is 409 with its code.
net::Handler administer(Service& service, IdentifiedHandler handler) {
  return allow(service, store::Scope::admin,
               [handler = std::move(handler)](net::Request& request, const Identity& who) {
                 try {
                   return handler(request, who);
                 } catch (const store::AccountConflict& conflict) {
                   throw net::HttpError(409, conflict.code, conflict.what());
                 }
               });
}

}  // namespace

void add_native_accounts(net::Router& router, Service& service) {
  const auto add = [&](std::string_view method, std::string_view path, auto handler) {
    router.add(method, path, administer(service, [&service, handler](net::Request& request, const Identity& who) {
                 return handler(service, request, who);
               }));
  };
  add("GET", "/api/v1/accounts", [](Service& s, const net::Request&, const Identity&) { return list(s); });
  add("POST", "/api/v1/accounts", invite);
  add("PATCH", "/api/v1/accounts/{id}", change);
  add("POST", "/api/v1/accounts/{id}/reset", reset);
  add("DELETE", "/api/v1/accounts/{id}", remove);
  add("GET", "/api/v1/audit",
      [](Service& s, const net::Request& request, const Identity&) { return audit(s, request); });
}

}  // namespace hotshot::service
