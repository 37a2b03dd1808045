#include <algorithm>
#include <array>

#include "base/digest.h"
#include "base/error.h"
#include "store/account_rows.h"
#include "store/accounts.h"
#include "store/ids.h"

namespace hotshot::store {
namespace {

constexpr std::array<std::string_view, 3> kScopes = {"read", "generate", "admin"};
constexpr std::int64_t kMinute = 60'000;

Key read_key(const Row& row) {
  return {.id = row.text(0),
          .account = row.text(1),
          .name = row.text(2),
          .hint = row.text(3),
          .scope = parse_scope(row.text(4)),
          .created_ms = row.integer(5),
          .expires_ms = row.optional_integer(6),
          .last_used_ms = row.optional_integer(7)};
}

}  // namespace

std::string_view scope_name(Scope scope) { return kScopes.at(static_cast<std::size_t>(scope)); }

Scope parse_scope(std::string_view name) {
  for (std::size_t i = 0; i < kScopes.size(); ++i)
    if (kScopes[i] == name) return static_cast<Scope>(i);
  throw_unknown("scope", name, {kScopes.begin(), kScopes.end()});
}

Scope most_of(const Account& account) { return account.role == Role::admin ? Scope::admin : Scope::generate; }

NewKey Accounts::create_key(const std::string& account, const std::string& name, Scope scope,
                            std::optional<std::int64_t> expires_ms) {
  require(name.size() <= 256, "name", "expected at most 256 bytes but got {}", name.size());
  const auto owner = find(account);
  require(owner.has_value(), "account", "expected an account but got '{}'", account);
  require(scope <= most_of(*owner), "scope", "expected at most '{}' for this account but got '{}'",
          scope_name(most_of(*owner)), scope_name(scope));
  NewKey made;
  made.secret = "sk-" + new_secret();
  made.key.id = new_id("key");
  made.key.account = account;
  made.key.name = name;
  made.key.hint = "sk-…" + made.secret.substr(made.secret.size() - 4);
  made.key.scope = scope;
  made.key.created_ms = now_ms();
  made.key.expires_ms = expires_ms;
  database_.query(
      "INSERT INTO account_keys (id, secret_sha256, account, name, hint, scope, created_ms, expires_ms) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
      {made.key.id, sha256_text(made.secret), account, name, made.key.hint, std::string(scope_name(scope)),
       made.key.created_ms, optional_value(expires_ms)});
  return made;
}

std::vector<Key> Accounts::keys(const std::string& account) {
  std::vector<Key> keys;
  for (const Row& row : database_.query("SELECT id, account, name, hint, scope, created_ms, expires_ms, last_used_ms "
                                        "FROM account_keys WHERE account = $1 ORDER BY created_ms, id",
                                        {account}))
    keys.push_back(read_key(row));
  return keys;
}

void Accounts::revoke_key(const std::string& account, const std::string& id) {
  database_.query("DELETE FROM account_keys WHERE account = $1 AND id = $2", {account, id});
}

std::optional<Identity> Accounts::key(std::string_view secret) {
  const std::int64_t now = now_ms();
  const Rows rows =
      database_.query(fmt::format("SELECT k.id, k.scope, coalesce(k.last_used_ms, 0), {} FROM account_keys k "
                                  "JOIN accounts ON accounts.id = k.account WHERE k.secret_sha256 = $1 "
                                  "AND coalesce(k.expires_ms, $2 + 1) > $2 AND accounts.disabled = 0",
                                  kAccountColumns),
                      {sha256_text(secret), now});
  if (rows.empty()) return {};
  const Row& row = rows[0];
  if (row.integer(2) < now - kMinute)
    database_.query("UPDATE account_keys SET last_used_ms = $2 WHERE id = $1", {row.text(0), now});
  Identity identity{.account = read_account(row, 3), .scope = parse_scope(row.text(1)), .key = row.text(0)};
  identity.scope = std::min(identity.scope, most_of(identity.account));
  return identity;
}

}  // namespace hotshot::store
