#include "evaluation/judge.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/test_support.h"
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

}  // namespace
}  // namespace hotshot::evaluation
