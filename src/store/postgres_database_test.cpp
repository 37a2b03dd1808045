#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "store/postgres_values.h"
#include "store/test_database.h"

namespace hotshot::store {
namespace {

using namespace std::string_literals;

constexpr std::array<std::string_view, 1> kSteps = {
    "CREATE TABLE animals (name TEXT NOT NULL); INSERT INTO animals VALUES ('rabbit')"};

class PostgresDatabase : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!TestServer::is_there()) GTEST_SKIP() << "no PostgreSQL: " << TestServer::url();
    place.emplace(DatabaseKind::postgres);
  }
  std::int64_t animals(Database& database) { return database.query("SELECT count(*) FROM animals").at(0).integer(0); }
  // Ends every other connection of the database, as a restart of the server would.
  void end_connections() {
    const PostgresAddress address(place->url());
    PostgresConnection(address).query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid()");
  }

  std::optional<TestDatabase> place;
};

std::string failure_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

TEST(PostgresValues, TextIsWhatTheServerCanStore) {
  EXPECT_EQ(storable_text("plain, ä, 鱼, 🚗"), "plain, ä, 鱼, 🚗");
  EXPECT_EQ(storable_text("a\0b\xff"s), "a\xef\xbf\xbd"s + "b\xef\xbf\xbd");
  for (const std::string& bad : {"\xc0\x80"s, "\xed\xa0\x80"s, "\xf4\x90\x80\x80"s, "\xe0\x80\x80"s, "\xe4\xba"s})
    EXPECT_EQ(storable_text(bad).size(), 3 * bad.size());
}

TEST_F(PostgresDatabase, StoresAnyBytesAsText) {
  const auto database = place->open(kSteps);
  const std::string bytes = "\xff\0\xed\xa0\x80\xc3("s;
  database->query("INSERT INTO animals VALUES ($1)", {bytes});
  EXPECT_EQ(database->query("SELECT name FROM animals WHERE name = $1", {bytes}).at(0).text(0), storable_text(bytes));
}

TEST(PostgresAddress, NeverTellsThePassword) {
  for (const char* url : {"postgres://ann:hush%zz@host/db", "postgres://ann:hush@host:port:1/db?x",
                          "postgres://ann:hush@host/db?nonsense=1", "mysql://ann:hush@host/db", "hush", ""}) {
    const std::string message = message_of([&] { open_postgres(url); });
    EXPECT_EQ(message.find("[database] expected postgres://"), 0u) << url << ": " << message;
    EXPECT_EQ(message.find("hush"), std::string::npos) << message;
  }
  for (const char* url : {"postgres://ann:hush@127.0.0.1:1/db", "postgresql:///db?host=/nowhere/hush&password=hush",
                          "postgres://ann:hush@hush.invalid/hush"}) {
    const std::string message = failure_of([&] { open_postgres(url); });
    EXPECT_EQ(message.find("[database] cannot reach postgres://"), 0u) << message;
    EXPECT_EQ(message.find("hush"), std::string::npos) << message;
  }
}

TEST_F(PostgresDatabase, AWrongPasswordIsNotTold) {
  const std::string database = place->url();  // of a role that has to say one: see tests/postgres.py
  failure_of([] { TestDatabase::administer("CREATE ROLE guarded LOGIN PASSWORD 'right-one'"); });
  const auto url = [&](const std::string& password) {
    std::string text = database;
    return text.replace(0, text.find('@'), "postgres://guarded:" + password);
  };
  const std::string message = failure_of([&] { open_postgres(url("wrong-one")); });
  EXPECT_NE(message.find("password authentication failed"), std::string::npos) << message;
  EXPECT_EQ(message.find("wrong-one"), std::string::npos) << message;
  TestDatabase::administer("ALTER DATABASE " +
                           database.substr(database.find("case_"), database.find('?') - database.find("case_")) +
                           " OWNER TO guarded");
  EXPECT_EQ(open_postgres(url("right-one"), kSteps)->query("SELECT name FROM animals").at(0).text(0), "rabbit");
}

TEST_F(PostgresDatabase, RefusesWhatIsNotItsOwn) {
  const PostgresAddress address(place->url());
  PostgresConnection(address).script("CREATE TABLE jobs (other BIGINT)");
  EXPECT_NE(message_of([&] { place->open(kSteps); }).find("has tables of another"), std::string::npos);
  const std::string none = place->url() + "&options=-csearch_path%3Dnone";
  EXPECT_NE(message_of([&] { open_postgres(none, kSteps); }).find("expected a schema"), std::string::npos);
  // A schema of its own beside the other program's tables.
  PostgresConnection(address).script("CREATE SCHEMA clips");
  const std::string own = place->url() + "&options=-csearch_path%3Dclips";
  EXPECT_EQ(animals(*open_postgres(own, kSteps)), 1);
}

TEST_F(PostgresDatabase, OutlastsLostConnections) {
  const auto database = place->open(kSteps);
  EXPECT_EQ(animals(*database), 1);
  EXPECT_TRUE(database->wait_for_change("animals", std::chrono::milliseconds(0)));
  end_connections();
  EXPECT_EQ(animals(*database), 1);
  end_connections();
  database->query("INSERT INTO animals VALUES ('horse')");
  // In the middle of a transaction: tried again from its start, and done once.
  int runs = 0;
  database->transaction([&](Connection& connection) {
    connection.query("INSERT INTO animals VALUES ('duck')");
    if (++runs == 1) end_connections();
    connection.query("INSERT INTO animals VALUES ('fish')");
  });
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(animals(*database), 4);
  // Whoever waits is told to look as soon as the loss is noticed, and hears again.
  const auto looks = [&](int ms) { return database->wait_for_change("animals", std::chrono::milliseconds(ms)); };
  EXPECT_TRUE(looks(50) || looks(50));
  EXPECT_TRUE(looks(0));  // listening again
  EXPECT_FALSE(looks(0));
}

// The server takes the connection away within COMMIT, the first time it comes to it, so nothing was committed.
TEST_F(PostgresDatabase, ACommitThatFailedIsTriedAgain) {
  const auto database = place->open(kSteps);
  const PostgresAddress address(place->url());
  PostgresConnection(address).script(
      "CREATE SEQUENCE tries; CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "IF nextval('tries') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); END IF; "
      "RETURN NULL; END $$; CREATE CONSTRAINT TRIGGER leave AFTER INSERT ON animals DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION leave()");
  int runs = 0;
  database->transaction([&](Connection& connection) {
    ++runs;
    connection.query("INSERT INTO animals VALUES ('horse')");
  });
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(animals(*database), 2);
}

// Stands between a client and the server's Unix socket. Told to, it lets the server do the next COMMIT and closes both
// ends instead of passing on the answer.
class Proxy {
 public:
  Proxy(std::string server, const std::string& path) : server_(std::move(server)), listener_(bound(path)) {
    acceptor_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested())
        if (readable(listener_, 20))
          carriers_.emplace_back([this, client = ::accept(listener_, nullptr, nullptr)](const std::stop_token& end) {
            carry(client, end);
          });
    });
  }
  ~Proxy() {
    acceptor_ = {};
    carriers_.clear();
    ::close(listener_);
  }

  std::atomic<bool> loses_commit{false};

 private:
  static sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ensure(path.size() < sizeof address.sun_path, "proxy", "expected a shorter path but got {}", path);
    path.copy(address.sun_path, path.size());
    return address;
  }
  static int bound(const std::string& path) {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const sockaddr_un address = address_of(path);
    const auto* raw = reinterpret_cast<const sockaddr*>(&address);
    ensure(::bind(socket, raw, sizeof address) == 0 && ::listen(socket, 16) == 0, "proxy", "cannot listen at {}", path);
    return socket;
  }
  static bool readable(int socket, int ms) {
    pollfd one{socket, POLLIN, 0};
    return ::poll(&one, 1, ms) > 0;
  }
  // What one end said goes to the other. False where it said nothing more.
  static bool pass(int from, int to, std::string& said) {
    char bytes[8192];
    const ssize_t count = ::read(from, bytes, sizeof bytes);
    if (count <= 0) return false;
    said.assign(bytes, static_cast<std::size_t>(count));
    return ::write(to, bytes, said.size()) == count;
  }
  void carry(int client, const std::stop_token& stop) {
    const int server = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const sockaddr_un address = address_of(server_);
    bool open = ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    std::string said;
    while (open && !stop.stop_requested()) {
      pollfd ends[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
      if (::poll(ends, 2, 20) <= 0) continue;
      if (ends[0].revents) {
        open = pass(client, server, said);
        if (open && said.find("COMMIT") != std::string::npos && loses_commit.exchange(false)) {
          readable(server, 10'000);
          open = false;
        }
      }
      if (open && ends[1].revents) open = pass(server, client, said);
    }
    ::close(client);
    ::close(server);
  }

  std::string server_;
  int listener_;
  std::vector<std::jthread> carriers_;
  std::jthread acceptor_;
};

// The server did it, and the client never heard: run again, it would be done twice.
TEST_F(PostgresDatabase, ACommitWhoseAnswerWasLostIsDoneOnce) {
  const std::string url = place->url(), mark = "host=";
  const std::size_t host = url.find(mark + "/");
  if (host == std::string::npos) GTEST_SKIP() << "needs a server on a Unix socket";
  const TestFolder& folder = place->folder();
  constexpr const char* kSocket = "/.s.PGSQL.5432";
  Proxy proxy(url.substr(host + mark.size()) + kSocket, folder.path().string() + kSocket);
  const auto database = open_postgres(url.substr(0, host + mark.size()) + folder.path().string(), kSteps);
  int runs = 0;
  proxy.loses_commit = true;
  database->transaction([&](Connection& connection) {
    ++runs;
    connection.query("INSERT INTO animals VALUES ('horse')");
  });
  EXPECT_FALSE(proxy.loses_commit);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(animals(*database), 2);
}

// A single statement that hides a change from the turn of the writers is refused, not run beside them.
TEST_F(PostgresDatabase, NothingWritesWithoutItsTurn) {
  const auto database = place->open(kSteps);
  EXPECT_THROW(database->query("WITH gone AS (DELETE FROM animals RETURNING name) SELECT name FROM gone"),
               std::runtime_error);
  EXPECT_EQ(animals(*database), 1);
}

}  // namespace
}  // namespace hotshot::store
