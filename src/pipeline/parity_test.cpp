// The whole way from prompt to pixels against diffusers' WanPipeline: tests/golden/README.md says how the numbers were
// made. Runs on the tiny random model and, where it is there, on the model that ships.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/options.h"
#include "pipeline/model_folder.h"
#include "pipeline/stages.h"
#include "text/prompt.h"
#include "weights/safetensors.h"

namespace hotshot::pipeline {
namespace {

namespace fs = std::filesystem;

struct GoldenRun {
  const char* model;
  const char* golden;  // without extension
};

/// Maximum absolute difference over maximum absolute value.
double relative_error(const at::Tensor& actual, const at::Tensor& expected) {
  EXPECT_EQ(actual.sizes(), expected.sizes());
  const at::Tensor wide = expected.to(at::kDouble);
  return ((actual.to(at::kDouble) - wide).abs().max() / wide.abs().max()).item<double>();
}

class PipelineParity : public testing::TestWithParam<GoldenRun> {
 protected:
  void SetUp() override {
    const fs::path root(HOTSHOT_SOURCE_DIR);
    const std::string golden = root / GetParam().golden;
    ASSERT_TRUE(fs::exists(golden + ".safetensors")) << "a model without goldens: run tests/golden/compare_pipeline.py";
    folder_ = open_model(root / GetParam().model);
    golden_ = weights::read_safetensors(golden + ".safetensors").tensors;
    settings_ = read_json(golden + ".json");
  }

  const at::Tensor& golden(const std::string& name) const { return golden_.at(name); }

  EncodedText encoded(const std::string& name) {
    if (!encoder_) encoder_ = load_network<model::Umt5Encoder>(folder_, "text_encoder", at::kFloat, at::kCPU);
    const std::string prompt = name == "negative" ? settings_["negative"] : settings_["prompts"][name];
    return encode_text(text::T5Tokenizer::load(folder_.path / "tokenizer"), *encoder_, text::clean_prompt(prompt));
  }
  GuidedText guided(const std::string& name) {
    return {.prompt = encoded(name), .negative = encoded("negative"), .guidance = settings_["guidance"]};
  }

  ModelFolder folder_;
  weights::TensorMap golden_;
  nlohmann::json settings_;
  std::unique_ptr<model::Umt5Encoder> encoder_;
};

TEST_P(PipelineParity, TokensAndEmbeddings) {
  for (const std::string name : {"en", "zh", "negative"}) {
    const EncodedText text = encoded(name);
    EXPECT_TRUE(at::equal(at::tensor(text.ids, at::kInt), golden(name + ".ids_l"))) << name;
    EXPECT_LT(relative_error(text.embeddings_ld, golden(name + ".embeds_ld")), 1e-4) << name;
  }
}

TEST_P(PipelineParity, FirstPredictions) {
  const double first = golden("timesteps_s")[0].item<double>();
  const auto transformer = load_network<model::WanTransformer>(folder_, "transformer", at::kFloat, at::kCPU);
  for (const std::string name : {"en", "zh"}) {
    const at::Tensor both =
        TextDenoiser(*transformer, guided(name), at::kCPU, at::kFloat).predictions(golden("noise_bcthw"), first);
    EXPECT_LT(relative_error(both.narrow(0, 0, 1), golden(name + ".cond_bcthw")), 1e-4) << name;
    EXPECT_LT(relative_error(both.narrow(0, 1, 1), golden(name + ".uncond_bcthw")), 1e-4) << name;
  }
}

TEST_P(PipelineParity, FirstPredictionInBf16) {
  const double first = golden("timesteps_s")[0].item<double>();
  const auto transformer = load_network<model::WanTransformer>(folder_, "transformer", at::kBFloat16, at::kCPU);
  const at::Tensor both =
      TextDenoiser(*transformer, guided("en"), at::kCPU, at::kBFloat16).predictions(golden("noise_bcthw"), first);
  EXPECT_LT(relative_error(both.narrow(0, 0, 1), golden("en.cond_bf16_bcthw")), 2e-2);
  EXPECT_LT(relative_error(both.narrow(0, 0, 1), golden("en.cond_bcthw")), 2e-2);
}

TEST_P(PipelineParity, EveryStepAndTheVideo) {
  const auto schedule = diffusion::make_schedule(settings_["steps"], folder_.scheduler.schedule);
  EXPECT_LT(relative_error(at::tensor(schedule.sigmas, at::kDouble), golden("sigmas_s")), 1e-7);
  EXPECT_TRUE(at::equal(at::tensor(schedule.timesteps, at::kDouble), golden("timesteps_s").to(at::kDouble)));
  const auto transformer = load_network<model::WanTransformer>(folder_, "transformer", at::kFloat, at::kCPU);
  at::Tensor english;
  for (const std::string name : {"en", "zh"}) {
    const TextDenoiser denoiser(*transformer, guided(name), at::kCPU, at::kFloat);
    const auto velocity = [&](const at::Tensor& latents, const diffusion::DenoiserCall& call) {
      return denoiser(latents, call.timestep);
    };
    const auto on_step = [&](const diffusion::StepResult& step) {
      EXPECT_LT(relative_error(step.latents, golden(name + ".latents_sbcthw")[step.done - 1]), 1e-3)
          << name << ", step " << step.done;
    };
    const at::Tensor result = diffusion::sample(folder_.scheduler.sampler, velocity, golden("noise_bcthw"), schedule,
                                                folder_.scheduler.options, on_step);
    if (name == "en") english = result;
  }
  const auto vae = load_network<model::WanVae>(folder_, "vae", at::kFloat, at::kCPU);
  std::vector<at::Tensor> pieces;
  const int frames = settings_["frames"];
  const Frames bytes = decode_latents(*vae, english, frames, at::kFloat, nullptr,
                                      [&](const at::Tensor& piece) { pieces.push_back(piece.clone()); });
  const at::Tensor video_thwc = at::cat(pieces, 2)[0].permute({1, 2, 3, 0}).div(2).add(0.5);
  EXPECT_LT(relative_error(video_thwc, golden("en.video_thwc")), 1e-3);  // half precision itself: 2.4e-4
  const at::Tensor expected_u8 = golden("en.video_u8_thwc");
  ASSERT_EQ(bytes.pixels.size(), expected_u8.nbytes());
  const at::Tensor actual_u8 =
      at::from_blob(const_cast<std::uint8_t*>(bytes.pixels.data()), expected_u8.sizes(), at::kByte);
  EXPECT_LE((actual_u8.to(at::kInt) - expected_u8.to(at::kInt)).abs().max().item<int>(), 1);
}

TEST_P(PipelineParity, AutoencoderBothWays) {
  const at::NoGradGuard no_grad;
  const auto vae = load_network<model::WanVae>(folder_, "vae", at::kFloat, at::kCPU);
  const at::Tensor clip = golden("vae.clip_u8_bcthw").to(at::kFloat).div(127.5).sub(1);
  const model::Posterior posterior = vae->encode(clip);
  EXPECT_LT(relative_error(posterior.mean, golden("vae.mean_bcthw")), 1e-4);
  EXPECT_LT(relative_error(posterior.log_variance, golden("vae.logvar_bcthw")), 1e-4);
  EXPECT_LT(relative_error(vae->encode_streamed(clip), golden("vae.mean_bcthw")), 1e-4);
  std::vector<at::Tensor> pieces;
  vae->decode_streamed(golden("vae.mean_bcthw"), [&](const at::Tensor& piece) { pieces.push_back(piece); });
  EXPECT_LT(relative_error(at::cat(pieces, 2), golden("vae.decoded_bcthw")), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Golden, PipelineParity,
                         testing::Values(GoldenRun{"tests/golden/pipeline-wan", "tests/golden/pipeline-wan/golden"},
                                         GoldenRun{"models/act-one-mini", "tests/golden/act-one-mini"}),
                         [](const testing::TestParamInfo<GoldenRun>& run) {
                           std::string name = fs::path(run.param.model).filename();
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace hotshot::pipeline
