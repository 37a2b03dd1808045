// One connection to a PostgreSQL server. For one thread at a time, and never carried over a fork.
#pragma once

#include <chrono>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_map>

#include "store/database.h"
#include "store/postgres_address.h"

struct pg_conn;  // libpq's PGconn and PGresult
struct pg_result;

namespace hotshot::store {

/// The server cannot be reached, or was lost on the way: a statement that was under way may have been run or not.
class ConnectionLost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class PostgresConnection : public Connection {
 public:
  /// Throws ConnectionLost. The address must outlive it.
  explicit PostgresConnection(const PostgresAddress& address);

  /// PostgreSQL's integers, truth values (as 0 and 1) and whole numerics are integers, other numbers doubles, all else
  /// is text. It has no text with NUL or bytes that are no UTF-8: in values these are replaced by U+FFFD. Throws
  /// DatabaseBusy where all of the transaction may be tried again, ConnectionLost, std::runtime_error.
  Rows query(std::string_view sql, const std::vector<Value>& values = {}) override;
  void announce(std::string_view channel) override;
  /// Runs a script for the session's settings.
  void set_up(const std::string& sql);
  /// When the server was started, in its own words.
  const std::string& server_start() const { return server_start_; }
  /// Several statements without values. Returns the rows of the last.
  Rows script(const std::string& sql);

  /// Begins a transaction as the only writer of the schema, waiting for others. Returns its number, by which
  /// pg_xact_status knows it.
  std::string begin();
  /// ConnectionLost: it may be committed or not.
  void commit();
  /// After any failure; never throws.
  void rollback();
  /// Connected and outside of a transaction.
  bool idle() const;

  /// From now on wait() hears what is announced on the channel; its first call does not wait.
  void listen(std::string_view channel);
  /// Whether something was announced since the last call; waits for it at most that long. Throws ConnectionLost.
  bool wait(std::chrono::milliseconds timeout);

  /// 150020 for 15.20.
  int server_version() const;
  const PostgresAddress& address() const { return address_; }

 private:
  struct Close {
    void operator()(pg_conn* connection) const;
  };
  struct Clear {
    void operator()(pg_result* result) const;
  };
  using Result = std::unique_ptr<pg_result, Clear>;

  /// The name of the prepared statement.
  const std::string& prepare(std::string_view sql, const std::vector<Value>& values);
  Result checked(pg_result* result) const;
  [[noreturn]] void fail(const pg_result* result) const;
  static Rows rows_of(const pg_result* result);

  const PostgresAddress& address_;
  std::unique_ptr<pg_conn, Close> db_;
  std::unordered_map<std::string, std::string> statements_;  // by types of values and SQL
  std::set<std::string, std::less<>> announced_;             // in this transaction
  std::string server_start_;
  bool heard_ = false;
};

}  // namespace hotshot::store
