#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "store/search.h"
#include "store/test_support.h"

namespace hotshot::store {
namespace {

HOTSHOT_ON_EACH_DATABASE(List);
HOTSHOT_ON_EACH_DATABASE(Queue);

std::vector<std::string> ids(const JobPage& page) {
  std::vector<std::string> list;
  for (const Job& job : page.jobs) list.push_back(job.id);
  return list;
}

std::string prompts(TestStore& store, const JobQuery& query) {
  std::string text;
  for (const Job& job : store.jobs.list(query).jobs) text += (text.empty() ? "" : "|") + job.prompt;
  return text;
}

TEST(Search, FoldsEveryScript) {
  EXPECT_EQ(fold_case("ABC xyz ÄÉŁ ΣΩ ЖЁ 红色 🚗"), "abc xyz äéł σω жё 红色 🚗");
  EXPECT_EQ(fold_case("A\xff\xc3 B\xe4\xba"), "a\xff\xc3 b\xe4\xba");  // no UTF-8: left as it is
  EXPECT_EQ(like_patterns("  50% a_b\tC:\\X \n"), (std::vector<std::string>{"%50\\%%", "%a\\_b%", "%c:\\\\x%"}));
  EXPECT_TRUE(like_patterns(" \n ").empty());
}

TEST_P(List, FindsEveryWordAsItIs) {
  TestStore store;
  for (const char* prompt :
       {"sale 100% off", "sale 100 off", "file a_b", "file axb", "C:\\cats", "Рыжая КОШКА", "一条橙色的鱼"})
    store.add(new_job("ann", prompt));
  NewJob titled = new_job("ann", "a bird");
  titled.title = "Über den Wolken";
  store.add(titled);
  EXPECT_EQ(prompts(store, {.text = "100%"}), "sale 100% off");
  EXPECT_EQ(prompts(store, {.text = "a_b"}), "file a_b");
  EXPECT_EQ(prompts(store, {.text = "c:\\CATS"}), "C:\\cats");
  EXPECT_EQ(prompts(store, {.text = "кошка рыжая"}), "Рыжая КОШКА");
  EXPECT_EQ(prompts(store, {.text = "橙色"}), "一条橙色的鱼");
  EXPECT_EQ(prompts(store, {.text = "BIRD über"}), "a bird");  // one word in the prompt, one in the title
  EXPECT_EQ(prompts(store, {.text = "bird cats"}), "");
  EXPECT_EQ(prompts(store, {.text = "'; DROP TABLE jobs; --"}), "");
  EXPECT_EQ(prompts(store, {.text = "\""}), "");
  EXPECT_EQ(store.jobs.list({.text = " "}).jobs.size(), 8u);
  store.jobs.change(store.jobs.list({.text = "bird"}).jobs.at(0).id, {.title = "Renamed"});
  EXPECT_EQ(prompts(store, {.text = "über"}), "");
  EXPECT_EQ(prompts(store, {.text = "renamed"}), "a bird");
  EXPECT_NE(message_of([&] { store.jobs.list({.text = std::string(1001, 'x')}); }), "");
}

TEST_P(List, Filters) {
  TestStore store;
  NewJob one = new_job("ann", "1"), two = new_job("bob", "2"), three = new_job("ann", "3");
  one.folder = one.group = one.parent = "x";
  two.folder = two.group = "y";
  two.parent = "z";
  two.dialect = "openai";
  three.kind = "image";
  store.add(one);
  const std::string second = store.add(two), third = store.add(three);
  EXPECT_EQ(prompts(store, {.ascending = true}), "1|2|3");
  EXPECT_EQ(prompts(store, {.owner = "ann"}), "3|1");
  EXPECT_EQ(prompts(store, {.folder = "x"}), "1");
  EXPECT_EQ(prompts(store, {.group = "y"}), "2");
  EXPECT_EQ(prompts(store, {.parent = "z"}), "2");
  EXPECT_EQ(prompts(store, {.dialect = "openai"}), "2");
  EXPECT_EQ(prompts(store, {.kind = "image"}), "3");
  EXPECT_EQ(prompts(store, {.owner = "ann", .kind = "video"}), "1");
  store.claim();
  store.jobs.cancel(third);
  EXPECT_EQ(prompts(store, {.statuses = {JobStatus::running}}), "1");
  EXPECT_EQ(prompts(store, {.statuses = {JobStatus::cancelled, JobStatus::queued}, .ascending = true}), "2|3");
  store.jobs.change(second, {.favourite = true});
  EXPECT_EQ(prompts(store, {.favourite = true}), "2");
  EXPECT_EQ(prompts(store, {.favourite = false}), "3|1");
  EXPECT_EQ(store.jobs.folders("bob"), std::vector<std::string>{"y"});
  store.jobs.change(second, {.trashed = true});
  EXPECT_EQ(prompts(store, {}), "3|1");
  EXPECT_EQ(prompts(store, {.trashed = true}), "2");
  EXPECT_TRUE(store.jobs.folders("bob").empty());
  for (const int limit : {0, -1, 1001}) EXPECT_NE(message_of([&] { store.jobs.list({.limit = limit}); }), "");
  EXPECT_EQ(message_of([&] { store.jobs.list({.after = "video_x"}); }).find("[after]"), 0u);
}

// 45 jobs of three moments; pages of 7, while jobs at their ends are removed and new ones arrive.
TEST_P(List, PagesLoseAndRepeatNothing) {
  for (const bool ascending : {false, true}) {
    TestStore store;
    std::vector<std::string> all;
    for (int i = 0; i < 3; ++i)
      for (const Job& job : store.jobs.submit(std::vector<NewJob>(15, new_job())).jobs) all.push_back(job.id);
    if (!ascending) std::reverse(all.begin(), all.end());
    EXPECT_EQ(ids(store.jobs.list({.ascending = ascending, .limit = 45})), all);
    EXPECT_FALSE(store.jobs.list({.ascending = ascending, .limit = 45}).has_more);
    EXPECT_TRUE(store.jobs.list({.ascending = ascending, .limit = 44}).has_more);
    std::vector<std::string> seen;
    std::string after;
    for (bool more = true; more;) {
      const JobPage page = store.jobs.list({.ascending = ascending, .after = after, .limit = 7});
      for (const std::string& id : ids(page)) seen.push_back(id);
      more = page.has_more;
      after = seen.back();
      store.jobs.remove(after);
      if (!ascending) store.add(new_job());
    }
    EXPECT_EQ(seen, all);
  }
}

// Whatever mix of owners, priorities and running jobs: positions are the order in which claims take the jobs.
TEST_P(Queue, TheFirstPlaceIsTheNextClaim) {
  TestStore store;
  std::vector<std::string> waiting;
  for (int i = 0; i < 24; ++i) {
    NewJob job = new_job(std::string(1, "aaaabbc"[i * 5 % 7]));
    job.priority = i % 5 == 4 ? 1 : 0;
    waiting.push_back(store.add(job));
  }
  for (int i = 0; i < 4; ++i) std::erase(waiting, store.claim().job.id);
  while (!waiting.empty()) {
    std::vector<std::string> order(waiting.size());
    for (const std::string& id : waiting)
      order.at(static_cast<std::size_t>(store.jobs.queue_position(id).value())) = id;
    EXPECT_EQ(std::count(order.begin(), order.end(), ""), 0);  // each place once
    EXPECT_EQ(store.claim().job.id, order[0]);
    EXPECT_FALSE(store.jobs.queue_position(order[0]));
    std::erase(waiting, order[0]);
  }
  EXPECT_FALSE(store.jobs.queue_position("video_none"));
}

}  // namespace
}  // namespace hotshot::store
