#include "training/recipe.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/options.h"
#include "training/test_support.h"

namespace hotshot::training {
namespace {

/// What reading this recipe throws.
std::string error_of(const std::string& text) {
  const TestFolder folder;
  write_file(folder / "r.toml", text);
  return message_of([&] { read_recipe(folder / "r.toml"); });
}

std::string digest_of(const std::string& text) {
  const TestFolder folder;
  write_file(folder / "r.toml", text);
  return read_recipe(folder / "r.toml").digest;
}

void expect_says(const std::string& message, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) EXPECT_NE(message.find(part), std::string::npos) << part << " in " << message;
}

TEST(Recipe, ShippedOnesAreRead) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(HOTSHOT_SOURCE_DIR) + "/recipes")) {
    if (entry.path().extension() != ".toml") continue;
    const Recipe recipe = read_recipe(entry.path());
    EXPECT_GT(recipe.loop.steps, 0) << entry.path();
    EXPECT_TRUE(recipe.make_task) << entry.path();
    const auto tables = read_toml(entry.path());
    if (recipe.top.part == "unet") EXPECT_NE(tables.contains("unet"), tables.contains("initial")) << entry.path();
    ++count;
  }
  EXPECT_GE(count, 2);
}

TEST(Recipe, ValuesReachTheirStructs) {
  const TestFolder folder;
  write_file(folder / "r.toml", transformer_recipe("steps = 77\nlog_every = 3\n"));
  const Recipe recipe = read_recipe(folder / "r.toml");
  EXPECT_EQ(recipe.top.part, "transformer");
  EXPECT_EQ(recipe.top.model, "tiny");
  EXPECT_EQ(recipe.loop.steps, 77);
  EXPECT_EQ(recipe.loop.log_every, 3);
  EXPECT_EQ(recipe.loop.seed, 8);
  EXPECT_DOUBLE_EQ(recipe.optimizer.learning_rate, 3e-3);
  EXPECT_EQ(recipe.optimizer.warmup, 4);
}

TEST(Recipe, MistakesNameWhatIsKnown) {
  expect_says(error_of("part = \"mesh\"\n"),
              {"r.toml part", "autoencoder, transformer", "picture-autoencoder, unet, lora", "'mesh'"});
  expect_says(error_of("model = \"a\"\n"), {"autoencoder, transformer"});
  expect_says(error_of(autoencoder_recipe("[optimiser]\nbeta1 = 0.5\n")), {"[optimizer]", "[vae]", "'optimiser'"});
  expect_says(error_of(autoencoder_recipe("[[bucket]]\nframes = 1\n")), {"[autoencoder]", "'bucket'"});
  expect_says(error_of("parts = 3\n" + autoencoder_recipe("")), {"part", "model", "initial", "'parts'"});
  expect_says(error_of(autoencoder_recipe("step = 4\n")), {"r.toml [loop]", "steps", "checkpoint_every", "'step'"});
  expect_says(error_of(autoencoder_recipe("steps = \"many\"\n")), {"[loop]", "whole number for steps", "\"many\""});
  expect_says(error_of(autoencoder_recipe("steps = -1\n")), {"steps between 0 and", "-1"});
  expect_says(error_of(autoencoder_recipe("steps = \n")), {"r.toml", "line"});
  expect_says(error_of("part = \"autoencoder\"\nloop = 3\n"), {"[loop]", "expected a table", "3"});
  expect_says(error_of("part = \"autoencoder\"\noptimizer = [1]\n"), {"[optimizer]", "expected a table"});
  expect_says(error_of("part = 4\n"), {"a string for part", "4"});
  expect_says(error_of("part = \"transformer\"\n"), {"[[bucket]]", "none"});
  expect_says(error_of("part = \"transformer\"\nbucket = 3\n"), {"[[bucket]]", "3"});
  expect_says(error_of("part = \"transformer\"\nbucket = [3]\n"), {"[[bucket]]", "expected a table", "3"});
  expect_says(error_of("part = \"autoencoder\"\n[optimizer]\nbeta1 = 1.0\n"), {"beta1 between", "1"});
  expect_says(message_of([] { read_recipe("/no/such/recipe.toml"); }), {"/no/such/recipe.toml"});
}

TEST(Recipe, ShapesOffTheGridAreRefusedBeforeTraining) {
  const TestFolder folder;
  const auto making = [&](const std::string& text) {
    write_file(folder / "r.toml", text);
    const Recipe recipe = read_recipe(folder / "r.toml");
    return message_of([&] { recipe.make_task(places_in(folder.path(), "a"), at::kCPU); });
  };
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = autoencoder_recipe("");
    return text.replace(text.find(from), from.size(), to);
  };
  EXPECT_EQ(making(autoencoder_recipe("")), "");
  expect_says(making(with("frames = 5", "frames = 6")), {"4k+1", "6"});
  expect_says(making(with("\nclip_size = 32", "\nclip_size = 36")), {"multiples of 8", "36"});
  expect_says(making(with("\nsize = 32", "\nsize = 40")), {"clip_size of at least a piece's 40", "32"});
  expect_says(making(with("batch = 1", "dtype = \"fp8\"")), {"bf16, fp32", "'fp8'"});
}

TEST(Recipe, TheDigestLeavesOutHowOftenThingsAreWritten) {
  const std::string digest = digest_of(autoencoder_recipe("steps = 5\n"));
  EXPECT_EQ(digest_of(autoencoder_recipe("log_every = 2\nsteps = 5\ncheckpoint_every = 9\nkeep = 7\n")), digest);
  EXPECT_EQ(digest_of(autoencoder_recipe("preview_every = 2\nsteps = 5 # five\n")), digest);
  EXPECT_NE(digest_of(autoencoder_recipe("steps = 6\n")), digest);
}

}  // namespace
}  // namespace hotshot::training
