#include "store/accounts.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "base/digest.h"
#include "store/audit.h"
#include "store/jobs.h"
#include "store/passwords.h"
#include "store/test_support.h"

namespace hotshot::store {
namespace {

HOTSHOT_ON_EACH_DATABASE(AccountRules);
HOTSHOT_ON_EACH_DATABASE(AuditTrail);
HOTSHOT_ON_EACH_DATABASE(Invitations);
HOTSHOT_ON_EACH_DATABASE(Keys);
HOTSHOT_ON_EACH_DATABASE(Sessions);
HOTSHOT_ON_EACH_DATABASE(SignIn);

struct TestAccounts {
  TestDatabase place;
  std::unique_ptr<Database> database = place.open();
  Accounts accounts{*database};

  std::int64_t number(const std::string& sql) { return database->query(sql).at(0).integer(0); }
  void let_minutes_pass(std::int64_t minutes) {
    database->query("UPDATE sign_in_failures SET at_ms = at_ms - $1", {minutes * 60'000});
  }
};

const std::string kPassword = "correct horse";

// The code of the conflict that an act ends in, or "".
std::string conflict(const std::function<void()>& act) {
  try {
    act();
  } catch (const AccountConflict& error) {
    return error.code;
  }
  return "";
}

TEST(Passwords, AreArgon2id) {
  const std::string hash = hash_password(kPassword);
  EXPECT_EQ(hash.find("$argon2id$v=19$m=19456,t=2,p=1$"), 0u);
  EXPECT_NE(hash, hash_password(kPassword));
  EXPECT_TRUE(password_matches(kPassword, hash));
  EXPECT_FALSE(password_matches("correct horsf", hash));
  EXPECT_FALSE(password_matches(kPassword, "nonsense"));
  EXPECT_FALSE(password_matches(kPassword, ""));
  // RFC 9106 has no test of this encoding; this is the reference program's: argon2 somesalt -id -t 2 -k 65536 -p 1.
  EXPECT_TRUE(password_matches(
      "password", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"));
}

TEST_P(AccountRules, TheFirstIsMadeByTheSecret) {
  TestAccounts test;
  Accounts& accounts = test.accounts;
  EXPECT_TRUE(accounts.empty());
  accounts.local();  // cannot sign in, so it does not count
  EXPECT_TRUE(accounts.empty());
  const std::string secret = accounts.setup_secret();
  EXPECT_EQ(secret, accounts.setup_secret());
  EXPECT_EQ(secret.size(), 43u);
  EXPECT_EQ(message_of([&] { accounts.set_up("guess", "Ann", kPassword); }).find("[setup]"), 0u);
  EXPECT_EQ(message_of([&] { accounts.set_up("", "Ann", kPassword); }).find("[setup]"), 0u);
  EXPECT_EQ(message_of([&] { accounts.set_up(secret, "Ann", "short"); }).find("[password]"), 0u);
  const Account ann = accounts.set_up(secret, "Ann", kPassword);
  EXPECT_EQ(ann.role, Role::admin);
  EXPECT_EQ(ann.id.substr(0, 5), "acct_");
  EXPECT_FALSE(accounts.empty());
  EXPECT_EQ(message_of([&] { accounts.set_up(secret, "Bob", kPassword); }).find("[setup]"), 0u);
  EXPECT_EQ(message_of([&] { accounts.set_up(accounts.setup_secret(), "Bob", kPassword); }).find("[setup]"), 0u);
  EXPECT_EQ(accounts.sign_in("ann", kPassword, "p")->id, ann.id);
}

TEST_P(AccountRules, NamesAreFreeWithoutCase) {
  TestAccounts test;
  Accounts& accounts = test.accounts;
  const Account ann = accounts.create("Ännchen", kPassword, Role::member);
  for (const std::string& name : {std::string("äNNCHEN"), std::string("Local"), std::string(), std::string(65, 'x'),
                                  std::string("a\nb"), std::string("a\0b", 3), std::string(" a"), std::string("a\x7f")})
    EXPECT_EQ(message_of([&] { accounts.create(name, kPassword, Role::member); }).find("[name]"), 0u) << name;
  for (const std::string& password : {std::string(7, 'x'), std::string(257, 'x')})
    EXPECT_EQ(message_of([&] { accounts.create("b", password, Role::member); }).find("[password]"), 0u);
  std::string sixty_four;
  for (int i = 0; i < 64; ++i) sixty_four += "鱼";
  EXPECT_EQ(accounts.create(sixty_four, std::string(256, 'x'), Role::member).name, sixty_four);
  Account other = accounts.create("Bob", kPassword, Role::member);
  other.name = "ÄNNCHEN";
  EXPECT_EQ(message_of([&] { accounts.update(other); }).find("[name]"), 0u);
  Account self = ann;
  self.name = "ÄNNCHEN";  // one's own, in other letters
  self.clips_per_day = 5;
  accounts.update(self);
  EXPECT_EQ(accounts.find(ann.id)->name, "ÄNNCHEN");
  EXPECT_EQ(accounts.find(ann.id)->clips_per_day, 5);
  EXPECT_EQ(accounts.list().size(), 3u);
  EXPECT_EQ(accounts.local().id, accounts.local().id);
  EXPECT_EQ(accounts.local().role, Role::admin);
  EXPECT_EQ(accounts.list().size(), 4u);
  EXPECT_THROW(parse_role("king"), InvalidArgument);
  EXPECT_EQ(parse_role(role_name(Role::admin)), Role::admin);
}

TEST_P(AccountRules, AnAdminRemains) {
  TestAccounts test;
  Accounts& accounts = test.accounts;
  Account ann = accounts.create("Ann", kPassword, Role::admin), bob = accounts.create("Bob", kPassword, Role::member);
  accounts.local();  // an admin too, but not one who can sign in
  Account changed = ann;
  changed.role = Role::member;
  EXPECT_EQ(conflict([&] { accounts.update(changed); }), "last_admin");
  changed = ann;
  changed.disabled = true;
  EXPECT_EQ(conflict([&] { accounts.update(changed); }), "last_admin");
  EXPECT_EQ(message_of([&] { accounts.remove(ann.id); }).find("[account]"), 0u);
  EXPECT_TRUE(accounts.sign_in("Ann", kPassword, "p"));
  bob.role = Role::admin;
  accounts.update(bob);
  accounts.remove(ann.id);
  EXPECT_FALSE(accounts.find(ann.id));
  EXPECT_NE(message_of([&] { accounts.update(ann); }), "");
}

TEST_P(AccountRules, GoOnlyWithoutJobs) {
  TestAccounts test;
  const Account ann = test.accounts.create("Ann", kPassword, Role::member);
  JobStore jobs(*test.database);
  const std::string id = jobs.submit({new_job(ann.id)}).jobs.at(0).id;
  jobs.change(id, {.trashed = true});
  EXPECT_EQ(conflict([&] { test.accounts.remove(ann.id); }), "not_empty");
  EXPECT_TRUE(test.accounts.find(ann.id));
  jobs.remove(id);
  test.accounts.remove(ann.id);
  EXPECT_FALSE(test.accounts.find(ann.id));
}

TEST_P(Invitations, MakeAnAccountWhoseOwnerChoosesThePassword) {
  TestAccounts test;
  Accounts& accounts = test.accounts;
  const Invitation made = accounts.invite("Ann", Role::admin, 3);
  EXPECT_EQ(made.account.clips_per_day, 3);
  EXPECT_FALSE(made.account.has_password);
  EXPECT_TRUE(accounts.empty());
  EXPECT_FALSE(accounts.sign_in("Ann", "", "p"));
  EXPECT_EQ(conflict([&] { accounts.invite("ANN", Role::member); }), "name_taken");
  EXPECT_NE(message_of([&] { accounts.invite("Bob", Role::member, -1); }), "");
  EXPECT_EQ(test.number("SELECT count(*) FROM invitations WHERE secret_sha256 = '" + made.secret + "'"), 0);
  EXPECT_EQ(accounts.open_invitations().at(made.account.id), made.expires_ms);
  EXPECT_FALSE(accounts.invitation("guess"));
  EXPECT_EQ(accounts.invitation(made.secret)->account.name, "Ann");
  EXPECT_NE(message_of([&] { accounts.accept(made.secret, "short"); }), "");
  EXPECT_TRUE(accounts.accept(made.secret, kPassword).has_password);
  EXPECT_EQ(message_of([&] { accounts.accept(made.secret, "another horse"); }).find("[invitation]"), 0u);
  EXPECT_TRUE(accounts.sign_in("Ann", kPassword, "p"));
  EXPECT_TRUE(accounts.open_invitations().empty());
}

TEST_P(Invitations, EndWithTimeAndWithAnother) {
  TestAccounts test;
  Accounts& accounts = test.accounts;
  const Invitation first = accounts.invite("Ann", Role::member);
  const Invitation second = accounts.reset(first.account.id);
  EXPECT_FALSE(accounts.invitation(first.secret));
  Account ann = second.account;
  ann.disabled = true;
  accounts.update(ann);
  EXPECT_FALSE(accounts.invitation(second.secret));
  ann.disabled = false;
  accounts.update(ann);
  EXPECT_TRUE(accounts.invitation(second.secret));
  test.database->query("UPDATE invitations SET expires_ms = $1", {now_ms() - 1});
  EXPECT_FALSE(accounts.invitation(second.secret));
  EXPECT_NE(message_of([&] { accounts.accept(second.secret, kPassword); }), "");
  accounts.remove(ann.id);
  EXPECT_EQ(test.number("SELECT count(*) FROM invitations"), 0);
}

TEST_P(Invitations, AResetEndsPasswordAndSessionsButNotTheLastAdmins) {
  TestAccounts test;
  Accounts& accounts = test.accounts;
  const Account ann = accounts.create("Ann", kPassword, Role::admin),
                bob = accounts.create("Bob", kPassword, Role::member);
  const std::string session = accounts.start_session(bob.id);
  const std::string key = accounts.create_key(bob.id, "k", Scope::read).secret;
  EXPECT_EQ(conflict([&] { accounts.reset(ann.id); }), "last_admin");
  EXPECT_TRUE(accounts.sign_in("Ann", kPassword, "p"));
  EXPECT_NE(message_of([&] { accounts.reset(accounts.local().id); }), "");
  EXPECT_NE(message_of([&] { accounts.reset("acct_none"); }), "");
  const Invitation link = accounts.reset(bob.id);
  EXPECT_FALSE(accounts.sign_in("Bob", kPassword, "p"));
  EXPECT_FALSE(accounts.session(session));
  EXPECT_TRUE(accounts.key(key));
  accounts.set_password(bob.id, kPassword);  // a password set otherwise ends the link
  EXPECT_FALSE(accounts.invitation(link.secret));
}

TEST_P(AuditTrail, TellsWhoDidWhatForAYear) {
  TestAccounts test;
  AuditLog log(*test.database);
  Account ann = test.accounts.create("Ann", kPassword, Role::admin);
  log.record(ann, "account_invited", "Bob");
  test.database->query("UPDATE audit SET at_ms = at_ms - $1", {366ll * 24 * 3600 * 1000});
  for (const char* subject : {"1", "2", "3"}) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    log.record(ann, "exported", subject);
  }
  const AuditPage page = log.list(2);
  ASSERT_EQ(page.entries.size(), 2u);
  EXPECT_TRUE(page.has_more);
  EXPECT_EQ(page.entries[0].subject, "3");
  EXPECT_EQ(page.entries[0].actor_name, "Ann");
  const AuditPage rest = log.list(2, page.entries[1].id);
  ASSERT_EQ(rest.entries.size(), 1u);  // the oldest is gone
  EXPECT_FALSE(rest.has_more);
  EXPECT_EQ(rest.entries[0].subject, "1");
  EXPECT_THROW(log.list(0), InvalidArgument);
}

TEST_P(SignIn, TellsNothingApart) {
  TestAccounts test;
  Account ann = test.accounts.create("Ann", kPassword, Role::member);
  EXPECT_EQ(test.accounts.sign_in("ANN", kPassword, "p")->id, ann.id);
  const auto seconds = [&](const std::string& name, const std::string& password) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(test.accounts.sign_in(name, password, "p"));
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  double wrong = 1, unknown = 1, local = 1;
  test.accounts.local();
  for (int i = 0; i < 4; ++i) {
    wrong = std::min(wrong, seconds("Ann", "wrong horse"));
    unknown = std::min(unknown, seconds("Zoe", "wrong horse"));
    local = std::min(local, seconds("local", ""));
  }
  EXPECT_GT(unknown, wrong / 2);
  EXPECT_GT(local, wrong / 2);
  EXPECT_LT(unknown, wrong * 2);
  ann.disabled = true;
  test.accounts.update(ann);
  EXPECT_FALSE(test.accounts.sign_in("Ann", kPassword, "p"));
}

TEST_P(SignIn, IsThrottledPerNameAndPeer) {
  TestAccounts test;
  test.accounts.create("Ann", kPassword, Role::member);
  test.accounts.create("Bob", kPassword, Role::member);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(test.accounts.sign_in("ann", "wrong horse", "p"));
  EXPECT_TRUE(test.accounts.sign_in("Ann", kPassword, "p"));  // forgets them
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(test.accounts.sign_in("ANN", "wrong horse", "p"));
  EXPECT_FALSE(test.accounts.sign_in("Ann", kPassword, "p"));
  EXPECT_TRUE(test.accounts.sign_in("Bob", kPassword, "p"));
  EXPECT_TRUE(test.accounts.sign_in("Ann", kPassword, "q"));  // not locked out by the other
  const auto other = test.place.open();   // as another process would see it
  EXPECT_FALSE(Accounts(*other).sign_in("Ann", kPassword, "p"));
  test.let_minutes_pass(14);
  EXPECT_FALSE(test.accounts.sign_in("Ann", kPassword, "p"));
  test.let_minutes_pass(2);
  EXPECT_TRUE(test.accounts.sign_in("Ann", kPassword, "p"));
  EXPECT_EQ(test.number("SELECT count(*) FROM sign_in_failures"), 0);
}

TEST_P(SignIn, ASubscriberOfIpv6IsOnePeer) {
  TestAccounts test;
  test.accounts.create("Ann", kPassword, Role::member);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(test.accounts.sign_in("Ann", "wrong horse", fmt::format("2001:db8::{}", i)));
  EXPECT_FALSE(test.accounts.sign_in("Ann", kPassword, "2001:db8::ffff"));
  EXPECT_TRUE(test.accounts.sign_in("Ann", kPassword, "2001:db8:0:1::"));
}

TEST_P(SignIn, ManyPeersTogetherAreSlowedDownAndLockNobodyOut) {
  using std::chrono::milliseconds;
  TestAccounts test;
  test.accounts.create("Ann", kPassword, Role::member);
  const auto fail = [&](int from, int to) {
    for (int i = from; i < to; ++i)
      test.database->query("INSERT INTO sign_in_failures VALUES ('ann', $1, $2)", {fmt::format("p{}", i), now_ms()});
  };
  fail(0, 19);
  EXPECT_EQ(test.accounts.sign_in_delay("Ann"), milliseconds(0));
  fail(19, 20);
  EXPECT_EQ(test.accounts.sign_in_delay("ANN"), milliseconds(1000));
  EXPECT_EQ(test.accounts.sign_in_delay("Bob"), milliseconds(0));
  fail(20, 60);
  EXPECT_EQ(test.accounts.sign_in_delay("Ann"), milliseconds(4000));
  fail(60, 1000);
  EXPECT_EQ(test.accounts.sign_in_delay("Ann"), milliseconds(16'000));
  EXPECT_TRUE(test.accounts.sign_in("Ann", kPassword, "home"));
  test.let_minutes_pass(16);
  EXPECT_EQ(test.accounts.sign_in_delay("Ann"), milliseconds(0));
}

TEST_P(SignIn, IsThrottledPerPeer) {
  TestAccounts test;
  test.accounts.create("Ann", kPassword, Role::member);
  for (int i = 0; i < 49; ++i)
    test.database->query("INSERT INTO sign_in_failures VALUES ($1, 'bad', $2)", {fmt::format("name-{}", i), now_ms()});
  EXPECT_FALSE(test.accounts.sign_in("Zoe", "wrong horse", "bad"));
  EXPECT_FALSE(test.accounts.sign_in("Ann", kPassword, "bad"));
  EXPECT_TRUE(test.accounts.sign_in("Ann", kPassword, "good"));
}

// Twenty guesses at once are no more than five one after the other.
TEST_P(SignIn, IsThrottledAtOnce) {
  TestAccounts test;
  test.accounts.create("Ann", kPassword, Role::member);
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i) threads.emplace_back([&] { test.accounts.sign_in("Ann", "wrong horse", "p"); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(test.number("SELECT count(*) FROM sign_in_failures"), 5);
}

TEST_P(Sessions, EndWithTimeAccountAndPassword) {
  TestAccounts test;
  Accounts& accounts = test.accounts;
  Account ann = accounts.create("Ann", kPassword, Role::member);
  const std::string secret = accounts.start_session(ann.id), second = accounts.start_session(ann.id);
  const auto identity = accounts.session(secret);
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->account.id, ann.id);
  EXPECT_EQ(identity->scope, Scope::generate);
  EXPECT_EQ(identity->key, "");
  EXPECT_EQ(test.number("SELECT count(*) FROM sessions WHERE secret_sha256 = '" + secret + "'"), 0);
  EXPECT_FALSE(accounts.session(secret.substr(1)));
  EXPECT_FALSE(accounts.session(sha256_text(secret)));
  EXPECT_FALSE(accounts.session(accounts.start_session(ann.id, 0)));
  accounts.end_session(second);
  EXPECT_FALSE(accounts.session(second));
  EXPECT_TRUE(accounts.session(secret));
  ann.disabled = true;
  accounts.update(ann);
  EXPECT_FALSE(accounts.session(secret));
  EXPECT_NE(message_of([&] { accounts.start_session(ann.id); }), "");
  ann.disabled = false;
  accounts.update(ann);
  EXPECT_FALSE(accounts.session(secret));
  const std::string third = accounts.start_session(ann.id);
  accounts.set_password(ann.id, "another horse");
  EXPECT_FALSE(accounts.session(third));
  EXPECT_FALSE(accounts.sign_in("Ann", kPassword, "p"));
  EXPECT_TRUE(accounts.sign_in("Ann", "another horse", "p"));
  const std::string fourth = accounts.start_session(ann.id);
  accounts.remove(ann.id);
  EXPECT_FALSE(accounts.session(fourth));
  EXPECT_NE(message_of([&] { accounts.start_session(ann.id); }), "");
  EXPECT_NE(message_of([&] { accounts.set_password("acct_local", kPassword); }), "");
}

TEST_P(Sessions, CanBeListedAndEndedByTheirOwner) {
  TestAccounts test;
  Accounts& accounts = test.accounts;
  const Account ann = accounts.create("Ann", kPassword, Role::member),
                bob = accounts.create("Bob", kPassword, Role::member);
  constexpr std::int64_t kHour = 3'600'000;
  const std::string phone = accounts.start_session(ann.id, kHour, "a phone");
  const std::string laptop = accounts.start_session(ann.id, kHour, "a laptop");
  const std::string other = accounts.start_session(bob.id, kHour, std::string(300, 'x'));
  accounts.start_session(ann.id, 0);
  const std::string id = accounts.session(phone)->session;
  EXPECT_EQ(accounts.sessions(ann.id).size(), 2u);
  EXPECT_EQ(accounts.sessions(bob.id).at(0).device, "");
  for (const Session& session : accounts.sessions(ann.id)) {
    EXPECT_EQ(session.last_used_ms.has_value(), session.id == id);
    EXPECT_EQ(session.device, session.id == id ? "a phone" : "a laptop");
  }
  accounts.end_session(bob.id, id);  // not his
  EXPECT_TRUE(accounts.session(phone));
  accounts.end_session(ann.id, id);
  EXPECT_FALSE(accounts.session(phone));
  const std::string third = accounts.start_session(ann.id);
  accounts.end_other_sessions(ann.id, accounts.session(third)->session);
  EXPECT_FALSE(accounts.session(laptop));
  EXPECT_TRUE(accounts.session(third));
  EXPECT_TRUE(accounts.session(other));
}

TEST_P(Keys, DoWhatTheirScopeAndRoleAllow) {
  TestAccounts test;
  Accounts& accounts = test.accounts;
  Account ann = accounts.create("Ann", kPassword, Role::admin);
  const Account bob = accounts.create("Bob", kPassword, Role::member);
  accounts.create("Eve", kPassword, Role::admin);
  const NewKey made = accounts.create_key(ann.id, "laptop", Scope::admin);
  EXPECT_EQ(made.secret.size(), 46u);
  EXPECT_EQ(made.secret.substr(0, 3), "sk-");
  EXPECT_EQ(made.key.hint, "sk-…" + made.secret.substr(42));
  EXPECT_EQ(accounts.key(made.secret)->scope, Scope::admin);
  EXPECT_EQ(accounts.key(made.secret)->key, made.key.id);
  EXPECT_FALSE(accounts.key(made.secret + "x"));
  EXPECT_FALSE(accounts.key(""));
  EXPECT_EQ(message_of([&] { accounts.create_key(bob.id, "k", Scope::admin); }).find("[scope]"), 0u);
  const NewKey reader = accounts.create_key(bob.id, "k", Scope::read, now_ms() + 60'000);
  EXPECT_EQ(accounts.key(reader.secret)->scope, Scope::read);
  EXPECT_FALSE(accounts.key(accounts.create_key(bob.id, "old", Scope::read, now_ms() - 1).secret));
  EXPECT_EQ(accounts.keys(bob.id).size(), 2u);
  ann.role = Role::member;
  accounts.update(ann);
  EXPECT_EQ(accounts.key(made.secret)->scope, Scope::generate);
  accounts.revoke_key(ann.id, reader.key.id);  // not hers
  EXPECT_TRUE(accounts.key(reader.secret));
  accounts.revoke_key(bob.id, reader.key.id);
  EXPECT_FALSE(accounts.key(reader.secret));
  accounts.remove(ann.id);
  EXPECT_FALSE(accounts.key(made.secret));
  EXPECT_EQ(parse_scope("read"), Scope::read);
  EXPECT_THROW(parse_scope("all"), InvalidArgument);
}

TEST_P(Keys, NoteTheirUseOnceAMinute) {
  TestAccounts test;
  const Account ann = test.accounts.create("Ann", kPassword, Role::member);
  const NewKey made = test.accounts.create_key(ann.id, "k", Scope::generate);
  const auto used = [&] { return test.accounts.keys(ann.id).at(0).last_used_ms; };
  EXPECT_FALSE(used());
  test.accounts.key(made.secret);
  const auto first = used();
  ASSERT_TRUE(first);
  std::this_thread::sleep_for(std::chrono::milliseconds(3));
  test.accounts.key(made.secret);
  EXPECT_EQ(used(), first);
  test.database->query("UPDATE account_keys SET last_used_ms = last_used_ms - 61000");
  test.accounts.key(made.secret);
  EXPECT_GE(used(), first);
}

}  // namespace
}  // namespace hotshot::store
