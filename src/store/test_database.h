// For the tests of the stores: an empty database of each kind that they are to work on.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

#include "base/test_support.h"
#include "store/database.h"
#include "store/postgres_connection.h"
#include "store/schema.h"

namespace hotshot::store {

enum class DatabaseKind { sqlite, postgres };
inline void PrintTo(DatabaseKind kind, std::ostream* out) {
  *out << (kind == DatabaseKind::sqlite ? "sqlite" : "postgres");
}

/// The server of all tests, from tests/postgres.py: the one that ctest started and named in HOTSHOT_TEST_POSTGRES (a
/// file, or a URL), else one of this process's own.
class TestServer {
 public:
  /// Its URL, or why there is none.
  static const std::string& url() {
    static const TestServer server;
    return server.url_;
  }
  static bool is_there() { return url().starts_with("postgres"); }

 private:
  TestServer() {
    const char* given = std::getenv("HOTSHOT_TEST_POSTGRES");
    const std::string text = given ? given : "";
    if (text.starts_with("postgres")) {
      url_ = text;
      return;
    }
    const std::string file = given ? text : (folder_.emplace(), *folder_ / "server").string();
    if (!given) script("start", file);
    std::ifstream in(file);
    if (!std::getline(in, url_)) url_ = "tests/postgres.py told nothing in " + file;
  }
  ~TestServer() {
    if (folder_) script("stop", (*folder_ / "server").string());
  }
  static void script(const std::string& verb, const std::string& file) {
    const std::string command = fmt::format("python3 '{}/tests/postgres.py' {} '{}'", HOTSHOT_SOURCE_DIR, verb, file);
    if (std::system(command.c_str()) != 0) std::fprintf(stderr, "failed: %s\n", command.c_str());
  }

  std::optional<TestFolder> folder_;
  std::string url_;
};

/// Cases that run on each kind of database: TEST_P of a suite that HOTSHOT_ON_EACH_DATABASE made.
class OnEachDatabase : public ::testing::TestWithParam<DatabaseKind> {
 protected:
  void SetUp() override {
    if (on_postgres() && !TestServer::is_there()) GTEST_SKIP() << "no PostgreSQL: " << TestServer::url();
  }
  static bool on_postgres() { return GetParam() == DatabaseKind::postgres; }
};

#define HOTSHOT_ON_EACH_DATABASE(Suite)                                                                   \
  class Suite : public OnEachDatabase {};                                                                 \
  INSTANTIATE_TEST_SUITE_P(Store, Suite, ::testing::Values(DatabaseKind::sqlite, DatabaseKind::postgres), \
                           ::testing::PrintToStringParamName())

/// An empty database for one case, gone at its end: of the kind that the case runs on, SQLite for a plain TEST.
class TestDatabase {
 public:
  TestDatabase() : TestDatabase(kind_of_case()) {}
  explicit TestDatabase(DatabaseKind kind) {
    if (kind == DatabaseKind::sqlite) return;
    static std::atomic<int> counter{0};
    name_ = fmt::format("case_{}_{}", ::getpid(), counter++);
    administer("CREATE DATABASE " + name_);
  }
  ~TestDatabase() {
    if (!name_.empty()) administer(fmt::format("DROP DATABASE {} WITH (FORCE)", name_));
  }
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  /// As another process would, also after a fork.
  std::unique_ptr<Database> open() const { return open(schema()); }
  std::unique_ptr<Database> open(std::span<const std::string_view> steps) const {
    return name_.empty() ? open_sqlite(folder_ / "store.db", steps) : open_postgres(url(), steps);
  }
  /// Of a PostgreSQL database.
  std::string url() const {
    std::string url = TestServer::url();
    const std::size_t slash = url.find('/', url.find("://") + 3), end = url.find('?', slash);
    return url.replace(slash + 1, end == std::string::npos ? end : end - slash - 1, name_);
  }
  /// Of a SQLite database: where store.db is. For other files too.
  const TestFolder& folder() const { return folder_; }

  /// What only the server's owner may do.
  static void administer(const std::string& sql) {
    const PostgresAddress address(TestServer::url());
    PostgresConnection(address).script(sql);
  }

 private:
  static DatabaseKind kind_of_case() {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    const bool postgres = info && info->value_param() && std::string_view(info->value_param()) == "postgres";
    return postgres ? DatabaseKind::postgres : DatabaseKind::sqlite;
  }

  TestFolder folder_;
  std::string name_;
};

}  // namespace hotshot::store
