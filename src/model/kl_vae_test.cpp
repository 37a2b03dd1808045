// The picture autoencoder against diffusers: tests/golden/README.md says how the numbers were made.
#include "model/kl_vae.h"

#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/options.h"
#include "base/test_support.h"
#include "model/config.h"
#include "model/registry.h"
#include "model/test_support.h"
#include "model/tiling.h"
#include "weights/part.h"

namespace hotshot::model {
namespace {

const NetworkClass& vae_class() { return find_network_class("AutoencoderKL", "vae", "test"); }

std::unique_ptr<KlVae> load_vae(const std::filesystem::path& folder) {
  auto vae = build_network<KlVae>("AutoencoderKL", "vae", read_json(kGolden / folder / "config.json"), "test");
  load_parameters(*vae, vae_class(), kGolden / folder);
  return vae;
}

class KlVaeParity : public testing::TestWithParam<const char*> {};

TEST_P(KlVaeParity, MatchesDiffusers) {
  const at::NoGradGuard no_grad;
  const auto vae = load_vae(GetParam());
  const auto g = golden(GetParam());
  const Posterior posterior = vae->encode(g.at("encode.pictures_bchw"));
  EXPECT_LT(relative_error(posterior.mean, g.at("encode.mean_bchw")), 1e-4);
  EXPECT_LT(relative_error(posterior.log_variance, g.at("encode.logvar_bchw")), 1e-4);
  EXPECT_LT(relative_error(vae->decode(g.at("decode.latents_bchw")), g.at("decode.pictures_bchw")), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Golden, KlVaeParity, testing::Values("vae-kl", "vae-kl-plain"));

TEST(KlVae, MatchesDiffusersInBf16) {
  const at::NoGradGuard no_grad;
  const auto vae = load_vae("vae-kl");
  const auto g = golden("vae-kl");
  vae->to(at::kCPU, at::kBFloat16);
  const at::Tensor decoded = vae->decode(g.at("decode.latents_bchw").to(at::kBFloat16));
  EXPECT_EQ(decoded.scalar_type(), at::kBFloat16);
  EXPECT_LT(relative_error(decoded, g.at("decode.pictures_bchw")), 2e-2);
  EXPECT_LT(relative_error(vae->encode(g.at("encode.pictures_bchw").to(at::kBFloat16)).mean, g.at("encode.mean_bchw")),
            2e-2);
  // The same weights compute in fp32 when the latents are, for pictures that went wrong.
  const at::Tensor again = vae->decode(g.at("decode.latents_bchw"));
  EXPECT_EQ(again.scalar_type(), at::kFloat);
  EXPECT_LT(relative_error(again, g.at("decode.pictures_bchw")), 2e-2);
}

TEST(KlVae, TilesAndSlicesAsDiffusers) {
  const at::NoGradGuard no_grad;
  const auto vae = load_vae("vae-kl");
  const auto g = golden("vae-kl");
  const std::int64_t tile = vae->config().tile_latents();
  EXPECT_EQ(tile, 8);
  EXPECT_LT(relative_error(vae->decode_tiled(g.at("tiled.latents_bchw"), tile), g.at("tiled.decoded_bchw")), 1e-4);
  const Posterior posterior = vae->encode_tiled(g.at("tiled.pictures_bchw"), tile);
  EXPECT_LT(relative_error(posterior.mean, g.at("tiled.mean_bchw")), 1e-4);
  EXPECT_LT(relative_error(posterior.log_variance, g.at("tiled.logvar_bchw")), 1e-4);

  const at::Tensor pictures = g.at("encode.pictures_bchw"), latents = g.at("decode.latents_bchw");
  for (const at::Tensor& mean : {vae->encode_sliced(pictures).mean, vae->encode_tiled(pictures, 12).mean})
    EXPECT_LT(relative_error(mean, g.at("encode.mean_bchw")), 1e-5);
  for (const at::Tensor& decoded : {vae->decode_sliced(latents), vae->decode_tiled(latents, 12)})
    EXPECT_LT(relative_error(decoded, g.at("decode.pictures_bchw")), 1e-5);
}

// The blend is a partition of unity: tiles of something that is the same everywhere leave no seam.
TEST(Tiling, LeavesNoSeam) {
  const at::Tensor x = at::arange(2 * 29 * 41, at::kFloat).sin().view({1, 2, 29, 41});
  for (const std::int64_t tile : {4, 8, 16, 28, 64}) {
    const at::Tensor doubled = in_tiles(x, tile, 2 * tile, [](const at::Tensor& part) {
      EXPECT_LE(std::max(part.size(2), part.size(3)), 41);
      return part.repeat_interleave(2, 2).repeat_interleave(2, 3);
    });
    EXPECT_TRUE(at::allclose(doubled, x.repeat_interleave(2, 2).repeat_interleave(2, 3), 1e-6)) << tile;
  }
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "multiples of 4", message_of([&] { in_tiles(x, 6, 12, {}); }));
}

// Gradients of a weighted sum of the picture that goes through both halves, by diffusers and autograd.
TEST(KlVae, GradientsMatchDiffusers) {
  const auto vae = load_vae("vae-kl");
  const auto g = golden("vae-kl");
  vae->requires_grad(true);
  std::vector<std::string> names{"pictures"};
  std::vector<at::Tensor> inputs{g.at("encode.pictures_bchw").clone().requires_grad_(true)};
  for (const auto& [name, parameter] : vae->parameters()) {
    names.push_back(name);
    inputs.push_back(parameter->tensor);
  }
  const at::Tensor decoded = vae->decode(vae->encode(inputs[0]).sample(g.at("grad.noise")));
  const auto gradients = torch::autograd::grad({(decoded * g.at("grad.weights")).sum()}, inputs);
  int compared = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    // The biases of keys shift all scores of a query alike.
    if (names[i].ends_with("to_k.bias")) continue;
    EXPECT_GT(gradients[i].abs().max().item<float>(), 1e-4) << names[i];
    const auto expected = g.find("grad." + names[i]);
    if (expected == g.end()) continue;
    EXPECT_LT(relative_error(gradients[i], expected->second), 1e-3) << names[i];
    ++compared;
  }
  EXPECT_EQ(compared, 9);
}

TEST(KlVae, NormalizesLatentsAsPipelinesDo) {
  const at::Tensor z = at::arange(18, at::kFloat).sin().view({1, 2, 3, 3});
  KlVaeConfig config;
  config.block_out_channels = {8};
  config.latent_channels = 2;
  config.norm_num_groups = 4;
  config.scaling_factor = 0.5;
  const auto expect = [&](const at::Tensor& normalized) {
    const KlVae vae(config);
    EXPECT_TRUE(at::allclose(vae.normalize(z), normalized, 1e-6));
    EXPECT_TRUE(at::allclose(vae.denormalize(normalized), z, 1e-4, 1e-6));
  };
  expect(z * 0.5);
  config.shift_factor = 0.25;
  expect((z - 0.25) * 0.5);
  config.shift_factor.reset();
  config.latents_mean = {1, -1};
  config.latents_std = {2, 4};
  const at::Tensor mean = at::tensor({1.0f, -1.0f}).view({1, 2, 1, 1}),
                   std = at::tensor({2.0f, 4.0f}).view({1, 2, 1, 1});
  expect((z - mean) * 0.5 / std);
}

TEST(KlVae, PosteriorSamplesAndClamps) {
  const at::Tensor moments = at::cat({at::full({1, 1, 2, 2}, 3.0f), at::full({1, 1, 2, 2}, 100.0f)}, 1);
  EXPECT_EQ(Posterior::from_moments(moments).log_variance.max().item<float>(), 20);
  const Posterior posterior{at::full({2}, 3.0f), at::full({2}, std::log(4.0f))};
  EXPECT_TRUE(at::allclose(posterior.sample(at::tensor({0.0f, -1.0f})), at::tensor({3.0f, 1.0f})));
}

TEST(KlVae, ReadsTheNamesOfEarlyFiles) {
  const at::NoGradGuard no_grad;
  const TestFolder folder;
  const std::pair<std::string, std::string> old_names[] = {
      {".to_q.", ".query."}, {".to_k.", ".key."}, {".to_v.", ".value."}, {".to_out.0.", ".proj_attn."}};
  weights::TensorMap tensors;
  int changed = 0;
  for (const auto& [name, tensor] : weights::read_part(kGolden / "vae-kl")) {
    std::string old = name;
    for (const auto& [from, to] : old_names)
      if (const auto at = old.find(from); at != std::string::npos) old.replace(at, from.size(), to), ++changed;
    tensors[old] = tensor;
  }
  ASSERT_EQ(changed, 16);
  weights::write_part(folder.path(), "diffusion_pytorch_model", tensors);
  std::filesystem::copy(kGolden / "vae-kl/config.json", folder / "config.json");
  const at::Tensor latents = golden("vae-kl").at("decode.latents_bchw");
  EXPECT_TRUE(load_vae(folder.path())->decode(latents).equal(load_vae("vae-kl")->decode(latents)));
}

KlVaeConfig published() {
  KlVaeConfig config;
  config.down_block_types.assign(4, "DownEncoderBlock2D");
  config.up_block_types.assign(4, "UpDecoderBlock2D");
  config.block_out_channels = {128, 256, 512, 512};
  config.layers_per_block = 2;
  config.sample_size = 512;
  return config;
}

TEST(KlVae, PublishedSize) {
  KlVae vae(published());
  EXPECT_EQ(vae.parameter_count(), 83'653'863);
  EXPECT_EQ(vae.config().scale_factor(), 8);
  EXPECT_EQ(vae.config().tile_latents(), 64);
}

TEST(KlVae, WritesTheConfigItReads) {
  for (const char* name : {"vae-kl", "vae-kl-plain"}) {
    const auto vae = load_vae(name);
    KlVaeConfig again;
    read_config(again.fields(), vae->config().to_json(), "test");
    EXPECT_EQ(again.to_json(), vae->config().to_json());
  }
}

TEST(KlVae, RefusesWhatItDoesNotCompute) {
  const auto config_refusal = [](const char* key, const nlohmann::json& value) {
    nlohmann::json json = read_json(kGolden / "vae-kl/config.json");
    json[key] = value;
    return message_of([&] { vae_class().build(json, "vae"); });
  };
  EXPECT_EQ(config_refusal("sample_size", 64), "");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "DownEncoderBlock2D 3 times",
                      config_refusal("down_block_types", {"DownEncoderBlock2D", "AttnDownEncoderBlock2D"}));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "act_fn silu", config_refusal("act_fn", "relu"));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "equal groups", config_refusal("norm_num_groups", 5));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "1 to 8 stages",
                      config_refusal("block_out_channels", nlohmann::json::array()));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "latents_mean", config_refusal("latents_mean", {1.0}));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "scaling_factor", config_refusal("scaling_factor", 0));
  EXPECT_FALSE(config_refusal("new_option", 1).empty());
  const auto vae = load_vae("vae-kl");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "multiples of 4", message_of([&] {
                        vae->encode(at::zeros({1, 3, 8, 6}));
                      }));
  EXPECT_FALSE(message_of([&] { vae->encode(at::zeros({1, 4, 8, 8})); }).empty());
  EXPECT_FALSE(message_of([&] { vae->decode(at::zeros({1, 3, 8, 8})); }).empty());
}

}  // namespace
}  // namespace hotshot::model
