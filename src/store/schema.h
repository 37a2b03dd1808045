// The tables of the store, as steps from version to version.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "store/database.h"

namespace hotshot::store {

/// Step N (from 0) leads from version N to N + 1; what was published is never changed, only followed by another. In
/// SQLite's words.
std::span<const std::string_view> schema();

/// A step in PostgreSQL's words: text compares by its bytes and integers have 64 bits, as in SQLite.
std::string postgres_step(std::string_view step);

/// open_sqlite and open_postgres with steps of the caller's.
std::unique_ptr<Database> open_sqlite(const std::filesystem::path& path, std::span<const std::string_view> steps);
std::unique_ptr<Database> open_postgres(const std::string& url, std::span<const std::string_view> steps);

}  // namespace hotshot::store
