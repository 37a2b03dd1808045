#include "training/distillation_task.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/options.h"
#include "diffusion/sampler.h"
#include "diffusion/scheduler_config.h"
#include "model/part.h"
#include "training/test_support.h"

namespace hotshot::training {
namespace {

constexpr std::uint64_t kSeed = 4;

/// A model folder with an autoencoder and a transformer of random weights that bends its paths, gently along noise
/// levels, and listens to the text.
class Distillation : public testing::Test {
 protected:
  void SetUp() override {
    task_of(folder, autoencoder_recipe(""), places)->export_parts(places.model_folder);
    std::filesystem::copy(places.model_folder / "vae", student.model_folder / "vae");
    const auto teacher = task_of(folder, transformer_recipe(""), places);
    {
      const at::NoGradGuard no_grad;
      for (const auto& [name, p] : teacher->parameters()) {
        const bool of_time = name.find("time_") != std::string::npos, of_text = name.find("attn2") != std::string::npos;
        p->tensor.copy_(normal_tensor(p->tensor.sizes(), 1, name) * (of_time ? 0.01 : of_text ? 1.0 : 0.3));
      }
    }
    teacher->export_parts(places.model_folder);
  }

  DistillationTask task(const DistillationOptions& options) const {
    const std::vector<data::Bucket> buckets{{.frames = 5, .height = 32, .width = 32, .batch = 3, .clips = 4}};
    return {options,
            buckets,
            data::WorldSource{.seed = 7},
            TransformerInputs{student.model_folder, places.latent_folder, places.model_folder, places.model_folder},
            kSeed,
            at::kCPU};
  }

  // What the untrained student, which is the teacher, is wrong by.
  double first_loss(int windows, double guidance, double first_share = 1) const {
    DistillationOptions options{.windows = windows, .guidance = guidance, .first_share = first_share, .dtype = "fp32"};
    DistillationTask made = task(options);
    return mean_loss(made);
  }

  const TestFolder folder;
  const RunPlaces places = places_in(folder.path(), "t");  // the teacher's
  const RunPlaces student = places_in(folder.path(), "student");
};

TEST_F(Distillation, WithoutGuidanceATeacherIsRightWhereWindowsAreNarrow) {
  const double wide = first_loss(1, 1), narrow = first_loss(8, 1), narrower = first_loss(64, 1);
  EXPECT_GT(wide, 0);
  EXPECT_LT(narrow, 0.5 * wide);
  EXPECT_LT(narrower, 0.1 * narrow);
}

TEST_F(Distillation, GuidanceIsWhatNarrowWindowsLeaveToLearn) {
  const double none = first_loss(64, 1), some = first_loss(64, 2), much = first_loss(64, 3);
  EXPECT_GT(some, 10 * none);
  EXPECT_NEAR(much / some, 4, 0.5);  // the error is (guidance - 1) (with - without), squared
}

TEST_F(Distillation, InputsLieOnTheLineOfTheirWindow) {
  DistillationOptions options{.windows = 3, .guidance = 2, .first_share = 1, .dtype = "fp32"};
  const DistillationTask at_first = task(options);
  options.first_share = 0;
  const DistillationTask within = task(options);
  const auto ends = diffusion::flow_schedule(3, {.shift = options.shift});
  for (const std::int64_t step : {0, 1, 2, 3}) {
    const ClipBatch clips = at_first.clips(step);
    const auto start = at_first.lesson(clips, step, 0), inner = within.lesson(clips, step, 0);
    EXPECT_TRUE(at::equal(start.velocity_bcthw, inner.velocity_bcthw));
    for (std::int64_t i = 0; i < clips.size(); ++i) {
      const double from = start.sigma_b[i].item<double>(), sigma = inner.sigma_b[i].item<double>();
      const auto window =
          static_cast<std::size_t>(std::find_if(ends.sigmas.begin(), ends.sigmas.end(),
                                                [&](double end) { return std::abs(end - from) < 1e-6; }) -
                                   ends.sigmas.begin());
      ASSERT_LT(window, 3u);
      EXPECT_LT(sigma, from);
      EXPECT_GT(sigma, ends.sigmas[window + 1]);
      EXPECT_EQ(start.time_b[i].item<double>(), ends.timesteps[window]);
      EXPECT_NEAR(inner.time_b[i].item<double>(), 1000 * sigma, 1e-2);
      const at::Tensor expected = start.input_bcthw[i] + (sigma - from) * start.velocity_bcthw[i];
      EXPECT_LT((inner.input_bcthw[i] - expected).abs().max().item<double>(), 1e-4);
    }
  }
}

TEST_F(Distillation, TheStudentLearnsAndNothingElseChanges) {
  const std::string text = read_file(places.model_folder / "text_encoder" / "model.safetensors");
  DistillationTask made = task({.windows = 4, .guidance = 3, .dtype = "fp32"});
  const double before = mean_loss(made);
  const OptimizerOptions optimizer{.learning_rate = 1e-2, .warmup = 5};
  train(made, {.steps = 60}, optimizer, student.run_folder, student.model_folder, "digest", {}, nullptr);
  EXPECT_LT(mean_loss(made), 0.5 * before);
  EXPECT_EQ(read_file(student.model_folder / "text_encoder" / "model.safetensors"), text);
  const nlohmann::json trained = read_json(student.model_folder / "hotshot.json");
  EXPECT_EQ(trained["steps"], 4);
  EXPECT_EQ(trained["guidance"], 1);
}

TEST_F(Distillation, ALossDependsOnTheStepAlone) {
  DistillationTask a = task({.windows = 4}), b = task({.windows = 4});
  const auto loss = [](Task& task, std::int64_t step) {
    return task.micro_batches(step, 1).front()().value.item<double>();
  };
  const double third = loss(b, 3);
  loss(a, 1);
  EXPECT_EQ(loss(a, 3), third);
  EXPECT_NE(loss(a, 4), third);
  double parts = 0;
  for (const auto& part : a.micro_batches(3, 3)) parts += part().value.item<double>() / 3;
  EXPECT_NEAR(parts, third, 0.02 * third);
}

TEST_F(Distillation, PreviewsTakeTheStudentsSteps) {
  DistillationTask made = task({.windows = 2, .preview_prompts = {"a red car", "一只猫"}});
  const std::vector<Clip> clips = made.preview();
  ASSERT_EQ(clips.size(), 2u);
  EXPECT_EQ(clips[0].frames.count, 5);
  EXPECT_NE(clips[0].frames.pixels, clips[1].frames.pixels);
}

TEST_F(Distillation, ARecipeNeedsATeacher) {
  const std::string recipe = R"(part = "distillation"
model = "tiny"
[data]
seed = 7
[[bucket]]
frames = 5
height = 32
width = 32
batch = 1
clips = 2
)";
  EXPECT_NE(message_of([&] { task_of(folder, recipe, student); }).find("initial"), std::string::npos);
  EXPECT_NE(message_of([&] { task_of(folder, "initial = \".\"\n" + recipe, places); }).find("another folder"),
            std::string::npos);
  const auto made = task_of(folder, "initial = \"../../t/model\"\n" + recipe, student);
  EXPECT_GT(made->micro_batches(0, 1).front()().value.item<double>(), 0);
}

// The sampler that an exported folder names takes straight steps.
TEST(FlowSampling, FirstOrderIsEuler) {
  const diffusion::SchedulerConfig scheduler = scheduler_of({.steps = 5, .solver_order = 1});
  const auto read = diffusion::read_scheduler_config(diffusion::write_scheduler_config(scheduler));
  const auto schedule = diffusion::flow_schedule(5, std::get<diffusion::FlowScheduleOptions>(read.schedule));
  const auto velocity = [](const at::Tensor& x, const diffusion::DenoiserCall& call) {
    return at::sin(3 * x) + call.sigma;
  };
  const at::Tensor noise = normal_tensor({4, 4}, 1, "noise");
  const at::Tensor straight = diffusion::sample(read.sampler, velocity, noise, schedule, read.options);
  const at::Tensor euler = diffusion::sample("euler", velocity, noise, schedule);
  EXPECT_LT((straight - euler).abs().max().item<double>(), 1e-5);
}

// It starts as its teacher, which was told the time of each frame.
TEST_F(Distillation, AStudentGoesOnFromGivenFramesIfItsTeacherDoes) {
  const auto goes_on = [&] {
    task({}).export_parts(student.model_folder);
    return read_json(student.model_folder / "model_index.json")["expand_timesteps"].get<bool>();
  };
  EXPECT_FALSE(goes_on());
  const auto path = places.model_folder / "model_index.json";
  nlohmann::json index = read_json(path);
  index["expand_timesteps"] = true;
  write_file(path, index.dump());
  EXPECT_TRUE(goes_on());
}

}  // namespace
}  // namespace hotshot::training
