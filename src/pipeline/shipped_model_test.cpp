// The models that ship have learned their words: colours and brightness follow the prompt, and things move. Coarse on
// purpose: whether it has learned them, not how well.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "pipeline/generate.h"
#include "pipeline/library.h"

namespace hotshot::pipeline {
namespace {

// Over several clips, pixels in [0, 255].
struct Look {
  double red = 0, green = 0, blue = 0;
  double motion = 0;  // mean absolute difference of neighbouring frames

  double brightness() const { return (red + green + blue) / 3; }
};

Look look_of(std::string_view model, const std::string& prompt) {
  const ModelFolder folder = open_model(std::filesystem::path(HOTSHOT_SOURCE_DIR) / "models" / model);
  // The same bytes with any number of threads; with one, tests beside this one do not slow it down.
  const GenerateRequest request{.prompt = prompt, .seed = 11, .steps = 12, .count = 3, .threads = 1};
  Look look;
  double pixels = 0, changes = 0;
  generate(folder, plan_request(request, folder), [&](Made made) {
    const Frames& frames = made.clip.frames;
    for (std::size_t i = 0; i + 2 < frames.pixels.size(); i += 3) {
      look.red += frames.pixels[i], look.green += frames.pixels[i + 1], look.blue += frames.pixels[i + 2];
      ++pixels;
    }
    for (std::size_t i = frames.frame_bytes(); i < frames.pixels.size(); ++i) {
      look.motion += std::abs(frames.pixels[i] - frames.pixels[i - frames.frame_bytes()]);
      ++changes;
    }
  });
  look.red /= pixels, look.green /= pixels, look.blue /= pixels, look.motion /= changes;
  return look;
}

class ShippedModel : public testing::TestWithParam<std::string_view> {
 protected:
  static Look look_of(const std::string& prompt) { return pipeline::look_of(GetParam(), prompt); }
};

double redness(const Look& look) { return look.red - look.blue; }

TEST_P(ShippedModel, NightIsDarkerThanDay) {
  EXPECT_LT(look_of("a brown dog sits in the meadow at night").brightness() + 20,
            look_of("a brown dog sits in the meadow during the day").brightness());
}

TEST_P(ShippedModel, PlacesHaveTheirColours) {
  const Look meadow = look_of("a brown dog sits in the meadow during the day");
  const Look sea = look_of("an orange fish swims to the left in the sea during the day");
  EXPECT_GT(meadow.green - meadow.blue, sea.green - sea.blue + 20);
}

TEST_P(ShippedModel, ColoursAreThoseOfTheWords) {
  EXPECT_GT(redness(look_of("a red ball spins in the snow during the day")),
            redness(look_of("a blue ball spins in the snow during the day")) + 4);
}

TEST_P(ShippedModel, ThingsMove) {
  EXPECT_GT(look_of("a red car drives quickly to the left in the desert during the day. The camera is still.").motion,
            1.3 * look_of("a red dog sits in the desert during the day. The camera is still.").motion);
}

INSTANTIATE_TEST_SUITE_P(English, ShippedModel, testing::Values("act-one-mini", "xl-mini"), [](const auto& model) {
  return model.param == "xl-mini" ? std::string("XlMini") : std::string("ActOneMini");
});

TEST(ActOneMini, ReadsChinese) {
  const auto look = [](const std::string& prompt) { return look_of("act-one-mini", prompt); };
  EXPECT_LT(look("夜晚，一只棕色的狗在草地上坐着").brightness() + 20,
            look("白天，一只棕色的狗在草地上坐着").brightness());
  EXPECT_GT(redness(look("白天，一个红色的球在雪地里旋转")), redness(look("白天，一个蓝色的球在雪地里旋转")) + 4);
}

}  // namespace
}  // namespace hotshot::pipeline
