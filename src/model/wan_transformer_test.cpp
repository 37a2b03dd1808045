// What our own configurations add to Wan's; Wan's itself: parity_test.cpp.
#include "model/wan_transformer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "model/config.h"
#include "model/registry.h"

namespace hotshot::model {
namespace {

WanTransformerConfig tiny() {
  WanTransformerConfig config;
  config.patch_size = {1, 2, 2}, config.num_attention_heads = 2, config.attention_head_dim = 12;
  config.in_channels = config.out_channels = 4, config.text_dim = 16, config.freq_dim = 8, config.ffn_dim = 32;
  config.num_layers = 2, config.text_len = 0;
  return config;
}

// All parameters random: the zeros that training starts from would hide what they are for.
std::unique_ptr<WanTransformer> randomized(const WanTransformerConfig& config) {
  auto transformer = std::make_unique<WanTransformer>(config);
  transformer->initialize(1);
  at::manual_seed(2);
  for (const auto& [name, parameter] : transformer->parameters()) {
    parameter->tensor = parameter->tensor + 0.2 * at::randn(parameter->tensor.sizes());
  }
  return transformer;
}

std::unique_ptr<WanTransformer> with_pooled_text() {
  WanTransformerConfig config = tiny();
  config.pooled_text = true;
  return randomized(config);
}

struct Case {
  at::Tensor latents_bcthw = at::randn({2, 4, 3, 4, 6});
  at::Tensor time_b = at::tensor({900.0f, 500.0f});
  at::Tensor text_bld = at::randn({2, 5, 16});
  TextContext text() const { return pad_context(text_bld, {5, 3}, 0); }
};

TEST(WanTransformerPadding, IsOneTokenOfItsOwnWithTextLen0) {
  const Case c;
  const TextContext context = c.text();
  ASSERT_EQ(context.embeddings_bld.sizes(), at::IntArrayRef({2, 6, 16}));
  EXPECT_TRUE(context.embeddings_bld[1].narrow(0, 3, 3).eq(0).all().item<bool>());
  const at::Tensor exists = context.bias_bl.eq(0);
  EXPECT_TRUE(exists.equal(at::tensor({1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1}).to(at::kBool).view({2, 6})));
  EXPECT_TRUE(context.bias_bl.eq(-std::numeric_limits<float>::infinity()).equal(exists.logical_not()));
}

TEST(WanTransformerPooledText, StandsForTheMeanOfTheText) {
  const at::NoGradGuard no_grad;
  const Case c;
  const auto network = with_pooled_text();
  WanTransformer& transformer = *network;
  // Without cross-attention the text comes through its mean alone, whatever the order of its tokens.
  for (const auto& [name, parameter] : transformer.parameters()) {
    if (name.find("attn2.to_out") != std::string::npos) parameter->tensor.zero_();
  }
  const at::Tensor here = transformer(c.latents_bcthw, c.time_b, c.text());
  Case turned = c;
  turned.text_bld = at::stack({c.text_bld[0].flip(0), c.text_bld[1]});
  EXPECT_TRUE(at::allclose(transformer(c.latents_bcthw, c.time_b, turned.text()), here, 1e-4, 1e-4));
  Case other = c;
  other.text_bld = c.text_bld.clone();
  other.text_bld[1][3].fill_(9);  // beyond its 3 tokens
  EXPECT_TRUE(transformer(c.latents_bcthw, c.time_b, other.text()).equal(here));
  other.text_bld[1][2].fill_(9);
  const at::Tensor there = transformer(c.latents_bcthw, c.time_b, other.text());
  EXPECT_TRUE(there[0].equal(here[0]));
  EXPECT_GT((there[1] - here[1]).abs().max().item<double>(), 1e-2);
}

TEST(WanTransformerPooledText, IsTheSameForEveryGroupOfTimes) {
  const at::NoGradGuard no_grad;
  const Case c;
  const auto network = with_pooled_text();
  WanTransformer& transformer = *network;
  const at::Tensor time_bt = c.time_b.unsqueeze(1).expand({2, 3});
  EXPECT_TRUE(at::allclose(transformer(c.latents_bcthw, time_bt, c.text()),
                           transformer(c.latents_bcthw, c.time_b, c.text()), 1e-4, 1e-4));
}

TEST(WanTransformerPositions, TellPlacesApart) {
  const at::NoGradGuard no_grad;
  Case c;
  c.latents_bcthw = at::ones_like(c.latents_bcthw);
  const auto spread = [&](int waves) {
    WanTransformerConfig config = tiny();
    config.position_waves = waves;
    const auto network = randomized(config);
    const WanTransformer& transformer = *network;
    // The first latent of every patch, over all patches.
    const at::Tensor out = transformer(c.latents_bcthw, c.time_b, c.text());
    return out.select(1, 0).slice(2, 0, 4, 2).slice(3, 0, 6, 2)[0].std().item<double>();
  };
  EXPECT_LT(spread(0), 1e-5);  // equal patches look at equal patches: distances tell them nothing
  EXPECT_GT(spread(2), 1e-2);
}

TEST(WanTransformerConfig, IsOfWansClassWhereItComputesTheSame) {
  EXPECT_EQ(WanTransformerConfig().class_name(), "WanTransformer3DModel");
  WanTransformerConfig config = tiny();
  config.position_waves = 2, config.pooled_text = true;
  const nlohmann::json json = config.to_json();
  EXPECT_EQ(json.at("_class_name"), "HotshotTransformer3DModel");
  const auto network = build_network<WanTransformer>("HotshotTransformer3DModel", "transformer", json, "test");
  EXPECT_EQ(network->config().to_json(), json);
  config.text_len = 512;
  EXPECT_THROW(WanTransformer{config}, InvalidArgument);
  config = tiny();
  config.text_len = 77;
  EXPECT_THROW(WanTransformer{config}, InvalidArgument);
}

}  // namespace
}  // namespace hotshot::model
