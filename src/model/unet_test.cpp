// The UNet against diffusers and the original Hotshot-XL: tests/golden/README.md says how the numbers were made.
#include "model/unet.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <memory>

#include "base/options.h"
#include "base/test_support.h"
#include "model/registry.h"
#include "model/test_support.h"

namespace hotshot::model {
namespace {

nlohmann::json config_of(const std::string& name) { return read_json(kGolden / name / "config.json"); }

std::unique_ptr<Unet> load_unet(const std::string& name) {
  const nlohmann::json config = config_of(name);
  auto unet = build_network<Unet>(config["_class_name"].get<std::string>(), "unet", config, name);
  load_parameters(*unet, kGolden / name);
  return unet;
}

// [b, c, f, h, w] of a golden clip or picture.
at::Tensor as_clip(const at::Tensor& x) { return x.dim() == 5 ? x : x.unsqueeze(2); }

struct Call {
  explicit Call(const std::string& name) : g(golden(name)) {
    latents = as_clip(g.at("latents"));
    context.text_bsd = g.at("text_bsd");
    if (g.count("pooled_bd")) {
      context.pooled_bd = g.at("pooled_bd");
      context.size_ids_bk = g.at("size_ids_bk");
    }
  }
  at::Tensor operator()(const Unet& unet, const at::Tensor& clip) const {
    return unet(clip, g.at("timestep_b"), context);
  }

  weights::TensorMap g;
  at::Tensor latents;
  UnetContext context;
};

class UnetParity : public testing::TestWithParam<const char*> {};

TEST_P(UnetParity, MatchesTheReference) {
  at::NoGradGuard no_grad;
  const auto unet = load_unet(GetParam());
  Call call(GetParam());
  EXPECT_LT(relative_error(call(*unet, call.latents), as_clip(call.g.at("sample"))), 1e-4);
  unet->to(at::kCPU, at::kBFloat16);
  const at::Tensor narrow = call(*unet, call.latents.to(at::kBFloat16));
  EXPECT_EQ(narrow.scalar_type(), at::kBFloat16);
  EXPECT_LT(relative_error(narrow, as_clip(call.g.at("sample_bf16"))), 2e-2);
}

TEST_P(UnetParity, GradientsMatchTheReference) {
  const auto unet = load_unet(GetParam());
  unet->requires_grad(true);
  Call call(GetParam());
  const at::Tensor latents = call.latents.clone().requires_grad_(true);
  call.context.text_bsd = call.context.text_bsd.clone().requires_grad_(true);
  const at::Tensor loss = (call(*unet, latents) * as_clip(call.g.at("weights"))).sum();

  auto parameters = unet->parameters();
  std::erase_if(parameters, [](const nn::NamedParameter& p) { return p.parameter->fixed; });
  std::sort(parameters.begin(), parameters.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  std::vector<at::Tensor> inputs{latents, call.context.text_bsd};
  for (const auto& [name, parameter] : parameters) inputs.push_back(parameter->tensor);
  const auto gradients = torch::autograd::grad({loss}, inputs, {}, {}, false, /*allow_unused=*/true);

  EXPECT_LT(relative_error(gradients[0], as_clip(call.g.at("gradient.latents"))), 1e-4);
  EXPECT_LT(relative_error(gradients[1], call.g.at("gradient.text")), 1e-4);
  const at::Tensor norms = call.g.at("gradient.norms");
  ASSERT_EQ(norms.size(0), static_cast<std::int64_t>(parameters.size()));
  const double floor = 1e-5 * norms.max().item<double>();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const double expected = norms[i].item<double>();
    const double actual = gradients[i + 2].defined() ? gradients[i + 2].norm().item<double>() : 0;
    EXPECT_NEAR(actual, expected, 1e-3 * expected + floor) << parameters[i].name;
  }
}

TEST_P(UnetParity, TrainsFp32WeightsWithBf16Activations) {
  const auto unet = load_unet(GetParam());
  unet->requires_grad(true);
  const Call call(GetParam());
  const at::Tensor latents = call.latents.to(at::kBFloat16).requires_grad_(true);
  const at::Tensor loss = (call(*unet, latents).to(at::kFloat) * as_clip(call.g.at("weights"))).sum();
  std::vector<at::Tensor> inputs{latents};
  for (const auto& [name, parameter] : unet->parameters()) {
    if (!parameter->fixed) inputs.push_back(parameter->tensor);
  }
  const auto gradients = torch::autograd::grad({loss}, inputs, {}, {}, false, /*allow_unused=*/true);
  EXPECT_LT(relative_error(gradients[0], as_clip(call.g.at("gradient.latents"))), 5e-2);
  for (std::size_t i = 1; i < gradients.size(); ++i) {
    EXPECT_TRUE(!gradients[i].defined() || gradients[i].scalar_type() == at::kFloat);
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, UnetParity,
                         testing::Values("unet-sd15", "unet-inpainting", "unet-sdxl", "unet-hotshot-xl"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(Unet, IsToldTheGuidanceScale) {
  at::NoGradGuard no_grad;
  const auto unet = load_unet("unet-inpainting");
  Call call("unet-inpainting");
  call.context.guidance_b = call.g.at("guidance_b");
  EXPECT_LT(relative_error(call(*unet, call.latents), as_clip(call.g.at("sample_guided"))), 1e-4);
}

TEST(Unet, OneFrameLeavesTransformersOverFramesOut) {
  at::NoGradGuard no_grad;
  const auto unet = load_unet("unet-hotshot-xl");
  const Call call("unet-hotshot-xl");
  EXPECT_LT(relative_error(call(*unet, call.latents.narrow(2, 0, 1)), call.g.at("sample_one_frame")), 1e-4);
}

TEST(Unet, FramesOfAPictureNetworkAreStrangers) {
  at::NoGradGuard no_grad;
  const auto unet = load_unet("unet-sdxl");
  const Call call("unet-sdxl");
  const at::Tensor pair = at::cat({call.latents.flip(3), call.latents}, 2);
  EXPECT_LT(relative_error(call(*unet, pair).narrow(2, 1, 1), as_clip(call.g.at("sample"))), 1e-4);
}

TEST(Unet, DoesNotDependOnThreads) {
  at::NoGradGuard no_grad;
  const auto unet = load_unet("unet-hotshot-xl");
  const Call call("unet-hotshot-xl");
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor one = call(*unet, call.latents);
  at::set_num_threads(3);
  const at::Tensor three = call(*unet, call.latents);
  at::set_num_threads(before);
  EXPECT_TRUE(at::equal(one, three));
}

TEST(Unet, RefusesShapesThatDoNotFit) {
  at::NoGradGuard no_grad;
  const auto unet = load_unet("unet-hotshot-xl");
  const Call call("unet-hotshot-xl");
  EXPECT_NE(message_of([&] {
              call(*unet, at::zeros({2, 4, 25, 4, 4}));
            }).find("at most 24 frames but got 25"),
            std::string::npos);
  EXPECT_EQ(call(*unet, at::zeros({2, 4, 24, 1, 1})).sizes(), at::IntArrayRef({2, 4, 24, 1, 1}));
  EXPECT_NE(message_of([&] { call(*unet, at::zeros({2, 9, 1, 4, 4})); }).find("[2, 9, 1, 4, 4]"), std::string::npos);
  EXPECT_NE(message_of([&] {
              call(*unet, at::zeros({3, 4, 1, 4, 4}));
            }).find("timesteps of shape [3]"),
            std::string::npos);
  UnetContext context = call.context;
  context.text_bsd = at::zeros({2, 9, 12});
  const auto run = [&] { (*unet)(call.latents, call.g.at("timestep_b"), context); };
  EXPECT_NE(message_of(run).find("text of shape [2, 9, 16] but got [2, 9, 12]"), std::string::npos);
  context.text_bsd = at::zeros({2, 0, 16});
  EXPECT_NE(message_of(run).find("text of shape [2, 1, 16] but got [2, 0, 16]"), std::string::npos);
  context.text_bsd = at::Tensor();
  EXPECT_NE(message_of(run).find("text of shape [2, 77, 16] but got none"), std::string::npos);
  context = call.context;
  context.size_ids_bk = at::Tensor();
  EXPECT_NE(message_of(run).find("size ids of shape [2, 6] but got none"), std::string::npos);
  context = call.context;
  context.pooled_bd = at::Tensor();
  EXPECT_NE(message_of(run).find("pooled text of shape [2, 10] but got none"), std::string::npos);
}

nlohmann::json hotshot_xl() {
  return {{"sample_size", 128},
          {"block_out_channels", {320, 640, 1280}},
          {"down_block_types", {"DownBlock3D", "CrossAttnDownBlock3D", "CrossAttnDownBlock3D"}},
          {"mid_block_type", "UNetMidBlock3DCrossAttn"},
          {"up_block_types", {"CrossAttnUpBlock3D", "CrossAttnUpBlock3D", "UpBlock3D"}},
          {"layers_per_block", 2},
          {"transformer_layers_per_block", {1, 2, 10}},
          {"attention_head_dim", {5, 10, 20}},
          {"cross_attention_dim", 2048},
          {"use_linear_projection", true},
          {"addition_embed_type", "text_time"},
          {"addition_time_embed_dim", 256},
          {"projection_class_embeddings_input_dim", 2816}};
}

TEST(Unet, HasThePublishedNumberOfParameters) {
  Unet unet(UnetConfig::from_json(hotshot_xl(), "test"));
  std::int64_t tensors = 0, values = 0;
  for (const auto& [name, parameter] : unet.parameters()) {
    if (name.find("temporal") == std::string::npos) continue;
    ++tensors;
    values += parameter->tensor.numel();
  }
  EXPECT_EQ(tensors, 420);
  EXPECT_EQ(values, 237'316'800);
  EXPECT_EQ(unet.parameter_count(), 2'567'463'684 + 237'316'800);
  std::int64_t trained = 0;
  for (const auto& [name, parameter] : unet.temporal_parameters()) trained += parameter->tensor.numel();
  EXPECT_EQ(trained, 236'779'200);
}

TEST(Unet, FreshTransformersOverFramesChangeNothing) {
  at::NoGradGuard no_grad;
  nlohmann::json config = config_of("unet-hotshot-xl");
  Unet unet(UnetConfig::from_json(config, "test"));
  unet.initialize(3);
  for (const auto& [name, parameter] : unet.parameters()) {
    if (name.find("temporal") == std::string::npos) continue;
    if (name.ends_with("proj_out.weight")) {
      EXPECT_EQ(parameter->tensor.abs().max().item<float>(), 0) << name;
    }
    if (parameter->fixed) {
      const std::int64_t width = parameter->tensor.size(2);
      EXPECT_NEAR(parameter->tensor[0][5][4].item<double>(), std::sin(5 * std::pow(10000.0, -4.0 / width)), 1e-6);
      EXPECT_NEAR(parameter->tensor[0][5][5].item<double>(), std::cos(5 * std::pow(10000.0, -4.0 / width)), 1e-6);
    }
  }
  // Equal frames have the statistics of each of them, so the clip is the picture, repeated.
  const Call call("unet-hotshot-xl");
  const at::Tensor frame = call.latents.narrow(2, 0, 1);
  EXPECT_LT(
      relative_error(call(unet, frame.expand({-1, -1, 3, -1, -1})), call(unet, frame).expand({-1, -1, 3, -1, -1})),
      1e-5);
}

TEST(UnetConfig, SurvivesAFile) {
  const UnetConfig config = UnetConfig::from_json(config_of("unet-sdxl"), "test");
  EXPECT_EQ(UnetConfig::from_json(config.to_json(), "test").to_json(), config.to_json());
  EXPECT_EQ(config.to_json()["_class_name"], "UNet2DConditionModel");
  EXPECT_EQ(config.to_json()["layers_per_block"], nlohmann::json({1, 1, 1}));
}

TEST(UnetConfig, RefusesWhatItDoesNotCompute) {
  for (const auto& [name, value] : std::vector<std::pair<std::string, nlohmann::json>>{
           {"act_fn", "gelu"},
           {"class_embed_type", "timestep"},
           {"encoder_hid_dim", 64},
           {"resnet_time_scale_shift", "scale_shift"},
           {"only_cross_attention", {true, false, false}},
           {"mid_block_type", nullptr},
           {"mid_block_type", "UNetMidBlock2DSimpleCrossAttn"},
           {"down_block_types", {"DownBlock3D", "CrossAttnDownBlock2D", "CrossAttnDownBlock3D"}},
           {"up_block_types", {"UpBlock3D"}},
           {"attention_head_dim", {5, 10}},
           {"attention_head_dim", 7},
           {"norm_num_groups", 7},
           {"cross_attention_dim", {1, 2, 3}},
           {"addition_embed_type", "image"},
           {"addition_time_embed_dim", nullptr},
           {"reverse_transformer_layers_per_block", {1, 2, 3}},
           {"block_out_channels", nlohmann::json::array()}}) {
    nlohmann::json config = hotshot_xl();
    config[name] = value;
    EXPECT_NE(message_of([&] { UnetConfig::from_json(config, "config of a test"); }).find("[config of a test]"),
              std::string::npos)
        << name << " " << value;
  }
}

}  // namespace
}  // namespace hotshot::model
