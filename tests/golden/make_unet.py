"""Tiny random UNets and ControlNets in the shapes of SD 1.5 and SDXL, and what diffusers computes with them.

Run:  python tests/golden/make_unet.py [CASE ...]      (all cases without arguments)
"""

import copy
import sys

from unet_case import bf16, fresh, gradients, normal, random_weights, relative_error, save, torch, write_golden

from diffusers import ControlNetModel, UNet2DConditionModel
from diffusers.pipelines.latent_consistency_models.pipeline_latent_consistency_text2img import (
    LatentConsistencyModelPipeline,
)

SD15 = dict(
    block_out_channels=(8, 8, 8, 16), layers_per_block=2, norm_num_groups=4, cross_attention_dim=12,
    attention_head_dim=4)  # fmt: skip
SDXL = dict(
    block_out_channels=(8, 16, 16), layers_per_block=1, norm_num_groups=4, cross_attention_dim=16,
    attention_head_dim=(2, 2, 4), transformer_layers_per_block=(1, 1, 2), use_linear_projection=True,
    down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    addition_embed_type="text_time", addition_time_embed_dim=6,
    projection_class_embeddings_input_dim=10 + 6 * 6)  # fmt: skip
SDXL_UP = dict(up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"))

TIMESTEPS = torch.tensor([999.0, 17.0])
SIZE_IDS = torch.tensor([[1024.0, 768, 0, 30, 1024, 1024], [512.0, 512, 8, 0, 896, 1152]])


def inputs(config, seed, height, width):
    """Sizes that halve to odd ones on the way down; nine tokens."""
    latents = normal([2, config.in_channels, height, width], seed)
    text = normal([2, 9, config.cross_attention_dim], seed + 1)
    more = {}
    if config.addition_embed_type == "text_time":
        more = {"text_embeds": normal([2, 10], seed + 2), "time_ids": SIZE_IDS}
    return latents, text, more


def runner(added, **keywords):
    def run(model, latents, text):
        cast = {key: value.to(latents.dtype) if key == "text_embeds" else value for key, value in added.items()}
        return model(latents, TIMESTEPS, text, added_cond_kwargs=cast, **keywords).sample

    return run


def described(latents, text, added):
    golden = {"latents": latents, "text_bsd": text, "timestep_b": TIMESTEPS}
    if added:
        golden |= {"pooled_bd": added["text_embeds"], "size_ids_bk": added["time_ids"]}
    return golden


def unet_case(case, seed, height, width, **config):
    folder = fresh(case)
    model = random_weights(UNet2DConditionModel(**config), seed)
    save(model, folder)
    latents, text, added = inputs(model.config, seed + 1, height, width)
    run = runner(added)
    sample = run(model, latents, text)
    golden = described(latents, text, added) | {"sample": sample}
    golden["weights"] = normal(sample.shape, seed + 9)
    golden |= gradients(model, run, latents, text, golden["weights"])
    if model.config.time_cond_proj_dim:
        guidance = torch.tensor([1.5, 8.0])
        embedded = LatentConsistencyModelPipeline.get_guidance_scale_embedding(
            None, guidance - 1, embedding_dim=model.config.time_cond_proj_dim)  # fmt: skip
        golden |= {"guidance_b": guidance, "sample_guided": runner(added, timestep_cond=embedded)(model, latents, text)}
    golden["sample_bf16"] = bf16(model, run, latents, text)
    print(case, "bf16 against fp32:", relative_error(golden["sample_bf16"], sample))
    write_golden(folder, golden)


def controlnet_case(case, unet_seed, seed, height, width, unet_config, config):
    """Residuals of a ControlNet, and what the UNet of the case of `unet_seed` makes of them."""
    folder = fresh(case)
    model = random_weights(ControlNetModel(**config, conditioning_embedding_out_channels=(4, 6, 8, 10)), seed)
    save(model, folder)
    unet = random_weights(UNet2DConditionModel(**unet_config), unet_seed)
    latents, text, added = inputs(model.config, seed + 1, height, width)
    control = torch.rand([2, 3, 8 * height, 8 * width], generator=torch.Generator("cpu").manual_seed(seed + 5))
    control = control.half().float()

    def residuals(network, dtype=torch.float32, **keywords):
        cast = {key: value.to(dtype) if key == "text_embeds" else value for key, value in added.items()}
        answer = network(
            latents.to(dtype), TIMESTEPS, text.to(dtype), controlnet_cond=control.to(dtype), added_cond_kwargs=cast,
            **keywords)  # fmt: skip
        return [*answer.down_block_res_samples, answer.mid_block_res_sample]

    golden = described(latents, text, added) | {"control": control.half()}
    plain = residuals(model, conditioning_scale=0.7)
    guess = residuals(model, conditioning_scale=0.7, guess_mode=True)
    for index, residual in enumerate(plain):
        golden[f"residual.{index}"] = residual
    golden["guess_ratios"] = torch.stack([(b / a).mean() for a, b in zip(plain, guess)])
    sample = runner(
        added, down_block_additional_residuals=plain[:-1], mid_block_additional_residual=plain[-1]
    )(unet, latents, text)
    golden["sample"] = sample
    narrow = residuals(copy.deepcopy(model).bfloat16(), torch.bfloat16, conditioning_scale=0.7)
    print(case, "bf16 against fp32:", [round(relative_error(a, b), 4) for a, b in zip(narrow, plain)])
    write_golden(folder, golden)


def make_unet_sd15():
    unet_case("unet-sd15", 700, 10, 12, **SD15)


def make_unet_inpainting():
    unet_case(
        "unet-inpainting", 720, 8, 6, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4,
        cross_attention_dim=12, attention_head_dim=2, in_channels=9, time_cond_proj_dim=14, freq_shift=1,
        flip_sin_to_cos=False, mid_block_type="UNetMidBlock2D",
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"))  # fmt: skip


def make_unet_sdxl():
    unet_case("unet-sdxl", 740, 8, 12, **SDXL, **SDXL_UP)


def make_controlnet_sd15():
    controlnet_case("controlnet-sd15", 700, 760, 6, 4, SD15, SD15)


def make_controlnet_sdxl():
    controlnet_case("controlnet-sdxl", 740, 780, 4, 6, SDXL | SDXL_UP, SDXL)


CASES = {name[5:].replace("_", "-"): function for name, function in list(globals().items()) if name.startswith("make_")}

if __name__ == "__main__":
    for case in sys.argv[1:] or CASES:
        CASES[case]()
