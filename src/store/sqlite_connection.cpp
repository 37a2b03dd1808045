#include "store/sqlite_connection.h"

#include <cstdlib>
#include <thread>

#include "base/error.h"
#include "store/pool.h"

namespace hotshot::store {
namespace {

constexpr auto kPatience = std::chrono::seconds(30);
constexpr std::size_t kMostStatements = 200;

// "$3" is the third value; SQLite itself would count such names in the order in which they occur.
int bind(sqlite3_stmt* statement, const std::vector<Value>& values) {
  const int count = sqlite3_bind_parameter_count(statement);
  for (int i = 1; i <= count; ++i) {
    const char* name = sqlite3_bind_parameter_name(statement, i);
    const auto number = name ? static_cast<std::size_t>(std::atoi(name + 1)) : 0;
    ensure(number >= 1 && number <= values.size(), "database", "expected values for all of '{}' but got {}",
           sqlite3_sql(statement), values.size());
    const Value& value = values[number - 1];
    int code = SQLITE_OK;
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
      code = sqlite3_bind_int64(statement, i, *whole);
    } else if (const auto* real = std::get_if<double>(&value)) {
      code = sqlite3_bind_double(statement, i, *real);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      code = sqlite3_bind_text64(statement, i, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
    } else {
      code = sqlite3_bind_null(statement, i);
    }
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

Value column(sqlite3_stmt* statement, int i) {
  switch (sqlite3_column_type(statement, i)) {
    case SQLITE_INTEGER:
      return static_cast<std::int64_t>(sqlite3_column_int64(statement, i));
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, i);
    case SQLITE_NULL:
      return {};
    default: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
      return std::string(text ? text : "", static_cast<std::size_t>(sqlite3_column_bytes(statement, i)));
    }
  }
}

// Leaves a statement without locks and without pointers to the caller's values.
struct Resetter {
  sqlite3_stmt* statement;
  ~Resetter() {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  }
};

}  // namespace

SqliteConnection::SqliteConnection(const std::filesystem::path& path) : path_(path) {
  const int code = sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) {
    const std::string reason = db_ ? sqlite3_errmsg(db_) : sqlite3_errstr(code);
    sqlite3_close(db_);
    throw_failure("database", fmt::format("cannot open {}: {}", path.string(), reason));
  }
  sqlite3_extended_result_codes(db_, 1);
  sqlite3_busy_handler(db_, wait_for_lock, this);
}

SqliteConnection::~SqliteConnection() {
  forget_statements();
  sqlite3_close(db_);
}

// SQLite's own handler sleeps up to 100 ms, far longer than our transactions take.
int SqliteConnection::wait_for_lock(void* self, int count) {
  auto& connection = *static_cast<SqliteConnection*>(self);
  const auto now = std::chrono::steady_clock::now();
  if (count == 0) connection.waiting_since_ = now;
  if (now - connection.waiting_since_ > kPatience) return 0;
  const auto jitter = now.time_since_epoch().count() / 64 % 400;  // so that two do not meet again and again
  std::this_thread::sleep_for(std::chrono::microseconds(200 + jitter + std::min(count, 40) * 50));
  return 1;
}

void SqliteConnection::fail(int code) const {
  const std::string message = fmt::format("[database] {}: {}", path_.string(), sqlite3_errmsg(db_));
  if ((code & 0xff) == SQLITE_BUSY) throw DatabaseBusy(message);
  throw std::runtime_error(message);
}

sqlite3_stmt* SqliteConnection::prepare(std::string_view sql) {
  std::string key(sql);
  if (const auto found = statements_.find(key); found != statements_.end()) return found->second;
  if (statements_.size() >= kMostStatements) forget_statements();
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(db_, key.c_str(), static_cast<int>(key.size()), SQLITE_PREPARE_PERSISTENT,
                                      &statement, nullptr);
  if (code != SQLITE_OK) fail(code);
  ensure(statement != nullptr, "database", "expected a statement but got '{}'", sql);
  statements_.emplace(std::move(key), statement);
  return statement;
}

void SqliteConnection::forget_statements() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  statements_.clear();
}

Rows SqliteConnection::query(std::string_view sql, const std::vector<Value>& values) {
  sqlite3_stmt* statement = prepare(sql);
  const Resetter resetter{statement};
  if (const int code = bind(statement, values); code != SQLITE_OK) fail(code);
  Rows rows;
  int code = sqlite3_step(statement);
  for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
    std::vector<Value> row;
    const int columns = sqlite3_data_count(statement);
    row.reserve(static_cast<std::size_t>(columns));
    for (int i = 0; i < columns; ++i) row.push_back(column(statement, i));
    rows.emplace_back(std::move(row));
  }
  if (code != SQLITE_DONE) fail(code);
  return rows;
}

void SqliteConnection::script(std::string_view sql) {
  const int code = sqlite3_exec(db_, std::string(sql).c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

void SqliteConnection::copy_to(const std::filesystem::path& path) {
  SqliteConnection target(path);
  sqlite3_backup* backup = sqlite3_backup_init(target.db_, "main", db_, "main");
  if (!backup) target.fail(sqlite3_errcode(target.db_));
  sqlite3_backup_step(backup, -1);
  const int code = sqlite3_backup_finish(backup);
  if (code != SQLITE_OK) target.fail(code);
}

}  // namespace hotshot::store
