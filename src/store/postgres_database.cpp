#include <algorithm>
#include <map>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "store/pool.h"
#include "store/postgres_connection.h"
#include "store/schema.h"

namespace hotshot::store {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kOldestServer = 130000;  // the first with pg_current_xact_id
constexpr std::size_t kIdleConnections = 8;
constexpr std::chrono::milliseconds kLongestPause{2'000};
constexpr auto kPatience = std::chrono::seconds(5);  // with a server that is gone; a restart takes some seconds

// Statements are read-only unless a transaction says otherwise, so nothing writes without its turn. A writer that stops
// within its turn (a frozen machine) loses it.
constexpr const char* kSession =
    "SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = on; "
    "SET statement_timeout = '30s'; SET lock_timeout = '20s'; SET idle_in_transaction_session_timeout = '10s'; "
    "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3; "
    "SET standard_conforming_strings = on; SET jit = off";

bool only_reads(std::string_view sql) { return sql.starts_with("SELECT") || sql.starts_with("WITH"); }

class PostgresDatabase : public Database {
 public:
  explicit PostgresDatabase(const std::string& url)
      : address_(url), pool_([this] { return connect(); }, kIdleConnections) {}

  std::unique_ptr<PostgresConnection> connect() const {
    auto connection = std::make_unique<PostgresConnection>(address_);
    connection->set_up(kSession);
    return connection;
  }

  Rows query(std::string_view sql, const std::vector<Value>& values) override {
    Rows rows;
    if (only_reads(sql)) {
      patiently([&](PostgresConnection& connection) { rows = connection.query(sql, values); });
    } else {
      transaction([&](Connection& connection) { rows = connection.query(sql, values); });
    }
    return rows;
  }

  void transaction(const std::function<void(Connection&)>& work) override {
    patiently([&](PostgresConnection& connection) { run(connection, work); });
  }

  bool wait_for_change(std::string_view channel, std::chrono::milliseconds timeout) override {
    const auto until = Clock::now() + timeout;
    Pool<PostgresConnection>& listeners = listeners_of(channel);
    try {
      return Pool<PostgresConnection>::Loan(listeners)->wait(timeout);
    } catch (const std::exception&) {
      listeners.clear();  // to look is right without an announcement too
    }
    std::this_thread::sleep_until(until);
    return true;
  }

 private:
  // With a borrowed connection; again, ever more slowly, while the database asks for it or cannot be reached.
  void patiently(const std::function<void(PostgresConnection&)>& work) {
    const auto until = Clock::now() + kPatience;
    for (std::chrono::milliseconds pause{5};; pause = std::min(pause * 2, kLongestPause)) {
      try {
        const Pool<PostgresConnection>::Loan loan(pool_);
        return work(*loan);
      } catch (const DatabaseBusy&) {
        if (Clock::now() + pause > until) throw;
      } catch (const ConnectionLost&) {
        pool_.clear();  // the idle ones are lost too
        if (Clock::now() + pause > until) throw;
      }
      std::this_thread::sleep_for(pause);
    }
  }

  void run(PostgresConnection& connection, const std::function<void(Connection&)>& work) {
    std::string number;
    try {
      number = connection.begin();
      work(connection);
    } catch (...) {
      connection.rollback();
      throw;
    }
    try {
      connection.commit();
    } catch (const ConnectionLost&) {
      if (!is_committed(number, connection.server_start())) throw;
    } catch (...) {
      connection.rollback();
      throw;
    }
  }

  // What became of a transaction whose COMMIT was under way when the connection was lost. Only the server that ran it
  // can say: one that was started again since, or is being, may have given the same number to another transaction.
  bool is_committed(const std::string& number, const std::string& server) const {
    std::string status = "unknown";
    try {
      const auto other = connect();
      const auto until = Clock::now() + kPatience;
      while (other->server_start() == server) {
        status = other->query("SELECT pg_xact_status(CAST($1 AS xid8))", {number}).at(0).text(0);
        if (status != "in progress" || Clock::now() > until) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    } catch (const std::exception&) {
      status = "unknown";
    }
    if (status == "committed") return true;
    if (status == "aborted") return false;
    throw_failure("database", fmt::format("the connection to {} was lost while a change was committed; whether it was "
                                          "is not known (transaction {})",
                                          address_.name(), number));
  }

  Pool<PostgresConnection>& listeners_of(std::string_view channel) {
    const std::lock_guard guard(listeners_mutex_);
    const auto listening = [this, name = std::string(channel)] {
      auto connection = connect();
      connection->listen(name);
      return connection;
    };
    return listeners_.try_emplace(std::string(channel), listening, kIdleConnections).first->second;
  }

  PostgresAddress address_;
  Pool<PostgresConnection> pool_;
  std::mutex listeners_mutex_;
  std::map<std::string, Pool<PostgresConnection>> listeners_;  // by channel
};

void check_server(PostgresConnection& connection) {
  const std::string& name = connection.address().name();
  require(connection.server_version() >= kOldestServer, "database", "expected PostgreSQL 13 or later at {} but got {}",
          name, connection.server_version() / 10000);
  const Row row = connection.query("SELECT current_setting('server_encoding'), CAST(current_schema() AS text)").at(0);
  require(row.text(0) == "UTF8", "database", "expected a database in UTF8 but {} is in {}", name, row.text(0));
  require(!row.is_null(1), "database", "expected a schema that is there but the search_path of {} names none", name);
}

// The schema's version, 0 for an empty one. Reads only: a schema of another program stays as it is.
std::size_t checked_version(PostgresConnection& connection, std::size_t newest) {
  const Row tables = connection
                         .query(
                             "SELECT count(*), count(*) FILTER (WHERE tablename = 'hotshot_schema') FROM pg_tables "
                             "WHERE schemaname = current_schema()")
                         .at(0);
  if (tables.integer(0) == 0) return 0;
  const std::string& name = connection.address().name();
  require(tables.integer(1) == 1, "database",
          "expected an empty schema or one of this program but that of {} has tables of another", name);
  const std::int64_t version = connection.query("SELECT version FROM hotshot_schema").at(0).integer(0);
  require(version <= static_cast<std::int64_t>(newest), "database",
          "expected version {} or older but {} has version {}: it was used by a newer program", newest, name, version);
  return static_cast<std::size_t>(version);
}

// All of it or nothing, in the turn of a writer: others wait, and find it done.
void migrate(PostgresConnection& connection, std::span<const std::string_view> steps) {
  connection.begin();
  try {
    connection.script("SET LOCAL statement_timeout = 0");
    const std::size_t version = checked_version(connection, steps.size());
    if (version == 0) connection.script("CREATE TABLE hotshot_schema (version BIGINT NOT NULL)");
    for (std::size_t i = version; i < steps.size(); ++i) connection.script(postgres_step(steps[i]));
    connection.script(fmt::format("DELETE FROM hotshot_schema; INSERT INTO hotshot_schema VALUES ({})", steps.size()));
    connection.commit();
  } catch (...) {
    connection.rollback();
    throw;
  }
}

}  // namespace

std::unique_ptr<Database> open_postgres(const std::string& url) { return open_postgres(url, schema()); }

std::unique_ptr<Database> open_postgres(const std::string& url, std::span<const std::string_view> steps) {
  auto database = std::make_unique<PostgresDatabase>(url);
  const auto connection = database->connect();
  check_server(*connection);
  if (checked_version(*connection, steps.size()) < steps.size()) migrate(*connection, steps);
  return database;
}

}  // namespace hotshot::store
