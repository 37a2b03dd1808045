#include "base/options.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/test_support.h"

namespace hotshot {
namespace {

using nlohmann::json;

struct Example {
  int steps = 30;
  double guidance = 5.0;
  std::string sampler = "unipc";
  std::optional<std::uint64_t> seed;
  std::vector<int> sizes{1, 2};
  bool loop = false;

  FieldList fields() {
    return {{"steps", "sampling steps", &steps, {1, 1000}},
            {"guidance", "guidance scale", &guidance, {0, 50}},
            {"sampler", "name", &sampler},
            {"seed", "random seed", &seed},
            {"sizes", "some sizes", &sizes, {1, 64}},
            {"loop", "repeat", &loop}};
  }
};

TEST(Options, RoundTripThroughJson) {
  Example a, b;
  a.steps = 7, a.seed = ~0ull, a.sizes = {4, 5, 6}, a.loop = true, a.guidance = 0.1;
  read_fields(b.fields(), write_fields(a.fields()), "test");
  EXPECT_EQ(write_fields(a.fields()), write_fields(b.fields()));
  EXPECT_EQ(b.seed, ~0ull);
}

TEST(Options, FlagsAreText) {
  Example e;
  const auto fields = e.fields();
  read_field(fields[0], "12", "flags");
  read_field(fields[2], "12", "flags");
  read_field(fields[4], "3,4", "flags");
  EXPECT_EQ(e.steps, 12);
  EXPECT_EQ(e.sampler, "12");
  EXPECT_EQ(e.sizes, (std::vector<int>{3, 4}));
}

TEST(Options, ErrorsNameTheFieldAndWhatWasExpected) {
  Example e;
  const auto fields = e.fields();
  EXPECT_EQ(message_of([&] {
              read_fields(fields, json{{"stesp", 1}}, "recipe");
            }),
            "[recipe] expected one of steps, guidance, sampler, seed, sizes, loop but got 'stesp'");
  EXPECT_EQ(message_of([&] {
              read_fields(fields, json{{"steps", 0}}, "recipe");
            }),
            "[recipe] expected steps between 1 and 1000 but got 0");
  EXPECT_EQ(message_of([&] {
              read_fields(fields, json{{"steps", "x"}}, "recipe");
            }),
            "[recipe] expected a whole number for steps but got \"x\"");
  for (const char* bad : {"nan", "", "1e999", "99999999999999999999", "3.5", "--"}) {
    EXPECT_NE(message_of([&] { read_field(fields[0], bad, "flags"); }), "") << bad;
  }
  EXPECT_NE(message_of([&] { read_field(fields[3], "-1", "flags"); }), "");
  EXPECT_EQ(message_of([&] { read_field(fields[2], "\xff\xfe", "flags"); }), "");  // any bytes are a string
}

TEST(Options, TomlBecomesJson) {
  const auto path = std::filesystem::temp_directory_path() / "hotshot_options_test.toml";
  write_file(path, "steps = 3\n[model]\nname = \"a\"\nlist = [1, 2]\n");
  EXPECT_EQ(read_toml(path), (json{{"steps", 3u}, {"model", {{"name", "a"}, {"list", {1u, 2u}}}}}));
  write_file(path, "steps = = 3\n");
  EXPECT_NE(message_of([&] { read_toml(path); }).find("line 1"), std::string::npos);
  std::filesystem::remove(path);
}

TEST(Json, FilesThatPythonWroteMayHoldInfinities) {
  const std::filesystem::path path = std::filesystem::temp_directory_path() / "hotshot_infinities_test.json";
  write_file(path, R"({"a": -Infinity, "b": [Infinity, NaN, 1], "c": "NaN \" -Infinity \\", "d": NaN})");
  const nlohmann::json read = read_json(path);
  EXPECT_TRUE(read["a"].is_null());
  EXPECT_EQ(read["b"].dump(), "[null,null,1]");
  EXPECT_EQ(read["c"], "NaN \" -Infinity \\");
  EXPECT_TRUE(read["d"].is_null());
  write_file(path, R"({"a": Infinityish})");
  EXPECT_THROW(read_json(path), InvalidArgument);
  std::filesystem::remove(path);
}

TEST(Json, NestedTooDeepIsRefusedBeforeAnythingWalksIt) {
  const auto nested = [](int depth) { return std::string(depth, '[') + "1" + std::string(depth, ']'); };
  EXPECT_FALSE(parse_json(nested(100)).is_discarded());
  EXPECT_TRUE(parse_json(nested(101)).is_discarded());
  EXPECT_TRUE(parse_json(nested(1000000)).is_discarded());
  EXPECT_FALSE(parse_json("\"" + std::string(500, '[') + "\\\"" + std::string(500, '{') + "\"").is_discarded());
  EXPECT_TRUE(parse_json("[1").is_discarded());
}

TEST(Json, ValuesInMessagesAreCutBetweenCharacters) {
  EXPECT_EQ(shown({1, "a"}), "[1,\"a\"]");
  std::string text = "a";
  for (int i = 0; i < 1000; ++i) text += "猫";
  const std::string cut = shown(text);
  EXPECT_LT(cut.size(), 210u);
  EXPECT_TRUE(cut.ends_with("猫…"));
}

}  // namespace
}  // namespace hotshot
