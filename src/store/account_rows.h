// What the parts of Accounts share.
#pragma once

#include <string>
#include <string_view>

#include "store/accounts.h"

namespace hotshot::store {

/// The columns that read_account expects from `first` on, of the table accounts.
constexpr std::string_view kAccountColumns =
    "accounts.id, accounts.name, accounts.role, accounts.disabled, accounts.clips_per_day, accounts.created_ms";
Account read_account(const Row& row, std::size_t first = 0);

/// The most that an account may do.
Scope most_of(const Account& account);

}  // namespace hotshot::store
