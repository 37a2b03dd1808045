#include "store/accounts.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "base/digest.h"
#include "base/error.h"
#include "store/account_rows.h"
#include "store/ids.h"
#include "store/passwords.h"
#include "store/search.h"
#include "store/settings.h"
#include "store/webhook_outbox.h"

namespace hotshot::store {
namespace {

constexpr std::string_view kLocalName = "local";
constexpr std::string_view kRoles[] = {"member", "admin"};

void check_name(const std::string& name) {
  const auto letters = std::count_if(name.begin(), name.end(), [](char c) { return (c & 0xc0) != 0x80; });
  require(letters >= 1 && letters <= 64 && name.size() <= 256, "name", "expected 1 to 64 characters but got {}",
          letters);
  const bool control = std::any_of(name.begin(), name.end(), [](char c) { return (c >= 0 && c < 32) || c == 127; });
  require(!control, "name", "expected no control characters but got some");
  require(name.front() != ' ' && name.back() != ' ', "name", "expected no space at either end but got '{}'", name);
}

void check_clips(std::optional<std::int64_t> clips_per_day) {
  require(clips_per_day.value_or(0) >= 0, "clips_per_day", "expected 0 or more but got {}", clips_per_day.value_or(0));
}

void check_free(Connection& connection, const std::string& name, const std::string& id) {
  const std::string folded = fold_case(name);
  const bool local = folded == kLocalName && id != kLocalAccount;
  const bool taken =
      local || !connection.query("SELECT 1 FROM accounts WHERE folded_name = $1 AND id <> $2", {folded, id}).empty();
  if (taken)
    throw AccountConflict("name_taken", fmt::format("[name] expected a name that is free but '{}' is taken", name));
}

std::int64_t count(Connection& connection, std::string_view condition) {
  return connection.query("SELECT count(*) FROM accounts WHERE " + std::string(condition)).at(0).integer(0);
}

constexpr std::string_view kCanSignIn = "password IS NOT NULL";
constexpr std::string_view kAdmins = "password IS NOT NULL AND role = 'admin' AND disabled = 0";

}  // namespace

std::string_view role_name(Role role) { return kRoles[static_cast<int>(role)]; }

Role parse_role(std::string_view name) {
  if (name == "member") return Role::member;
  if (name == "admin") return Role::admin;
  throw_unknown("role", name, {"member", "admin"});
}

Account read_account(const Row& row, std::size_t first) {
  return {.id = row.text(first),
          .name = row.text(first + 1),
          .role = parse_role(row.text(first + 2)),
          .disabled = row.integer(first + 3) != 0,
          .clips_per_day = row.optional_integer(first + 4),
          .created_ms = row.integer(first + 5),
          .has_password = row.integer(first + 6) != 0};
}

void check_password(const std::string& password) {
  require(password.size() >= 8 && password.size() <= 256, "password", "expected 8 to 256 bytes but got {}",
          password.size());
}

void change_keeping_admin(Database& database, const std::function<void(Connection&)>& change) {
  database.transaction([&](Connection& connection) {
    const bool before = count(connection, kAdmins) > 0;
    change(connection);
    if (before && count(connection, kAdmins) == 0)
      throw AccountConflict("last_admin", "[account] expected an admin to remain but this is the last");
  });
}

Account insert_account(Connection& connection, const std::string& name, const std::optional<std::string>& hash,
                       Role role, std::optional<std::int64_t> clips_per_day) {
  check_name(name);
  check_clips(clips_per_day);
  check_free(connection, name, "");
  const Rows rows = connection.query(
      fmt::format("INSERT INTO accounts (id, name, folded_name, role, password, clips_per_day, created_ms) "
                  "VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING {}",
                  kAccountColumns),
      {new_id("acct"), name, fold_case(name), std::string(role_name(role)), optional_value(hash),
       optional_value(clips_per_day), now_ms()});
  return read_account(rows.at(0));
}

void end_sessions(Connection& connection, const std::string& account) {
  connection.query("DELETE FROM sessions WHERE account = $1", {account});
}

bool Accounts::empty() {
  return database_.query(fmt::format("SELECT 1 FROM accounts WHERE {} LIMIT 1", kCanSignIn)).empty();
}

std::string Accounts::setup_secret() { return settled(database_, "setup_secret", new_secret()); }

Account Accounts::set_up(std::string_view secret, const std::string& name, const std::string& password) {
  check_name(name);
  check_password(password);
  require(empty(), "setup", "expected no account yet but there is one");
  const std::string given = sha256_text(secret), expected = sha256_text(setup_secret());
  require(CRYPTO_memcmp(given.data(), expected.data(), expected.size()) == 0, "setup",
          "expected the secret of the set-up link but got another");
  const std::string hash = hash_password(password);  // slow: not while others wait for the database
  Account account;
  database_.transaction([&](Connection& connection) {
    require(count(connection, kCanSignIn) == 0, "setup", "expected no account yet but there is one");
    account = insert_account(connection, name, hash, Role::admin);
    connection.query("DELETE FROM settings WHERE name = 'setup_secret'");
  });
  return account;
}

Account Accounts::create(const std::string& name, const std::string& password, Role role) {
  check_name(name);
  check_password(password);
  const std::string hash = hash_password(password);
  Account account;
  database_.transaction([&](Connection& connection) { account = insert_account(connection, name, hash, role); });
  return account;
}

Account Accounts::local() {
  const std::string id(kLocalAccount);
  if (const auto account = find(id)) return *account;
  database_.query(
      "INSERT INTO accounts (id, name, folded_name, role, created_ms) VALUES ($1, $2, $2, 'admin', $3) "
      "ON CONFLICT (id) DO NOTHING",
      {id, std::string(kLocalName), now_ms()});
  return find(id).value();
}

std::optional<Account> Accounts::find(const std::string& id) {
  const Rows rows = database_.query(fmt::format("SELECT {} FROM accounts WHERE id = $1", kAccountColumns), {id});
  if (rows.empty()) return {};
  return read_account(rows[0]);
}

std::vector<Account> Accounts::list() {
  std::vector<Account> accounts;
  for (const Row& row : database_.query(fmt::format("SELECT {} FROM accounts ORDER BY folded_name", kAccountColumns)))
    accounts.push_back(read_account(row));
  return accounts;
}

void Accounts::update(const Account& account) {
  check_name(account.name);
  check_clips(account.clips_per_day);
  change_keeping_admin(database_, [&](Connection& connection) {
    check_free(connection, account.name, account.id);
    const Rows rows = connection.query(
        "UPDATE accounts SET name = $2, folded_name = $3, role = $4, disabled = $5, clips_per_day = $6 "
        "WHERE id = $1 RETURNING id",
        {account.id, account.name, fold_case(account.name), std::string(role_name(account.role)),
         std::int64_t{account.disabled}, optional_value(account.clips_per_day)});
    require(!rows.empty(), "account", "expected an account but got '{}'", account.id);
    if (account.disabled) end_sessions(connection, account.id);
  });
}

void Accounts::set_password(const std::string& id, const std::string& password) {
  check_password(password);
  require(id != kLocalAccount, "account", "expected an account that signs in but got '{}'", id);
  const std::string hash = hash_password(password);
  database_.transaction([&](Connection& connection) {
    const Rows rows = connection.query("UPDATE accounts SET password = $2 WHERE id = $1 RETURNING id", {id, hash});
    require(!rows.empty(), "account", "expected an account but got '{}'", id);
    connection.query("DELETE FROM invitations WHERE account = $1", {id});
    end_sessions(connection, id);
  });
}

void Accounts::remove(const std::string& id) {
  change_keeping_admin(database_, [&](Connection& connection) {
    // One that is removed but still in its worker's hands does not count.
    if (!connection.query("SELECT 1 FROM jobs WHERE owner = $1 AND removing = 0 LIMIT 1", {id}).empty())
      throw AccountConflict("not_empty", "[account] expected an account without clips but this one has some");
    connection.query("DELETE FROM accounts WHERE id = $1", {id});
    connection.query("DELETE FROM account_keys WHERE account = $1", {id});
    connection.query("DELETE FROM invitations WHERE account = $1", {id});
    erase_webhooks(connection, id);
    end_sessions(connection, id);
  });
}

}  // namespace hotshot::store
