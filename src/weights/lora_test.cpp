#include "weights/lora.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "weights/names.h"
#include "weights/test_models.h"

namespace hotshot::weights {
namespace {

using ::testing::IsSubstring;

constexpr std::array kParts = {"unet", "text_encoder", "text_encoder_2"};

Lora golden_lora(std::string_view name) { return read_lora(golden("lora") / fmt::format("{}.safetensors", name)); }

// The tiny SDXL of tests/golden/make_lora.py, in fp32.
std::map<std::string, TensorMap> golden_base() {
  const TensorMap all = read_safetensors(golden("lora/base.safetensors")).tensors;
  std::map<std::string, TensorMap> parts;
  for (const char* part : kParts)
    for (const auto& [name, tensor] : with_prefix(all, fmt::format("{}.", part)))
      parts[part][name] = tensor.to(at::kFloat);
  return parts;
}

// Merges into every part and compares with what diffusers fused; returns the merged layers of all.
int expect_fused(std::string_view expected_name, std::span<const LoraUse> uses) {
  const TensorMap expected =
      read_safetensors(golden("lora") / fmt::format("fused-{}.safetensors", expected_name)).tensors;
  int merged = 0;
  std::size_t changed = 0;
  for (auto& [part, tensors] : golden_base()) {
    TensorMap after = tensors;
    for (const LoraReport& report : merge_loras(part, after, uses)) {
      merged += report.merged;
      EXPECT_EQ(report.unmatched, std::vector<std::string>());
    }
    for (const auto& [name, tensor] : after) {
      const auto fused = expected.find(fmt::format("{}.{}", part, name));
      changed += fused != expected.end();
      const at::Tensor& wanted = fused == expected.end() ? tensors.at(name) : fused->second;
      const float error = (tensor - wanted).abs().max().item<float>() / wanted.abs().max().item<float>();
      EXPECT_LE(error, fused == expected.end() ? 0 : 1e-6) << part << "." << name;
    }
  }
  EXPECT_EQ(changed, expected.size());
  return merged;
}

TEST(Lora, MergesAsDiffusersFuses) {
  const Lora kohya = golden_lora("kohya");
  const Lora peft = golden_lora("peft");
  const Lora old = golden_lora("old");
  EXPECT_EQ(kohya.naming, "kohya");
  EXPECT_EQ(peft.naming, "PEFT");
  EXPECT_EQ(old.naming, "diffusers");
  EXPECT_EQ(expect_fused("kohya", std::array{LoraUse{&kohya, 0.7, 0.7}}), 73);
  EXPECT_EQ(expect_fused("peft", std::array{LoraUse{&peft}}), 14);
  EXPECT_EQ(expect_fused("old", std::array{LoraUse{&old}}), 8);
  EXPECT_EQ(expect_fused("both", std::array{LoraUse{&kohya, 0.7, 0.7}, LoraUse{&peft, -0.3, -0.3}}), 87);
}

TEST(Lora, HasItsOwnStrengthForTextAndPicture) {
  const Lora lora = golden_lora("kohya");
  const auto base = golden_base();
  const std::array use = {LoraUse{&lora, 0.5, 0}};
  TensorMap text = base.at("text_encoder");
  EXPECT_EQ(merge_loras("text_encoder", text, use)[0].merged, 3);
  for (const auto& [name, tensor] : text) EXPECT_TRUE(at::equal(tensor, base.at("text_encoder").at(name)));
  TensorMap unet = base.at("unet");
  merge_loras("unet", unet, use);
  EXPECT_FALSE(at::equal(unet.at("conv_in.weight"), at::zeros_like(unet.at("conv_in.weight"))));
  EXPECT_TRUE(at::equal(unet.at("conv_in.weight"), base.at("unet").at("conv_in.weight")));
  const std::string changed = "mid_block.resnets.0.time_emb_proj.weight";
  EXPECT_FALSE(at::equal(unet.at(changed), base.at("unet").at(changed)));
}

TEST(Lora, RoundsOnceToTheTypeOfTheWeights) {
  const Lora kohya = golden_lora("kohya");
  const Lora peft = golden_lora("peft");
  const std::array uses = {LoraUse{&kohya, 0.7, 0.7}, LoraUse{&peft, -0.3, -0.3}};
  TensorMap wide = golden_base().at("unet");
  TensorMap half;
  for (auto& [name, tensor] : wide) half[name] = tensor.to(at::kHalf);
  merge_loras("unet", wide, uses);
  merge_loras("unet", half, uses);
  for (const auto& [name, tensor] : half) {
    EXPECT_EQ(tensor.scalar_type(), at::kHalf);
    EXPECT_TRUE(at::equal(tensor, wide.at(name).to(at::kHalf))) << name;
  }
}

TEST(Lora, FindsEveryLayerOfThePublishedNetworksUnderEveryName) {
  for (const char* network : {"sd15-unet", "sdxl-unet"}) {
    const LoraTargets targets = lora_targets("unet", diffusers_layout(network));
    for (const GoldenName& name : golden_names(network)) {
      if (name.diffusers_shape.size() < 2) continue;
      const auto flat = [](std::string text) {
        text.resize(text.size() - std::string_view(".weight").size());
        std::replace(text.begin(), text.end(), '.', '_');
        return text;
      };
      EXPECT_EQ(targets.at(flat(name.diffusers)), name.diffusers);
      EXPECT_EQ(targets.at(flat(name.original.substr(std::string_view("model.diffusion_model.").size()))),
                name.diffusers);
    }
  }
  for (const char* network : {"clip-l", "clip-g"}) {
    const LoraTargets targets = lora_targets("text_encoder", diffusers_layout(network));
    EXPECT_EQ(targets.at("text_model_encoder_layers_11_mlp_fc1"), "text_model.encoder.layers.11.mlp.fc1.weight");
    EXPECT_EQ(targets.at("encoder_layers_0_self_attn_q_proj"), "text_model.encoder.layers.0.self_attn.q_proj.weight");
  }
}

// A LoRA of rank 1 with these layers, in kohya's names.
TensorMap kohya_layers(const std::vector<std::pair<std::string, Shape>>& weights) {
  TensorMap tensors;
  for (const auto& [key, shape] : weights) {
    tensors[key + ".lora_down.weight"] = at::ones({1, shape[1]}, at::kHalf);
    tensors[key + ".lora_up.weight"] = at::ones({shape[0], 1}, at::kHalf);
  }
  return tensors;
}

Lora as_lora(const TensorMap& tensors, const Metadata& metadata = {}) {
  const TestFolder folder;
  write_safetensors(folder / "my.safetensors", tensors, metadata);
  return read_lora(folder / "my.safetensors");
}

std::string refusal(const TensorMap& tensors) {
  return message_of([&] { as_lora(tensors); });
}

TEST(Lora, KnowsItsFamily) {
  const std::string key = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k";
  const std::string sgm = "lora_unet_input_blocks_4_1_transformer_blocks_1_attn2_to_v";
  const auto family = [](const TensorMap& tensors) {
    const Family* found = family_of_lora(as_lora(tensors));
    return found == nullptr ? std::string("none") : found->name;
  };
  EXPECT_EQ(family(kohya_layers({{key, {640, 768}}})), "SD 1.5");
  EXPECT_EQ(family(kohya_layers({{key, {640, 1024}}})), "SD 2.x");
  EXPECT_EQ(family(kohya_layers({{key, {640, 2048}}, {sgm, {640, 2048}}})), "SDXL");
  EXPECT_EQ(family(kohya_layers({{"lora_te2_text_projection", {1280, 1280}}})), "SDXL");
  EXPECT_EQ(family(kohya_layers({{"lora_unet_double_blocks_0_img_attn_qkv", {9216, 3072}}})), "none");

  const Lora lora = as_lora(kohya_layers({{key, {640, 768}}}));
  EXPECT_PRED_FORMAT2(IsSubstring, "[lora my.safetensors] expected a LoRA for SDXL but got one for SD 1.5",
                      message_of([&] { require_family(lora, family_named("SDXL")); }));
  TensorMap unet = tensors_of(family_named("SDXL").layout("unet"));
  const TensorMap before = unet;
  EXPECT_PRED_FORMAT2(IsSubstring, "expected a LoRA for SDXL but got one for SD 1.5: '" + key,
                      message_of([&] { merge_loras("unet", unet, std::array{LoraUse{&lora}}); }));
}

TEST(Lora, ListsWhatTheNetworkLacks) {
  const Lora partly = as_lora(kohya_layers({{"lora_unet_mid_block_attentions_0_proj_in", {8, 8}},
                                            {"lora_unet_mid_block_attentions_7_proj_in", {8, 8}},
                                            {"lora_te2_text_model_encoder_layers_0_mlp_fc1", {48, 12}}}));
  TensorMap unet = golden_base().at("unet");
  const auto reports = merge_loras("unet", unet, std::array{LoraUse{&partly}});
  EXPECT_EQ(reports[0].merged, 1);
  EXPECT_EQ(reports[0].unmatched, (std::vector<std::string>{"lora_unet_mid_block_attentions_7_proj_in"}));
  const Lora foreign = as_lora(kohya_layers({{"lora_unet_double_blocks_0_img_attn_qkv", {8, 8}}}));
  EXPECT_PRED_FORMAT2(IsSubstring, "it has none of the 1 in the file, such as 'lora_unet_double_blocks_0_img_attn_qkv'",
                      message_of([&] { merge_loras("unet", unet, std::array{LoraUse{&foreign}}); }));
}

TEST(Lora, PrefersTheNamesOfDiffusersWhereAFileHasBoth) {
  TensorMap tensors = kohya_layers(
      {{"lora_unet_middle_block_1_proj_in", {8, 8}}, {"lora_unet_mid_block_attentions_0_proj_in", {8, 8}}});
  tensors["lora_unet_middle_block_1_proj_in.lora_up.weight"].fill_(100);
  const Lora lora = as_lora(tensors);
  const std::string name = "mid_block.attentions.0.proj_in.weight";
  TensorMap unet = golden_base().at("unet");
  const at::Tensor before = unet.at(name);
  EXPECT_EQ(merge_loras("unet", unet, std::array{LoraUse{&lora}})[0].merged, 1);
  EXPECT_TRUE(at::allclose(unet.at(name), before + 1));
}

TEST(Lora, MultipliesThroughTheMiddleOfAConvolution) {
  // ΔW[o, c, k, l] = Σ_ij up[o, i] mid[i, j, k, l] down[j, c], by hand.
  LoraLayer layer = {.key = "", .part = "unet", .module = ""};
  layer.up = at::arange(6, at::kFloat).reshape({3, 2, 1, 1});
  layer.mid = at::arange(36, at::kFloat).reshape({2, 2, 3, 3});
  layer.down = at::arange(8, at::kFloat).reshape({2, 4, 1, 1}) - 3;
  layer.scale = 0.5;
  ASSERT_TRUE(layer.fits({3, 4, 3, 3}));
  EXPECT_FALSE(layer.fits({3, 4, 1, 1}));
  const at::Tensor delta = at::zeros({3, 4, 3, 3});
  layer.add_to(delta, 1);
  for (int o = 0; o < 3; ++o)
    for (int c = 0; c < 4; ++c)
      for (int k = 0; k < 9; ++k) {
        float sum = 0;
        for (int i = 0; i < 2; ++i)
          for (int j = 0; j < 2; ++j) sum += static_cast<float>((2 * o + i) * (18 * i + 9 * j + k) * (4 * j + c - 3));
        EXPECT_EQ(delta[o][c][k / 3][k % 3].item<float>(), sum / 2);
      }
}

TEST(Lora, ChangesPointwiseConvolutionsByMatricesToo) {
  const LoraLayer layer = {.key = "", .part = "unet", .module = "", .down = at::ones({2, 4}), .up = at::ones({3, 2})};
  ASSERT_TRUE(layer.fits({3, 4, 1, 1}));
  EXPECT_TRUE(layer.fits({3, 4}));
  EXPECT_FALSE(layer.fits({4, 3}));
  EXPECT_FALSE(layer.fits({3}));
  const at::Tensor weight = at::ones({3, 4, 1, 1});
  layer.add_to(weight, -0.5);
  EXPECT_TRUE(at::equal(weight, at::zeros({3, 4, 1, 1})));
}

TEST(Lora, ReadsAlphaFromPeftsConfiguration) {
  const TensorMap tensors = {{"base_model.model.mid_block.attentions.0.proj_in.lora_A.weight", at::ones({4, 8})},
                             {"base_model.model.mid_block.attentions.0.proj_in.lora_B.weight", at::ones({8, 4})},
                             {"base_model.model.text_model.encoder.layers.0.mlp.fc1.lora_A.weight", at::ones({4, 8})},
                             {"base_model.model.text_model.encoder.layers.0.mlp.fc1.lora_B.weight", at::ones({32, 4})}};
  const TestFolder folder;
  write_safetensors(folder / "adapter_model.safetensors", tensors);
  folder.file("adapter_config.json",
              R"({"r": 4, "lora_alpha": 8, "use_rslora": true, "alpha_pattern": {"mlp.fc1": 2}})");
  const Lora lora = read_lora(folder.path());
  ASSERT_EQ(lora.layers.size(), 2u);
  EXPECT_EQ(lora.layers[0].part, "unet");
  EXPECT_EQ(lora.layers[0].scale, 4);
  EXPECT_EQ(lora.layers[1].part, "text_encoder");
  EXPECT_EQ(lora.layers[1].scale, 1);
  folder.file("adapter_config.json", R"({"use_dora": true})");
  EXPECT_PRED_FORMAT2(IsSubstring, "DoRA", message_of([&] { read_lora(folder.path()); }));
  folder.file("adapter_config.json", "7");
  EXPECT_PRED_FORMAT2(IsSubstring, "JSON object", message_of([&] { read_lora(folder.path()); }));
}

TEST(Lora, RefusesOtherAdaptersAndBrokenHalves) {
  const std::string key = "lora_unet_mid_block_attentions_0_proj_in";
  for (const auto& [name, kind] : {std::pair{".hada_w1_a", "LoHa"},
                                   {".lokr_w1", "LoKr"},
                                   {".dora_scale", "DoRA"},
                                   {".oft_blocks", "OFT"},
                                   {".diff", "whole weights"}})
    EXPECT_PRED_FORMAT2(IsSubstring, kind, refusal({{key + name, at::ones({2, 2})}}));
  TensorMap tensors = kohya_layers({{key, {8, 8}}});
  tensors.erase(key + ".lora_up.weight");
  EXPECT_PRED_FORMAT2(IsSubstring, "but up is missing", refusal(tensors));
  tensors[key + ".lora_up.weight"] = at::ones({8, 3});
  EXPECT_PRED_FORMAT2(IsSubstring, "got ranks 3 and 1", refusal(tensors));
  tensors[key + ".lora_up.weight"] = at::ones({8, 1, 3, 3});
  EXPECT_PRED_FORMAT2(IsSubstring, "that multiply", refusal(tensors));
  tensors[key + ".lora_up.weight"] = at::ones({8});
  EXPECT_PRED_FORMAT2(IsSubstring, "matrices or convolution", refusal(tensors));
  tensors[key + ".lora_up.weight"] = at::ones({8, 1}, at::kLong);
  EXPECT_PRED_FORMAT2(IsSubstring, "floating-point", refusal(tensors));
  tensors = kohya_layers({{key, {8, 8}}});
  tensors[key + ".alpha"] = at::ones({2});
  EXPECT_PRED_FORMAT2(IsSubstring, "one number as alpha", refusal(tensors));
  tensors[key + ".alpha"] = at::full({}, std::nan(""));
  EXPECT_PRED_FORMAT2(IsSubstring, "a finite alpha", refusal(tensors));
  tensors.erase(key + ".alpha");
  tensors["lora_unet_other.alpha"] = at::ones({});
  EXPECT_PRED_FORMAT2(IsSubstring, "'lora_unet_other' has none", refusal(tensors));
  tensors.erase("lora_unet_other.alpha");
  tensors["bias"] = at::ones({1});
  EXPECT_PRED_FORMAT2(IsSubstring, "names of a LoRA", refusal(tensors));
  tensors.erase("bias");
  tensors[key + ".lora_up.weight"] = at::full({8, 1}, std::nan(""));
  const Lora broken = as_lora(tensors);
  TensorMap unet = golden_base().at("unet");
  EXPECT_PRED_FORMAT2(IsSubstring, "finite numbers",
                      message_of([&] { merge_loras("unet", unet, std::array{LoraUse{&broken}}); }));
  EXPECT_PRED_FORMAT2(IsSubstring, "pytorch_lora_weights", message_of([] { read_lora("/"); }));
}

TEST(Lora, IsWrittenSoThatItReadsBackTheSame) {
  const TestFolder folder;
  const std::vector<TrainedLayer> layers = {
      {"unet", "mid_block.attentions.0.proj_in.weight", at::randn({2, 8}), at::randn({8, 2})},
      {"unet", "mid_block.resnets.0.conv1.weight", at::randn({2, 8, 3, 3}), at::randn({8, 2, 1, 1})},
      {"text_encoder", "text_model.encoder.layers.0.mlp.fc1.weight", at::randn({2, 8}), at::randn({32, 2})},
      {"text_encoder_2", "text_model.encoder.layers.0.mlp.fc1.weight", at::randn({2, 12}), at::randn({48, 2})}};
  const LoraCard card = {.title = "Ada", .comment = "12 pictures", .consent = "Ada agreed on 2024-01-01"};
  for (const LoraNaming naming : {LoraNaming::kohya, LoraNaming::diffusers}) {
    write_lora(folder / "l.safetensors", layers, 5, family_named("SDXL"), naming, card);
    const Lora lora = read_lora(folder / "l.safetensors");
    EXPECT_EQ(lora.naming, naming == LoraNaming::kohya ? "kohya" : "diffusers");
    EXPECT_EQ(lora.metadata.at("hotshot.consent"), card.consent);
    EXPECT_EQ(lora.metadata.at("modelspec.architecture"), "stable-diffusion-xl-v1-base/lora");
    EXPECT_FALSE(lora.metadata.contains("modelspec.trigger_phrase"));
    auto parts = golden_base();
    for (const TrainedLayer& layer : layers) {
      const at::Tensor before = parts.at(layer.part).at(layer.parameter);
      TensorMap tensors = parts.at(layer.part);
      merge_loras(layer.part, tensors, std::array{LoraUse{&lora}});
      const at::Tensor change = layer.up.flatten(1).mm(layer.down.flatten(1)).mul(2.5).reshape(before.sizes());
      EXPECT_TRUE(at::allclose(tensors.at(layer.parameter), before + change, 1e-5, 1e-5)) << layer.parameter;
    }
  }
  EXPECT_TRUE(
      read_safetensors(folder / "l.safetensors").tensors.contains("unet.mid_block.resnets.0.conv1.lora_A.weight"));
  write_lora(folder / "l.safetensors", layers, 5, family_named("SD 1.5"), LoraNaming::kohya, card);
  EXPECT_TRUE(read_safetensors(folder / "l.safetensors")
                  .tensors.contains("lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight"));
}

}  // namespace
}  // namespace hotshot::weights
