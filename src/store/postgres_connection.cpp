#include "store/postgres_connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "store/pool.h"
#include "store/postgres_values.h"

namespace hotshot::store {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostStatements = 200;

// The turn of the writers of one schema. "HTST" keeps it apart from the locks of other programs in the database.
constexpr const char* kTakeTurn =
    "BEGIN READ WRITE; "
    "SELECT pg_advisory_xact_lock(1213485908, hashtext(current_schema())), pg_current_xact_id()";

std::string channel_name(std::string_view channel) {
  const bool word = std::all_of(channel.begin(), channel.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  ensure(word && !channel.empty(), "database", "expected a channel of a-z but got '{}'", channel);
  return fmt::format("hotshot_{}", channel);
}

// As one line.
std::string message_of(const char* text) {
  std::string message;
  for (const char* c = text ? text : ""; *c; ++c) {
    const bool blank = *c == '\n' || *c == '\t' || *c == ' ';
    if (!blank) message += *c;
    if (blank && c[1] && !message.ends_with(' ')) message += ' ';
  }
  return message;
}

}  // namespace

void PostgresConnection::Close::operator()(pg_conn* connection) const { PQfinish(connection); }

void PostgresConnection::Clear::operator()(pg_result* result) const { PQclear(result); }

int PostgresConnection::server_version() const { return PQserverVersion(db_.get()); }

PostgresConnection::PostgresConnection(const PostgresAddress& address) : address_(address), db_(address.connect()) {
  if (PQstatus(db_.get()) != CONNECTION_OK) {
    const std::string reason = db_ ? message_of(PQerrorMessage(db_.get())) : "no memory";
    throw ConnectionLost(
        fmt::format("[database] cannot reach {}: {}", address.name(), address.without_secrets(reason)));
  }
  PQsetErrorVerbosity(db_.get(), PQERRORS_TERSE);  // details repeat values
  PQsetNoticeProcessor(
      db_.get(), [](void*, const char*) {}, nullptr);
}

void PostgresConnection::fail(const PGresult* result) const {
  const char* field = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
  const std::string_view state = field ? field : "";
  const char* text = result ? PQresultErrorMessage(result) : PQerrorMessage(db_.get());
  const std::string message = fmt::format("[database] {}", address_.without_secrets(message_of(text)));
  // Classes 08 (connection) and 57P (the server shuts down, crashed or starts).
  if (PQstatus(db_.get()) != CONNECTION_OK || state.starts_with("08") || state.starts_with("57P"))
    throw ConnectionLost(message);
  if (state == "40001" || state == "40P01") throw DatabaseBusy(message);  // cannot be serialised; a deadlock
  throw std::runtime_error(message);
}

PostgresConnection::Result PostgresConnection::checked(PGresult* raw) const {
  Result result(raw);
  const ExecStatusType status = PQresultStatus(raw);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail(raw);
  return result;
}

Rows PostgresConnection::rows_of(const PGresult* result) {
  Rows rows;
  const int columns = PQnfields(result);
  for (int i = 0; i < PQntuples(result); ++i) {
    std::vector<Value> row;
    row.reserve(static_cast<std::size_t>(columns));
    for (int j = 0; j < columns; ++j) {
      if (PQgetisnull(result, i, j)) {
        row.emplace_back();
        continue;
      }
      const std::string_view text(PQgetvalue(result, i, j), static_cast<std::size_t>(PQgetlength(result, i, j)));
      row.push_back(postgres_value(PQftype(result, j), text));
    }
    rows.emplace_back(std::move(row));
  }
  return rows;
}

// Values of other types make another statement of the same words.
const std::string& PostgresConnection::prepare(std::string_view sql, const std::vector<Value>& values) {
  std::string key;
  std::vector<Oid> types;
  for (const Value& value : values) {
    key += static_cast<char>('0' + value.index());
    types.push_back(postgres_type(value));
  }
  key += ' ';
  key += sql;
  if (const auto found = statements_.find(key); found != statements_.end()) return found->second;
  if (statements_.size() >= kMostStatements) {
    statements_.clear();
    checked(PQexec(db_.get(), "DEALLOCATE ALL"));
  }
  std::string name = fmt::format("s{}", statements_.size());
  checked(PQprepare(db_.get(), name.c_str(), std::string(sql).c_str(), static_cast<int>(types.size()), types.data()));
  return statements_.emplace(std::move(key), std::move(name)).first->second;
}

Rows PostgresConnection::query(std::string_view sql, const std::vector<Value>& values) {
  const std::string& name = prepare(sql, values);
  std::vector<std::optional<std::string>> texts;
  for (const Value& value : values) texts.push_back(postgres_text(value));
  std::vector<const char*> pointers;
  for (const auto& text : texts) pointers.push_back(text ? text->c_str() : nullptr);
  return rows_of(checked(PQexecPrepared(db_.get(), name.c_str(), static_cast<int>(values.size()), pointers.data(),
                                        nullptr, nullptr, /*resultFormat=*/0))
                     .get());
}

Rows PostgresConnection::script(const std::string& sql) {
  return rows_of(checked(PQexec(db_.get(), sql.c_str())).get());
}

void PostgresConnection::set_up(const std::string& sql) {
  server_start_ = script(sql + "; SELECT pg_postmaster_start_time()").at(0).text(0);
}

void PostgresConnection::announce(std::string_view channel) { announced_.insert(channel_name(channel)); }

std::string PostgresConnection::begin() {
  announced_.clear();
  return script(kTakeTurn).at(0).text(1);
}

void PostgresConnection::commit() {
  std::string sql;
  for (const std::string& channel : announced_) sql += fmt::format("NOTIFY {}; ", channel);
  const Result result = checked(PQexec(db_.get(), (sql + "COMMIT").c_str()));
  // A transaction in which a statement failed is rolled back by COMMIT, without an error.
  const std::string_view done = PQcmdStatus(result.get());
  ensure(done == "COMMIT", "database", "expected COMMIT to commit but got {}", done);
}

void PostgresConnection::rollback() { PQclear(PQexec(db_.get(), "ROLLBACK")); }

bool PostgresConnection::idle() const {
  return PQstatus(db_.get()) == CONNECTION_OK && PQtransactionStatus(db_.get()) == PQTRANS_IDLE;
}

void PostgresConnection::listen(std::string_view channel) {
  script("LISTEN " + channel_name(channel));
  heard_ = true;
}

bool PostgresConnection::wait(std::chrono::milliseconds timeout) {
  const auto until = Clock::now() + timeout;
  for (;;) {
    if (PQconsumeInput(db_.get()) == 0)
      throw ConnectionLost(
          fmt::format("[database] lost {}: {}", address_.name(), message_of(PQerrorMessage(db_.get()))));
    while (PGnotify* notification = PQnotifies(db_.get())) {
      heard_ = true;
      PQfreemem(notification);
    }
    if (std::exchange(heard_, false)) return true;
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    if (rest.count() <= 0) return false;
    pollfd socket{PQsocket(db_.get()), POLLIN, 0};
    const int ready = ::poll(&socket, 1, static_cast<int>(rest.count()));
    ensure(ready >= 0 || errno == EINTR, "database", "cannot wait: {}", std::strerror(errno));
  }
}

}  // namespace hotshot::store
