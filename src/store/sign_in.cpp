#include <algorithm>

#include "base/error.h"
#include "net/peers.h"
#include "store/account_rows.h"
#include "store/accounts.h"
#include "store/passwords.h"
#include "store/search.h"

namespace hotshot::store {
namespace {

constexpr std::int64_t kWindow = 15 * 60 * 1000;
constexpr std::int64_t kMostPerNameAndPeer = 5, kMostPerPeer = 50;
constexpr std::int64_t kManyPerName = 20;
constexpr std::chrono::milliseconds kFirstDelay{1000}, kLongestDelay{16'000};

std::int64_t failures(Connection& connection, std::string_view condition, std::vector<Value> values) {
  values.emplace_back(now_ms() - kWindow);
  return connection
      .query(fmt::format("SELECT count(*) FROM sign_in_failures WHERE {} AND at_ms > ${}", condition, values.size()),
             values)
      .at(0)
      .integer(0);
}

// Counts this attempt as a failure before anything is known of it, so that a hundred at once are no more than five one
// after the other; a success takes it back. False where there were too many from this peer. Not where there were many
// for this name: then anybody could lock its owner out.
bool may_try(Database& database, const std::string& name, const std::string& peer) {
  bool allowed = false;
  database.transaction([&](Connection& connection) {
    const std::int64_t now = now_ms();
    allowed = failures(connection, "folded_name = $1 AND peer = $2", {name, peer}) < kMostPerNameAndPeer &&
              failures(connection, "peer = $1", {peer}) < kMostPerPeer;
    if (!allowed) return;
    connection.query("INSERT INTO sign_in_failures (folded_name, peer, at_ms) VALUES ($1, $2, $3)", {name, peer, now});
    connection.query("DELETE FROM sign_in_failures WHERE at_ms < $1", {now - kWindow});
  });
  return allowed;
}

}  // namespace

std::chrono::milliseconds Accounts::sign_in_delay(const std::string& name) {
  if (name.size() > 256) return {};
  std::int64_t count = 0;
  database_.transaction(
      [&](Connection& connection) { count = failures(connection, "folded_name = $1", {fold_case(name)}); });
  if (count < kManyPerName) return {};
  return std::min(kFirstDelay * (1 << std::min<std::int64_t>(count / kManyPerName - 1, 10)), kLongestDelay);
}

std::optional<Account> Accounts::sign_in(const std::string& name, const std::string& password,
                                         const std::string& address) {
  const std::string peer = net::subscriber(address);
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
  database_.query("DELETE FROM sign_in_failures WHERE folded_name = $1 AND peer = $2", {folded, peer});
  return account;
}

}  // namespace hotshot::store
