"""single-file/: a tiny checkpoint in the names of the original code, and what diffusers' converters make of it.

checkpoint.safetensors is shaped as an SDXL file (UNet, autoencoder, CLIP, OpenCLIP, leftovers of training), fp16;
parts.safetensors holds the converted tensors behind "unet.", "vae.", "text_encoder.", "text_encoder_2.".

    venv/bin/python tests/golden/make_single_file.py
"""

import types

import original_names as original
import torch
from diffusers.loaders import single_file_utils as convert
from reference import FOLDER, generator, write_golden

UNET = dict(channels=(4, 8), depth=(0, 2), mid_depth=2, context=20, added=24, linear=True)
VAE = (4, 4, 8, 8)
CLIP = dict(width=8, layers=1, vocabulary=16, positions=7)
OPEN_CLIP = dict(width=12, layers=2, projection=10, vocabulary=16, positions=7)


def clip(width, layers, vocabulary, positions):
    yield from original.layer("text_model.embeddings.token_embedding", (vocabulary, width), bias=False)
    yield from original.layer("text_model.embeddings.position_embedding", (positions, width), bias=False)
    for i in range(layers):
        block = f"text_model.encoder.layers.{i}"
        for name in "q_proj", "k_proj", "v_proj", "out_proj":
            yield from original.layer(f"{block}.self_attn.{name}", (width, width))
        yield from original.norm(f"{block}.layer_norm1", width)
        yield from original.norm(f"{block}.layer_norm2", width)
        yield from original.layer(f"{block}.mlp.fc1", (4 * width, width))
        yield from original.layer(f"{block}.mlp.fc2", (width, 4 * width))
    yield from original.norm("text_model.final_layer_norm", width)


def checkpoint():
    draw = generator(60)
    parts = {
        "model.diffusion_model.": original.unet(**UNET),
        "first_stage_model.": original.vae(VAE),
        "conditioner.embedders.0.transformer.": clip(**CLIP),
        "conditioner.embedders.1.model.": original.open_clip(**OPEN_CLIP),
    }
    tensors = {
        prefix + name: torch.randn(shape, generator=draw).half() for prefix, names in parts.items() for name, shape in names
    }
    position_ids = "conditioner.embedders.0.transformer.text_model.embeddings.position_ids"
    return tensors | {
        position_ids: torch.arange(7).expand(1, 7).clone(),
        "alphas_cumprod": torch.rand(10, generator=draw),
        "denoiser.sigmas": torch.rand(10, generator=draw),
        "model_ema.diffusion_modelinput_blocks00weight": torch.rand(3, generator=draw),
        "v_pred": torch.ones(1),
    }


def main():
    tensors = checkpoint()
    unet_config = dict(layers_per_block=2, addition_embed_type="text_time")
    vae_config = dict(down_block_types=[""] * len(VAE), up_block_types=[""] * len(VAE))
    text_2 = types.SimpleNamespace(config=types.SimpleNamespace(hidden_size=OPEN_CLIP["width"]))
    converted = {
        "unet": convert.convert_ldm_unet_checkpoint(tensors, unet_config),
        "vae": convert.convert_ldm_vae_checkpoint(tensors, vae_config),
        "text_encoder": convert.convert_ldm_clip_checkpoint(tensors),
        "text_encoder_2": convert.convert_open_clip_checkpoint(text_2, tensors, "conditioner.embedders.1.model."),
    }
    converted["text_encoder"].pop("text_model.embeddings.position_ids")
    expected = {f"{part}.{name}": value for part, values in converted.items() for name, value in values.items()}
    write_golden(FOLDER / "single-file" / "checkpoint.safetensors", tensors)
    write_golden(FOLDER / "single-file" / "parts.safetensors", expected)


if __name__ == "__main__":
    main()
