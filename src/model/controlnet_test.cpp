// ControlNets against diffusers: tests/golden/README.md says how the numbers were made.
#include "model/controlnet.h"

#include <memory>

#include "base/options.h"
#include "base/test_support.h"
#include "model/registry.h"
#include "model/test_support.h"

namespace hotshot::model {
namespace {

template <class Network>
std::unique_ptr<Network> load_network(const std::string& name, std::string_view part) {
  const nlohmann::json config = read_json(kGolden / name / "config.json");
  auto network = build_network<Network>(config["_class_name"].template get<std::string>(), part, config, name);
  load_parameters(*network, kGolden / name);
  return network;
}

struct Call {
  explicit Call(const std::string& name) : g(golden(name)) {
    latents = g.at("latents").unsqueeze(2);
    control = g.at("control").unsqueeze(2).to(at::kFloat);
    context.text_bsd = g.at("text_bsd");
    if (!g.count("pooled_bd")) return;
    context.pooled_bd = g.at("pooled_bd");
    context.size_ids_bk = g.at("size_ids_bk");
  }
  ControlResiduals operator()(const ControlNet& network, const ControlStrength& strength) const {
    return network(latents, g.at("timestep_b"), context, control.to(latents.scalar_type()), strength);
  }

  weights::TensorMap g;
  at::Tensor latents, control;
  UnetContext context;
};

std::vector<at::Tensor> all_of(const ControlResiduals& residuals) {
  std::vector<at::Tensor> all = residuals.skips_nchw;
  all.push_back(residuals.middle_nchw);
  return all;
}

class ControlNetParity : public testing::TestWithParam<const char*> {};

TEST_P(ControlNetParity, MatchesDiffusers) {
  at::NoGradGuard no_grad;
  const std::string name = std::string("controlnet-") + GetParam();
  const auto network = load_network<ControlNet>(name, "controlnet");
  Call call(name);
  const ControlResiduals residuals = call(*network, {.scale = 0.7});
  const auto plain = all_of(residuals), guess = all_of(call(*network, {.scale = 0.7, .decaying = true}));
  const at::Tensor ratios = call.g.at("guess_ratios");
  ASSERT_EQ(static_cast<std::int64_t>(plain.size()), ratios.size(0));
  for (std::size_t i = 0; i < plain.size(); ++i) {
    EXPECT_LT(relative_error(plain[i], call.g.at("residual." + std::to_string(i))), 1e-4) << i;
    EXPECT_NEAR((guess[i] / plain[i]).mean().item<double>(), ratios[i].item<double>(), 1e-4) << i;
  }

  const auto unet = load_network<Unet>(std::string("unet-") + GetParam(), "unet");
  const at::Tensor sample = (*unet)(call.latents, call.g.at("timestep_b"), call.context, &residuals);
  EXPECT_LT(relative_error(sample, call.g.at("sample").unsqueeze(2)), 1e-4);
  ControlResiduals halves = call(*network, {.scale = 0.35});
  halves.add(call(*network, {.scale = 0.35}));
  EXPECT_LT(relative_error((*unet)(call.latents, call.g.at("timestep_b"), call.context, &halves), sample), 1e-5);

  network->to(at::kCPU, at::kBFloat16);
  call.latents = call.latents.to(at::kBFloat16);
  const auto narrow = all_of(call(*network, {.scale = 0.7}));
  for (std::size_t i = 0; i < narrow.size(); ++i) {
    EXPECT_LT(relative_error(narrow[i], call.g.at("residual." + std::to_string(i))), 2e-2) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, ControlNetParity, testing::Values("sd15", "sdxl"));

TEST(ControlNet, StartsWithoutInfluence) {
  at::NoGradGuard no_grad;
  const Call call("controlnet-sd15");
  ControlNet network(ControlNetConfig::from_json(read_json(kGolden / "controlnet-sd15/config.json"), "test"));
  network.initialize(1);
  for (const at::Tensor& residual : all_of(call(network, {}))) EXPECT_EQ(residual.abs().max().item<float>(), 0);
}

TEST(ControlNet, ReadsBlueFirstAndPoolsWhereItsConfigSaysSo) {
  at::NoGradGuard no_grad;
  nlohmann::json config = read_json(kGolden / "controlnet-sd15/config.json");
  config["controlnet_conditioning_channel_order"] = "bgr";
  config["global_pool_conditions"] = true;
  ControlNet network(ControlNetConfig::from_json(config, "test"));
  load_parameters(network, kGolden / "controlnet-sd15");
  Call call("controlnet-sd15");
  call.control = call.control.flip(1);
  const auto pooled = all_of(call(network, {.scale = 0.7, .decaying = true}));
  for (std::size_t i = 0; i < pooled.size(); ++i) {
    const at::Tensor expected = call.g.at("residual." + std::to_string(i));
    EXPECT_LT(relative_error(pooled[i], expected.mean({2, 3}, true).expand(expected.sizes())), 1e-4) << i;
  }
}

TEST(ControlNet, RefusesPicturesOfAnotherSize) {
  at::NoGradGuard no_grad;
  const auto network = load_network<ControlNet>("controlnet-sd15", "controlnet");
  Call call("controlnet-sd15");
  call.control = call.control.narrow(3, 0, 40);
  EXPECT_NE(message_of([&] { call(*network, {}); }).find("[2, 3, 1, 48, 32] but got [2, 3, 1, 40, 32]"),
            std::string::npos);
  const auto unet = load_network<Unet>("unet-sdxl", "unet");
  const Call other("controlnet-sdxl");
  const ControlResiduals residuals = Call("controlnet-sd15")(*network, {});
  const auto mixed = [&] { (*unet)(other.latents, other.g.at("timestep_b"), other.context, &residuals); };
  EXPECT_NE(message_of(mixed).find("expected 6 control residuals but got 12"), std::string::npos);
}

}  // namespace
}  // namespace hotshot::model
