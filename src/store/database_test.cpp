#include "store/database.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <thread>

#include "base/file.h"
#include "base/test_support.h"
#include "store/schema.h"

namespace hotshot::store {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;

constexpr std::array<std::string_view, 3> kSteps = {
    "CREATE TABLE animals (name TEXT NOT NULL); INSERT INTO animals VALUES ('rabbit')",
    "ALTER TABLE animals ADD COLUMN legs BIGINT; UPDATE animals SET legs = 4",
    "CREATE TABLE broken (",
};

std::span<const std::string_view> steps(std::size_t count) { return std::span(kSteps).first(count); }

TEST(Database, ValuesGoByTheirNumber) {
  const TestFolder folder;
  const auto database = open_sqlite(folder / "a.db");
  const Row row = database->query("SELECT $3, $1, $2, $3, $4", {std::int64_t{1} << 62, "two\0three"s, 2.5, {}}).at(0);
  EXPECT_EQ(row.number(0), 2.5);
  EXPECT_EQ(row.integer(1), std::int64_t{1} << 62);
  EXPECT_EQ(row.text(2), "two\0three"s);
  EXPECT_EQ(row.number(3), 2.5);
  EXPECT_TRUE(row.is_null(4));
  EXPECT_EQ(row.optional_integer(4), std::nullopt);
  EXPECT_EQ(row.optional_text(2), "two\0three"s);
  EXPECT_EQ(row.number(1), 0x1p62);
  EXPECT_THROW(row.integer(2), std::runtime_error);
  EXPECT_THROW(row.text(1), std::runtime_error);
  EXPECT_THROW(database->query("SELECT $1, $2", {std::int64_t{1}}), std::runtime_error);
  EXPECT_THROW(database->query("SELEKT"), std::runtime_error);
  EXPECT_EQ(database->query("SELECT $1", {std::int64_t{7}}).at(0).integer(0), 7);  // goes on after errors
}

TEST(Database, AnExceptionUndoesATransaction) {
  const TestFolder folder;
  const auto database = open_sqlite(folder / "a.db", steps(1));
  EXPECT_THROW(database->transaction([](Connection& connection) {
    connection.query("DELETE FROM animals");
    throw std::out_of_range("no");
  }),
               std::out_of_range);
  EXPECT_EQ(database->query("SELECT count(*) FROM animals").at(0).integer(0), 1);
}

TEST(Database, ThreadsAndDatabasesWriteOneAfterTheOther) {
  const TestFolder folder;
  for (int round = 0; round < 8; ++round) {
    const fs::path path = folder / std::to_string(round);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        const auto database = open_sqlite(path, steps(2));  // all four at once, on a file that is not there yet
        for (int n = 0; n < 5; ++n)
          database->transaction([](Connection& connection) {
            const std::int64_t legs = connection.query("SELECT legs FROM animals").at(0).integer(0);
            connection.query("UPDATE animals SET legs = $1", {legs + 1});
          });
      });
    for (std::thread& thread : threads) thread.join();
    const auto database = open_sqlite(path, steps(2));
    EXPECT_EQ(database->query("SELECT legs FROM animals").at(0).integer(0), 24);
    EXPECT_EQ(database->query("SELECT count(*) FROM animals").at(0).integer(0), 1);
  }
}

TEST(Database, SurvivesPowerCutsByItsSettings) {
  const TestFolder folder;
  const auto database = open_sqlite(folder / "new/deep/a.db");
  EXPECT_EQ(database->query("PRAGMA journal_mode").at(0).text(0), "wal");
  EXPECT_EQ(database->query("PRAGMA synchronous").at(0).integer(0), 2);
  EXPECT_EQ(fs::status(folder / "new/deep/a.db").permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(Database, MigratesAfterACopy) {
  const TestFolder folder;
  const fs::path path = folder / "a.db";
  open_sqlite(path, steps(1))->query("INSERT INTO animals VALUES ('horse')");
  EXPECT_EQ(folder.files(), 1);
  {
    const auto database = open_sqlite(path, steps(2));
    EXPECT_EQ(database->query("SELECT sum(legs) FROM animals").at(0).integer(0), 8);
  }
  EXPECT_EQ(folder.files(), 2);  // a.db, a.db.before-2 and nothing half
  const auto copy = open_sqlite(folder / "a.db.before-2", steps(1));
  EXPECT_EQ(copy->query("SELECT count(*) FROM animals").at(0).integer(0), 2);
  EXPECT_EQ(copy->query("SELECT * FROM animals").at(0).size(), 1u);
  open_sqlite(path, steps(2));
  EXPECT_FALSE(fs::exists(folder / "a.db.before-3"));
}

TEST(Database, AFailedMigrationChangesNothing) {
  const TestFolder folder;
  const fs::path path = folder / "a.db";
  open_sqlite(path, steps(1));
  EXPECT_THROW(open_sqlite(path, steps(3)), std::runtime_error);
  const auto database = open_sqlite(path, steps(1));
  EXPECT_EQ(database->query("SELECT * FROM animals").at(0).size(), 1u);
  EXPECT_TRUE(fs::exists(folder / "a.db.before-3"));
}

TEST(Database, RefusesWhatIsNotItsOwn) {
  const TestFolder folder;
  open_sqlite(folder / "new.db", steps(2));
  EXPECT_EQ(
      message_of([&] { open_sqlite(folder / "new.db", steps(1)); }).find("[database] expected version 1 or older"), 0u);
  const std::string noise(5000, 'x');
  folder.file("noise.db", noise);
  EXPECT_NE(message_of([&] { open_sqlite(folder / "noise.db"); }).find("expected a database but"), std::string::npos);
  EXPECT_EQ(read_file(folder / "noise.db"), noise);
  // Another program's: an SQLite file without our mark.
  open_sqlite(folder / "other.db", steps(1))->query("PRAGMA application_id = 5");
  const std::string other = read_file(folder / "other.db");
  EXPECT_NE(message_of([&] { open_sqlite(folder / "other.db"); }).find("belongs to another"), std::string::npos);
  EXPECT_EQ(read_file(folder / "other.db"), other);
  EXPECT_NE(message_of([&] { open_sqlite(folder.path()); }), "");
  EXPECT_NE(message_of([&] { open_sqlite("/dev/null"); }), "");
}

TEST(Database, TheSchemaIsWhole) {
  const TestFolder folder;
  const auto database = open_sqlite(folder / "a.db");
  EXPECT_EQ(database->query("PRAGMA integrity_check").at(0).text(0), "ok");
  EXPECT_EQ(database->query("PRAGMA user_version").at(0).integer(0), static_cast<int>(sqlite_schema().size()));
}

}  // namespace
}  // namespace hotshot::store
