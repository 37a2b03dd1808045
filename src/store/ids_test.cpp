#include "store/ids.h"

#include <gtest/gtest.h>

#include <set>

#include "store/database.h"

namespace hotshot::store {
namespace {

TEST(Ids, SortByTimeAndSayIt) {
  const std::string early = new_id("job", 1'700'000'000'000), late = new_id("job", 1'700'000'000'001);
  EXPECT_LT(early, late);
  EXPECT_EQ(id_time_ms(early), 1'700'000'000'000);
  EXPECT_EQ(id_time_ms(new_id("a_b", 0)), 0);
  EXPECT_EQ(id_time_ms(new_id("job", (1ll << 48) - 1)), (1ll << 48) - 1);
  EXPECT_EQ(early.size(), 4u + 26u);
  EXPECT_EQ(early.find_first_not_of("0123456789abcdefghjkmnpqrstvwxyz", 4), std::string::npos);
  const std::int64_t before = now_ms();
  const auto time = id_time_ms(new_id("job"));
  EXPECT_GE(time, before);
  EXPECT_LE(time, now_ms());
}

TEST(Ids, OthersHaveNoTime) {
  for (const char* id : {"", "job", "job_", "job_123", "job_0123456789abcdefghjkmnpqrsu",
                         "job_zzzzzzzzzz0000000000000000", "01hf7yat00000000000000000000"})
    EXPECT_FALSE(id_time_ms(id)) << id;
}

TEST(Ids, AreAllDifferent) {
  std::set<std::string> seen;
  for (int i = 0; i < 20'000; ++i) {
    EXPECT_TRUE(seen.insert(new_id("x", 5)).second);
    EXPECT_TRUE(seen.insert(new_secret()).second);
  }
}

TEST(Ids, SecretsAreUrlSafe) {
  std::set<char> letters;
  for (int i = 0; i < 200; ++i) {
    const std::string secret = new_secret();
    EXPECT_EQ(secret.size(), 43u);
    letters.insert(secret.begin(), secret.end());
  }
  EXPECT_EQ(letters.size(), 64u);
  EXPECT_TRUE(letters.count('-') && letters.count('_') && !letters.count('+') && !letters.count('='));
}

}  // namespace
}  // namespace hotshot::store
