#include "base/digest.h"
#include "base/error.h"
#include "store/account_rows.h"
#include "store/accounts.h"
#include "store/ids.h"
#include "store/passwords.h"

namespace hotshot::store {
namespace {

constexpr std::int64_t kWeek = 7ll * 24 * 3600 * 1000;

// In place of earlier ones.
Invitation put_invitation(Connection& connection, Account account) {
  Invitation made{std::move(account), new_secret(), now_ms() + kWeek};
  connection.query("DELETE FROM invitations WHERE account = $1 OR expires_ms <= $2", {made.account.id, now_ms()});
  connection.query("INSERT INTO invitations (account, secret_sha256, expires_ms) VALUES ($1, $2, $3)",
                   {made.account.id, sha256_text(made.secret), made.expires_ms});
  return made;
}

}  // namespace

Invitation Accounts::invite(const std::string& name, Role role, std::optional<std::int64_t> clips_per_day) {
  Invitation made;
  database_.transaction([&](Connection& connection) {
    made = put_invitation(connection, insert_account(connection, name, {}, role, clips_per_day));
  });
  return made;
}

Invitation Accounts::reset(const std::string& id) {
  require(id != kLocalAccount, "account", "expected an account that signs in but got '{}'", id);
  Invitation made;
  change_keeping_admin(database_, [&](Connection& connection) {
    const Rows rows = connection.query(
        fmt::format("UPDATE accounts SET password = NULL WHERE id = $1 RETURNING {}", kAccountColumns), {id});
    require(!rows.empty(), "account", "expected an account but got '{}'", id);
    end_sessions(connection, id);
    made = put_invitation(connection, read_account(rows[0]));
  });
  return made;
}

std::optional<Invitation> Accounts::invitation(std::string_view secret) {
  const Rows rows = database_.query(
      fmt::format("SELECT invitations.expires_ms, {} FROM invitations "
                  "JOIN accounts ON accounts.id = invitations.account "
                  "WHERE invitations.secret_sha256 = $1 AND invitations.expires_ms > $2 AND accounts.disabled = 0",
                  kAccountColumns),
      {sha256_text(secret), now_ms()});
  if (rows.empty()) return {};
  return Invitation{read_account(rows[0], 1), std::string(secret), rows[0].integer(0)};
}

Account Accounts::accept(std::string_view secret, const std::string& password) {
  check_password(password);
  const auto invited = invitation(secret);
  require(invited.has_value(), "invitation", "expected a link that is still good but got another");
  const std::string hash = hash_password(password);  // slow: not while others wait for the database
  Account account;
  database_.transaction([&](Connection& connection) {
    const Rows used =
        connection.query("DELETE FROM invitations WHERE secret_sha256 = $1 RETURNING account", {sha256_text(secret)});
    require(!used.empty(), "invitation", "expected a link that is still good but got one that was used");
    account = read_account(
        connection
            .query(fmt::format("UPDATE accounts SET password = $2 WHERE id = $1 RETURNING {}", kAccountColumns),
                   {used[0].text(0), hash})
            .at(0));
  });
  return account;
}

std::map<std::string, std::int64_t> Accounts::open_invitations() {
  std::map<std::string, std::int64_t> open;
  for (const Row& row :
       database_.query("SELECT account, expires_ms FROM invitations WHERE expires_ms > $1", {now_ms()}))
    open[row.text(0)] = row.integer(1);
  return open;
}

}  // namespace hotshot::store
