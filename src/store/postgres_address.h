// Where a PostgreSQL server is and how to get in.
#pragma once

#include <string>
#include <vector>

struct pg_conn;  // libpq's PGconn

namespace hotshot::store {

class PostgresAddress {
 public:
  /// From "postgres://…" or "postgresql://…" with libpq's parameters; what it does not say is set so that a dead
  /// connection is noticed within a minute. Throws InvalidArgument, which does not repeat the URL: it may hold a
  /// password.
  explicit PostgresAddress(const std::string& url);

  /// A connection, made or failed (see PQstatus), to be closed by PQfinish.
  pg_conn* connect() const;
  /// "postgres://HOST/NAME": for messages.
  const std::string& name() const { return name_; }
  /// The text without the passwords of the URL.
  std::string without_secrets(std::string text) const;

 private:
  void set_default(const char* keyword, const char* value);

  std::vector<std::string> keywords_, values_;
  std::vector<std::string> secrets_;
  std::string name_;
};

}  // namespace hotshot::store
