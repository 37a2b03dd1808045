#include "media/recipe.h"

#include <gtest/gtest.h>

#include "media/encode.h"
#include "media/format.h"
#include "media/test_support.h"
#include "media/xmp.h"

namespace hotshot::media {
namespace {

const char* const kFormats[] = {"mp4", "webm", "gif", "webp", "png"};

std::string long_recipe() {
  std::string text = "{\"prompt\": \"eine Katze & <ein> Hund\\n\r\n\t\", \"more\": \"";
  while (text.size() < 50000) text += "一只红色的猫 émoji \xF0\x9F\x98\xBA &amp; ]]> \\\" ";
  return text + "\"}";
}

TEST(Recipe, ComesBackExactlyFromEveryFormat) {
  const TestFolder folder;
  const Clip one{cartoon(1, 24, 32), {8, 1}}, clip{cartoon(4, 24, 32), {8, 1}};
  for (const std::string& recipe : {std::string("{}"), std::string("{\"seed\": 7}"), long_recipe()}) {
    for (const std::string extension : kFormats) {
      const auto path = folder / ("a." + extension);
      encode(extension == "png" ? one : clip, path, {.recipe = recipe});
      const auto back = read_recipe(path);
      ASSERT_TRUE(back.has_value()) << extension;
      EXPECT_EQ(*back, recipe) << extension;
    }
    encode(one, folder / "still.webp", {.recipe = recipe});
    EXPECT_EQ(read_recipe(folder / "still.webp"), recipe);
  }
}

TEST(Recipe, IsAbsentWhereNoneWasGiven) {
  const TestFolder folder;
  for (const std::string extension : kFormats) {
    encode({cartoon(1, 24, 32), {8, 1}}, folder / ("a." + extension));
    EXPECT_FALSE(read_recipe(folder / ("a." + extension)).has_value()) << extension;
  }
}

TEST(Recipe, IsReadByContentNotByName) {
  const TestFolder folder;
  encode({cartoon(2, 24, 32), {8, 1}}, folder / "a.gif", {.recipe = "{\"a\":1}"});
  std::filesystem::rename(folder / "a.gif", folder / "b.mp4");
  EXPECT_EQ(read_recipe(folder / "b.mp4"), "{\"a\":1}");
}

TEST(Recipe, RefusesOtherFiles) {
  const TestFolder folder;
  spill(folder / "text", "hello, this is a text and no video");
  spill(folder / "empty", "");
  spill(folder / "short", "GIF89a");
  for (const char* name : {"text", "empty", "short", "missing"}) {
    EXPECT_NE(message_of([&] { read_recipe(folder / name); }).find(name), std::string::npos) << name;
  }
}

TEST(Recipe, CutAndChangedFilesNeverDoHarm) {
  const TestFolder folder;
  const std::string recipe(700, 'r');
  for (const std::string extension : kFormats) {
    encode({cartoon(1, 24, 32), {8, 1}}, folder / ("a." + extension), {.recipe = recipe});
    const std::string good = slurp(folder / ("a." + extension));
    int refused = 0;
    for (std::size_t cut = 0; cut < good.size(); cut += 1 + good.size() / 40) {
      spill(folder / "cut", good.substr(0, cut));
      refused += !message_of([&] {
                    const auto text = read_recipe(folder / "cut");
                    EXPECT_EQ(text.value_or(recipe), recipe);
                  }).empty();
    }
    EXPECT_GT(refused, 5) << extension;
    std::uint32_t state = 7;
    for (int i = 0; i < 150; ++i) {
      std::string bad = good;
      for (int k = 0; k < 4; ++k) {
        state = state * 1664525u + 1013904223u;
        bad[(state >> 8) % bad.size()] = static_cast<char>(state >> 24);
      }
      spill(folder / "bad", bad);
      message_of([&] { read_recipe(folder / "bad"); });  // anything but InvalidArgument fails the test
    }
  }
}

TEST(Recipe, XmpIsWellFormedText) {
  const std::string xmp = xmp_packet({.recipe = "a<b>&c\r\n"});
  EXPECT_NE(xmp.find("a&lt;b&gt;&amp;c&#13;\n"), std::string::npos);
  EXPECT_EQ(recipe_of_xmp(xmp), "a<b>&c\r\n");
  EXPECT_FALSE(recipe_of_xmp("<x:xmpmeta/>").has_value());
}

}  // namespace
}  // namespace hotshot::media
