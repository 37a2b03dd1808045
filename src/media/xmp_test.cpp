#include "media/xmp.h"

#include <gtest/gtest.h>

#include "media/decode.h"
#include "media/encode.h"
#include "media/recipe.h"
#include "media/test_support.h"

namespace hotshot::media {
namespace {

const char* const kFormats[] = {"mp4", "webm", "gif", "webp", "png", "jpg"};
const std::string kSource(kTrainedAlgorithmicMedia);

TEST(DigitalSource, ComesBackFromEveryFormatBesideTheRecipe) {
  const TestFolder folder;
  const Clip one{cartoon(1, 24, 32), {8, 1}}, clip{cartoon(4, 24, 32), {8, 1}};
  for (const std::string extension : kFormats) {
    const Clip& shown = in_one_file(extension, 4) == 1 ? one : clip;
    for (const std::string& recipe : {std::string(), std::string("{\"seed\": 7}")}) {
      const auto path = folder / ("a." + extension);
      encode(shown, path, {.recipe = recipe, .digital_source = kSource});
      EXPECT_EQ(read_digital_source(path), kSource) << extension;
      EXPECT_EQ(read_recipe(path).value_or(""), recipe) << extension;
      EXPECT_EQ(decode(path).frames.count, shown.frames.count) << extension;
    }
    encode(shown, folder / ("b." + extension), {.recipe = "{}"});
    EXPECT_FALSE(read_digital_source(folder / ("b." + extension))) << extension;
  }
}

TEST(DigitalSource, IsNothingInFilesOfOtherKinds) {
  const TestFolder folder;
  EXPECT_FALSE(read_digital_source(folder.file("text", "DigitalSourceType=\"x\"")));
  EXPECT_FALSE(is_known_format(folder / "text"));
  EXPECT_NE(message_of([&] { read_digital_source(folder / "missing"); }).find("missing"), std::string::npos);
}

TEST(Xmp, ReadsTheWaysOthersWriteIt) {
  EXPECT_EQ(source_of_xmp("<a Iptc4xmpExt:DigitalSourceType=\"http://x/y\"/>"), "http://x/y");
  EXPECT_EQ(source_of_xmp("<a Iptc4xmpExt:DigitalSourceType='u&amp;v' b=\"c\"/>"), "u&v");
  EXPECT_EQ(source_of_xmp("<e:DigitalSourceType rdf:resource=\"http://x/y\"/>"), "http://x/y");
  EXPECT_EQ(source_of_xmp("<e:DigitalSourceType>http://x/y</e:DigitalSourceType>"), "http://x/y");
  for (const char* none : {"", "<a/>", "DigitalSourceType", "DigitalSourceType=\"open", "<DigitalSourceType>open"})
    EXPECT_FALSE(source_of_xmp(none)) << none;
}

TEST(Xmp, OfAGifIsPassedOverByReadersThatDoNotKnowIt) {
  const std::string trailer = gif_xmp_trailer();
  ASSERT_EQ(trailer.size(), 258u);
  // From whichever byte a reader takes a length, it ends on the terminator.
  for (std::size_t start = 0; start + 1 < trailer.size(); ++start) {
    std::size_t at = start;
    while (trailer.at(at) != '\0') at += 1 + static_cast<std::uint8_t>(trailer[at]);
    EXPECT_GE(at, trailer.size() - 2) << start;
  }
}

}  // namespace
}  // namespace hotshot::media
