#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "store/pool.h"
#include "store/schema.h"
#include "store/sqlite_connection.h"

namespace hotshot::store {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kApplicationId = 0x48545354;  // "HTST": says whose file it is, to file(1) as well
constexpr std::size_t kIdleConnections = 16;
constexpr int kTries = 5;

void configure(SqliteConnection& connection) {
  connection.script("PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8000");
}

// Readable by its owner alone: it holds prompts and hashes of secrets. SQLite gives its side files the same mode. Never
// opened here: closing a descriptor of a file that SQLite has open elsewhere in the process would drop its locks.
void create_file(const fs::path& path) {
  const bool made = ::mknod(path.c_str(), S_IFREG | 0600, 0) == 0;
  require(made || errno == EEXIST, "database", "cannot create {}: {}", path.string(), std::strerror(errno));
  require(fs::is_regular_file(path), "database", "expected a file but got {}", path.string());
}

class SqliteDatabase : public Database {
 public:
  explicit SqliteDatabase(fs::path path) : pool_([path] { return connect(path); }, kIdleConnections) {}

  Rows query(std::string_view sql, const std::vector<Value>& values) override {
    const Pool<SqliteConnection>::Loan loan(pool_);
    return loan->query(sql, values);
  }

  void transaction(const std::function<void(Connection&)>& work) override {
    const Pool<SqliteConnection>::Loan loan(pool_);
    // Threads of one process queue here instead of at the file's lock, where they could only try again and again.
    const std::lock_guard guard(writer_);
    for (int attempt = 1;; ++attempt) {
      try {
        run(*loan, work);
        return;
      } catch (const DatabaseBusy&) {
        if (attempt == kTries) throw;
      }
    }
  }

  bool wait_for_change(std::string_view, std::chrono::milliseconds timeout) override {
    std::this_thread::sleep_for(timeout);
    return true;
  }

 private:
  static std::unique_ptr<SqliteConnection> connect(const fs::path& path) {
    auto connection = std::make_unique<SqliteConnection>(path);
    configure(*connection);
    return connection;
  }

  static void run(SqliteConnection& connection, const std::function<void(Connection&)>& work) {
    connection.query("BEGIN IMMEDIATE");
    try {
      work(connection);
      connection.query("COMMIT");
    } catch (...) {
      // Some failures (a full disk) have rolled back already.
      if (connection.in_transaction()) connection.query("ROLLBACK");
      throw;
    }
  }

  Pool<SqliteConnection> pool_;
  std::mutex writer_;
};

struct Header {
  std::int64_t version = 0, application = 0, tables = 0;
};

// Of one moment: another process may be filling the file right now.
Header read_header(SqliteConnection& connection) {
  const bool alone = !connection.in_transaction();
  if (alone) connection.query("BEGIN");
  const auto number = [&](std::string_view sql) { return connection.query(sql).at(0).integer(0); };
  Header header;
  header.version = number("PRAGMA user_version");
  header.application = number("PRAGMA application_id");
  header.tables = number("SELECT count(*) FROM sqlite_master");
  if (alone) connection.query("COMMIT");
  return header;
}

// The file's version, 0 for an empty one. Reads only: a file of another program stays as it is.
std::size_t checked_version(SqliteConnection& connection, const fs::path& path, std::size_t newest) {
  Header header;
  try {
    header = read_header(connection);
  } catch (const DatabaseBusy&) {
    throw;
  } catch (const std::runtime_error& error) {
    throw_invalid("database", fmt::format("expected a database but {} is none ({})", path.string(), error.what()));
  }
  const bool empty = header.version == 0 && header.application == 0 && header.tables == 0;
  require(empty || header.application == kApplicationId, "database",
          "expected a database of this program but {} belongs to another", path.string());
  require(header.version <= static_cast<std::int64_t>(newest), "database",
          "expected version {} or older but {} has version {}: it was used by a newer program", newest, path.string(),
          header.version);
  return static_cast<std::size_t>(header.version);
}

void keep_copy(const fs::path& path, std::size_t newest) {
  AtomicFile copy(path.string() + ".before-" + std::to_string(newest));
  fs::permissions(copy.path(), fs::perms::owner_read | fs::perms::owner_write);
  SqliteConnection(path).copy_to(copy.path());
  copy.commit();
}

void migrate(SqliteConnection& connection, const fs::path& path, std::span<const std::string_view> steps) {
  connection.query("BEGIN IMMEDIATE");
  try {
    // Another process may have done it while this one waited.
    const std::size_t version = checked_version(connection, path, steps.size());
    if (version > 0 && version < steps.size()) keep_copy(path, steps.size());
    for (std::size_t i = version; i < steps.size(); ++i) connection.script(steps[i]);
    connection.script(
        fmt::format("PRAGMA user_version = {}; PRAGMA application_id = {}", steps.size(), kApplicationId));
    connection.query("COMMIT");
  } catch (...) {
    if (connection.in_transaction()) connection.query("ROLLBACK");
    throw;
  }
}

// Only the very first switch needs the file for itself, and then SQLite does not wait by itself.
void use_write_ahead_log(SqliteConnection& connection, const fs::path& path) {
  for (int attempt = 0; attempt < 500; ++attempt) {
    try {
      const std::string mode = connection.query("PRAGMA journal_mode = WAL").at(0).text(0);
      ensure(mode == "wal", "database", "expected a disk for a write-ahead log but {} is on one without",
             path.string());
      return;
    } catch (const DatabaseBusy&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  throw_failure("database", fmt::format("{} is in use by another program", path.string()));
}

}  // namespace

std::unique_ptr<Database> open_sqlite(const fs::path& path) { return open_sqlite(path, schema()); }

std::unique_ptr<Database> open_sqlite(const fs::path& path, std::span<const std::string_view> steps) {
  if (path.has_parent_path()) make_folders(path.parent_path(), "database");
  create_file(path);
  SqliteConnection connection(path);
  const std::size_t version = checked_version(connection, path, steps.size());
  use_write_ahead_log(connection, path);
  configure(connection);
  if (version < steps.size()) migrate(connection, path, steps);
  return std::make_unique<SqliteDatabase>(path);
}

}  // namespace hotshot::store
