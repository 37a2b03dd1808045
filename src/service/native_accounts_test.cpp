#include <gtest/gtest.h>

#include "service/test_support.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

// A service that asks who is there, with its first admin.
class AccountsTest : public ::testing::Test {
 protected:
  AccountsTest() : test([](ServiceConfig& config) { config.sign_in = "always", config.clips_per_day = 5; }) {
    ann = test.service->accounts().create("ann", "password1", store::Role::admin);
    admin = sign_in("ann", "password1");
  }

  std::string cookie(const Answer& answer) {
    const std::string set = answer.headers.get("set-cookie");
    return "cookie: " + set.substr(0, set.find(';')) + "\r\nx-hotshot: 1\r\n";
  }
  std::string sign_in(const std::string& name, const std::string& password) {
    const Answer in =
        test.send_json("POST", "/api/v1/session", {{"name", name}, {"password", password}}, "user-agent: a laptop\r\n");
    EXPECT_EQ(in.status, 200) << in.body;
    return cookie(in);
  }
  json invite(const json& body) { return test.send_json("POST", "/api/v1/accounts", body, admin).json(); }
  static std::string secret(const json& invited) {
    const std::string url = invited["invitation"]["url"];
    return url.substr(url.rfind('/') + 1);
  }
  // The session of an invited one who chose "password2".
  std::string join(const json& invited) {
    const Answer joined =
        test.send_json("POST", "/api/v1/invitation", {{"secret", secret(invited)}, {"password", "password2"}});
    EXPECT_EQ(joined.status, 200) << joined.body;
    return cookie(joined);
  }
  json change(const std::string& id, const json& body) {
    const Answer answer = test.send_json("PATCH", "/api/v1/accounts/" + id, body, admin);
    return answer.status == 200 ? answer.json() : answer.json()["error"]["code"];
  }
  std::string remove(const std::string& id, const std::string& query = "") {
    const Answer answer = test.send("DELETE", "/api/v1/accounts/" + id + query, "", admin);
    return answer.status == 204 ? "" : answer.json()["error"]["code"].get<std::string>();
  }
  json account(const std::string& name) {
    const json accounts = test.get("/api/v1/accounts", admin).json()["accounts"];
    for (const json& one : accounts)
      if (one["name"] == name) return one;
    return nullptr;
  }
  std::string submit(const std::string& who) {
    return test.send_json("POST", "/api/v1/jobs", tiny_request(), who).json()["jobs"][0]["id"];
  }

  TestService test;
  store::Account ann;
  std::string admin;
};

TEST_F(AccountsTest, AnInvitedOneChoosesAPasswordAndIsIn) {
  const json invited = invite({{"name", "bob"}, {"clips_per_day", 2}});
  EXPECT_EQ(invited["account"]["state"], "invited");
  EXPECT_EQ(invited["account"]["role"], "member");
  EXPECT_EQ(invited["account"]["invited_until_ms"], invited["invitation"]["expires_ms"]);
  EXPECT_EQ(invited["invitation"]["url"].get<std::string>().find("/#/invite/"), 0u);
  EXPECT_EQ(invite({{"name", "BOB"}})["error"]["code"], "name_taken");
  const Answer look = test.send_json("POST", "/api/v1/invitation/look", {{"secret", secret(invited)}});
  EXPECT_EQ(look.json()["name"], "bob");
  EXPECT_EQ(test.send_json("POST", "/api/v1/invitation/look", {{"secret", "guess"}}).status, 404);
  const json weak{{"secret", secret(invited)}, {"password", "short"}};
  EXPECT_EQ(test.send_json("POST", "/api/v1/invitation", weak).status, 400);
  const std::string bob = join(invited);
  EXPECT_EQ(test.get("/api/v1/session", bob).json()["quota"]["clips_per_day"], 2);
  EXPECT_EQ(test.send_json("POST", "/api/v1/invitation/look", {{"secret", secret(invited)}}).status, 404);
  submit(bob);
  const json listed = account("bob");
  EXPECT_EQ(listed["state"], "active");
  EXPECT_EQ(listed["usage"]["jobs"], 1);
  EXPECT_EQ(listed["usage"]["today"], 1);
  EXPECT_EQ(listed["invited_until_ms"], nullptr);
  sign_in("bob", "password2");
}

TEST_F(AccountsTest, OnlyAdminsAdministrate) {
  const std::string bob = join(invite({{"name", "bob"}}));
  const std::string id = account("bob")["id"];
  for (const char* path : {"/api/v1/accounts", "/api/v1/audit"}) {
    EXPECT_EQ(test.get(path, bob).status, 403) << path;
    EXPECT_EQ(test.get(path).status, 401) << path;
  }
  EXPECT_EQ(test.send_json("POST", "/api/v1/accounts", {{"name", "eve"}}, bob).status, 403);
  EXPECT_EQ(test.send_json("PATCH", "/api/v1/accounts/" + id, {{"role", "admin"}}, bob).status, 403);
  EXPECT_EQ(test.send("POST", "/api/v1/accounts/" + id + "/reset", "", bob).status, 403);
  EXPECT_EQ(test.send("DELETE", "/api/v1/accounts/" + id, "", bob).status, 403);
}

TEST_F(AccountsTest, ChangesTakeEffectAtOnce) {
  const std::string bob = join(invite({{"name", "bob"}}));
  const std::string id = account("bob")["id"];
  EXPECT_EQ(change(id, {{"clips_per_day", 1}})["clips_per_day"], 1);
  EXPECT_EQ(change(id, {{"role", "admin"}})["clips_per_day"], 1);  // what is not named stays
  EXPECT_EQ(change(id, {{"clips_per_day", nullptr}})["clips_per_day"], nullptr);
  EXPECT_EQ(change(id, {{"clips_per_day", -1}}), "invalid_request");
  EXPECT_EQ(change(id, {{"disabled", "yes"}}), "invalid_request");
  EXPECT_EQ(change(id, {{"password", "password3"}}), "invalid_request");
  EXPECT_EQ(change(id, {{"name", "ann"}}), "name_taken");
  EXPECT_EQ(change("acct_none", {{"name", "x"}}), "not_found");
  EXPECT_EQ(test.get("/api/v1/accounts", bob).status, 200);
  EXPECT_EQ(change(id, {{"disabled", true}})["state"], "disabled");
  EXPECT_EQ(test.get("/api/v1/jobs", bob).status, 401);
}

TEST_F(AccountsTest, AResetEndsThePasswordAndGivesAnotherLink) {
  const std::string bob = join(invite({{"name", "bob"}}));
  const std::string id = account("bob")["id"];
  const Answer again = test.send("POST", "/api/v1/accounts/" + id + "/reset", "", admin);
  ASSERT_EQ(again.status, 200);
  EXPECT_EQ(test.get("/api/v1/jobs", bob).status, 401);
  EXPECT_EQ(test.send_json("POST", "/api/v1/session", {{"name", "bob"}, {"password", "password2"}}).status, 401);
  EXPECT_EQ(test.get("/api/v1/jobs", join(again.json())).status, 200);
}

TEST_F(AccountsTest, TheLastAdminStays) {
  EXPECT_EQ(change(ann.id, {{"role", "member"}}), "last_admin");
  EXPECT_EQ(change(ann.id, {{"disabled", true}}), "last_admin");
  EXPECT_EQ(remove(ann.id), "last_admin");
  EXPECT_EQ(test.send("POST", "/api/v1/accounts/" + ann.id + "/reset", "", admin).status, 409);
  const std::string clip = submit(admin);
  EXPECT_EQ(remove(ann.id, "?clips=remove"), "last_admin");
  EXPECT_EQ(test.get("/api/v1/jobs/" + clip, admin).status, 200);  // refused before anything is lost
}

TEST_F(AccountsTest, ClipsGoOnlyWhenThatWasSaid) {
  const std::string bob = join(invite({{"name", "bob"}}));
  const std::string id = account("bob")["id"], first = submit(bob), second = submit(bob);
  test.work();
  test.send_json("PATCH", "/api/v1/jobs/" + second, {{"trashed", true}}, bob);
  EXPECT_EQ(remove(id), "not_empty");
  EXPECT_EQ(remove(id, "?clips=yes"), "invalid_request");
  EXPECT_EQ(test.get("/api/v1/jobs/" + first, bob).status, 200);
  EXPECT_EQ(remove(id, "?clips=remove"), "");
  EXPECT_EQ(test.get("/api/v1/jobs/" + first, admin).status, 404);
  EXPECT_EQ(test.get("/api/v1/jobs/" + second, admin).status, 404);
  EXPECT_EQ(test.get("/api/v1/jobs", bob).status, 401);
  EXPECT_EQ(account("bob"), nullptr);
}

TEST_F(AccountsTest, APasswordIsChangedByWhoKnowsIt) {
  const std::string other = sign_in("ann", "password1");
  const auto send = [&](const std::string& current, const std::string& password) {
    return test.send_json("POST", "/api/v1/password", {{"current", current}, {"password", password}}, admin);
  };
  EXPECT_EQ(send("wrong password", "password3").status, 403);
  EXPECT_EQ(send("password1", "short").status, 400);
  const Answer changed = send("password1", "password3");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(test.get("/api/v1/jobs", other).status, 401);
  EXPECT_EQ(test.get("/api/v1/jobs", admin).status, 401);
  EXPECT_EQ(test.get("/api/v1/jobs", cookie(changed)).status, 200);
  sign_in("ann", "password3");
}

TEST_F(AccountsTest, SessionsAreListedAndEnded) {
  const std::string other = sign_in("ann", "password1");
  const json sessions = test.get("/api/v1/sessions", admin).json()["sessions"];
  ASSERT_EQ(sessions.size(), 2u);
  std::string id;
  for (const json& session : sessions) {
    EXPECT_EQ(session["device"], "a laptop");
    if (!session["current"]) id = session["id"];
  }
  EXPECT_EQ(test.send("DELETE", "/api/v1/sessions/" + id, "", admin).status, 204);
  EXPECT_EQ(test.get("/api/v1/jobs", other).status, 401);
  const std::string third = sign_in("ann", "password1");
  EXPECT_EQ(test.send("DELETE", "/api/v1/sessions", "", admin).status, 204);
  EXPECT_EQ(test.get("/api/v1/jobs", third).status, 401);
  EXPECT_EQ(test.get("/api/v1/jobs", admin).status, 200);
  const std::string key = "authorization: Bearer " +
                          test.service->accounts().create_key(ann.id, "k", store::Scope::generate).secret + "\r\n";
  EXPECT_EQ(test.get("/api/v1/sessions", key).status, 403);
  EXPECT_EQ(test.send("DELETE", "/api/v1/sessions", "", key).status, 403);
}

TEST_F(AccountsTest, WhatWasDoneCanBeLookedUp) {
  const json invited = invite({{"name", "bob"}});
  join(invited);
  test.send_json("POST", "/api/v1/keys", {{"name", "laptop"}, {"scope", "read"}}, admin);
  test.get("/api/v1/export", admin);
  remove(invited["account"]["id"]);
  std::vector<std::string> acts;
  const json entries = test.get("/api/v1/audit", admin).json()["entries"];
  for (const json& entry : entries) {
    acts.push_back(entry["actor"]["name"].get<std::string>() + " " + entry["action"].get<std::string>() + " " +
                   entry["subject"].get<std::string>());
  }
  std::sort(acts.begin(), acts.end());  // within a millisecond they have no order
  EXPECT_EQ(acts, (std::vector<std::string>{"ann account_invited bob", "ann account_removed bob", "ann exported ",
                                            "ann key_created laptop", "bob account_joined "}));
}

TEST(LocalAccount, IsNobodysToChangeWhileNobodySignsIn) {
  TestService test;
  test.submit();
  const json accounts = test.get("/api/v1/accounts").json()["accounts"];
  ASSERT_EQ(accounts.size(), 1u);
  EXPECT_EQ(accounts[0]["state"], "local");
  EXPECT_EQ(accounts[0]["usage"]["jobs"], 1);
  const std::string path = "/api/v1/accounts/" + accounts[0]["id"].get<std::string>();
  EXPECT_EQ(test.send("DELETE", path + "?clips=remove").status, 409);
  EXPECT_EQ(test.send_json("PATCH", path, {{"disabled", true}}).status, 409);
  EXPECT_EQ(test.send("POST", path + "/reset").status, 409);
}

}  // namespace
}  // namespace hotshot::service
