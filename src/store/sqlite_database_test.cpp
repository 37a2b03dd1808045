#include <gtest/gtest.h>

#include <array>

#include "base/file.h"
#include "base/test_support.h"
#include "store/schema.h"

namespace hotshot::store {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;

constexpr std::array<std::string_view, 2> kSteps = {
    "CREATE TABLE animals (name TEXT NOT NULL); INSERT INTO animals VALUES ('rabbit')",
    "ALTER TABLE animals ADD COLUMN legs BIGINT; UPDATE animals SET legs = 4",
};

std::span<const std::string_view> steps(std::size_t count) { return std::span(kSteps).first(count); }

TEST(SqliteDatabase, KeepsEveryByteOfText) {
  const TestFolder folder;
  const auto database = open_sqlite(folder / "a.db");
  EXPECT_EQ(database->query("SELECT $1", {"two\0three\xff"s}).at(0).text(0), "two\0three\xff"s);
}

TEST(SqliteDatabase, SurvivesPowerCutsByItsSettings) {
  const TestFolder folder;
  const auto database = open_sqlite(folder / "new/deep/a.db");
  EXPECT_EQ(database->query("PRAGMA journal_mode").at(0).text(0), "wal");
  EXPECT_EQ(database->query("PRAGMA synchronous").at(0).integer(0), 2);
  EXPECT_EQ(fs::status(folder / "new/deep/a.db").permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(SqliteDatabase, MigratesAfterACopy) {
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

TEST(SqliteDatabase, RefusesWhatIsNotItsOwn) {
  const TestFolder folder;
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

TEST(SqliteDatabase, TheSchemaIsWhole) {
  const TestFolder folder;
  const auto database = open_sqlite(folder / "a.db");
  EXPECT_EQ(database->query("PRAGMA integrity_check").at(0).text(0), "ok");
  EXPECT_EQ(database->query("PRAGMA user_version").at(0).integer(0), static_cast<int>(schema().size()));
}

}  // namespace
}  // namespace hotshot::store
