#include "base/digest.h"
#include "base/error.h"
#include "store/account_rows.h"
#include "store/accounts.h"
#include "store/ids.h"

namespace hotshot::store {
namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr std::size_t kLongestDevice = 256;

// The beginning of a digest of 256 random bits names it and tells nothing of it.
constexpr std::string_view kSessionId = "substr(sessions.secret_sha256, 1, 16)";

}  // namespace

std::string Accounts::start_session(const std::string& account, std::int64_t lifetime_ms, const std::string& device) {
  const std::string secret = new_secret();
  const std::int64_t now = now_ms();
  database_.transaction([&](Connection& connection) {
    const bool there = !connection.query("SELECT 1 FROM accounts WHERE id = $1 AND disabled = 0", {account}).empty();
    require(there, "account", "expected an account but got '{}'", account);
    connection.query("DELETE FROM sessions WHERE expires_ms <= $1", {now});
    connection.query(
        "INSERT INTO sessions (secret_sha256, account, created_ms, expires_ms, device) VALUES ($1, $2, $3, $4, $5)",
        {sha256_text(secret), account, now, now + lifetime_ms, device.size() > kLongestDevice ? "" : device});
  });
  return secret;
}

std::optional<Identity> Accounts::session(std::string_view secret) {
  const std::int64_t now = now_ms();
  const std::string sha256 = sha256_text(secret);
  const Rows rows = database_.query(
      fmt::format("SELECT {}, coalesce(sessions.last_used_ms, 0), {} FROM sessions "
                  "JOIN accounts ON accounts.id = sessions.account "
                  "WHERE sessions.secret_sha256 = $1 AND sessions.expires_ms > $2 AND accounts.disabled = 0",
                  kSessionId, kAccountColumns),
      {sha256, now});
  if (rows.empty()) return {};
  const Row& row = rows[0];
  if (row.integer(1) < now - kMinute)
    database_.query("UPDATE sessions SET last_used_ms = $2 WHERE secret_sha256 = $1", {sha256, now});
  Identity identity{.account = read_account(row, 2), .scope = Scope::generate, .key = "", .session = row.text(0)};
  identity.scope = most_of(identity.account);
  return identity;
}

void Accounts::end_session(std::string_view secret) {
  database_.query("DELETE FROM sessions WHERE secret_sha256 = $1", {sha256_text(secret)});
}

std::vector<Session> Accounts::sessions(const std::string& account) {
  std::vector<Session> sessions;
  for (const Row& row :
       database_.query(fmt::format("SELECT {}, device, created_ms, expires_ms, last_used_ms FROM sessions "
                                   "WHERE account = $1 AND expires_ms > $2 ORDER BY created_ms DESC, secret_sha256",
                                   kSessionId),
                       {account, now_ms()}))
    sessions.push_back({.id = row.text(0),
                        .device = row.text(1),
                        .created_ms = row.integer(2),
                        .expires_ms = row.integer(3),
                        .last_used_ms = row.optional_integer(4)});
  return sessions;
}

void Accounts::end_session(const std::string& account, const std::string& id) {
  database_.query(fmt::format("DELETE FROM sessions WHERE account = $1 AND {} = $2", kSessionId), {account, id});
}

void Accounts::end_other_sessions(const std::string& account, const std::string& id) {
  database_.query(fmt::format("DELETE FROM sessions WHERE account = $1 AND {} <> $2", kSessionId), {account, id});
}

}  // namespace hotshot::store
