#include "media/recipe.h"

#include <gtest/gtest.h>

#include "media/decode.h"
#include "media/encode.h"
#include "media/format.h"
#include "media/test_support.h"
#include "media/xmp.h"

namespace hotshot::media {
namespace {

const char* const kFormats[] = {"mp4", "webm", "gif", "webp", "png", "jpg"};

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
      encode(in_one_file(extension, 4) == 1 ? one : clip, path, {.recipe = recipe});
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

// Longer than a segment of JPEG: an extension, of which a missing or changed piece is no recipe and no error.
TEST(Recipe, OfAnyLengthFitsAJpeg) {
  const TestFolder folder;
  const Clip clip{cartoon(1, 24, 32), {8, 1}};
  std::string recipe(1 << 20, '&');
  for (std::size_t i = 0; i < recipe.size(); i += 7) recipe[i] = static_cast<char>('a' + i % 26);
  const auto path = folder / "a.jpg";
  for (const std::size_t length : {64000u, 65000u, 66000u, 131000u, 1u << 20}) {
    encode(clip, path, {.recipe = recipe.substr(0, length), .digital_source = "http://source"});
    EXPECT_EQ(read_recipe(path), recipe.substr(0, length)) << length;
    EXPECT_EQ(read_digital_source(path), "http://source");
    EXPECT_EQ(decode(path).frames.count, 1);
  }
  const std::string good = slurp(path), name("http://ns.adobe.com/xmp/extension/", 35);
  for (std::size_t at = good.find(name), next; (next = good.find(name, at + 1)) != std::string::npos; at = next) {
    spill(path, good.substr(0, at - 4) + good.substr(next - 4));
    EXPECT_FALSE(read_recipe(path).has_value()) << at;
    EXPECT_EQ(read_digital_source(path), "http://source");
  }
  std::uint32_t state = 5;
  for (int i = 0; i < 100; ++i) {
    std::string bad = good;
    const auto draw = [&state] { return state = state * 1664525u + 1013904223u, state >> 8; };
    // In the headers of segments and of pieces.
    std::size_t at = good.find(name);
    for (std::uint32_t skip = draw() % 20; skip > 0; --skip) at = good.find(name, at + 1);
    for (int k = 0; k < 3; ++k) bad[at - 4 + draw() % 90] = static_cast<char>(draw());
    spill(path, bad);
    message_of([&] { read_recipe(path); });  // anything but InvalidArgument fails the test
  }
  EXPECT_NE(message_of([&] { encode(clip, path, {.digital_source = std::string(70000, 's')}); }).find("fits a JPEG"),
            std::string::npos);
}

TEST(Recipe, XmpIsWellFormedText) {
  const std::string xmp = xmp_packet({.recipe = "a<b>&c\r\n"});
  EXPECT_NE(xmp.find("a&lt;b&gt;&amp;c&#13;\n"), std::string::npos);
  EXPECT_EQ(recipe_of_xmp(xmp), "a<b>&c\r\n");
  EXPECT_FALSE(recipe_of_xmp("<x:xmpmeta/>").has_value());
}

}  // namespace
}  // namespace hotshot::media
