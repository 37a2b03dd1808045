// A relational database behind the few operations the stores need; statements are written in the SQL that SQLite and
// PostgreSQL share, with $1, $2 … for values.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace hotshot::store {

using Value = std::variant<std::monostate, std::int64_t, double, std::string>;  // monostate: NULL

inline Value optional_value(const std::optional<std::int64_t>& v) { return v ? Value(*v) : Value(); }
inline Value optional_value(const std::optional<std::string>& v) { return v ? Value(*v) : Value(); }

class Row {
 public:
  explicit Row(std::vector<Value> values) : values_(std::move(values)) {}
  std::size_t size() const { return values_.size(); }
  bool is_null(std::size_t i) const { return std::holds_alternative<std::monostate>(values_.at(i)); }
  std::int64_t integer(std::size_t i) const;  // std::runtime_error for another type
  double number(std::size_t i) const;         // integers too
  const std::string& text(std::size_t i) const;
  std::optional<std::int64_t> optional_integer(std::size_t i) const;
  std::optional<std::string> optional_text(std::size_t i) const;

 private:
  std::vector<Value> values_;
};
using Rows = std::vector<Row>;

/// One connection's work.
class Connection {
 public:
  virtual ~Connection() = default;
  /// Runs one statement and returns its rows (also those of RETURNING). Throws std::runtime_error.
  virtual Rows query(std::string_view sql, const std::vector<Value>& values = {}) = 0;
  /// Wakes those who wait for changes of this kind, a word of a-z, once the transaction is committed.
  virtual void announce(std::string_view channel) {}
};

/// Thread-safe: every call borrows a connection of a pool.
class Database {
 public:
  virtual ~Database() = default;
  /// Runs one statement by itself; one that writes takes its turn among the writers.
  virtual Rows query(std::string_view sql, const std::vector<Value>& values = {}) = 0;
  /// Runs `work` in a transaction that may write, and commits; rolls back on an exception. There is one writer at a
  /// time, on every database (decision 0012): what `work` reads stays true until it is committed. Tried again from the
  /// start where the database asks for it, so `work` must have no other effects. Not within another one.
  virtual void transaction(const std::function<void(Connection&)>& work) = 0;
  /// Waits at most `timeout` for a change that was announced on the channel, by whatever process, since the last call.
  /// True: look. False: nothing was announced, but an announcement may be lost with a connection, so look every few
  /// seconds all the same. A database that cannot tell (SQLite) sleeps and returns true.
  virtual bool wait_for_change(std::string_view channel, std::chrono::milliseconds timeout) = 0;
};

/// A file, in write-ahead mode, synchronous=FULL: what was committed survives a power cut. Made where missing, with the
/// newest schema; an older one is migrated after a copy of the file was put beside it (NAME.before-N, N the new
/// version). Throws InvalidArgument for a file that is no database or comes from a newer version.
std::unique_ptr<Database> open_sqlite(const std::filesystem::path& path);

/// A server, PostgreSQL 13 or later, by "postgres://USER:PASSWORD@HOST:PORT/NAME" (or postgresql://, with libpq's
/// parameters: sslmode, options …). Tables are made in the current schema where it is empty, and migrated where they
/// are older. Calls outlast a lost connection: they are tried again where that is safe, for some seconds. Throws
/// InvalidArgument for a URL that is none, a schema of another program or of a newer version. No message has a
/// password.
std::unique_ptr<Database> open_postgres(const std::string& url);

/// Milliseconds since 1970.
std::int64_t now_ms();

}  // namespace hotshot::store
