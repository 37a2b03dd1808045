#include "evaluation/world_suite.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "base/options.h"
#include "base/test_support.h"
#include "data/world_attributes.h"
#include "evaluation/test_support.h"
#include "evaluation/world_report.h"

namespace hotshot::evaluation {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(HOTSHOT_SOURCE_DIR) / "tests/golden";

/// A tiny random model that claims to know the world, and a random judge of it.
class Suite {
 public:
  explicit Suite(const std::string& model) {
    fs::copy(kGolden / model, folder_ / "model", fs::copy_options::recursive);
    write_file(folder_ / "model/hotshot.json", R"({"data": "cartoon world"})");
    write_judge(folder_.path(), tiny_world_judge());
  }
  WorldReport run(const WorldSuiteOptions& options, pipeline::GenerateRequest request) {
    request.steps = 1, request.dtype = "fp32";
    const auto count = [this](const JudgedClip&, const Clip& clip) { frames_.insert(clip.frames.count); };
    return run_world_suite(pipeline::open_model(folder_ / "model"), Judge::open(folder_.path()), options, request,
                           count, nullptr);
  }
  const std::set<int>& frames() const { return frames_; }

 private:
  TestFolder folder_;
  std::set<int> frames_;
};

WorldSuiteOptions quick() { return {.prompts = 2, .seeds = 2, .calibration = 8, .training_clips = 4}; }

TEST(WorldSuite, JudgesClipsOfEverySplitAndLanguage) {
  Suite suite("pipeline-wan");
  pipeline::GenerateRequest request;
  request.size = "32x32", request.frames = 5;
  const WorldReport report = suite.run(quick(), request);
  EXPECT_EQ(report.clips.size(), 2u * 2 * 2 * 2);
  EXPECT_EQ(suite.frames(), std::set{5});
  ASSERT_EQ(report.results.size(), 4u);
  EXPECT_EQ(report.results[0].name, "seen, English");
  EXPECT_EQ(report.results[3].name, "unseen, Chinese");
  EXPECT_EQ(report.results[0].shares[0].total, 4);
  EXPECT_GT(report.autoencoder.psnr, 0);
  EXPECT_GT(report.nearest_training, 0);
  EXPECT_FALSE(report.scored[0]);  // a random judge reads nothing
  for (const JudgedClip& clip : report.clips) EXPECT_FALSE(clip.prompt.empty());
}

TEST(WorldSuite, OfPicturesAsksForNoMotionAndOfTheGuestForTheGuest) {
  Suite suite("pipeline-sdxl");
  WorldSuiteOptions options = quick();
  options.splits = {"guest-away"};
  options.languages = {"english"};
  pipeline::GenerateRequest request;
  request.size = "64x64", request.frames = 1;
  const WorldReport report = suite.run(options, request);
  EXPECT_EQ(report.clips.size(), 2u * 2);
  ASSERT_EQ(report.results.size(), 1u);
  EXPECT_EQ(report.results[0].name, "guest elsewhere, English");
  const auto attributes = data::world_attributes();
  for (std::size_t a = 0; a < attributes.size(); ++a) {
    const bool asked = report.results[0].shares[a].total > 0;
    EXPECT_FALSE(asked && attributes[a].needs_motion) << attributes[a].name;
    EXPECT_FALSE(report.scored[a] && !asked) << attributes[a].name;
  }
  for (const JudgedClip& clip : report.clips) {
    EXPECT_EQ(attributes[0].classes[static_cast<std::size_t>(clip.wanted[0])], "robot");
    EXPECT_NE(clip.prompt.find("robot"), std::string::npos);
  }
  EXPECT_EQ(report_json(report)["clips"][0]["split"], "guest-away");
}

TEST(WorldSuite, RefusesUnknownNamesAndModelsOfSomethingElse) {
  Suite suite("pipeline-wan");
  const auto complaint = [&](auto change) {
    WorldSuiteOptions options = quick();
    change(options);
    return message_of([&] { suite.run(options, {}); });
  };
  EXPECT_NE(complaint([](auto& o) { o.splits = {"test"}; }).find("guest-away"), std::string::npos);
  EXPECT_NE(complaint([](auto& o) { o.languages = {"latin"}; }).find("chinese"), std::string::npos);
  EXPECT_NE(complaint([](auto& o) { o.scene_seed = o.training_seed; }).find("another world"), std::string::npos);
}

}  // namespace
}  // namespace hotshot::evaluation
