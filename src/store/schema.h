// The tables of the store, as steps from version to version.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "store/database.h"

namespace hotshot::store {

/// Step N (from 0) leads from version N to N + 1; what was published is never changed, only followed by another.
std::span<const std::string_view> sqlite_schema();

/// open_sqlite with steps of the caller's.
std::unique_ptr<Database> open_sqlite(const std::filesystem::path& path, std::span<const std::string_view> steps);

}  // namespace hotshot::store
