#include "pipeline/request.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "pipeline/test_support.h"

namespace hotshot::pipeline {
namespace {

class Request : public testing::Test {
 protected:
  Request() : folder_(open_model(kTiny)) {
    folder_.trained.frames = 25;
    folder_.trained.fps = 8;
    folder_.trained.sizes = {{48, 32}, {32, 48}};
    request_.prompt = "a red cat";
  }
  Plan plan() const { return plan_request(request_, folder_); }
  std::string complaint() const {
    return message_of([&] { plan(); });
  }

  ModelFolder folder_;
  GenerateRequest request_;
};

// Recipes say what files are called, not where they lie.
TEST(LocalFiles, NamesAloneTellFilesApart) {
  LocalFiles files{.image = "/a/b/start.png",
                   .lora = {"styles/ink.safetensors:0.8", "folder/style/"},
                   .controlnet = {"canny/model.safetensors", "depth/model.safetensors", "pose-xl/"},
                   .control = {"clip.gif", "clip.gif"}};
  const LocalFiles names = files.names_alone();
  EXPECT_EQ(names.image, "start.png");
  EXPECT_EQ(names.lora, (std::vector<std::string>{"ink.safetensors:0.8", "style"}));
  EXPECT_EQ(names.controlnet,
            (std::vector<std::string>{"canny/model.safetensors", "depth/model.safetensors", "pose-xl"}));
  EXPECT_EQ(names.control, (std::vector<std::string>{"clip.gif", "clip.gif"}));  // one file, used twice
  EXPECT_EQ(names.in_folder("/x").controlnet[1], "/x/depth/model.safetensors");
  files.control_edges = {"canny", "none"};
  EXPECT_EQ(files.edges_of_control(0), "canny");
  EXPECT_EQ(files.edges_of_control(1), "none");
  EXPECT_EQ(files.edges_of_control(2), "none");
  EXPECT_EQ(names.edges_of_control(0), "none");
}

TEST_F(Request, TakesTheModelsValues) {
  const Plan p = plan();
  EXPECT_EQ(p.size, (PixelSize{48, 32}));
  EXPECT_EQ(p.frames_shown, 24);  // 3 s at 8 per second
  EXPECT_EQ(p.frames_made, 25);
  EXPECT_EQ(p.fps, 8);
  EXPECT_EQ(p.steps(), 50);
  EXPECT_EQ(p.guidance, 5.0);
  EXPECT_EQ(p.sampler, "unipc");
  EXPECT_EQ(p.latent_shape(folder_), (std::vector<std::int64_t>{1, 4, 7, 4, 6}));
  EXPECT_TRUE(p.warnings.empty());
}

TEST_F(Request, SecondsBecomeFrames) {
  request_.seconds = 3;
  EXPECT_EQ(plan().frames_shown, 24);
  EXPECT_EQ(plan().frames_made, 25);
  request_.seconds = 0.5;
  EXPECT_EQ(plan().frames_shown, 4);
  EXPECT_EQ(plan().frames_made, 5);
  request_.seconds = 0.01;
  EXPECT_NE(complaint().find("[seconds]"), std::string::npos);
  request_.seconds = 3, request_.frames = 24;
  EXPECT_NE(complaint().find("either frames or seconds"), std::string::npos);
}

TEST_F(Request, ASizeOffTheGridNamesTheNearest) {
  request_.size = "130x100";
  EXPECT_EQ(complaint(), "[size] expected multiples of 16 but got 130x100; nearest: 128x96 or 144x112");
  request_.size = "7x7";
  EXPECT_EQ(complaint(), "[size] expected multiples of 16 but got 7x7; nearest: 16x16 or 16x16");
  for (const char* bad : {"0x16", "-16x16", "16", "16x", "x16", "16x16x16", "16 x16", "99999x16", "abc", "1e3x16"}) {
    request_.size = bad;
    EXPECT_NE(complaint().find("expected WIDTHxHEIGHT"), std::string::npos) << bad;
  }
  request_.size = "1040x16";  // 65 patches; the rotary table has 64
  EXPECT_NE(complaint().find("at most 1024 pixels"), std::string::npos);
}

TEST_F(Request, BadValuesAreNamed) {
  const auto spoiled = [&](const nlohmann::json& change) {
    GenerateRequest request = request_;
    nlohmann::json json = write_fields(request.fields());
    json.update(change);
    return message_of([&] {
      read_fields(request.fields(), json, "request");
      plan_request(request, folder_);
    });
  };
  EXPECT_NE(spoiled({{"prompt", ""}}).find("[prompt]"), std::string::npos);
  EXPECT_NE(spoiled({{"prompt", " \t \n"}}).find("[prompt]"), std::string::npos);
  EXPECT_NE(spoiled({{"prompt", std::string(20000, 'a')}}).find("[prompt]"), std::string::npos);
  EXPECT_NE(spoiled({{"prompt", "\xff\xfe"}}).find("[prompt]"), std::string::npos);
  EXPECT_NE(spoiled({{"negative", std::string(20000, 'a')}}).find("[prompt]"), std::string::npos);
  EXPECT_NE(spoiled({{"sampler", "magic"}}).find("heun, euler, euler-ancestral, ddim, lcm but got 'magic'"),
            std::string::npos);
  EXPECT_NE(spoiled({{"device", "tpu"}}).find("cpu, cuda"), std::string::npos);
  EXPECT_NE(spoiled({{"dtype", "fp8"}}).find("auto, bf16, fp32"), std::string::npos);
  for (const char* field : {"steps", "frames", "seconds", "fps", "count", "shift"}) {
    EXPECT_NE(spoiled({{field, 0}}).find(field), std::string::npos) << field;
    EXPECT_NE(spoiled({{field, -3}}).find(field), std::string::npos) << field;
  }
  EXPECT_NE(spoiled({{"guidance", -1}}), "");
  EXPECT_NE(spoiled({{"threads", -1}}), "");
  EXPECT_NE(spoiled({{"seed", -1}}), "");
}

TEST_F(Request, RangesHoldForRequestsOfPrograms) {
  request_.steps = 0;
  EXPECT_NE(complaint().find("steps"), std::string::npos);
}

TEST_F(Request, WarnsBeyondTraining) {
  request_.frames = 33;
  request_.size = "64x64";
  EXPECT_EQ(plan().warnings.size(), 2u);
  request_.frames = 100000;
  EXPECT_NE(complaint().find("at most 253 frames"), std::string::npos);
}

TEST_F(Request, PlanningTheSettledRequestGivesTheSamePlan) {
  request_.seconds = 2;
  request_.prompt = "  a &amp; b  ";
  const Plan first = plan();
  EXPECT_EQ(first.prompt, "a & b");
  const Plan second = plan_request(first.settled, folder_);
  EXPECT_EQ(write_fields(GenerateRequest(first.settled).fields()),
            write_fields(GenerateRequest(second.settled).fields()));
  EXPECT_EQ(first.schedule.sigmas, second.schedule.sigmas);
  EXPECT_EQ(first.seed, second.seed);
  EXPECT_EQ(first.prompt, second.prompt);
}

TEST_F(Request, MemoryGrowsWithTheRequestAndIsRefusedWithNumbers) {
  const MemoryNeed small = plan().memory;
  request_.frames = 253;
  request_.size = "1024x1024";
  const MemoryNeed large = plan().memory;
  EXPECT_GT(large.sampling, 5 * small.sampling);
  EXPECT_GT(large.decoding, 10 * small.decoding);  // which decodes more of its frames at once
  EXPECT_EQ(message_of([&] { require_memory(small, small.peak()); }), "");
  EXPECT_EQ(message_of([&] { require_memory(large, 0); }), "");
  const std::string message = message_of([&] { require_memory(large, 1'000'000'000); });
  EXPECT_NE(message.find("1.0 GB are available"), std::string::npos) << message;
  EXPECT_NE(message.find(bytes_text(large.peak())), std::string::npos) << message;
  EXPECT_GT(available_memory(), 1'000'000u);
}

}  // namespace
}  // namespace hotshot::pipeline
