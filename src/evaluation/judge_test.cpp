#include "evaluation/judge.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/test_support.h"
#include "data/world_attributes.h"
#include "data/world_source.h"
#include "evaluation/test_support.h"
#include "model/part.h"

namespace hotshot::evaluation {
namespace {

// Frame i is all i.
Clip counting(int count, Rational rate) {
  Clip clip{Frames(count, 16, 16), rate};
  for (int i = 0; i < count; ++i) std::fill_n(clip.frames.frame(i), clip.frames.frame_bytes(), std::uint8_t(i));
  return clip;
}

TEST(FramesAt, PicksBySecondsFromTheBeginning) {
  const Frames half = frames_at(counting(24, {8, 1}), 4, 12);
  ASSERT_EQ(half.count, 12);
  EXPECT_EQ(half.frame(0)[0], 0);
  EXPECT_EQ(half.frame(11)[0], 22);
  EXPECT_EQ(frames_at(counting(4, {8, 1}), 4, 12).count, 2);
  EXPECT_EQ(frames_at(counting(3, {2, 1}), 4, 12).frame(4)[0], 2);  // a slow clip repeats its frames
  EXPECT_EQ(frames_at(counting(200, {24, 1}), 4, 12).count, 12);
}

TEST(JudgingSize, KeepsWhatFitsAndScalesTheRestToItsShape) {
  EXPECT_EQ(at_judging_size(Frames(1, 96, 176)).width, 176);
  const Frames scaled = at_judging_size(Frames(1, 480, 832));
  EXPECT_EQ(scaled.height, 96);
  EXPECT_EQ(scaled.width, 168);
  EXPECT_EQ(at_judging_size(Frames(1, 64, 64)).width, 128);
}

TEST(Judge, AnswersTheWorldsQuestions) {
  const TestFolder folder;
  const model::ClipClassifierConfig config = tiny_world_judge();
  write_judge(folder.path(), config);
  const Judge judge = Judge::open(folder.path());
  const Judgement judgement = judge(counting(24, {8, 1}));
  EXPECT_EQ(judgement.answers.size(), config.classes.size());
  EXPECT_EQ(judgement.features_d.size(0), 8);
  EXPECT_EQ(judge.frames_seen(24, {8, 1}), 12);
  EXPECT_EQ(judge.frames_seen(8, {8, 1}), 4);
  EXPECT_EQ(judge.frames_seen(2, {8, 1}), 1);  // a picture to it
  EXPECT_NE(message_of([&] { judge(Clip{}); }).find("clip with frames"), std::string::npos);
}

TEST(Judge, RefusesOneOfOtherQuestionsAndAFolderWithout) {
  const TestFolder folder;
  EXPECT_NE(message_of([&] { Judge::open(folder.path()); }).find("judge"), std::string::npos);
  model::ClipClassifierConfig config = tiny_judge();
  config.attributes = {"mood"};
  config.classes = {2};
  write_judge(folder.path(), config);
  EXPECT_NE(message_of([&] { Judge::open(folder.path()); }).find("other questions"), std::string::npos);
}

// The judge that ships knows clips it never saw, whole and as pictures.
TEST(ShippedJudge, ReadsRenders) {
  const Judge judge = Judge::open(std::filesystem::path(HOTSHOT_SOURCE_DIR) / "models/world-judge");
  const auto attributes = data::world_attributes();
  for (const int frames : {24, 1}) {
    std::vector<int> asked(attributes.size()), right(attributes.size());
    for (const world::Split split : {world::Split::train, world::Split::held_out}) {
      const data::WorldSource source{.seed = 4242, .split = split};
      for (std::uint64_t index = 0; index < 24; ++index) {
        const Judgement judgement = judge({source.clip(index, frames, 128, 128), source.rate});
        const std::vector<int> truth = data::world_answers(world::sample_scene(source.seed, index, split), frames);
        for (std::size_t i = 0; i < truth.size(); ++i) {
          if (truth[i] < 0) continue;
          ++asked[i];
          right[i] += truth[i] == judgement.answers[i];
        }
      }
    }
    for (std::size_t i = 0; i < attributes.size(); ++i) {
      if (frames == 1 && attributes[i].needs_motion) continue;
      EXPECT_GT(asked[i], 4) << attributes[i].name;
      EXPECT_GE(right[i], 0.85 * asked[i]) << attributes[i].name << " of " << frames << " frames";
    }
  }
}

}  // namespace
}  // namespace hotshot::evaluation
