// What all processes of a service must agree on.
#pragma once

#include <string>

#include "store/database.h"

namespace hotshot::store {

/// The value that was given first under this name, by whatever process: `value` where it is the first.
std::string settled(Database& database, const std::string& name, const std::string& value);

}  // namespace hotshot::store
