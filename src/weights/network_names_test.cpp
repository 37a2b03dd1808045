#include "weights/network_names.h"

#include <gtest/gtest.h>

#include "weights/lora.h"
#include "weights/names.h"
#include "weights/test_models.h"

namespace hotshot::weights {
namespace {

// The tensors a full-size file has in the original names, without the prefix of its part.
TensorMap original_tensors(std::string_view network, std::string_view prefix) {
  Layout layout;
  for (const GoldenName& name : golden_names(network)) layout[name.original] = name.original_shape;
  return with_prefix(tensors_of(layout), prefix);
}

TEST(NetworkNames, RenameEveryParameterOfThePublishedNetworksAsDiffusersDoes) {
  EXPECT_EQ(layout_of(unet_to_diffusers(original_tensors("sd15-unet", "model.diffusion_model."))),
            diffusers_layout("sd15-unet"));
  EXPECT_EQ(layout_of(unet_to_diffusers(original_tensors("sdxl-unet", "model.diffusion_model."))),
            diffusers_layout("sdxl-unet"));
  EXPECT_EQ(layout_of(unet_to_diffusers(original_tensors("sd15-controlnet", "control_model."))),
            diffusers_layout("sd15-controlnet"));
  EXPECT_EQ(layout_of(vae_to_diffusers(original_tensors("vae", "first_stage_model."))), diffusers_layout("vae"));
  EXPECT_EQ(layout_of(clip_to_diffusers(original_tensors("clip-l", "cond_stage_model.transformer."))),
            diffusers_layout("clip-l"));
  EXPECT_EQ(layout_of(open_clip_to_diffusers(original_tensors("clip-g", "conditioner.embedders.1.model."))),
            diffusers_layout("clip-g"));
}

TEST(NetworkNames, PairEachNameAsDiffusersDoes) {
  for (const char* network : {"sd15-unet", "sdxl-unet"})
    for (const GoldenName& name : golden_names(network)) {
      const std::string original = name.original.substr(std::string_view("model.diffusion_model.").size());
      EXPECT_EQ(unet_to_diffusers(std::string_view(original)), name.diffusers);
      const std::vector<std::string> back = sgm_unet_names(name.diffusers);
      const bool same = original == name.diffusers;  // none in fact
      EXPECT_TRUE(same || std::find(back.begin(), back.end(), original) != back.end()) << name.diffusers;
    }
  for (const GoldenName& name : golden_names("vae"))
    EXPECT_EQ(vae_to_diffusers(std::string_view(name.original).substr(std::string_view("first_stage_model.").size())),
              name.diffusers);
}

TEST(NetworkNames, LeaveNamesOfDiffusersAlone) {
  for (const char* network : {"sd15-unet", "sdxl-unet"})
    for (const GoldenName& name : golden_names(network))
      EXPECT_EQ(unet_to_diffusers(std::string_view(name.diffusers)), name.diffusers);
  const TensorMap vae = tensors_of(diffusers_layout("vae"));
  EXPECT_EQ(layout_of(vae_to_diffusers(vae)), layout_of(vae));
  const TensorMap clip = tensors_of(diffusers_layout("clip-g"));
  EXPECT_EQ(layout_of(clip_to_diffusers(clip)), layout_of(clip));
}

TEST(NetworkNames, ReadEarlyDiffusersAndEarlyTransformers) {
  TensorMap old;
  for (const auto& [name, tensor] : tensors_of(diffusers_layout("vae"))) {
    constexpr RenamePair kOld[] = {{"{}.mid_block.attentions.0.to_q.", "{}.mid_block.attentions.0.query."},
                                   {"{}.mid_block.attentions.0.to_k.", "{}.mid_block.attentions.0.key."},
                                   {"{}.mid_block.attentions.0.to_v.", "{}.mid_block.attentions.0.value."},
                                   {"{}.mid_block.attentions.0.to_out.0.", "{}.mid_block.attentions.0.proj_attn."}};
    old[renamed(name, kOld)] = tensor;
  }
  old["loss.logvar"] = at::zeros({});
  EXPECT_EQ(layout_of(vae_to_diffusers(old)), diffusers_layout("vae"));

  TensorMap flat = with_prefix(tensors_of(diffusers_layout("clip-l")), "text_model.");
  flat["embeddings.position_ids"] = at::zeros({1, 77}, at::kLong);
  EXPECT_EQ(layout_of(clip_to_diffusers(flat)), diffusers_layout("clip-l"));
}

TEST(NetworkNames, RefuseFusedAttentionThatIsNoThree) {
  const auto split = [](const Shape& shape) {
    return message_of([&] {
      open_clip_to_diffusers({{"transformer.resblocks.0.attn.in_proj_bias", at::zeros(shape)}});
    });
  };
  EXPECT_EQ(split({6}), "");
  EXPECT_PRED_FORMAT2(::testing::IsSubstring, "got 7 rows", split({7}));
  EXPECT_PRED_FORMAT2(::testing::IsSubstring, "got 0 rows", split({}));
}

TEST(Layout, IsThatOfThePublishedNetworks) {
  const Family& sd15 = family_named("SD 1.5");
  const Family& sdxl = family_named("SDXL");
  EXPECT_EQ(sd15.layout("unet"), diffusers_layout("sd15-unet"));
  EXPECT_EQ(sd15.layout("controlnet"), diffusers_layout("sd15-controlnet"));
  EXPECT_EQ(sdxl.layout("unet"), diffusers_layout("sdxl-unet"));
  EXPECT_EQ(sdxl.layout("vae"), diffusers_layout("vae"));
  EXPECT_EQ(sdxl.layout("text_encoder"), diffusers_layout("clip-l"));
  EXPECT_EQ(sdxl.layout("text_encoder_2"), diffusers_layout("clip-g"));
}

TEST(Layout, OfTheTemporalLayersIsThatOfHotshotXl) {
  const Layout temporal = temporal_layout(family_named("SDXL").unet.channels);
  std::int64_t values = 0;
  for (const auto& [name, shape] : temporal) values += at::zeros({}).expand(shape).numel();
  EXPECT_EQ(temporal.size(), 420u);
  EXPECT_EQ(values, 237'316'800);
  const std::string block = "up_blocks.2.temporal_attentions.2.transformer_blocks.0.";
  EXPECT_EQ(temporal.at(block + "attention_blocks.1.pos_encoder.positional_encoding"), (Shape{1, 24, 320}));
  EXPECT_EQ(temporal.at(block + "ff.net.0.proj.weight"), (Shape{2560, 320}));
}

}  // namespace
}  // namespace hotshot::weights
