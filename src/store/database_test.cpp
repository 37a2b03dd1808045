#include "store/database.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <limits>
#include <thread>

#include "store/test_database.h"

namespace hotshot::store {
namespace {

HOTSHOT_ON_EACH_DATABASE(EachDatabase);

constexpr std::array<std::string_view, 3> kSteps = {
    "CREATE TABLE animals (name TEXT NOT NULL); INSERT INTO animals VALUES ('rabbit')",
    "ALTER TABLE animals ADD COLUMN legs BIGINT; UPDATE animals SET legs = 4",
    "CREATE TABLE broken (",
};

std::span<const std::string_view> steps(std::size_t count) { return std::span(kSteps).first(count); }

TEST_P(EachDatabase, ValuesGoByTheirNumber) {
  const TestDatabase place;
  const auto database = place.open();
  const Row row =
      database->query("SELECT $3, $1, $2, $3, $4", {std::int64_t{1} << 62, "two 'three' \\ 四", 2.5, {}}).at(0);
  EXPECT_EQ(row.number(0), 2.5);
  EXPECT_EQ(row.integer(1), std::int64_t{1} << 62);
  EXPECT_EQ(row.text(2), "two 'three' \\ 四");
  EXPECT_EQ(row.number(3), 2.5);
  EXPECT_TRUE(row.is_null(4));
  EXPECT_EQ(row.optional_integer(4), std::nullopt);
  EXPECT_EQ(row.optional_text(2), "two 'three' \\ 四");
  EXPECT_EQ(row.number(1), 0x1p62);
  EXPECT_THROW(row.integer(2), std::runtime_error);
  EXPECT_THROW(row.text(1), std::runtime_error);
  EXPECT_THROW(database->query("SELECT $1, $2", {std::int64_t{1}}), std::runtime_error);
  EXPECT_THROW(database->query("SELEKT"), std::runtime_error);
  EXPECT_EQ(database->query("SELECT $1", {std::int64_t{7}}).at(0).integer(0), 7);  // goes on after errors
  EXPECT_EQ(database->query("SELECT $1", {"7"}).at(0).text(0), "7");               // the same words, another type
  for (const double value : {0.1, 1e300, -5e-324, std::numeric_limits<double>::infinity()})
    EXPECT_EQ(database->query("SELECT $1", {value}).at(0).number(0), value);
  EXPECT_EQ(database
                ->query("SELECT sum(x), count(*) FROM (SELECT $1 AS x UNION ALL SELECT $2) AS xs",
                        {std::int64_t{1} << 60, std::int64_t{1} << 61})
                .at(0)
                .integer(0),
            std::int64_t{3} << 60);
}

TEST_P(EachDatabase, TextComparesByItsBytes) {
  const TestDatabase place;
  const auto database = place.open(steps(1));
  for (const char* name : {"b", "B", "a_", "aa", "é", "z"}) database->query("INSERT INTO animals VALUES ($1)", {name});
  std::string order;
  for (const Row& row : database->query("SELECT name FROM animals ORDER BY name")) order += row.text(0) + " ";
  EXPECT_EQ(order, "B a_ aa b rabbit z é ");
  EXPECT_EQ(database->query("SELECT count(*) FROM animals WHERE name > $1", {"a_"}).at(0).integer(0), 5);
}

TEST_P(EachDatabase, AnExceptionUndoesATransaction) {
  const TestDatabase place;
  const auto database = place.open(steps(1));
  EXPECT_THROW(database->transaction([](Connection& connection) {
    connection.query("DELETE FROM animals");
    connection.announce("animals");
    throw std::out_of_range("no");
  }),
               std::out_of_range);
  EXPECT_THROW(database->transaction([](Connection& connection) {
    connection.query("DELETE FROM animals");
    connection.query("SELEKT");
  }),
               std::runtime_error);
  EXPECT_EQ(database->query("SELECT count(*) FROM animals").at(0).integer(0), 1);
}

// All four open it at once, with nothing there yet; what each reads stays true until it has written.
TEST_P(EachDatabase, ThreadsAndDatabasesWriteOneAfterTheOther) {
  for (int round = 0; round < 8; ++round) {
    const TestDatabase place;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        const auto database = place.open(steps(2));
        for (int n = 0; n < 5; ++n)
          database->transaction([](Connection& connection) {
            const std::int64_t legs = connection.query("SELECT legs FROM animals").at(0).integer(0);
            connection.query("UPDATE animals SET legs = $1", {legs + 1});
          });
      });
    for (std::thread& thread : threads) thread.join();
    const auto database = place.open(steps(2));
    EXPECT_EQ(database->query("SELECT legs FROM animals").at(0).integer(0), 24);
    EXPECT_EQ(database->query("SELECT count(*) FROM animals").at(0).integer(0), 1);
  }
}

// Writers that read first and add a row with the next number, from which a reader goes on as an event stream does.
TEST_P(EachDatabase, ASmallerNumberNeverAppearsLater) {
  constexpr std::array<std::string_view, 1> kNumbers = {
      "CREATE TABLE numbers (number INTEGER PRIMARY KEY AUTOINCREMENT, writer BIGINT NOT NULL)"};
  const TestDatabase place;
  const auto database = place.open(kNumbers);
  std::atomic<int> writing{4};
  std::vector<std::thread> writers;
  for (std::int64_t writer = 0; writer < 4; ++writer)
    writers.emplace_back([&, writer] {
      const auto own = place.open(kNumbers);
      for (int i = 0; i < 50; ++i)
        own->transaction([&](Connection& connection) {
          connection.query("INSERT INTO numbers (writer) VALUES ($1)", {writer});
          connection.query("SELECT count(*) FROM numbers");
        });
      --writing;
    });
  std::int64_t last = 0, seen = 0;
  for (bool more = true; more;) {
    more = writing > 0;
    for (const Row& row : database->query("SELECT number FROM numbers WHERE number > $1 ORDER BY number", {last})) {
      last = row.integer(0);
      ++seen;
    }
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(seen, 200);
}

TEST_P(EachDatabase, AFailedMigrationChangesNothing) {
  const TestDatabase place;
  place.open(steps(1));
  EXPECT_THROW(place.open(steps(3)), std::runtime_error);
  const auto database = place.open(steps(1));
  EXPECT_EQ(database->query("SELECT * FROM animals").at(0).size(), 1u);
  place.open(steps(2));
  EXPECT_EQ(database->query("SELECT legs FROM animals").at(0).integer(0), 4);
}

TEST_P(EachDatabase, RefusesANewerSchema) {
  const TestDatabase place;
  place.open(steps(2));
  const std::string message = message_of([&] { place.open(steps(1)); });
  EXPECT_EQ(message.find("[database] expected version 1 or older"), 0u) << message;
  EXPECT_EQ(place.open(steps(2))->query("SELECT count(*) FROM animals").at(0).integer(0), 1);
}

TEST_P(EachDatabase, WaitsForChanges) {
  const TestDatabase place;
  const auto reader = place.open(steps(1)), writer = place.open(steps(1));
  const auto announce = [&] { writer->transaction([](Connection& connection) { connection.announce("animals"); }); };
  const auto looks = [&](int ms) { return reader->wait_for_change("animals", std::chrono::milliseconds(ms)); };
  EXPECT_TRUE(looks(0));  // whoever begins to listen looks first
  announce();
  EXPECT_TRUE(looks(10'000 * on_postgres()));  // before the wait, and not lost
  if (!on_postgres()) return;                  // SQLite knows no more
  EXPECT_FALSE(looks(20));
  std::thread later([&] { std::this_thread::sleep_for(std::chrono::milliseconds(50)), announce(); });
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(looks(10'000));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  later.join();
  EXPECT_THROW(writer->transaction([](Connection& connection) {
    connection.announce("animals");
    throw std::out_of_range("no");
  }),
               std::out_of_range);
  writer->transaction([](Connection& connection) { connection.announce("plants"); });
  EXPECT_FALSE(looks(20));
}

}  // namespace
}  // namespace hotshot::store
