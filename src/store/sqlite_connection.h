// One connection to an SQLite file. For one thread at a time, and never carried over a fork.
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <unordered_map>

#include "store/database.h"

namespace hotshot::store {

class SqliteConnection : public Connection {
 public:
  /// Opens a file that is there. Waits at most half a minute for locks of others.
  explicit SqliteConnection(const std::filesystem::path& path);
  ~SqliteConnection() override;
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  /// DatabaseBusy where another connection kept its lock for longer than we wait.
  Rows query(std::string_view sql, const std::vector<Value>& values = {}) override;
  /// Several statements without values.
  void script(std::string_view sql);
  bool in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }
  bool idle() const { return !in_transaction(); }
  /// Copies everything that is committed into a new file, as one moment.
  void copy_to(const std::filesystem::path& path);

 private:
  sqlite3_stmt* prepare(std::string_view sql);
  void forget_statements();
  [[noreturn]] void fail(int code) const;
  static int wait_for_lock(void* self, int count);

  std::filesystem::path path_;
  sqlite3* db_ = nullptr;
  std::unordered_map<std::string, sqlite3_stmt*> statements_;
  std::chrono::steady_clock::time_point waiting_since_;
};

}  // namespace hotshot::store
