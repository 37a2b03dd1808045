// What the parts of Accounts share.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "store/accounts.h"

namespace hotshot::store {

/// The columns that read_account expects from `first` on, of the table accounts.
constexpr std::string_view kAccountColumns =
    "accounts.id, accounts.name, accounts.role, accounts.disabled, accounts.clips_per_day, accounts.created_ms, "
    "CASE WHEN accounts.password IS NULL THEN 0 ELSE 1 END";
Account read_account(const Row& row, std::size_t first = 0);

/// The most that an account may do.
Scope most_of(const Account& account);

/// InvalidArgument for one that is too short or too long.
void check_password(const std::string& password);
/// InvalidArgument, AccountConflict for names that cannot be taken; no `hash`: cannot sign in yet.
Account insert_account(Connection& connection, const std::string& name, const std::optional<std::string>& hash,
                       Role role, std::optional<std::int64_t> clips_per_day = {});
/// Changes accounts in a transaction, unless that would lock everybody out: AccountConflict.
void change_keeping_admin(Database& database, const std::function<void(Connection&)>& change);
void end_sessions(Connection& connection, const std::string& account);

}  // namespace hotshot::store
