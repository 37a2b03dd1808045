// Every network against the Python reference: tests/golden/README.md says how the numbers were made.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/options.h"
#include "model/config.h"
#include "model/test_support.h"
#include "model/umt5.h"
#include "model/wan_transformer.h"
#include "model/wan_vae.h"

namespace hotshot::model {
namespace {

template <class Config>
Config config_of(const std::filesystem::path& folder, bool strict = true) {
  Config config;
  const auto json = read_json(folder / "config.json");
  if (strict)
    read_config(config.fields(), json, "config");
  else
    read_known_config(config.fields(), json, "config");
  return config;
}

class TransformerParity : public testing::TestWithParam<const char*> {};

TEST_P(TransformerParity, MatchesDiffusers) {
  at::NoGradGuard no_grad;
  WanTransformer transformer(config_of<WanTransformerConfig>(kGolden / GetParam()));
  load_parameters(transformer, kGolden / GetParam());
  const auto g = golden(GetParam());
  const TextContext context{g.at("text_bld"), {}};
  EXPECT_LT(relative_error(transformer(g.at("latents_bcthw"), g.at("timestep_b"), context), g.at("sample_bcthw")),
            1e-4);
  EXPECT_LT(relative_error(transformer(g.at("latents_bcthw"), g.at("timestep_bl").to(at::kFloat), context),
                           g.at("sample_per_token_bcthw")),
            1e-4);
  transformer.to(at::kCPU, at::kBFloat16);
  EXPECT_LT(relative_error(transformer(g.at("latents_bcthw").to(at::kBFloat16), g.at("timestep_b"), context),
                           g.at("sample_bf16_bcthw")),
            2e-2);
}

INSTANTIATE_TEST_SUITE_P(Golden, TransformerParity, testing::Values("transformer-wan21", "transformer-plain"));

// The padding trick: n tokens and 512 - n explicit zero vectors weigh as n + 1 tokens with a bias.
TEST(TransformerContext, OnePadTokenStandsForMany) {
  at::NoGradGuard no_grad;
  WanTransformer transformer(config_of<WanTransformerConfig>(kGolden / "transformer-wan21"));
  load_parameters(transformer, kGolden / "transformer-wan21");
  const auto g = golden("transformer-wan21");
  at::Tensor text = g.at("text_bld").clone();
  text[0].narrow(0, 5, 11).zero_();
  text[1].narrow(0, 9, 7).zero_();
  const at::Tensor padded = at::constant_pad_nd(text, {0, 0, 0, 64 - 16});
  const at::Tensor expected = transformer(g.at("latents_bcthw"), g.at("timestep_b"), {padded, {}});
  const at::Tensor actual = transformer(g.at("latents_bcthw"), g.at("timestep_b"), pad_context(text, {5, 9}, 64));
  EXPECT_LT(relative_error(actual, expected), 1e-5);
}

class VaeParity : public testing::TestWithParam<const char*> {};

TEST_P(VaeParity, MatchesDiffusersWholeAndStreamed) {
  at::NoGradGuard no_grad;
  WanVae vae(config_of<WanVaeConfig>(kGolden / GetParam()));
  load_parameters(vae, kGolden / GetParam());
  const auto g = golden(GetParam());
  const at::Tensor frames = g.at("encode.frames_bcthw"), latents = g.at("decode.latents_bcthw");
  for (std::int64_t latent_frames = 1; latent_frames <= latents.size(2); ++latent_frames) {
    const std::int64_t count = 4 * (latent_frames - 1) + 1;
    const at::Tensor clip = frames.narrow(2, 0, count), part = latents.narrow(2, 0, latent_frames);
    const at::Tensor mean = g.at("encode.mean_bcthw").narrow(2, 0, latent_frames);
    const Posterior posterior = vae.encode(clip);
    EXPECT_LT(relative_error(posterior.mean, mean), 1e-4);
    EXPECT_LT(relative_error(posterior.log_variance, g.at("encode.logvar_bcthw").narrow(2, 0, latent_frames)), 1e-4);
    EXPECT_LT(relative_error(vae.encode_streamed(clip), mean), 1e-4);

    const at::Tensor video = g.at("decode.frames_bcthw").narrow(2, 0, count);
    EXPECT_LT(relative_error(vae.decode(part).clamp(-1, 1), video), 1e-4);
    for (const std::int64_t most : {1, 2, 64}) {
      std::vector<at::Tensor> pieces;
      vae.decode_streamed(
          part, [&](const at::Tensor& piece) { pieces.push_back(piece); }, most);
      EXPECT_EQ(static_cast<std::int64_t>(pieces.size()), (latent_frames + most - 1) / most);
      EXPECT_LT(relative_error(at::cat(pieces, 2), video), 1e-4);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, VaeParity, testing::Values("vae-wan21", "vae-patch2", "vae-wan22"));

TEST(TextEncoderParity, MatchesTransformers) {
  at::NoGradGuard no_grad;
  Umt5Encoder encoder(config_of<Umt5Config>(kGolden / "text-umt5", /*strict=*/false));
  load_parameters(encoder, kGolden / "text-umt5");
  const auto g = golden("text-umt5");
  const at::Tensor lengths = g.at("mask_bl").sum(1);
  const std::vector<std::int64_t> counts{lengths[0].item<std::int64_t>(), lengths[1].item<std::int64_t>()};
  const at::Tensor hidden = encoder(g.at("ids_bl").to(at::kLong), counts);
  for (int b = 0; b < 2; ++b) {
    EXPECT_LT(relative_error(hidden[b].narrow(0, 0, counts[b]), g.at("hidden_bld")[b].narrow(0, 0, counts[b])), 1e-4);
  }
  const at::Tensor long_hidden = encoder(g.at("long_ids_bl").to(at::kLong), {g.at("long_ids_bl").size(1)});
  EXPECT_LT(relative_error(long_hidden, g.at("long_hidden_bld")), 1e-4);
}

}  // namespace
}  // namespace hotshot::model
