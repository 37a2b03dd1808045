#include "base/options.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"

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

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "";
}

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
  EXPECT_EQ(message_of([&] { read_fields(fields, json{{"stesp", 1}}, "recipe"); }),
            "[recipe] expected one of steps, guidance, sampler, seed, sizes, loop but got 'stesp'");
  EXPECT_EQ(message_of([&] { read_fields(fields, json{{"steps", 0}}, "recipe"); }),
            "[recipe] expected steps between 1 and 1000 but got 0");
  EXPECT_EQ(message_of([&] { read_fields(fields, json{{"steps", "x"}}, "recipe"); }),
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

}  // namespace
}  // namespace hotshot
