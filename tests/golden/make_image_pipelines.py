"""Whole picture models small enough for a test, and what diffusers makes with them: pipeline-sd, pipeline-sdxl.

Each is a model folder (weights in fp16) with golden.safetensors: noise and the latents after every step, with guidance
and a negative prompt, and the picture; for pipeline-sd also a run from a picture, half way.

Run:  python tests/golden/make_image_pipelines.py
"""

import json
import shutil

from reference import FOLDER, normal, randomize, synthetic_clip, write_golden

import torch
from diffusers import (AutoencoderKL, EulerDiscreteScheduler, StableDiffusionImg2ImgPipeline, StableDiffusionPipeline,
                       StableDiffusionXLPipeline, UNet2DConditionModel)  # fmt: skip
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

MERGES = FOLDER.parent.parent / "models/clip-tokenizer/merges.txt"
KEPT_MERGES = 300
PROMPT, NEGATIVE = "a red cat on a meadow", "blurry, dark"
SETTINGS = {"prompt": PROMPT, "negative": NEGATIVE, "width": 64, "height": 48, "steps": 4, "guidance": 5.0}


def byte_letters():
    """A visible letter for every byte, printable ones first: the first 256 words of CLIP's vocabulary."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return [chr(byte) for byte in shown] + [chr(256 + i) for i in range(256 - len(shown))]


def write_tokenizer(folder, pad):
    """A vocabulary of the bytes and the first merges."""
    merges = MERGES.read_text().splitlines()
    merges = [line for line in merges if line and not line.startswith("#version")][:KEPT_MERGES]
    letters = byte_letters()
    words = letters + [letter + "</w>" for letter in letters] + ["".join(line.split()) for line in merges]
    words += ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    special = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>", "pad_token": pad}
    (folder / "special_tokens_map.json").write_text(json.dumps(special) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, **special}) + "\n")
    return CLIPTokenizer.from_pretrained(str(folder)), len(words)


def tower(kind, words, width, act, seed):
    config = CLIPTextConfig(
        vocab_size=words, hidden_size=width, intermediate_size=2 * width, projection_dim=width, num_hidden_layers=3,
        num_attention_heads=2, hidden_act=act, eos_token_id=words - 1, bos_token_id=words - 2, pad_token_id=words - 1)  # fmt: skip
    return randomize(kind(config), seed).half().float()


def unet(text, seed, **more):
    config = dict(
        sample_size=8, block_out_channels=(16, 32), layers_per_block=1, norm_num_groups=8, cross_attention_dim=text,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=(2, 4))  # fmt: skip
    return randomize(UNet2DConditionModel(**{**config, **more}), seed, gain=0.7).half().float()


def autoencoder(seed, scaling):
    blocks = 4
    return randomize(AutoencoderKL(
        block_out_channels=(4,) * blocks, down_block_types=("DownEncoderBlock2D",) * blocks,
        up_block_types=("UpDecoderBlock2D",) * blocks, layers_per_block=1, latent_channels=4, norm_num_groups=2,
        sample_size=64, scaling_factor=scaling), seed).half().float()  # fmt: skip


def scheduler():
    return EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1, timestep_spacing="leading",
        use_karras_sigmas=False)  # fmt: skip


def build_sd(folder):
    tokenizer, words = write_tokenizer(folder / "tokenizer", "<|endoftext|>")
    return StableDiffusionPipeline(
        vae=autoencoder(3, 0.18215), text_encoder=tower(CLIPTextModel, words, 24, "quick_gelu", 1), tokenizer=tokenizer,
        unet=unet(24, 2), scheduler=scheduler(), safety_checker=None, feature_extractor=None, requires_safety_checker=False)  # fmt: skip


def build_sdxl(folder):
    tokenizer, words = write_tokenizer(folder / "tokenizer", "<|endoftext|>")
    second, _ = write_tokenizer(folder / "tokenizer_2", "!")
    more = dict(addition_embed_type="text_time", addition_time_embed_dim=8, use_linear_projection=True,
                transformer_layers_per_block=(1, 2), projection_class_embeddings_input_dim=6 * 8 + 32)  # fmt: skip
    return StableDiffusionXLPipeline(
        vae=autoencoder(13, 0.13025), text_encoder=tower(CLIPTextModel, words, 24, "quick_gelu", 11),
        text_encoder_2=tower(CLIPTextModelWithProjection, words, 32, "gelu", 14), tokenizer=tokenizer, tokenizer_2=second,
        unet=unet(24 + 32, 12, **more), scheduler=scheduler(), add_watermarker=False)  # fmt: skip


def run(pipe, noise, **more):
    steps = []
    on_step = lambda _pipe, _i, _t, tensors: steps.append(tensors["latents"].clone()) or {}
    pipe.set_progress_bar_config(disable=True)
    picture = pipe(
        SETTINGS["prompt"], negative_prompt=SETTINGS["negative"], num_inference_steps=SETTINGS["steps"],
        guidance_scale=SETTINGS["guidance"], output_type="pt", callback_on_step_end=on_step, **more).images  # fmt: skip
    return torch.stack(steps), picture


def case(name, build):
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    pipe = build(folder)
    noise = normal([1, 4, SETTINGS["height"] // 8, SETTINGS["width"] // 8], 5)
    size = {key: SETTINGS[key] for key in ("width", "height")}
    steps, picture = run(pipe, noise, latents=noise.clone(), **size)
    golden = {"noise_bchw": noise, "latents_sbchw": steps, "picture_bchw": picture}
    if name == "pipeline-sd":
        start = synthetic_clip(1, SETTINGS["height"], SETTINGS["width"])[:, :, 0]
        again = StableDiffusionImg2ImgPipeline(**pipe.components, requires_safety_checker=False)
        means = pipe.vae.encode(start).latent_dist.mean * pipe.vae.config.scaling_factor
        golden |= {"start_bchw": start, "start_latents_bchw": means}
    tokenizers = {part: (folder / part) for part in ("tokenizer", "tokenizer_2") if (folder / part).exists()}
    kept = {part: {file.name: file.read_bytes() for file in path.iterdir()} for part, path in tokenizers.items()}
    pipe.to(torch.float16).save_pretrained(str(folder), safe_serialization=True)
    for part, files in kept.items():  # as published folders have them, not in the newest format
        shutil.rmtree(folder / part)
        (folder / part).mkdir()
        for file, content in files.items():
            (folder / part / file).write_bytes(content)
    (folder / "settings.json").write_text(json.dumps(SETTINGS) + "\n")
    write_golden(folder, golden)


if __name__ == "__main__":
    case("pipeline-sd", build_sd)
    case("pipeline-sdxl", build_sdxl)
