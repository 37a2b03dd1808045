#include "base/error.h"
#include "store/account_rows.h"
#include "store/accounts.h"
#include "store/passwords.h"
#include "store/search.h"

namespace hotshot::store {
namespace {

constexpr std::int64_t kWindow = 15 * 60 * 1000;
constexpr std::int64_t kMostPerName = 5, kMostPerPeer = 50;

// Counts this attempt as a failure before anything is known of it, so that a hundred at once are no more than five one
// after the other; a success takes it back. False where there were too many.
bool may_try(Database& database, const std::string& name, const std::string& peer) {
  bool allowed = false;
  database.transaction([&](Connection& connection) {
    const std::int64_t now = now_ms();
    const auto failures = [&](std::string_view column, const std::string& value) {
      return connection
          .query(fmt::format("SELECT count(*) FROM sign_in_failures WHERE {} = $1 AND at_ms > $2", column),
                 {value, now - kWindow})
          .at(0)
          .integer(0);
    };
    allowed = failures("folded_name", name) < kMostPerName && failures("peer", peer) < kMostPerPeer;
    if (!allowed) return;
    connection.query("INSERT INTO sign_in_failures (folded_name, peer, at_ms) VALUES ($1, $2, $3)", {name, peer, now});
    connection.query("DELETE FROM sign_in_failures WHERE at_ms < $1", {now - kWindow});
  });
  return allowed;
}

}  // namespace

std::optional<Account> Accounts::sign_in(const std::string& name, const std::string& password,
                                         const std::string& peer) {
  if (name.size() > 256 || password.size() > 256) return {};
  const std::string folded = fold_case(name);
  if (!may_try(database_, folded, peer)) return {};
  const Rows rows = database_.query(
      fmt::format("SELECT {}, accounts.password FROM accounts WHERE folded_name = $1", kAccountColumns), {folded});
  const auto hash = rows.empty() ? std::nullopt : rows[0].optional_text(rows[0].size() - 1);
  if (!hash) {
    hash_password(password);  // takes as long as the look at a wrong one
    return {};
  }
  const bool matches = password_matches(password, *hash);
  Account account = read_account(rows[0]);
  if (!matches || account.disabled) return {};
  database_.query("DELETE FROM sign_in_failures WHERE folded_name = $1", {folded});
  return account;
}

}  // namespace hotshot::store
